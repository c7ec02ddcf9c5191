"""`meps loso` with the models of flow, from the frames of every set that has faces: one line each.

No set is special to them: frames become one map from onset to apex, whatever its camera, folders
and classes are. How right maps are is held in tests/lib/video/test_maps_and_truth.py; here, that
those of the clip's own face arrive.
"""

import json
from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest

from meps_lab.cli import main as cli
from meps_lab.datasets.index.build import build_index
from meps_lab.datasets.index.kinds import MODULES, kind_of
from meps_lab.experiments import folds
from meps_lab.simulate.layouts import layout_cohort, write_layout
from meps_lab.simulate.layouts.filming import brief
from meps_lib.models import RECIPES
from meps_lib.video import motion

# People, trials of each, dials: at least one trial a class; flowmap's two validators need four.
SMALL = {
    "casme3-a": (2, 7, {"size": 48}),
    "casme3-c": (2, 4, {"size": 48}),
    "mmme": (2, 7, {"size": 32}),
    "casme2": (2, 7, {"size": 48, "n_frames": 21}),
    "samm": (2, 4, {"size": 48, "n_frames": 21}),
    "smic": (4, 3, {"size": 48, "n_frames": 21}),
    "wesad": (2, 5, {"ps_duration_s": 4.0}),
    "case": (2, 4, {"ps_duration_s": 4.0}),
}
# A table of one's own has no layout and no names of classes; see tests/lab/datasets/test_table.py.
FACES = [n for n in MODULES if "colour" in kind_of(n).modalities and kind_of(n).class_sets]
FACES = [n for n in FACES if n != "table"]
RUNS = [("ststnet", kind, name) for kind in FACES for name in kind_of(kind).class_sets]
RUNS += [("rcn", "megc2019", "megc2019"), ("rcn", "mmme", "seven-mmme")]
RUNS += [("featref", "casme3-c", "three"), ("featref", "casme3-a", "seven")]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A function that gives the folder of a kind, simulated once; megc2019 holds three of them."""
    folder = tmp_path_factory.mktemp("trees")

    def make(kind):
        if (folder / kind).exists():
            return folder / kind
        if kind == "megc2019":
            parts = {part: make(part) for part in ("casme2", "samm", "smic")}
            (folder / kind).mkdir()
            for part, there in parts.items():
                (folder / kind / part).symlink_to(there)
        else:
            people, trials, dials = SMALL[kind]
            write_layout(kind, folder / kind, n_subjects=people, trials=trials, **dials)
        return folder / kind

    return make


@pytest.fixture(scope="module", autouse=True)
def once():
    """The flow between the same two pictures is computed for one run and remembered for others."""
    known, real = {}, motion.optical_flow

    def flow(a, b, method):
        key = a.numpy().tobytes(), b.numpy().tobytes(), method
        if key not in known:
            known[key] = real(a, b, method)
        return known[key].copy()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(motion, "optical_flow", flow)
        yield


@pytest.fixture
def maps(monkeypatch):
    """The maps that taught, each of them by its clip."""
    told = {}

    def fit(model, train, validation, *args, fit=folds.fit, **kw):
        told.update({trial.clip: trial for trial in train})
        return fit(model, train, validation, *args, **kw)

    monkeypatch.setattr(folds, "fit", fit)
    return told


def run(model, kind, root, out, *more):
    """Run one line; its predictions and its settings, held against the index of the set."""
    args = ["loso", "--data", kind, "--root", str(root), "--model", model, "--epochs", "1"]
    assert cli.main([*args, "--out", str(out), *more]) == 0
    table = pd.read_parquet(out / "predictions.parquet")
    written = json.loads((out / "config.json").read_text())
    name = written["origin"]["class_set"]
    classes = kind_of(kind).class_sets[name]
    found = build_index(kind, root).table.set_index("clip")
    labels = found[f"class_{name}"].dropna()
    assert dict(zip(table["clip"], table["truth"], strict=True)) == labels.to_dict()
    assert len(table) == len(labels) > 0

    chances = [column for column in table if column.startswith("p_")]
    assert chances == [f"p_{c}" for c in classes]
    p = table[chances].to_numpy()
    assert (p >= 0).all() and np.allclose(p.sum(axis=1), 1, atol=1e-5)
    assert table["prediction"].tolist() == [classes[k] for k in p.argmax(axis=1)]

    splits = json.loads((out / "splits_seed0.json").read_text())["splits"]
    people = sorted(found.loc[labels.index, "subject"].unique())
    assert sorted(s for fold in splits for s in fold["test"]) == people
    by_fold = table.groupby("fold")["subject"].unique().map(list)
    assert by_fold.tolist() == [fold["test"] for fold in splits]

    config = written["config"]
    assert (config["model"], config["modalities"]) == (model, ["flow"])
    assert config["prepare"]["flow_steps"] == 1
    return table, config


@pytest.mark.slow
@pytest.mark.parametrize(("model", "kind", "name"), RUNS)
def test_a_published_baseline_runs_from_the_frames(model, kind, name, tree, tmp_path, maps):
    usual = name == next(iter(kind_of(kind).class_sets))
    more = [] if usual else ["--classes", name]
    _, config = run(model, kind, tree(kind), tmp_path / "out", *more)
    assert config["train"] == config["train"] | RECIPES[model] | {"epochs": 1}
    assert config["prepare"]["flow_levels"] is True and config["n_validation"] == 0
    levels = [trial.flow for trial in maps.values()]
    assert {tuple(x.shape) for x in levels} == {(1, 3, 28, 28)}
    assert all(x.min() >= 0 and x.max() <= 255 for x in levels)
    # Around 128 and moving; a clip whose table has its apex at the onset, by mistake, is still.
    assert all(100 < x[0, :2].mean() < 156 for x in levels)
    assert np.mean([float(x[0, :2].std()) > 1 for x in levels]) > 0.5


@pytest.mark.slow
@pytest.mark.parametrize("kind", FACES)
def test_the_small_network_on_flow_runs_from_the_frames(kind, tree, tmp_path, maps):
    root = tree(kind)
    few = kind not in ("smic", "megc2019")  # too few people for two to choose the epoch
    more = ["--keep", "last"] if few else []
    table, config = run("flowmap", kind, root, tmp_path / "out", *more)
    assert config["prepare"]["flow_levels"] is False
    assert config["n_validation"] == (0 if few else 2)
    still = [not trial.flow.any() for trial in maps.values()]
    assert np.mean(still) < 0.5
    assert max(float(trial.flow.abs().max()) for trial in maps.values()) < 28  # pixels of the map
    sets = {"casme2", "samm", "smic"} if kind == "megc2019" else {kind}
    assert set(table["data_set"]) == sets


def true_motion(kind, root):
    """Of each clip's name in the composite: u and v of its face, in pixels of the map."""
    people, trials, dials = SMALL[kind]
    cohort = layout_cohort(kind, people, trials, **dials)
    found = {}
    for k, true in pd.read_parquet(root / "truth.parquet").iterrows():
        face, _ = brief(cohort.plan(k))
        last = len(face.intensity) - 1
        # SMIC's coders named no apex: the middle stands for it.
        apex = last // 2 if kind == "smic" else int(true["apex"] - true["onset"])
        flow = replace(face, lateral=float(true["lateral"])).flow(0, apex).numpy() * 28 / face.size
        clip = f"{true['subject']}_{true['clip']}" if kind == "casme2" else true["clip"]
        found[f"{kind}_{clip}"] = [
            cv2.resize(x, (28, 28), interpolation=cv2.INTER_AREA) for x in flow
        ]
    return found


