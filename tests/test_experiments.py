"""The protocol: nothing of the test subjects reaches training, bit for bit."""

import json

import pandas as pd
import pytest
import torch

from meps_lib import experiments, training
from meps_lib.datasets import FolderDataset, save_dataset
from meps_lib.errors import MepsError
from meps_lib.experiments import ExperimentConfig, run, tabulate
from meps_lib.metrics import score_by_set
from meps_lib.prepare import PrepareConfig, PreparedDataset
from meps_lib.split_files import read_splits, save_splits
from meps_lib.splits import Split, loso
from meps_lib.statistics import majority, summary
from meps_lib.training import TrainConfig

QUICK = ExperimentConfig(
    train=TrainConfig(epochs=2, batch_size=8),
    prepare=PrepareConfig(n_frames=4, size=24),
    model_args={"grid": 3},
)


class Handmade:
    """Six subjects of three random trials; `spoilt` subjects get other data and labels."""

    classes = ("a", "b", "c")
    note = "made up"

    def __init__(self, make_trial, spoilt=()):
        self.trials = []
        for k in range(18):
            trial = make_trial(k)
            if trial.subject in spoilt:
                trial = make_trial(k + 900, subject=trial.subject, clip=trial.clip, label="a")
                trial.ps = trial.ps * 1e3
            self.trials.append(trial)
        rows = [(t.subject, t.clip, t.label, t.label) for t in self.trials]
        self.index = pd.DataFrame(rows, columns=["subject", "clip", "label", "emotion"])

    def __len__(self):
        return len(self.trials)

    def __getitem__(self, k):
        return self.trials[k]


def test_one_row_a_trial_and_seed(make_trial, tmp_path):
    data = Handmade(make_trial)
    config = ExperimentConfig(**vars(QUICK) | {"seeds": (0, 1)})
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
    two = run(data, ExperimentConfig(**vars(QUICK) | {"n_jobs": 2}), progress=False)
    other = run(data, ExperimentConfig(**vars(QUICK) | {"seeds": (1,)}), progress=False)
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


def test_prepared_trials_can_be_shared_by_experiments(make_trial):
    data = Handmade(make_trial)
    shared = PreparedDataset(data, QUICK.prepare)
    config = ExperimentConfig(**vars(QUICK) | {"modalities": ("ps",)})
    pd.testing.assert_frame_equal(
        run(shared, config, progress=False), run(data, config, progress=False)
    )
    assert shared.trials[0].colour is not None  # and stay whole
    with pytest.raises(MepsError, match="n_frames=4.*the experiment wants .*n_frames=8"):
        run(shared, ExperimentConfig(), progress=False)


@pytest.mark.parametrize("role", ["test", "train"])
def test_test_subjects_cannot_reach_the_trained_weights(make_trial, role):
    """One trial of a test subject changes; what is said of its other trials may not.

    Those are predicted by the fold that the subject is left out of, so any way of its data
    into training, scales and choice of epoch included, would move them. Bit for bit. The
    control: the same change in a training subject does move them.
    """
    before = run(Handmade(make_trial), QUICK, progress=False)
    data = Handmade(make_trial)
    split = next(s for s in loso(data.index["subject"]) if s.test == ("s2",))
    spoilt = 3 * int(getattr(split, role)[0][1])  # the first trial of s2, or of one trained on
    assert data.trials[spoilt].subject in getattr(split, role)
    other = make_trial(900)
    for name in ("colour", "depth"):
        setattr(data.trials[spoilt], name, getattr(other, name))
    data.trials[spoilt].ps = 1e3 * other.ps
    after = run(data, QUICK, progress=False)
    rest = (before["subject"] == "s2") & (before["clip"] != data.trials[spoilt].clip)
    columns = ["p_a", "p_b", "p_c"]
    same = (before[rest][columns].to_numpy() == after[rest][columns].to_numpy()).all()
    assert same == (role == "test")


PROTOCOLS = [
    {},
    {"protocol": "grouped-kfold", "n_folds": 3},
    {"protocol": "cross-data-set", "train_on": "smic", "test_on": "samm", "n_validation": 1},
]


@pytest.mark.parametrize("settings", PROTOCOLS)
def test_each_fold_is_fitted_and_chosen_by_its_own_subjects(make_trial, monkeypatch, settings):
    """Who is handed to training and to the choice of epoch, in every fold, are its roles."""
    data, config, seen = TwoSets(make_trial), changed(**settings), []

    def fit(model, train, validation, *args, **kw):
        seen.append([sorted(t.clip for t in side) for side in (train, validation)])
        return training.fit(model, train, validation, *args, **kw)

    monkeypatch.setattr(experiments, "fit", fit)
    table = run(data, config, progress=False)
    splits = experiments._splits(data.index, config, seed=0)
    clips = data.index.groupby("subject")["clip"].agg(list)
    assert seen == [
        [sorted(clips[list(side)].sum()) for side in (split.train, split.validation)]
        for split in splits
    ]
    assert [sorted(g["clip"]) for _, g in table.groupby("fold")] == [
        sorted(clips[list(split.test)].sum()) for split in splits
    ]


