"""`meps explain`: one figure of a trial, its sentences, and one clear line for bad input."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from meps_lab import results
from meps_lab.cli import demo
from meps_lab.cli.explain import WHERE, Explain, drawn, explained, worth_of
from meps_lab.cli.main import Predict
from meps_lab.cli.own_clip import Ready
from meps_lab.prepare import prepare
from meps_lab.recordings.find import fetch
from meps_lab.simulate import FolderDataset, save_dataset, simulate_cohort
from meps_lib.errors import MepsError
from meps_lib.explain import answers
from meps_lib.trial import collate

CONFIG, MODEL = demo.demo_config, demo.demo_model


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(autouse=True)
def tiny_demo(monkeypatch, cache):
    """The demonstration model of three subjects and one epoch, kept for all tests here."""

    def quick(names):
        config = CONFIG(names)
        return replace(config, train=replace(config.train, epochs=1))

    monkeypatch.setattr(demo, "demo_config", quick)
    monkeypatch.setattr(demo, "demo_model", lambda names=(): MODEL(names, cache, 3, progress=False))


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    cohort = simulate_cohort(2, 3, seed=3)
    return save_dataset(cohort, tmp_path_factory.mktemp("sets") / "cohort", progress=False)


@pytest.fixture
def ready(folder):
    return Explain(folder, trial=1).simulated()


def test_a_simulated_trial_becomes_one_figure(folder, tmp_path, capsys):
    path = tmp_path / "seen.png"
    Explain(folder, trial=1, picture=path).run()
    printed = capsys.readouterr().out
    assert "sim-01_02: simulated" in printed and WHERE in printed
    assert "no judgement" in printed and f"picture: {path}" in printed
    for name in ("integrated gradients, colour", "body guide", "integrated gradients, EDA"):
        assert printed.count(f"\n{name}: ") == 1
    with Image.open(path) as picture:
        assert min(picture.size) > 600 and np.asarray(picture.convert("L")).std() > 10


def test_the_real_face_video_without_signals(tmp_path, capsys):
    Explain(fetch("face_video"), picture=tmp_path / "p.png").run()
    printed = capsys.readouterr().out
    told = printed.partition("class named")[2].splitlines()
    assert [line.split()[0] for line in told if line.startswith("  ")] == ["colour"]
    assert "body guide" not in printed and "EDA" not in printed
    assert (tmp_path / "p.png").stat().st_size > 10_000


@pytest.mark.parametrize("k", range(3))
def test_shares_sum_to_what_the_model_says_beyond_nothing(ready, k):
    with torch.no_grad():
        ready.model.head[1].bias[k] += 5  # so that it names class k
    found = explained(ready)
    batch = collate([ready.small], ready.classes)
    said = answers(ready.model, batch)[0]
    assert found.label == ready.classes[k] == ready.classes[said.argmax()]
    assert sum(found.shares.values()) == pytest.approx(float(said.max()) - 1 / 3, abs=1e-5)
    assert found.nothing == pytest.approx(1 / 3)


def test_maps_are_of_this_trial_and_lie_on_the_grid(ready):
    found, side = explained(ready), ready.model.config.grid
    assert found.frames.shape == (ready.small.n_frames, side, side)
    assert float(found.frames[0].abs().max()) == 0  # it is the frame that all are compared with
    assert float(found.body.sum()) == pytest.approx(1) and found.body.shape == (side, side)
    assert found.signals.shape == (3, 20) and bool((found.signals >= 0).all())
    assert float(found.fusion.sum()) == pytest.approx(1)
    # Three flat signals have nothing to count.
    flat = replace(ready.small, ps=torch.ones_like(ready.small.ps))
    assert float(explained(ready._replace(small=flat)).signals.max()) == 0


def test_the_figure_shows_each_of_them(ready):
    found = explained(ready)
    figure = drawn(ready, found, ["a note"])
    titles = [axis.get_title(loc="left") + axis.get_title() for axis in figure.axes]
    assert titles.count("apex") == 1 and "where the body asked" in titles
    onsets = ready.trial.truth["scr_onsets"]
    assert len(onsets) > 0
    eda = next(a for a in figure.axes if a.get_ylabel().startswith("EDA"))
    dashed = [line.get_xdata()[0] for line in eda.lines[1:]]
    assert dashed == pytest.approx([ready.small.ps_start + t for t in onsets])
    heights = [bar.get_height() for bar in figure.axes[ready.small.n_frames].patches]
    assert heights == pytest.approx(found.fusion.tolist())
    assert [t.get_text() for t in figure.texts] == ["a note"]


def test_a_folder_with_other_classes_than_the_model(tmp_path):
    cohort = simulate_cohort(2, 4, "four", seed=5)
    root = save_dataset(cohort, tmp_path / "four", progress=False)
    others = [k for k in range(len(cohort)) if cohort.index["label"][k] == "others"]
    ready = Explain(root, trial=others[0]).simulated()
    assert explained(ready).label in ("negative", "positive", "surprise")


def table(rows):
    columns = ["map", "judge", "control", "score", "low", "high", "lead_low", "ceiling"]
    return pd.DataFrame(rows, columns=columns)


def test_the_measured_worth_is_told_from_the_kept_result(monkeypatch):
    rows = [
        ("m", "rank", None, 0.25, 0.2, 0.3, None, 0.5),
        ("m", "mass", None, 0.99, 0.98, 1.0, None, 1.0),
        ("m", "rank", "uniform", 0.1, 0.1, 0.1, 0.05, 0.5),
        ("m", "rank", "another trial", 0.2, 0.1, 0.3, -0.01, 0.5),
        ("m", "rank", "weights to head", 0.2, 0.1, 0.3, 0.1, 0.5),
    ]
    monkeypatch.setattr(results, "kept", lambda name: table(rows))
    assert worth_of("m") == (
        "m: on simulated strangers such a map found 0.25 of the truth (0.20 to 0.30; best 0.50), "
        "above uniform; not above another trial."
    )
    assert worth_of("other") == "other: nobody has measured what such a map is worth."


def test_without_a_kept_result_nothing_is_claimed(monkeypatch):
    def nothing(name):
        raise MepsError("nothing is kept")

    monkeypatch.setattr(results, "kept", nothing)
    assert worth_of("body guide") == "body guide: nobody has measured what such a map is worth."


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "holds simulated trials; say which one: --trial 0"),
        ({"trial": 6}, "--trial 6: .* has 6 trials; expected 0 to 5"),
        ({"trial": -1}, "--trial -1: .* expected 0 to 5"),
        ({"trial": 0, "ps": Path("x.csv")}, "--ps does not go with --trial"),
        ({"trial": 0, "stop": 4}, "--stop does not go with --trial"),
        ({"trial": 0, "video_at": 0.0}, "--video-at does not go with --trial"),
        ({"trial": 0, "ps_sfreq": 64.0}, "--ps-sfreq does not go with --trial"),
        ({"trial": 0, "ps_units": ("EDA=uS",)}, "--ps-units does not go with --trial"),
        ({"trial": 0, "picture": Path("no/where.png")}, "--picture no/where.png"),
        ({"trial": 0, "picture": Path("p.gif")}, "--picture p.gif: expected .* .png or .jpg"),
    ],
)
def test_bad_options(folder, given, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MepsError, match=message):
        Explain(folder, **given).run()
    assert not list(tmp_path.glob("*.png"))


def test_bad_files(folder, tmp_path):
    with pytest.raises(MepsError, match="dataset.json is missing"):
        Explain(tmp_path / "nowhere", trial=0).run()
    with pytest.raises(MepsError, match="nothing.mp4"):
        Explain(tmp_path / "nothing.mp4").run()
    with pytest.raises(MepsError, match="expected at least one of EDA, ECG, PPG"):
        signals = tmp_path / "body_100hz.csv"
        pd.DataFrame({"depth": np.zeros(2000)}).to_csv(signals, index=False)
        Explain(fetch("face_video"), ps=signals).run()


def test_a_trial_without_colour(folder, monkeypatch):
    blind = replace(FolderDataset(folder)[0], colour=None)
    monkeypatch.setattr(FolderDataset, "__getitem__", lambda self, k: blind)
    with pytest.raises(MepsError, match="has no colour; choose another"):
        Explain(folder, trial=0).run()


def test_a_picture_that_cannot_be_written(folder, tmp_path):
    (tmp_path / "p.png").mkdir()
    with pytest.raises(MepsError, match="a folder has this name"):
        Explain(folder, trial=0, picture=tmp_path / "p.png").run()


def test_a_trial_without_signals_has_the_face_alone(ready):
    model, classes, config = demo.demo_model(())
    small = prepare(ready.trial, config.prepare, config.modalities)
    found = explained(Ready(ready.trial, replace(small, label=classes[0]), model, classes, ()))
    assert found.body is None and found.signals is None and list(found.shares) == ["colour"]
    figure = drawn(Ready(ready.trial, small, model, classes, ()), found, [WHERE])
    assert len(figure.axes) == small.n_frames + 2


def test_a_picture_that_is_there_is_replaced_by_force_alone(folder, tmp_path):
    (path := tmp_path / "p.png").write_bytes(b"precious")
    for command in (Explain, Predict):
        with pytest.raises(MepsError, match="p.png exists; nothing was overwritten"):
            command(tmp_path / "nothing.mp4", picture=path).run()
    assert path.read_bytes() == b"precious"
    Explain(folder, trial=0, picture=path, force=True).run()
    with Image.open(path) as image:
        assert image.format == "PNG"
