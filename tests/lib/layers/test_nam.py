"""NAM: the formula with torch's norms, what it is at the start, masks, and what training does."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from meps_lib.errors import MepsError
from meps_lib.layers import NAM, MaskedBatchNorm1d


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


SIZES = [(11,), (4, 5), (3, 2, 4)]


def by_hand(layer, x):
    """Channel part with torch's batch norm of that many axes, pixel part place by place."""
    channel = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)[x.ndim - 3](x.shape[1]).double()
    channel.load_state_dict(layer.channel.state_dict())
    channel.train(layer.training)
    with torch.no_grad():
        w = channel.weight.abs() / channel.weight.abs().sum()
        gate = torch.sigmoid(channel(x) * w.view(-1, *(1,) * (x.ndim - 2)))
        if layer.place is not None:
            y, norm = (gate * x).flatten(2), layer.place
            places = []
            for p in range(y.shape[2]):
                mean, var = norm.running_mean[p], norm.running_var[p]
                if layer.training:
                    mean, var = y[..., p].mean(), y[..., p].var(correction=0)
                z = (y[..., p] - mean) / (var + 1e-5).sqrt() * norm.weight[p] + norm.bias[p]
                places.append(torch.sigmoid(z * norm.weight[p].abs() / norm.weight.abs().sum()))
            gate = gate * torch.stack(places, 2).view(x.shape)
    return x + gate * x, gate


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("with_places", [True, False])
@pytest.mark.parametrize("sizes", SIZES)
def test_it_is_the_formula(unsettle, sizes, with_places, training):
    n = torch.Size(sizes).numel()
    layer = unsettle(NAM(6, n if with_places else None).double()).train(training)
    with torch.no_grad():
        for norm in (layer.channel, layer.place) if with_places else (layer.channel,):
            norm.weight[::2] *= -1
    x = draw(5, 6, *sizes)
    want, want_gate = by_hand(layer, x)
    out, gate = layer(x)
    torch.testing.assert_close(gate, want_gate)
    torch.testing.assert_close(out, want)
    assert sum(p.numel() for p in layer.parameters()) == 2 * 6 + (2 * n if with_places else 0)


@pytest.mark.parametrize(("channels", "sd"), [(8, 0.031), (64, 0.0039)])
def test_at_the_start_it_selects_almost_nothing(channels, sd):
    """sigmoid(BN / C) has the slope 1/4 at 0: a standard deviation of 1 / (4 C)."""
    x = draw(64, channels, 40).float()
    out, gate = NAM(channels)(x)
    assert gate.mean().item() == pytest.approx(0.5, abs=1e-3)
    assert gate.std().item() == pytest.approx(sd, rel=0.02)
    assert (out / x).sub(1.5).abs().max() < 5 * sd


@pytest.mark.parametrize("asked", [False, True])
def test_the_ratio_passes_a_gradient_only_where_asked(unsettle, asked):
    """Against finite differences of a NAM whose ratio is held still, or is not."""
    layer = unsettle(NAM(4, ratio_gradient=asked).double())
    x, weight = draw(5, 4, 9), draw(5, 4, 9, seed=1)
    (layer(x)[0] * weight).sum().backward()
    start = layer.channel.weight.detach().clone()
    norm = torch.nn.functional.batch_norm

    def loss(gamma):
        of = gamma if asked else start
        ratio = of.abs() / of.abs().sum()
        y = norm(x, None, None, gamma, layer.channel.bias, training=True)
        return ((x + x * torch.sigmoid(ratio[:, None] * y)) * weight).sum().item()

    for k in range(4):
        step = torch.zeros(4).double()
        step[k] = 1e-6
        slope = (loss(start + step) - loss(start - step)) / 2e-6
        assert layer.channel.weight.grad[k].item() == pytest.approx(slope, rel=1e-5, abs=1e-7)


