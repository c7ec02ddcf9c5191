"""`meps loso --model ststnet`, rcn and featref: as published by default, on maps and on frames."""

import json

import pytest

from meps_lab.cli import main as cli
from meps_lab.experiments import ExperimentConfig, folds, read_plan
from meps_lab.experiments.config import recipe
from meps_lab.simulate.layouts import write_layout
from meps_lib.errors import MepsError
from meps_lib.models import RECIPES
from meps_lib.protocol.splits import loso


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    root = tmp_path_factory.mktemp("sets") / "maps"
    write_layout("flowmaps", root, n_subjects=4, trials=3)
    return root


@pytest.fixture
def seen(monkeypatch):
    """Of each fold: how many trials taught, how many chose, and the range of their maps."""
    told = []

    def fit(model, train, validation, *args, fit=folds.fit, **kw):
        told.append((len(train), len(validation), min(t.flow.min() for t in train).item()))
        return fit(model, train, validation, *args, **kw)

    monkeypatch.setattr(folds, "fit", fit)
    return told


def run(root, out, *more):
    args = ["loso", "--data", "flowmaps", "--root", str(root), "--labels", str(root / "labels.csv")]
    assert cli.main([*args, "--out", str(out), "--any-counts", *more]) == 0
    return json.loads((out / "config.json").read_text())


@pytest.mark.parametrize("name", RECIPES)
def test_each_is_trained_as_published_and_everybody_else_teaches(maps, tmp_path, seen, name):
    config = run(maps, tmp_path / "out", "--model", name, "--epochs", "1")["config"]
    assert config["train"] == config["train"] | RECIPES[name] | {"epochs": 1}
    assert (config["n_validation"], config["modalities"]) == (0, ["flow"])
    assert [n[:2] for n in seen] == [(9, 0)] * 4
    splits = json.loads((tmp_path / "out" / "splits_seed0.json").read_text())["splits"]
    people = sorted(s for fold in splits for s in fold["test"])
    assert [f["train"] for f in splits] == [list(s.train) for s in loso(people, 0)]


def test_validation_may_choose_the_epoch_instead(maps, tmp_path, seen):
    more = ("--model", "ststnet", "--epochs", "1", "--keep", "best")
    config = run(maps, tmp_path / "out", *more)["config"]
    assert (config["train"]["keep"], config["n_validation"]) == ("best", 2)
    assert [n[:2] for n in seen] == [(3, 6)] * 4


def test_frames_become_maps_in_grey_levels(tmp_path, seen):
    root = tmp_path / "smic"
    write_layout("smic", root, n_subjects=3, trials=3, size=48)
    args = ["loso", "--data", "smic", "--root", str(root), "--model", "rcn", "--epochs", "1"]
    assert cli.main([*args, "--out", str(tmp_path / "out")]) == 0
    config = json.loads((tmp_path / "out" / "config.json").read_text())["config"]
    assert config["prepare"]["flow_levels"] and config["prepare"]["flow_steps"] == 1
    assert [n[:2] for n in seen] == [(6, 0)] * 3 and all(n[2] >= 0 for n in seen)


def test_the_best_epoch_of_the_test_subject_cannot_be_asked_for(capsys):
    with pytest.raises(SystemExit):
        cli.main(["loso", "--keep", "best-on-test"])
    assert "best" in capsys.readouterr().err
    with pytest.raises(MepsError, match="nobody could choose the epoch"):
        ExperimentConfig(n_validation=0)


def test_a_recipe_gives_way_to_what_is_asked_for():
    assert recipe("rcn", optimiser="adam").momentum == 0
    assert recipe("rcn", schedule="constant").step_epochs == 10  # its default, not the recipe's
    assert recipe("rcn", step_epochs=3).step_epochs == 3
    with pytest.raises(MepsError, match="momentum=0.5 is without effect"):
        recipe("rcn", optimiser="adam", momentum=0.5)


def test_a_plan_takes_the_recipe_too(tmp_path):
    text = """
[data]
root = "x"
[experiment]
modalities = ["flow"]
prepare = { flow_levels = true }
[variants.ststnet]
model = "ststnet"
[variants.rcn]
model = "rcn"
train = { epochs = 3 }
[variants.flowmap]
model = "flowmap"
"""
    path = tmp_path / "plan.toml"
    path.write_text(text)
    variants = read_plan(path).variants
    assert variants["ststnet"].train == recipe("ststnet")
    assert variants["rcn"].train == recipe("rcn", epochs=3)
    assert [v.n_validation for v in variants.values()] == [0, 0, 2]


def test_the_window_of_a_longer_recording_can_be_asked_for(tmp_path, monkeypatch, capsys):
    root = tmp_path / "c"
    write_layout("casme3-c", root, n_subjects=4, trials=4, size=48, dirt=False)
    seen = []

    def fit(model, train, *args, fit=folds.fit, **kw):
        seen.append({t.ps.shape[1] / t.ps_sfreq for t in train})
        return fit(model, train, *args, **kw)

    monkeypatch.setattr(folds, "fit", fit)
    args = [
        "loso",
        "--data",
        "casme3-c",
        "--root",
        str(root),
        "--modalities",
        "ps",
        "--epochs",
        "1",
    ]
    args += ["--any-counts", "--n-validation", "1", "--protocol", "grouped-kfold", "--folds", "2"]
    for more, seconds in (((), 10), (("--window-s", "2", "6"), 8)):
        assert cli.main([*args, *more]) == 0, capsys.readouterr().err
        assert seen.pop() == {seconds}
    assert cli.main(["loso", "--data", "smic", "--root", str(root), "--window-s", "2", "6"]) == 2
    assert "--window-s goes with --data casme3-c, mmme, table" in capsys.readouterr().err
