"""Nothing of the test subjects reaches training, the choice of epoch, or the trained weights."""

from dataclasses import replace

import pytest
import torch

from meps_lab.experiments import folds as experiments
from meps_lab.experiments.folds import run
from meps_lib import training
from meps_lib.protocol.splits import loso
from meps_lib.training import TrainConfig
from tests.handmade import QUICK, Handmade, TwoSets, changed


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
    splits = config.splits(data.index, seed=0)
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
        prepared = experiments.prepared(data, longer)
        after = experiments.run_fold(prepared, longer, split, seed=0)
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


@pytest.mark.parametrize("role", ["validation", "train"])
def test_validation_subjects_choose_the_epoch_and_nothing_else(make_trial, role):
    """Every scale, and with one epoch, where nothing is to be chosen, every weight: bit for bit.

    The control: the same change in a training subject moves the scales of all inputs.
    """
    data, other = Handmade(make_trial), Handmade(make_trial)
    split = next(s for s in loso(data.index["subject"]) if s.test == ("s2",))
    for trial in other.trials:
        if trial.subject == getattr(split, role)[0]:
            trial.label = "a"
            trial.colour, trial.depth, trial.ps = 1 - trial.colour, 9 * trial.depth, 1e3 * trial.ps
            trial.colour[-1] = 0.5  # or what moved between two frames would be as large as before
    once = replace(QUICK, train=replace(QUICK.train, epochs=1))
    for config in (once, replace(QUICK, train=replace(QUICK.train, epochs=4))):
        before, after = (
            experiments.train_fold(experiments.prepared(d, config), config, split, 0).state_dict()
            for d in (data, other)
        )
        keys = [key for key in before if config is once or key.endswith("rms")]
        scales = [key for key in keys if key.endswith("rms")]
        assert len(scales) == 3  # colour, depth, ps
        same = {key for key in keys if torch.equal(before[key], after[key])}
        assert same == set(keys) if role == "validation" else not same & set(scales)