def test_the_penalty_is_the_sum_of_sizes_and_pulls_each_to_0(unsettle):
    layer = unsettle(NAM(4, 7).double())
    with torch.no_grad():
        layer.channel.weight[1] *= -1
    norms = (layer.channel.weight, layer.place.weight)
    assert layer.penalty().item() == pytest.approx(sum(w.abs().sum().item() for w in norms))
    layer.penalty().backward()
    for w in norms:
        assert torch.equal(w.grad, w.sign())
    alone = NAM(4)
    assert alone.penalty().item() == 4


@pytest.mark.parametrize("asked", [False, True])
def test_where_the_penalty_has_won_the_gate_is_a_half_and_no_nan(asked):
    layer = NAM(4, ratio_gradient=asked)
    with torch.no_grad():
        layer.channel.weight.zero_()
    out, gate = layer(draw(3, 4, 5).float().requires_grad_())
    assert torch.equal(gate, torch.full((3, 4, 5), 0.5))
    (out.sum() + layer.penalty()).backward()
    assert layer.channel.weight.grad.isfinite().all()


def moving_mask(sizes):
    """Unequal lengths along the first axis, a hole, and a trial without anything."""
    mask = torch.ones(5, *sizes, dtype=torch.bool)
    for trial, n in enumerate((sizes[0], 2, 1, 2, 0)):
        mask[trial, n:] = False
    mask.flatten(1)[3, 1] = False
    return mask


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("spoilt", [1e3, float("nan")])
@pytest.mark.parametrize("with_places", [True, False])
@pytest.mark.parametrize("sizes", SIZES)
def test_what_is_masked_changes_no_bit_and_comes_out_0(
    unsettle, sizes, with_places, spoilt, training
):
    x, mask, results = draw(5, 6, *sizes), moving_mask(sizes), []
    n = mask[0].numel() if with_places else None
    for filling in (0.0, spoilt):
        layer = unsettle(NAM(6, n).double()).train(training)
        results.append((*layer(torch.where(mask[:, None], x, filling), mask), *layer.buffers()))
    for a, b in zip(*results, strict=True):
        assert torch.equal(a, b)
    for y in results[0][:2]:
        assert y.movedim(1, -1)[~mask].abs().max() == 0
        assert y.movedim(1, -1)[mask].abs().min() > 0


@pytest.mark.parametrize("training", [True, False])
def test_statistics_are_those_of_real_steps_and_real_trials(unsettle, training):
    """Channel part: torch's norm on all real samples in a row. Pixel part: of each place's own."""
    layer = unsettle(NAM(6, 11).double()).train(training)
    x, mask = draw(5, 6, 11), moving_mask((11,))
    channel, place = (nn.BatchNorm1d(n).double() for n in (6, 1))
    channel.load_state_dict(layer.channel.state_dict())
    w = layer.channel.weight.abs() / layer.channel.weight.abs().sum()
    share = layer.place.weight.abs() / layer.place.weight.abs().sum()
    row = channel.train(training)(x.transpose(1, 2)[mask])
    first = torch.zeros_like(x).transpose(1, 2)
    first[mask] = torch.sigmoid(w * row)
    want = first.clone()
    for p in range(11):
        own = {k: v[p : p + 1] for k, v in layer.place.state_dict().items() if v.ndim}
        place.load_state_dict(own, strict=False)
        real = mask[:, p]
        y = (first * x.transpose(1, 2))[real, p]
        z = place.train(training)(y.reshape(-1, 1)).view_as(y)
        want[real, p] *= torch.sigmoid(share[p] * z)
    before = layer.channel.running_var.clone()
    torch.testing.assert_close(layer(x, mask)[1], want.transpose(1, 2))
    torch.testing.assert_close(layer.channel.running_var, channel.running_var)
    assert torch.equal(layer.channel.running_var, before) != training


