"""A whole experiment: rows, seeds, processes, the floor, and what is refused."""

import json
from dataclasses import replace

import pandas as pd
import pytest
import torch

from meps_lab.experiments import folds as experiments
from meps_lab.experiments.folds import ExperimentConfig, run, tabulate
from meps_lab.prepare import PreparedDataset
from meps_lab.simulate import FolderDataset, save_dataset
from meps_lib import training
from meps_lib.errors import MepsError
from meps_lib.protocol.split_files import read_splits
from meps_lib.protocol.splits import loso
from meps_lib.protocol.statistics import majority
from tests.handmade import QUICK, Handmade, changed


def test_one_row_a_trial_and_seed(make_trial, tmp_path):
    data = Handmade(make_trial)
    config = replace(QUICK, seeds=(0, 1))
    table = run(data, config, tmp_path / "out", progress=False)
    for _, group in table.groupby("seed"):
        assert sorted(group["clip"]) == sorted(data.index["clip"])
    p = table[["p_a", "p_b", "p_c"]]
    assert p.sum(axis=1).to_numpy() == pytest.approx(1)
    assert (p.idxmax(axis=1).str[-1] == table.prediction).all()
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out/predictions.parquet"), table)
    record = json.loads((tmp_path / "out/config.json").read_text())
    assert record["config"]["train"]["epochs"] == 2
    assert record["data"] == {"note": "made up", "n_trials": 18, "classes": ["a", "b", "c"]}
    assert tabulate(table, data.classes).n.tolist() == [18, 18]


def test_the_result_depends_on_the_seed_and_not_on_the_processes(make_trial):
    data = Handmade(make_trial)
    one = run(data, QUICK, progress=False)
    two = run(data, replace(QUICK, n_jobs=2), progress=False)
    other = run(data, replace(QUICK, seeds=(1,)), progress=False)
    pd.testing.assert_frame_equal(one, two)
    assert not one.p_a.equals(other.p_a)


def test_the_result_does_not_depend_on_the_threads(make_trial, monkeypatch):
    data, seen = Handmade(make_trial), []

    def fit(*args, **kw):
        seen.append(torch.get_num_threads())
        return training.fit(*args, **kw)

    monkeypatch.setattr(experiments, "fit", fit)
    one = run(data, QUICK, progress=False)
    try:
        torch.set_num_threads(2)
        two = run(data, QUICK, progress=False)
        assert torch.get_num_threads() == 2  # the caller's again
    finally:
        torch.set_num_threads(1)
    assert seen == [1] * 12
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_every_fold_keeps_the_memory_that_it_frees(make_trial, monkeypatch):
    asked = []
    monkeypatch.setattr(experiments, "keep_freed", lambda: asked.append(True))
    table = run(Handmade(make_trial), QUICK, progress=False)
    assert len(asked) == table["fold"].nunique()


def test_prepared_trials_can_be_shared_by_experiments(make_trial):
    data = Handmade(make_trial)
    shared = PreparedDataset(data, QUICK.prepare)
    before = shared.trials[0].ps.clone()
    config = changed(normalise="per-subject")
    pd.testing.assert_frame_equal(
        run(shared, config, progress=False), run(data, config, progress=False)
    )
    assert shared.trials[0].colour is not None and shared.trials[0].ps.equal(before)  # whole still
    with pytest.raises(MepsError, match="n_frames=4.*the experiment wants .*n_frames=8"):
        run(shared, ExperimentConfig(), progress=False)


def test_the_floor_is_the_commonest_class_of_who_is_not_tested(make_trial):
    """Without s0 "a" is the commonest, 6 to 5; with everybody "b" is, 8 to 6."""
    data = Handmade(make_trial)
    for trial, label in zip(data.trials, "bbbaab", strict=False):
        trial.label = label
    table = run(data, changed(), progress=False)
    labels = pd.Series([t.label for t in data.trials], index=[t.subject for t in data.trials])
    assert labels.value_counts().idxmax() == "b"
    found = table.groupby("subject")["majority"].unique().map(list).to_dict()
    assert found == {"s0": ["a"]} | {f"s{k}": ["b"] for k in range(1, 6)}
    everyone = majority(table.drop(columns="majority"), data.classes)
    assert majority(table, data.classes).accuracy == everyone.accuracy == 5 / 18


