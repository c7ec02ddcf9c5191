"""`meps index` and `meps loso --data`: from a folder in a data set's layout to scores, one line."""

import json
import pickle
import shlex
import shutil

import cv2
import numpy as np
import pandas as pd
import pytest

from meps_lab.cli import main as cli
from meps_lab.datasets.index.build import IndexOptions, build_index, read_index
from meps_lab.datasets.index.kinds import MODULES, kind_of
from meps_lab.simulate.layouts import write_layout

# Subjects, trials and dials that are enough for four subjects to be left out in turn.
SMALL = {
    "casme3-a": (4, 7, {"size": 48}),
    "casme3-c": (4, 7, {"size": 48}),
    "mmme": (4, 7, {"size": 48}),
    "casme2": (5, 7, {"size": 48}),
    "samm": (4, 4, {"size": 48}),
    "smic": (4, 3, {"size": 48}),
    "flowmaps": (4, 3, {}),
    "case": (4, 4, {"ps_duration_s": 8.0}),
    "wesad": (4, 5, {"ps_duration_s": 8.0}),
}
# A table of one's own has no layout; its way to scores is in tests/lab/datasets/test_table.py.
LABELLED = [name for name in MODULES if name not in ("casme3-b", "table")]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A function that gives the folder of a kind, simulated once; megc2019 holds three of them."""
    folder = tmp_path_factory.mktemp("trees")

    def make(kind):
        if kind == "megc2019":
            out = folder / kind
            for part in ("casme2", "samm", "smic"):
                make(part)
                if not (out / part).exists():
                    out.mkdir(exist_ok=True)
                    (out / part).symlink_to(folder / part)
            return out
        if not (folder / kind).exists():
            subjects, trials, dials = SMALL[kind]
            write_layout(kind, folder / kind, n_subjects=subjects, trials=trials, **dials)
        return folder / kind

    return make


def of_one(kind, root):
    """The arguments that only flow maps need."""
    return ["--labels", str(next(root.glob("*.csv")))] if kind == "flowmaps" else []


@pytest.mark.slow
@pytest.mark.parametrize("kind", LABELLED)
def test_index_then_loso_from_a_path(kind, tree, tmp_path, capsys):
    root, out = tree(kind), tmp_path / "index.parquet"
    assert cli.main(["index", kind, str(root), "--out", str(out), *of_one(kind, root)]) == 0
    printed = capsys.readouterr().out
    entry, found = kind_of(kind), read_index(out, root)
    assert entry.title in printed and "next: meps loso" in printed
    name, classes = next(iter(entry.class_sets.items()))
    counts = found.table[f"class_{name}"].value_counts()
    line = next(x for x in printed.splitlines() if x.startswith(f"classes {name}:"))
    assert all(f"{c} {counts.get(c, 0)}" in line for c in classes)

    args = ["loso", "--data", kind, "--root", str(root), "--out", str(tmp_path / "out")]
    args += ["--epochs", "1", "--frames", "3", "--cache", str(tmp_path / "cache")]
    assert cli.main([*args, *of_one(kind, root)]) == 0
    printed = capsys.readouterr().out
    assert "majority" in printed and "UF1" in printed
    table = pd.read_parquet(tmp_path / "out" / "predictions.parquet")
    expected = found.table[found.table[f"class_{name}"].notna()]
    assert sorted(table["clip"]) == sorted(expected["clip"])
    assert table.groupby("fold")["subject"].nunique().max() == 1
    note = json.loads((tmp_path / "out" / "config.json").read_text())["data"]["note"]
    assert "simulated" in note


def test_the_next_command_is_the_same_choice_and_can_be_pasted(tmp_path, capsys, monkeypatch):
    root = tmp_path / "my data"
    write_layout("case", root, n_subjects=2, trials=4, ps_duration_s=8.0)
    labels = tmp_path / "l (1).csv"
    args = ["--labels", str(labels), "--rules", "a=drop", "b=keep"]
    args += ["--segment-s", "4", "--any-counts"]
    made = build_index("case", root, IndexOptions(segment_s=4))
    monkeypatch.setattr("meps_lab.datasets.index.build.build_index", lambda *_: made)
    for more in (args, []):
        assert cli.main(["index", "case", str(root), *more]) == 0
        printed = capsys.readouterr().out.splitlines()
        (line,) = (line for line in printed if line.startswith("next: "))
        words = ["meps", "loso", "--data", "case", "--root", str(root), *more]
        assert shlex.split(line.removeprefix("next: ")) == words


def test_an_index_of_clips_that_are_not_cut_takes_no_length(tmp_path, capsys):
    assert cli.main(["index", "casme2", str(tmp_path), "--segment-s", "30"]) == 2
    assert "--segment-s goes with case or wesad" in capsys.readouterr().err


def test_an_unreadable_clip_stops_the_run_unless_it_may_be_skipped(tree, tmp_path, capsys):
    root = tmp_path / "smic"
    shutil.copytree(tree("smic"), root)
    spoilt = sorted(root.rglob("*.bmp"))[5]
    spoilt.write_bytes(spoilt.read_bytes()[:100])
    args = ["loso", "--data", "smic", "--root", str(root), "--epochs", "1", "--frames", "3"]
    assert cli.main(args) == 2
    assert spoilt.name in capsys.readouterr().err
    out = tmp_path / "out"
    assert cli.main([*args, "--skip-unreadable", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert f"skipped: clip '{spoilt.parent.name}'" in printed and spoilt.name in printed
    table = pd.read_parquet(out / "predictions.parquet")
    assert len(table) == 11 and spoilt.parent.name not in set(table["clip"])
    assert len(json.loads((out / "config.json").read_text())["skipped"]) == 1
    again = ["--protocol", "file", "--split-file", str(out / "splits_seed0.json")]
    assert cli.main([*args, "--skip-unreadable", *again, "--out", str(tmp_path / "again")]) == 0
    same = pd.read_parquet(tmp_path / "again" / "predictions.parquet")
    pd.testing.assert_frame_equal(table, same)


def test_cross_data_set_from_the_command_line(tree, capsys):
    args = ["loso", "--data", "megc2019", "--root", str(tree("megc2019")), "--epochs", "1"]
    args += ["--frames", "3", "--protocol", "cross-data-set", "--train-on", "casme2"]
    assert cli.main([*args, "--test-on", "samm"]) == 0
    assert "of 4 subjects" in capsys.readouterr().out  # all of SAMM, nobody else
    assert cli.main([*args, "--test-on", "wesad"]) == 2
    assert "casme2, samm, smic" in capsys.readouterr().err
    each = [x for x in args if x not in ("--train-on", "casme2")]
    assert cli.main([*each, "--test-on", "samm"]) == 0  # who teaches is said, and scored apart
    said = capsys.readouterr().out
    assert "fold 0 learns from casme2; fold 1 learns from smic" in said
    assert said.count("of 4 subjects") == 2 and "seed 0  fold 1" in said


def test_part_b_can_be_indexed_and_not_learnt_from(tmp_path, capsys):
    frames = tmp_path / "part_B" / "spNO.1" / "a" / "color"
    frames.mkdir(parents=True)
    for i in range(3):
        cv2.imwrite(str(frames / f"{i}.jpg"), np.full((40, 40, 3), 60 * i, np.uint8))
    assert cli.main(["index", "casme3-b", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "1 clips of 1 subjects" in printed and "next:" not in printed
    assert cli.main(["loso", "--data", "casme3-b", "--root", str(tmp_path)]) == 2
    assert "no labels" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["loso", "--data", "casme2"], "say where it lies with --root"),
        (["loso", "--labels", "x.csv"], "--labels goes with --data"),
        (["loso", "--crop", "face"], "--crop goes with --data"),
        (["index", "casme2", "nowhere"], "nowhere"),
        (["index", "casme2", ".", "--rules", "overlong"], "RULE=ACTION"),
        (["index", "casme2", ".", "--rules", "a=drop", "a=keep"], "given twice"),
        (["index", "casme2", ".", "--out", "index.csv"], "ends in .parquet"),
    ],
)
def test_a_wrong_option_is_one_clear_line(args, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(args) == 2
    assert message in capsys.readouterr().err.strip().splitlines()[-1]


@pytest.mark.slow
def test_s2_reads_band_powers_and_five_signals_of_a_tree(tree, tmp_path, capsys):
    args = ["loso", "--data", "mmme", "--root", str(tree("mmme")), "--out", str(tmp_path / "s2")]
    args += ["--model", "mmme", "--classes", "seven-mmme", "--modalities", "ps", "eeg"]
    assert (
        cli.main([*args, "--epochs", "1", "--n-validation", "1", "--normalise", "per-subject"]) == 0
    )
    printed = capsys.readouterr().out
    assert "modalities ps, eeg" in printed and "signals: PPG, RSP, SKT, EDA, ECG" in printed
    config = json.loads((tmp_path / "s2" / "config.json").read_text())["config"]
    assert config["prepare"]["eeg_bands"] and config["prepare"]["flow_steps"] == 1
    table = pd.read_parquet(tmp_path / "s2" / "predictions.parquet")
    assert table["subject"].nunique() == 4 and table.filter(like="p_").shape[1] == 7


def test_an_index_that_is_there_is_replaced_by_force_alone(tree, tmp_path, capsys):
    out = tmp_path / "index.parquet"
    command = ["index", "smic", str(tree("smic")), "--out", str(out)]
    out.write_bytes(b"precious")
    assert cli.main(command) == 2
    assert "index.parquet exists; nothing was overwritten" in capsys.readouterr().err
    assert out.read_bytes() == b"precious"
    assert cli.main([*command, "--force"]) == 0
    assert len(read_index(out, tree("smic")).table) == 12


def test_what_a_set_lacks_is_said_before_it_is_learnt_from(tree, tmp_path, capsys):
    shutil.copytree(tree("wesad"), tmp_path / "set")
    path = tmp_path / "set" / "S2" / "S2.pkl"
    content = pickle.loads(path.read_bytes(), encoding="latin1")
    content["label"][:] = 0
    path.write_bytes(pickle.dumps(content, 2))
    command = ["loso", "--data", "wesad", "--root", str(tmp_path / "set"), "--epochs", "1"]
    cli.main([*command, "--n-validation", "0", "--keep", "last"])
    printed = capsys.readouterr().out
    assert "missing: conditions in the recordings of 1 of 4 subjects (S2)" in printed
