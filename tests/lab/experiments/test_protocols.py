"""Composite, across data sets, and splits from a file: who is trained on and tested."""

import json

import pandas as pd
import pytest

from meps_lab.experiments.folds import run
from meps_lab.experiments.scorelines import summary
from meps_lab.prepare import PreparedDataset
from meps_lib.errors import MepsError
from meps_lib.protocol.metrics import score_by_set
from meps_lib.protocol.split_files import read_splits, save_splits
from meps_lib.protocol.splits import Split
from meps_lib.protocol.statistics import majority
from tests.handmade import QUICK, Handmade, TwoSets, changed


def test_a_composite_is_scored_whole_and_by_set(make_trial):
    data = TwoSets(make_trial)
    table = run(data, changed(), progress=False)
    assert table.columns[:4].tolist() == ["subject", "clip", "data_set", "fold"]
    home = table.groupby("data_set")["subject"].unique().map(sorted).to_dict()
    assert home == {"samm": ["s4", "s5"], "smic": ["s0", "s1", "s2", "s3"]}
    n_trials = {name: s.n for name, s in score_by_set(table, data.classes).items()}
    assert n_trials == {"all": 18, "samm": 6, "smic": 12}
    named = [x.split()[2] for x in summary(table, data.classes).splitlines()[2::2]]
    assert named == ["samm", "smic"]
    # Otherwise it is the same experiment.
    alone = run(Handmade(make_trial), changed(), progress=False)
    pd.testing.assert_frame_equal(table.drop(columns="data_set"), alone)


def test_a_clip_may_have_the_same_name_in_two_subjects(make_trial, tmp_path):
    data = TwoSets(make_trial)
    for k, trial in enumerate(data.trials):
        trial.clip = f"clip{k % 3}"  # as where each person's clips are numbered
    data.index["clip"] = [t.clip for t in data.trials]
    table = run(data, changed(), tmp_path / "out", progress=False)
    found = table.set_index(["subject", "clip"])["data_set"].to_dict()
    rows = data.index[["subject", "clip", "data_set"]].itertuples(index=False)
    assert found == {(subject, clip): home for subject, clip, home in rows} and len(found) == 18
    assert len(pd.read_parquet(tmp_path / "out" / "predictions.parquet")) == 18


def test_a_set_that_takes_no_part_is_in_the_splits_that_are_written(make_trial, tmp_path):
    data = TwoSets(make_trial)
    data.index.loc[data.index["subject"] == "s0", "data_set"] = "mmew"
    cross = changed(protocol="cross-data-set", train_on="smic", test_on="samm", n_validation=1)
    first = run(data, cross, tmp_path / "one", progress=False)
    file = tmp_path / "one" / "splits_seed0.json"
    assert json.loads(file.read_text())["splits"][0]["unused"] == ["s0"]
    again = run(data, changed(protocol="file", split_file=file), progress=False)
    pd.testing.assert_frame_equal(first, again)


def test_across_data_sets(make_trial):
    data = TwoSets(make_trial)
    cross = changed(protocol="cross-data-set", train_on="smic", test_on="samm")
    table = run(data, cross, progress=False)
    assert sorted(table["subject"].unique()) == ["s4", "s5"]
    assert majority(table, data.classes).n == 6  # one fold, and still a floor
    # Data and labels of the set that is tested have no way into its predictions' model.
    for k, trial in enumerate(data.trials):
        if trial.subject == "s5":
            data.trials[k] = make_trial(900 + k, subject="s5", clip=trial.clip, label="a")
    other = run(data, cross, progress=False)
    kept = table["subject"] == "s4"
    pd.testing.assert_frame_equal(other[kept], table[kept])
    assert not other[~kept]["p_a"].equals(table[~kept]["p_a"])


def test_splits_of_a_run_can_be_run_again(make_trial, tmp_path):
    data = Handmade(make_trial)
    first = run(data, changed(), tmp_path / "one", progress=False)
    file = tmp_path / "one" / "splits_seed0.json"
    assert [s.test for s in read_splits(file, data.index["subject"])] == [
        (f"s{k}",) for k in range(6)
    ]
    again = run(data, changed(protocol="file", split_file=file), tmp_path / "two", progress=False)
    pd.testing.assert_frame_equal(first, again)
    assert (tmp_path / "two" / "splits_seed0.json").read_text() == file.read_text()
    record = json.loads((tmp_path / "two" / "config.json").read_text())
    assert record["config"]["split_file"] == str(file)

    mine = Split(7, ("s0", "s1", "s2"), ("s3",), ("s4", "s5"))
    file = save_splits([mine], tmp_path / "mine.csv")
    table = run(data, changed(protocol="file", split_file=file), progress=False)
    assert set(table["fold"]) == {7} and sorted(table["subject"].unique()) == ["s4", "s5"]


def test_what_a_protocol_needs_is_asked_for_before_the_work(make_trial, tmp_path, monkeypatch):
    monkeypatch.setattr(PreparedDataset, "__init__", None)  # nothing may be prepared
    one, two = Handmade(make_trial), TwoSets(make_trial)
    cross = {"protocol": "cross-data-set", "train_on": "smic", "test_on": "samm"}
    for data, settings, message in (
        (one, cross, "no column data_set"),
        (two, cross | {"test_on": "mmme"}, "test_on='mmme'; the data sets here are samm, smic"),
        (one, {"protocol": "file", "split_file": tmp_path / "x.json"}, "x.json: no such file"),
        (one, {"n_validation": 5}, "6 subjects; expected at least 7"),
    ):
        with pytest.raises(MepsError, match=message):
            run(data, changed(**settings), progress=False)
    two.index.loc[0, "subject"] = "s5"
    with pytest.raises(MepsError, match="subject 's5' occurs in smic and in samm"):
        run(two, QUICK, progress=False)
    for bad in (
        {"protocol": "cross-data-set"},
        {"protocol": "file"},
        {"split_file": "x.json"},
        {"train_on": "smic"},
        {"normalise": "everybody"},
    ):
        with pytest.raises(MepsError, match=next(iter(bad))):
            changed(**bad)
