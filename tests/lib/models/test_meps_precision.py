"""S1 in mixed precision: finite, near single precision, and the same maps, after training."""

import itertools

import pytest
import torch
from torch.nn.functional import cross_entropy

from meps_lib.models import build
from meps_lib.training import predict
from meps_lib.trial import collate

ALL = ("colour", "depth", "ps")
SUBSETS = [{"modalities": s} for n in (1, 2, 3) for s in itertools.combinations(ALL, n)]
CHOICES = [
    {"query": "content"},
    {"asking": "once"},
    {"asking": "once", "query": "content"},
    *({"attention": way} for way in ("concat", "sum", "gated", "film")),
    {"fusion": "per-clip"},
    {"fusion": "learnt"},
    {"fusion": "apex-only"},
    {"backbone": "residual", "backbone_width": 4},
    {"ps_pool_branch": True, "ps_squeeze": 2, "ps_residual": False},
    {"ps_blocks": (0, 2)},
    {"ps_kernels_s": (3.0, 0.05)},
    {"modality_dropout": 0.5},
]


def mixed():
    return torch.autocast("cpu", torch.bfloat16)


def trained(trials, choice, unsettle, steps=4):
    """Away from its beginning, then a few steps in mixed precision on unequal trials."""
    torch.manual_seed(0)
    small = {} if choice.get("modalities") == ("ps",) else {"grid": 3}
    net = unsettle(build("meps", ps_sfreq=64.0, **small | choice))
    batch = collate(trials, "abc")
    net.fit_scales([batch])
    adam = torch.optim.Adam(net.train().parameters(), 0.01)
    for _ in range(steps):
        with mixed():
            loss = cross_entropy(net(batch).logits, batch.label)
        adam.zero_grad()
        loss.backward()
        grads = [p.grad for p in net.parameters() if p.grad is not None]
        assert all(g.isfinite().all() for g in grads) and any(g.abs().max() > 0 for g in grads)
        adam.step()
    assert all(x.isfinite().all() for x in net.state_dict().values())
    return net.eval(), batch


def whole_trials(make_trial, choice):
    """Of unequal length; where a network reads one modality, every trial has it."""
    lost = [ALL, ("colour", "ps"), ("depth", "ps"), ("colour", "depth"), ALL]
    if len(choice.get("modalities", ALL)) < 3:
        lost = [ALL] * 5
    return [make_trial(k, m, n_frames=3 + k, n_samples=131 + 31 * k) for k, m in enumerate(lost)]


@pytest.mark.parametrize("choice", SUBSETS + CHOICES, ids=str)
def test_mixed_precision_is_near_single_after_training(make_trial, unsettle, choice):
    """bfloat16 keeps eight bits of a number, some 0.4 %; a deep network adds up many roundings.

    Logits within 5 % of their spread, shares of classes within 0.03, and of a map's weight 3 % at
    most elsewhere, on average.
    """
    trials = whole_trials(make_trial, choice)
    net, batch = trained(trials, choice, unsettle)
    with torch.no_grad():
        single = net(batch)
        with mixed():
            half = net(batch)
    spread = single.logits.std().item()
    assert spread > 0.3  # there is something to be near to
    torch.testing.assert_close(half.logits.float(), single.logits, atol=0.05 * spread, rtol=0)
    assert not torch.equal(half.logits.float(), single.logits)
    assert half.weights.keys() == single.weights.keys()
    for name, weights in single.weights.items():
        elsewhere = (half.weights[name].float() - weights).abs().sum(dim=-1) / 2
        assert elsewhere.mean() < 0.03, name
    with mixed():
        shares = predict(net, trials, "abc").float()
    torch.testing.assert_close(shares, single.logits.softmax(dim=1), atol=0.03, rtol=0)
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(5), atol=0.01, rtol=0)


def test_running_statistics_and_weights_stay_in_single_precision(make_trial, unsettle):
    net, _ = trained(whole_trials(make_trial, {}), {}, unsettle)
    kinds = {x.dtype for x in net.state_dict().values() if x.is_floating_point()}
    assert kinds == {torch.float32}
