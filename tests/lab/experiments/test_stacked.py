"""Folds trained side by side are those that `fit` trains one after the other."""

from dataclasses import replace

import pytest
import torch

from meps_lab.experiments.config import recipe
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


@pytest.fixture
def mapped(make_trial):
    """Folds of 10, 3 and 8 trials of one map each, whose classes differ by where it is bright."""
    draw, trials = torch.Generator().manual_seed(0), []
    for k in range(13):
        trial = make_trial(k, ("ps",), label="abc"[k % 3])
        flow = 20 + 100 * torch.rand(1, 3, 28, 28, generator=draw)
        flow[:, :, 9 * (k % 3) : 9 * (k % 3) + 9] += 100
        ps = {"ps": None, "ps_names": (), "ps_units": (), "ps_sfreq": None}
        trials.append(replace(trial, flow=flow, **ps))
    return [(trials[3:], []), (trials[:3], []), (trials[1:9], [])]


def of_maps(name):
    models = []
    for seed in SEEDS:
        torch.manual_seed(seed)
        models.append(build(name, dropout=0.0))
    return models


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("ststnet", {"learning_rate": 1e-3}),
        ("ststnet", {"class_weights": True, "clip_norm": 0.5, "learning_rate": 1e-3}),
        ("ststnet", {"optimiser": "sgd", "momentum": 0.9, "weight_decay": 0.1}),
        ("flowmap", {"optimiser": "adamw", "schedule": "cosine"}),
        ("rcn", {"step_epochs": 2}),
    ],
    ids=str,
)
def test_maps_are_stacked_too(mapped, name, settings):
    config = recipe(name, **{"epochs": 4, "batch_size": 4, "keep": "last"} | settings)
    alone, stacked, fresh = (of_maps(name) for _ in range(3))
    for model, side, seed in zip(alone, mapped, SEEDS, strict=True):
        fit(model, *side, "abc", config, seed)
    found = fit_stacked(stacked, mapped, "abc", config, SEEDS)
    assert [len(history) for history in found] == [4, 4, 4]
    assert all("validation_loss" not in h for history in found for h in history)
    for one, other, before in zip(alone, stacked, fresh, strict=True):
        moved = 0
        for key, x in one.state_dict().items():
            if x.is_floating_point():
                theirs, moved = (
                    other.state_dict()[key],
                    moved + (x - before.state_dict()[key]).norm(),
                )
                torch.testing.assert_close(theirs, x, atol=1e-3, rtol=1e-3, msg=key)
        assert moved > 0.01  # they did learn


@pytest.mark.parametrize("weight", [0.0, 2.0])
def test_what_a_model_adds_to_its_loss_is_added_in_the_stack(mapped, weight):
    """Batches of 4, 4 and 2 trials, of 3, and of 4 and 4: some are filled."""
    sizes = {"hidden": 4, "features": 5, "proposal_weight": weight}
    # Steps in proportion to the slopes: Adam's would be as large for what is rounding alone.
    how = TrainConfig(2, 4, 0.01, "sgd", 0.9, keep="last")
    alone, stacked = [], []
    for seed in SEEDS:
        for models in (alone, stacked):
            torch.manual_seed(seed)
            models.append(build("featref", **sizes))
    begin = [m.branches[0].propose.bias.item() for m in alone]
    found = fit_stacked(stacked, mapped, "abc", how, SEEDS)
    for k, (side, seed) in enumerate(zip(mapped, SEEDS, strict=True)):
        wanted = fit(alone[k], *side, "abc", how, seed)
        losses = [[h["train_loss"] for h in history] for history in (found[k], wanted)]
        assert losses[0] == pytest.approx(losses[1], abs=1e-5)
        for name, x in alone[k].state_dict().items():
            theirs = stacked[k].state_dict()[name]
            torch.testing.assert_close(theirs, x, atol=1e-5, rtol=1e-4, msg=name)
        assert (alone[k].branches[0].propose.bias.item() != begin[k]) == (weight > 0)


def test_of_maps_the_last_epoch_is_kept_and_not_the_best(mapped):
    config = recipe("ststnet", epochs=4, batch_size=4, learning_rate=0.1)
    fresh, stacked = of_maps("ststnet"), of_maps("ststnet")
    found = fit_stacked(stacked, mapped, "abc", config, SEEDS)
    losses = [[h["train_loss"] for h in history] for history in found]
    worse = [k for k in range(3) if losses[k][-1] > min(losses[k])]
    assert worse
    for k in worse:
        fit(fresh[k], *mapped[k], "abc", config, SEEDS[k])
        torch.testing.assert_close(stacked[k].fc.weight, fresh[k].fc.weight, atol=1e-2, rtol=1e-2)


def test_of_several_maps_a_trial_each_belongs_to_its_trial(mapped):
    sides = []
    for taught, _ in mapped:
        twice = [replace(t, flow=torch.cat([t.flow, 255 - t.flow])) for t in taught]
        sides.append((twice, []))
    config = recipe("flowmap", epochs=2, batch_size=4, keep="last")
    alone, stacked = of_maps("flowmap"), of_maps("flowmap")
    for model, side, seed in zip(alone, sides, SEEDS, strict=True):
        fit(model, *side, "abc", config, seed)
    fit_stacked(stacked, sides, "abc", config, SEEDS)
    for pair in zip(alone, stacked, strict=True):
        answers = (predict(m, sides[0][0], "abc") for m in pair)
        torch.testing.assert_close(*answers, atol=1e-4, rtol=0)


def test_nobody_validates_where_the_last_epoch_is_kept(mapped):
    taught = mapped[0][0]
    side = [t for t in taught if t.subject != taught[0].subject], taught[:1]
    for keep in ("last", "best"):
        with pytest.raises(MepsError, match="set keep='last' and n_validation=0"):
            fit_stacked(of_maps("ststnet"), [side] * 3, "abc", recipe("ststnet", keep=keep), SEEDS)


def test_what_cannot_be_stacked_is_refused(sides, make_trial):
    both = [(sides[0][0], [*sides[0][1], sides[0][0][0]]), *sides[1:]]
    with pytest.raises(MepsError, match="shared"):
        fit_stacked(networks(), both, "abc", TrainConfig(1), SEEDS)
    filmed = [([*sides[0][0], make_trial(40)], sides[0][1]), *sides[1:]]
    with pytest.raises(
        MepsError, match="trials with colour, depth, ps; stacked folds read ps alone"
    ):
        fit_stacked(networks(), filmed, "abc", TrainConfig(1), SEEDS)
    with pytest.raises(MepsError, match="precision='bf16'; stacked folds train with fp32"):
        fit_stacked(networks(), sides, "abc", TrainConfig(1, precision="bf16"), SEEDS)


def test_a_loss_that_is_no_number_names_its_fold(sides):
    models = networks()
    with torch.no_grad():
        models[1].head[1].weight.fill_(float("inf"))
    with pytest.raises(MepsError, match="fold 1, epoch 0: .*nan.*lower learning_rate"):
        fit_stacked(models, sides, "abc", TrainConfig(1, 4), SEEDS)