@pytest.mark.parametrize("leak", [False, True])
def test_test_subjects_do_not_choose_the_epoch(make_trial, monkeypatch, leak):
    """Enough epochs for the choice to matter: where test subjects help to choose, it is seen."""

    def leaky(prepared, config, split, seed):
        sides = prepared.of(split.train), prepared.of((*split.validation, *split.test))
        model = experiments.make_model(config, prepared.classes, seed=1000 * seed + split.fold)
        training.fit(model, *sides, prepared.classes, config.train, seed=1000 * seed + split.fold)
        return model

    if leak:
        monkeypatch.setattr(experiments, "train_fold", leaky)
    longer = changed(train=TrainConfig(epochs=12, batch_size=8))
    before = run(Handmade(make_trial), longer, progress=False)
    same = []
    for subject in sorted(set(before["subject"])):
        data = Handmade(make_trial)
        first = next(t for t in data.trials if t.subject == subject)
        first.ps, first.label = 1e3 * first.ps.flip(1), "abc"["cab".index(first.label)]
        split = next(s for s in loso(data.index["subject"]) if s.test == (subject,))
        prepared = experiments._prepared(data, longer, progress=False)
        after = experiments._fold(prepared, longer, split, seed=0)
        rest = before[(before["subject"] == subject) & (before["clip"] != first.clip)]
        after = after[after["clip"] != first.clip]
        same.append((rest.p_a.to_numpy() == after.p_a.to_numpy()).all())
    assert all(same) != leak


def test_labels_of_test_subjects_cannot_reach_their_predictions(make_trial):
    """The same through `run`, by the labels alone: the fold's probabilities stay bit for bit."""
    data, relabelled = Handmade(make_trial), Handmade(make_trial)
    for trial in relabelled.trials:
        if trial.subject == "s2":
            trial.label = "a"
    before, after = (run(d, QUICK, progress=False) for d in (data, relabelled))
    moved = before.p_a.to_numpy() != after.p_a.to_numpy()
    assert not moved[before.subject == "s2"].any()
    assert moved[before.subject != "s2"].any()  # where s2 is trained on, its labels count


def test_the_floor_is_the_commonest_class_of_who_is_not_tested(make_trial):
    """A run says so itself, fold by fold, also where the folds do not cover the data."""
    data = Handmade(make_trial)
    for trial in data.trials:
        trial.label = "b" if trial.subject in ("s0", "s1") else trial.label
    table = run(data, changed(), progress=False)
    labels = pd.Series([t.label for t in data.trials], index=[t.subject for t in data.trials])
    for subject, rows in table.groupby("subject"):
        counts = labels.drop(subject).value_counts()
        assert (rows["majority"] == counts.idxmax()).all() and counts.idxmax() == "b"
    everyone = majority(table.drop(columns="majority"), data.classes)
    assert majority(table, data.classes).accuracy == everyone.accuracy == 10 / 18


class TwoSets(Handmade):
    """The same six subjects, of whom two are said to belong to another data set."""

    def __init__(self, make_trial):
        super().__init__(make_trial)
        second = self.index["subject"].isin(["s4", "s5"])
        self.index["data_set"] = second.map({True: "samm", False: "smic"})


def changed(**settings):
    """Signals alone, which are quickly learnt from, and other settings."""
    return ExperimentConfig(**vars(QUICK) | {"modalities": ("ps",)} | settings)


def test_a_composite_is_scored_whole_and_by_set(make_trial):
    data = TwoSets(make_trial)
    table = run(data, changed(), progress=False)
    assert table.columns[:4].tolist() == ["subject", "clip", "data_set", "fold"]
    home = table.groupby("data_set")["subject"].unique().map(sorted).to_dict()
    assert home == {"samm": ["s4", "s5"], "smic": ["s0", "s1", "s2", "s3"]}
    assert {name: s.n for name, s in score_by_set(table, data.classes).items()} == {
        "all": 18, "samm": 6, "smic": 12,
    }  # fmt: skip
    assert [x.split()[2] for x in summary(table, data.classes).splitlines()[2::2]] == [
        "samm", "smic",
    ]  # fmt: skip
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
        run(data, ExperimentConfig(**vars(QUICK) | {"protocol": "shuffled"}), progress=False)
    with pytest.raises(MepsError, match="unknown model 'vgg'"):
        run(data, ExperimentConfig(**vars(QUICK) | {"model": "vgg"}), progress=False)
    for seeds in ((), (1, 1), (-1,), 3, "01", (0.5,), (2**32,), (True, 2), (None,)):
        with pytest.raises(MepsError, match="seeds=.*expected"):
            changed(seeds=seeds)
    assert changed(seeds=range(2)).seeds == (0, 1)
    for n_jobs in (0, 1.5, "2"):
        with pytest.raises(MepsError, match="n_jobs=.*whole number, 1 or more"):
            changed(n_jobs=n_jobs)
    with pytest.raises(MepsError, match="no trial has depth"):
        shared = PreparedDataset(data, QUICK.prepare, ("ps",))
        run(shared, ExperimentConfig(**vars(QUICK) | {"modalities": ("depth", "ps")}))
    (tmp_path / "file").write_text("")
    for name in ("config.json", "splits_seed3.json", "predictions.parquet"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("kept")
        with pytest.raises(MepsError, match=f"holds results already \\({name}"):
            run(data, QUICK, tmp_path / name, progress=False)
        assert (tmp_path / name / name).read_text() == "kept"
    with pytest.raises(MepsError, match="cannot write"):
        run(data, QUICK, tmp_path / "file" / "out", progress=False)