@pytest.mark.slow
def test_what_teaches_is_the_motion_of_the_clips_own_face(tree, tmp_path, maps):
    """From files, tables and numbers of frames of three sets to the grey levels of a batch."""
    run("ststnet", "megc2019", tree("megc2019"), tmp_path / "out")
    true = {}
    for kind in ("casme2", "samm", "smic"):
        true |= true_motion(kind, tree(kind))
    rows = []
    for clip, trial in maps.items():
        u, v = true[clip]
        skin = np.hypot(u, v) > 0.02
        if np.hypot(u, v).max() > 0.2:  # else the face leaks nothing
            red, green = (trial.flow[0, k].numpy() for k in (0, 1))
            pairs = ((red, u), (green, v), (red, v), (green, u))
            rows.append([np.corrcoef(a[skin], b[skin])[0, 1] for a, b in pairs])
    assert len(rows) > 18
    middle = np.median(rows, axis=0)  # .41, .77, -.02, -.05: faces of 48 pixels tell less of u
    assert middle[0] > 0.2 and middle[1] > 0.5 and np.abs(middle[2:]).max() < 0.2, middle


@pytest.mark.parametrize("kind", ["wesad", "case"])
@pytest.mark.parametrize("model", [*RECIPES, "flowmap"])
def test_a_set_without_faces_is_refused_in_words(kind, model, tree, tmp_path, capsys):
    args = ["loso", "--data", kind, "--root", str(tree(kind)), "--model", model]
    assert cli.main([*args, "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert f"--model {model} reads flow; --data {kind} has ps" in told
    assert "Traceback" not in told and not (tmp_path / "out").exists()


def test_every_set_that_has_faces_is_run():
    assert {"casme2", "samm", "smic", "megc2019", "casme3-a", "casme3-c", "mmme"} == set(FACES)
    assert {len(kind_of(kind).class_sets[name]) for _, kind, name in RUNS} == {3, 4, 7}
    assert {model for model, *_ in RUNS} == set(RECIPES)
