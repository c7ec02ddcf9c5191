"""Controls that must fail: copies without what was learnt, maps of nothing and of somebody else."""

import copy

import pytest
import torch
from torch import nn

from meps_lab.judging import cascade, of_another, parts, randomised, uniform_like
from meps_lib.errors import MepsError
from meps_lib.explain import integrated_gradients
from meps_lib.models import build
from tests.lib.explain.conftest import SHAPE

ORDER = ["head", "ps_guide", "merge", "depth_guide"]
ORDER += ["encoders.ps", "encoders.depth", "encoders.colour"]


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def moved(trained, unsettle):
    """A network of which no parameter or statistic is what a fresh one has; scales are fitted."""
    model = unsettle(copy.deepcopy(trained))
    for name, x in model.named_buffers():
        if name.endswith("num_batches_tracked"):
            x += 3
    return model


def test_the_cascade_goes_from_the_head_down_and_leaves_the_rest(moved):
    assert parts(moved) == ORDER
    before = copy.deepcopy(moved.state_dict())
    previous = before
    for k, (name, model) in enumerate(cascade(moved, draw())):
        assert name == ORDER[k]
        for key, x in model.state_dict().items():
            above = key in ("pool", "place") or key.startswith(
                tuple(f"{p}." for p in ORDER[: k + 1])
            )
            same = torch.equal(x, before[key])
            if ".scale." in key:
                assert same, "scales of inputs describe the data"
            else:
                assert same != above, key
            if not key.startswith(f"{name}.") and k > 0:
                assert torch.equal(x, previous[key]), "a step changes its own part alone"
        previous = model.state_dict()
        shared = {x.data_ptr() for x in model.parameters()} & {
            x.data_ptr() for x in moved.parameters()
        }
        assert not shared
    assert k == len(ORDER) - 1
    for key, x in moved.state_dict().items():
        assert torch.equal(x, before[key]), "the model itself stays to the bit"


def test_the_last_copy_is_a_fresh_network_with_fitted_scales(moved):
    model = randomised(moved.train(), "encoders.colour", draw())
    assert model.training
    for name, x in model.named_buffers():
        kind = name.rpartition(".")[2]
        if kind == "rms":
            assert torch.equal(x, dict(moved.named_buffers())[name]) and (x != 1).all()
        else:
            assert (x == (kind == "running_var")).all(), "statistics are those of the start"
    fresh = build("meps", **SHAPE)
    assert torch.equal(model.pool, fresh.pool)  # a constant at the start
    weight, there = model.head[1].weight, fresh.head[1].weight
    assert weight.abs().max() <= 32**-0.5 and not torch.equal(weight, there)


def test_the_generator_decides_and_nothing_else(moved):
    state = torch.get_rng_state()
    one, same, other = (randomised(moved, "merge", draw(s)).state_dict() for s in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(x, same[k]) for k, x in one.items())
    assert not torch.equal(one["merge.weight"], other["merge.weight"])
    g = draw()
    first, second = (randomised(moved, "head", g).head[1].weight for _ in range(2))
    assert not torch.equal(first, second)


def test_a_map_of_what_was_learnt_does_not_survive(trained, batch):
    """The control at work: gradients of the drawn network mark other samples."""
    maps = integrated_gradients(trained, batch, batch.label, ("ps",), steps=8)["ps"]
    net = randomised(trained, "encoders.colour", draw())
    of_fresh = integrated_gradients(net, batch, batch.label, ("ps",), steps=8)["ps"]
    pair = torch.stack([maps.flatten(), of_fresh.flatten()])
    assert pair.corrcoef()[0, 1].abs() < 0.5


def test_any_network_may_be_given_with_its_maker():
    def make():
        return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))

    net = make()
    net(torch.randn(8, 3))
    got = dict(cascade(net, draw(), make))
    assert list(got) == ["3", "1", "0"]
    assert not torch.equal(got["3"][1].running_mean, torch.zeros(4))
    assert torch.equal(got["1"][1].running_mean, torch.zeros(4))
    with pytest.raises(MepsError, match="Sequential has no config"):
        randomised(net, "3", draw())
    with pytest.raises(MepsError, match="upto='2'; expected one of 3, 1, 0"):
        randomised(net, "2", draw(), make)
    with pytest.raises(MepsError, match="the fresh model differs in"):
        randomised(net, "3", draw(), lambda: nn.Linear(3, 4))


def test_a_uniform_map_marks_what_is_real_alike():
    real = torch.tensor([[True, True, False], [False, False, False]])
    got = uniform_like(torch.rand(2, 3, 2, 2), real[:, :, None, None])
    assert (got[0, :2] == 0.125).all() and (got[0, 2] == 0).all() and (got[1] == 0).all()
    assert (uniform_like(torch.rand(2, 4, 4)) == 1 / 16).all()


@pytest.mark.parametrize("subjects", ["aabbcc", "aaabcd", "abcdef", "aaabbb", "bacacdbe"])
def test_each_trial_gets_the_map_of_somebody_else(subjects):
    maps, seen = torch.arange(len(subjects)), set()
    for seed in range(60):
        got = of_another(maps, subjects, draw(seed)).tolist()
        assert sorted(got) == maps.tolist()
        assert all(subjects[k] != subjects[j] for k, j in enumerate(got))
        seen.add(tuple(got))
    assert len(seen) > 5
    assert torch.equal(of_another(maps, subjects, draw(1)), of_another(maps, subjects, draw(1)))


def test_who_has_more_than_half_of_the_trials_cannot_be_answered_for():
    with pytest.raises(MepsError, match="none with more than half"):
        of_another(torch.zeros(5, 2, 2), "aaabc", draw())
    with pytest.raises(MepsError, match="5 maps, 4 subjects"):
        of_another(torch.zeros(5, 2, 2), "abcd", draw())