@pytest.mark.parametrize("training", [True, False])
def test_a_batch_of_short_signals_is_the_same_padded_or_not(unsettle, training):
    """Its steps are the first of P; the share of each is still a share of all P."""
    x, results = draw(5, 6, 8), []
    for extra in (0, 2, 3):
        layer = unsettle(NAM(6, 11).double()).train(training)
        mask = (torch.arange(8 + extra) < 8).expand(5, -1)
        long = torch.cat([x, draw(5, 6, extra, seed=1)], 2)
        out, gate = layer(long, mask if extra else None)
        results.append((out[..., :8], gate[..., :8], *layer.buffers()))
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            torch.testing.assert_close(a, b)


def test_a_norm_counts_samples_channel_by_channel(unsettle):
    """Masks of three axes, on which the pixel part stands: torch's norm on each channel alone."""
    norm = unsettle(MaskedBatchNorm1d(4).double())
    y, mask = draw(6, 4, 5), torch.rand(6, 4, 1, generator=torch.Generator().manual_seed(0)) < 0.6
    mask[:, 3] = False
    mask[0, 3] = True
    kept, wanted = norm.state_dict(), []
    for c in range(4):
        alone = nn.BatchNorm1d(1).double()
        alone.load_state_dict({k: v[c : c + 1] if v.ndim else v for k, v in kept.items()})
        own = y[:, c][mask[:, c, 0]]
        wanted.append((own, alone(own[:, None]), alone))
    got = norm(y, mask)
    for c, (_, want, alone) in enumerate(wanted):
        torch.testing.assert_close(got[:, c][mask[:, c, 0]], want[:, 0])
        torch.testing.assert_close(norm.running_mean[c], alone.running_mean[0])
        torch.testing.assert_close(norm.running_var[c], alone.running_var[0])


def test_after_training_with_the_penalty_useless_channels_weigh_less():
    """Two of eight channels tell the class; the gate's shares end with them."""
    torch.manual_seed(0)
    layer, head = NAM(8), nn.Linear(8, 2)
    adam = torch.optim.Adam([*layer.parameters(), *head.parameters()], 0.05)
    g = torch.Generator().manual_seed(0)
    label = torch.randint(0, 2, (512,), generator=g)
    x = torch.randn(512, 8, 40, generator=g)
    x[:, 2] *= 1 + label[:, None]  # spread, of which a mean tells nothing
    x[:, 5] *= 2 - label[:, None]
    for _ in range(300):
        logits = head(layer(x)[0].mean(2))
        loss = cross_entropy(logits, label) + 0.003 * layer.penalty()
        adam.zero_grad()
        loss.backward()
        adam.step()
    with torch.no_grad():
        assert (head(layer(x)[0].mean(2)).argmax(1) == label).float().mean() > 0.75
    size = layer.channel.weight.detach().abs()
    others = size[[0, 1, 3, 4, 6, 7]]
    assert min(size[2], size[5]) > 100 * others.max()


def test_what_does_not_fit_is_refused():
    for shape in ((2, 4), (2, 3, 5), (2, 4, 0), (2, 4, 1, 1, 1, 1)):
        with pytest.raises(MepsError, match=r"expected \(B, 4, ...\) with 1 to 3 axes"):
            NAM(4)(torch.zeros(shape))
    for mask in (torch.ones(2, 6, dtype=torch.bool), torch.ones(2, 5)):
        with pytest.raises(MepsError, match=r"mask is .*; expected torch.bool \(2, 5\)"):
            NAM(4)(torch.zeros(2, 4, 5), mask)
    with pytest.raises(MepsError, match="12 places; expected 11, as positions says, or fewer"):
        NAM(4, 11)(torch.zeros(2, 4, 12))
    for sizes in ((2, 5), (3, 4)):  # of a smaller map the places are others
        with pytest.raises(MepsError, match="expected 11, as positions says$"):
            NAM(4, 11)(torch.zeros(2, 4, *sizes))
    with pytest.raises(MepsError, match="positions=0"):
        NAM(4, 0)
