"""Folds trained side by side are those that `fit` trains one after the other."""

import pytest
import torch

from meps_lab.experiments.stacked import fit_stacked
from meps_lib.errors import MepsError
from meps_lib.models import build
from meps_lib.training import TrainConfig, fit, predict

SEEDS = (5, 6, 7)


@pytest.fixture
def sides(make_trial):
    """Three folds of 10, 3 and 8 training trials of other lengths; shared, and of uneven class."""
    trials = [make_trial(k, ("ps",), n_samples=200 - 11 * k, label="aab"[k % 3]) for k in range(15)]
    for k, trial in enumerate(trials):
        trial.ps[1] += 2 * torch.sin((1 + k % 3) * torch.arange(trial.ps.shape[1]) / 5)
    trials[4].label = "c"
    return [
        (trials[3:13], trials[:3]),
        (trials[:3], trials[6:12]),
        (trials[6:14], trials[3:6]),
    ]


def networks(dropout=0.0, **settings):
    models = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        small = {"modalities": ("ps",), "ps_sfreq": 64.0, "dim": 8, "ps_width": 2}
        models.append(build("meps", dropout=dropout, **small, **settings))
    return models


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"weight_decay": 0.3},
        {"optimiser": "adamw", "weight_decay": 0.3},
        {"schedule": "cosine"},
        {"clip_norm": 0.05, "weight_decay": 0.3},
        {"class_weights": False},
        {"patience": 1, "learning_rate": 0.1},
        {"batch_size": 16},
    ],
    ids=str,
)
def test_one_fold_alone_is_the_fold_in_the_stack(sides, settings):
    config = TrainConfig(**{"epochs": 4, "batch_size": 4, "learning_rate": 0.01} | settings)
    alone, stacked = networks(), networks()
    wanted = [
        fit(model, *side, "abc", config, seed)
        for model, side, seed in zip(alone, sides, SEEDS, strict=True)
    ]
    found = fit_stacked(stacked, sides, "abc", config, SEEDS)
    if "patience" in settings:
        assert len({len(history) for history in wanted}) > 1  # they end at different epochs
    for k in range(3):
        assert [h["epoch"] for h in found[k]] == [h["epoch"] for h in wanted[k]]
        for name in ("train_loss", "validation_loss"):
            got, want = ([h[name] for h in histories[k]] for histories in (found, wanted))
            assert got == pytest.approx(want, abs=1e-4)
        theirs = stacked[k].state_dict()
        for name, x in alone[k].state_dict().items():
            if x.is_floating_point():
                torch.testing.assert_close(theirs[name], x, atol=1e-3, rtol=1e-3, msg=name)
        answers = (predict(m, sides[0][0], "abc") for m in (alone[k], stacked[k]))
        torch.testing.assert_close(*answers, atol=1e-4, rtol=0)


def test_gates_and_pooling_are_stacked_too(sides):
    config, more = TrainConfig(2, 4), {"ps_squeeze": 2, "ps_pool_branch": True}
    alone, stacked = networks(**more), networks(**more)
    fit(alone[2], *sides[2], "abc", config, SEEDS[2])
    fit_stacked(stacked, sides, "abc", config, SEEDS)
    answers = (predict(m, sides[0][0], "abc") for m in (alone[2], stacked[2]))
    torch.testing.assert_close(*answers, atol=1e-4, rtol=0)


def test_a_fold_does_not_know_its_neighbours(sides):
    """Other trials of another fold, which has no batch left when this one goes on."""
    config, answers = TrainConfig(3, 4), []
    for second in (sides[1], (sides[1][0][:2], sides[1][1])):
        models = networks()
        fit_stacked(models, [sides[0], second, sides[2]], "abc", config, SEEDS)
        answers.append(predict(models[0], sides[0][0], "abc"))
    torch.testing.assert_close(*answers, atol=1e-5, rtol=0)


def test_dropout_is_drawn_for_each_fold_by_itself(sides):
    """The same network, trials and order twice: only what is dropped differs."""
    same = [sides[0], sides[0]]
    for dropout, differs in ((0.5, True), (0.0, False)):
        first, second = (networks(dropout)[0] for _ in range(2))
        fit_stacked([first, second], same, "abc", TrainConfig(2, 4), (1, 1))
        apart = (first.head[1].weight - second.head[1].weight).abs().max()
        assert (apart > 1e-4) == differs


def test_the_same_seeds_give_the_same_weights(sides):
    states = []
    for _ in range(2):
        fit_stacked(models := networks(0.3), sides, "abc", TrainConfig(2, 4), SEEDS)
        states.append(torch.cat([m.head[1].weight.flatten() for m in models]))
    assert torch.equal(*states)


def test_what_cannot_be_stacked_is_refused(sides, make_trial):
    both = [(sides[0][0], [*sides[0][1], sides[0][0][0]]), *sides[1:]]
    with pytest.raises(MepsError, match="shared"):
        fit_stacked(networks(), both, "abc", TrainConfig(1), SEEDS)
    filmed = [([*sides[0][0], make_trial(40)], sides[0][1]), *sides[1:]]
    with pytest.raises(MepsError, match="trials with colour, depth; stacked folds read ps alone"):
        fit_stacked(networks(), filmed, "abc", TrainConfig(1), SEEDS)
    with pytest.raises(MepsError, match="precision='bf16'; stacked folds train with fp32"):
        fit_stacked(networks(), sides, "abc", TrainConfig(1, precision="bf16"), SEEDS)


def test_a_loss_that_is_no_number_names_its_fold(sides):
    models = networks()
    with torch.no_grad():
        models[1].head[1].weight.fill_(float("inf"))
    with pytest.raises(MepsError, match="fold 1, epoch 0: .*nan.*lower learning_rate"):
        fit_stacked(models, sides, "abc", TrainConfig(1, 4), SEEDS)