def test_each_seed_deals_its_own_validation_subjects_and_trains_by_its_own_numbers(
    make_trial, tmp_path, monkeypatch
):
    data, seeds, started = Handmade(make_trial), (0, 3), {}

    def fit(model, *args, seed, **kw):
        started[seed] = [x.clone() for x in model.state_dict().values()]
        return training.fit(model, *args, seed=seed, **kw)

    monkeypatch.setattr(experiments, "fit", fit)
    run(data, changed(seeds=seeds), tmp_path / "out", progress=False)
    # The numbers that order, dropout and first weights are drawn from: none twice.
    assert list(started) == [*range(6), *range(3000, 3006)]
    firsts = [next(x for x in weights if x.ndim > 1) for weights in started.values()]
    assert len({tuple(x.flatten().tolist()) for x in firsts}) == 12
    dealt = [
        [s.validation for s in read_splits(tmp_path / f"out/splits_seed{k}.json", SUBJECTS)]
        for k in seeds
    ]
    assert dealt == [[s.validation for s in loso(SUBJECTS, seed=k)] for k in seeds]
    assert dealt[0] != dealt[1]


SUBJECTS = [f"s{k}" for k in range(6)]


def test_a_cache_changes_nothing(make_trial, tmp_path):
    data = FolderDataset(save_dataset(Handmade(make_trial), tmp_path / "data", progress=False))
    kept = tmp_path / "cache"
    none, first, second = (
        run(data, changed(), progress=False, cache=cache) for cache in (None, kept, kept)
    )
    assert any(kept.rglob("*.safetensors"))
    pd.testing.assert_frame_equal(first, none)
    pd.testing.assert_frame_equal(second, none)


def test_bad_settings_are_refused(make_trial, tmp_path):
    data = Handmade(make_trial)
    with pytest.raises(MepsError, match="protocol='shuffled'"):
        run(data, replace(QUICK, protocol="shuffled"), progress=False)
    with pytest.raises(MepsError, match="unknown model 'vgg'"):
        run(data, replace(QUICK, model="vgg"), progress=False)
    for seeds in ((), (1, 1), (-1,), 3, "01", (0.5,), (2**32,), (True, 2), (None,)):
        with pytest.raises(MepsError, match="seeds=.*expected"):
            changed(seeds=seeds)
    assert changed(seeds=range(2)).seeds == (0, 1)
    for name, value in (("modalities", ("ps",)), ("n_classes", 5), ("ps_sfreq", 64.0)):
        with pytest.raises(MepsError, match=f"model_args sets {name} to .*: take it out"):
            changed(modalities=("colour", "ps"), model_args={name: value})
    for n_jobs in (0, 1.5, "2"):
        with pytest.raises(MepsError, match="n_jobs=.*whole number, 1 or more"):
            changed(n_jobs=n_jobs)
    with pytest.raises(MepsError, match="no trial has depth"):
        shared = PreparedDataset(data, QUICK.prepare, ("ps",))
        run(shared, replace(QUICK, modalities=("depth", "ps")))
    (tmp_path / "file").write_text("")
    for name, message in (
        ("config.json", "config.json cannot be read"),
        ("splits_seed3.json", "holds splits_seed3.json and no config.json"),
        ("predictions.parquet", r"holds results already \(predictions.parquet"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("kept")
        with pytest.raises(MepsError, match=message):
            run(data, QUICK, tmp_path / name, progress=False)
        assert (tmp_path / name / name).read_text() == "kept"
    with pytest.raises(MepsError, match="cannot write"):
        run(data, QUICK, tmp_path / "file" / "out", progress=False)
