"""Means and norms over real samples: what torch gives where padding was cut away beforehand."""

import pytest
import torch
from torch import nn

from meps_lib.errors import MepsError
from meps_lib.layers import MaskedBatchNorm1d, SqueezeExcite1d
from meps_lib.layers.masked import masked_pool, token_mean


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def moving_mask(n_trials, length, seed):
    """Unequal lengths, a hole somewhere, and the second trial without one real sample."""
    g = torch.Generator().manual_seed(seed)
    lengths = torch.randint(length // 3, length + 1, (n_trials, 1), generator=g)
    mask = torch.arange(length) < lengths
    mask &= torch.rand(n_trials, length, generator=g) < 0.8
    mask[1] = False
    return mask


def compacted(y, mask):
    """Real samples alone, of all trials in a row: (1, C, n)."""
    return y.transpose(1, 2)[mask].T[None]


def pair(unsettle, **kw):
    ours, torchs = (
        unsettle(norm(5, **kw).double()) for norm in (MaskedBatchNorm1d, nn.BatchNorm1d)
    )
    return ours, torchs


def same(ours, torchs):
    for (name, a), b in zip(ours.state_dict().items(), torchs.state_dict().values(), strict=True):
        torch.testing.assert_close(a, b, msg=name)


@pytest.mark.parametrize("momentum", [0.1, 0.7])
@pytest.mark.parametrize("eps", [1e-5, 0.5])
def test_the_norm_is_torchs_on_real_samples_step_by_step(unsettle, momentum, eps):
    """Values, gradients, running statistics: four steps of other masks, then evaluation."""
    ours, torchs = pair(unsettle, momentum=momentum, eps=eps)
    for step in range(5):
        mask = moving_mask(4, 30, step)
        y = (3 + 2 * draw(4, 5, 30, seed=step)).requires_grad_()
        alone = compacted(y.detach(), mask).requires_grad_()
        if step == 4:
            ours.eval(), torchs.eval()
        weight = draw(4, 5, 30, seed=9)
        got, wanted = ours(y, mask), torchs(alone)
        torch.testing.assert_close(compacted(got, mask), wanted)
        assert got.transpose(1, 2)[~mask].abs().max() == 0
        (got * weight).sum().backward()
        (wanted * compacted(weight, mask)).sum().backward()
        torch.testing.assert_close(compacted(y.grad, mask), alone.grad)
        assert y.grad.transpose(1, 2)[~mask].abs().max() == 0
        for a, b in zip(ours.parameters(), torchs.parameters(), strict=True):
            torch.testing.assert_close(a.grad, b.grad)
        same(ours, torchs)


def test_without_a_mask_or_with_an_idle_one_it_is_torchs(unsettle):
    ours, torchs = pair(unsettle)
    for step, mask in enumerate((None, torch.ones(4, 30, dtype=torch.bool), None)):
        y = draw(4, 5, 30, seed=step)
        torch.testing.assert_close(ours(y, mask), torchs(y))
        same(ours, torchs)


@pytest.mark.parametrize("training", [True, False])
def test_what_stands_in_padding_is_no_matter(unsettle, training):
    y, mask = draw(4, 5, 30), moving_mask(4, 30, 3)
    results = []
    for padding in (0.0, 1e3, -1e6):
        norm, _ = pair(unsettle)
        x = y.masked_fill(~mask[:, None], padding)
        out = norm.train(training)(x, mask)
        results.append((out, norm.running_mean, norm.running_var))
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            torch.testing.assert_close(a, b)


@pytest.mark.parametrize("n_real", [0, 1])
def test_fewer_than_two_real_samples_tell_no_statistic(unsettle, n_real):
    """No mean of nothing and no variance of one: what was learnt before stays as it is."""
    norm, untouched = pair(unsettle)
    mask = torch.zeros(3, 30, dtype=torch.bool)
    mask[1, :n_real] = True
    y = draw(3, 5, 30).requires_grad_()
    out = norm(y, mask)
    torch.testing.assert_close(norm.running_mean, untouched.running_mean)
    torch.testing.assert_close(norm.running_var, untouched.running_var)
    assert out.transpose(1, 2)[~mask].abs().max() == 0
    assert out.isfinite().all()
    out.square().sum().backward()
    assert y.grad.isfinite().all()
    if n_real:  # it is its own mean
        torch.testing.assert_close(out[1, :, 0], norm.bias)


@pytest.mark.parametrize("momentum", [None, -0.1, 1.5, True, "0.1"])
def test_a_momentum_that_is_no_share_is_refused(momentum):
    with pytest.raises(MepsError, match=f"momentum={momentum!r}; expected a number, 0 to 1"):
        MaskedBatchNorm1d(5, momentum=momentum)


@pytest.mark.parametrize("stride", [1, 2, 3, 7, 30, 41])
@pytest.mark.parametrize("length", [30, 31, 1])
def test_pooling_is_the_mean_of_the_real_samples_under_each_stride(stride, length):
    y, mask = draw(4, 2, length), moving_mask(4, length, 1)
    got, real = masked_pool(y, mask, stride)
    n = -(-length // stride)
    assert got.shape == (4, 2, n) and real.shape == (4, n)
    for b in range(4):
        for k in range(n):
            under = slice(k * stride, (k + 1) * stride)
            own = y[b, :, under][:, mask[b, under]]
            assert real[b, k] == (own.shape[1] > 0)
            if real[b, k]:
                torch.testing.assert_close(got[b, :, k], own.mean(dim=1))
            elif stride > 1:
                assert got[b, :, k].abs().max() == 0
    unmasked, none = masked_pool(y, None, stride)
    assert none is None
    wanted = [y[..., k * stride : (k + 1) * stride].mean(dim=-1) for k in range(n)]
    torch.testing.assert_close(unmasked, torch.stack(wanted, dim=-1))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_one_real_sample_among_many_is_its_own_mean_in_any_precision(dtype):
    y, mask = torch.full((1, 1, 4096), 7.0, dtype=dtype), torch.zeros(1, 4096, dtype=torch.bool)
    mask[0, 77] = True
    for stride in (64, 4096):
        got, real = masked_pool(y, mask, stride)
        assert real.sum() == 1
        assert got[0, 0, real[0]].item() == pytest.approx(7.0, rel=0.01)


def test_the_mean_of_tokens_is_of_real_ones():
    tokens, mask = draw(4, 9, 3), moving_mask(4, 9, 2)
    got = token_mean(tokens, mask)
    for b in (0, 2, 3):
        torch.testing.assert_close(got[b, 0], tokens[b, mask[b]].mean(dim=0))
    assert got[1].abs().max() == 0
    torch.testing.assert_close(token_mean(tokens)[:, 0], tokens.mean(dim=1))


def sigmoid_gate(layer, mean, groups):
    """The gate of one group at a time, in matrices, from the layer's own weights."""
    first, _, last, _ = layer.gate
    gates = []
    for k, own in enumerate(mean.chunk(groups)):
        w, b = (p.chunk(groups)[k] for p in (first.weight[..., 0], first.bias))
        hidden = w @ own + b
        hidden = hidden * 0.5 * (1 + torch.erf(hidden / 2**0.5))
        w, b = (p.chunk(groups)[k] for p in (last.weight[..., 0], last.bias))
        gates.append(1 / (1 + torch.exp(-(w @ hidden + b))))
    return torch.cat(gates)


@pytest.mark.parametrize(("reduction", "groups"), [(2, 1), (4, 3), (1, 3), (100, 2)])
def test_a_gate_is_told_by_the_means_of_its_own_group(unsettle, reduction, groups):
    torch.manual_seed(0)
    layer = unsettle(SqueezeExcite1d(12, reduction, groups).double())
    y, mask = draw(4, 12, 30), moving_mask(4, 30, 4)
    hidden = max(1, 12 // groups // reduction) * groups
    assert layer.gate[0].weight.shape == (hidden, 12 // groups, 1)
    got = layer(y, mask)
    for b in (0, 2, 3):
        mean = y[b][:, mask[b]].mean(dim=1)
        gate = sigmoid_gate(layer, mean, groups)
        torch.testing.assert_close(got[b], y[b] * gate[:, None])
    torch.testing.assert_close(
        layer(y[:1]), y[:1] * sigmoid_gate(layer, y[0].mean(1), groups)[:, None]
    )
