"""The TCN: published counts, convolutions by hand, causality, masks, and reach after training."""

import warnings

import pytest
import torch
from torch.nn.functional import conv1d, cross_entropy, pad

from meps_lib.errors import MepsError
from meps_lib.layers import TCN, last_real


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(
    ("inputs", "widths", "kernel", "count", "reach"),
    [
        (310, [128] * 6, 2, 482_688, 127),
        (310, [128] * 5, 2, 416_640, 63),
        (4, [8, 8, 8], 3, 1_192, 29),
        (30, [64] * 4, 7, 217_152, 181),
        (3, [5] * 4, 2, 480, 31),
    ],
)
def test_it_is_as_large_and_sees_as_far_as_computed(inputs, widths, kernel, count, reach):
    """Lengths g and directions v of weight norm are both counted, and the bias once."""
    net = TCN(inputs, widths, kernel)
    assert sum(p.numel() for p in net.parameters()) == count
    assert net.receptive_field == reach


def test_with_its_heads_it_has_the_published_counts():
    net = TCN(310, [128] * 6)
    for classes, count in ((7, 483_591), (3, 483_075)):
        both = torch.nn.Sequential(net, torch.nn.Linear(128, classes))
        assert sum(p.numel() for p in both.parameters()) == count


def by_hand(net, x):
    """Weights from g and v by the formula; zeros before the first step."""
    for level, block in enumerate(net.blocks):
        y, reach = x, (net.kernel - 1) * 2**level
        for conv in block.convs:
            own = dict(conv.named_parameters())
            g, v = (own[f"parametrizations.weight.original{k}"] for k in (0, 1))
            w = g * v / v.square().sum((1, 2), keepdim=True).sqrt()
            y = conv1d(pad(y, (reach, 0)), w, conv.bias, dilation=2**level).clamp(min=0)
        own = dict(block.shortcut.named_parameters())
        side = conv1d(x, own["weight"], own["bias"]) if own else x
        x = (y + side).clamp(min=0)
    return x


@pytest.mark.parametrize(("widths", "kernel"), [([6, 6, 6], 2), ([4, 8, 5], 3)])
def test_it_is_the_convolutions_by_hand(unsettle, widths, kernel):
    net = unsettle(TCN(4, widths, kernel).double()).eval()
    x = draw(3, 4, 20)
    torch.testing.assert_close(net(x), by_hand(net, x))
    net.train()
    assert not torch.allclose(net(x), by_hand(net, x))  # dropout


def test_of_dropout_some_features_are_0_and_the_others_grow(unsettle):
    net = unsettle(TCN(4, [2000], dropout=0.25).double())
    with torch.no_grad():
        net.blocks[0].shortcut.weight.zero_(), net.blocks[0].shortcut.bias.zero_()
        for conv in net.blocks[0].convs:
            conv.bias.fill_(30.0)
        first = net.blocks[0].convs[0]
        y, x = first(torch.zeros(1, 4, 3).double()), torch.zeros(1, 4, 2).double()
        seen = []
        net.blocks[0].convs[1].register_forward_pre_hook(lambda _, given: seen.append(given[0]))
        net(x)
    kept = seen[0][0, :, 1:] != 0
    assert 0.7 < kept.double().mean() < 0.8
    torch.testing.assert_close(seen[0][0, :, 1:][kept], (y[0, :, :2] / 0.75)[kept])


@pytest.mark.parametrize(("levels", "kernel"), [(3, 3), (4, 2), (2, 5)])
def test_a_step_sees_exactly_its_receptive_field(unsettle, levels, kernel):
    """By gradient: nothing after it, nothing beyond its reach, and everything between."""
    net = unsettle(TCN(2, [16] * levels, kernel).double()).eval()
    x = draw(8, 2, 50).requires_grad_()
    for step in (49, 31, 0):
        (grad,) = torch.autograd.grad(net(x)[..., step].sum(), x)
        seen = grad.abs().sum((0, 1)) > 0
        want = torch.arange(50)
        want = (want <= step) & (want > step - net.receptive_field)
        assert torch.equal(seen, want)


def test_the_future_changes_no_bit_of_the_past(unsettle):
    net = unsettle(TCN(3, [8] * 4).double()).eval()
    x = draw(2, 3, 40)
    for step in (1, 17, 39):
        changed = x.clone()
        changed[..., step:] = 1e3 * draw(2, 3, 40 - step, seed=1)
        assert torch.equal(net(x)[..., :step], net(changed)[..., :step])
        assert not torch.equal(net(x)[..., step], net(changed)[..., step])


LENGTHS = torch.tensor([[20], [13], [1], [0]])


@pytest.mark.parametrize("spoilt", [1e3, float("nan"), float("inf")])
def test_padding_changes_no_bit_and_the_last_real_step_is_read(unsettle, spoilt):
    net = unsettle(TCN(3, [8, 8, 5]).double()).eval()
    x, mask = draw(4, 3, 20), torch.arange(20) < LENGTHS
    outs = [net(torch.where(mask[:, None], x, filling), mask) for filling in (0.0, spoilt)]
    assert torch.equal(*outs)
    assert outs[0].transpose(1, 2)[~mask].abs().max() == 0
    last = last_real(outs[0], mask)
    for trial, length in enumerate((20, 13, 1)):
        alone = net(x[trial : trial + 1, :, :length])
        torch.testing.assert_close(outs[0][trial : trial + 1, :, :length], alone)
        assert torch.equal(last[trial], outs[0][trial, :, length - 1])
    assert last[3].abs().max() == 0
    assert torch.equal(last_real(outs[0]), outs[0][..., -1])


def test_padding_before_a_signal_is_silence_too(unsettle):
    """Signals set flush at their ends: biases of padded steps reach no real one."""
    net = unsettle(TCN(3, [8] * 3, 3).double()).eval()
    x = draw(2, 3, 12)
    mask = torch.cat([torch.zeros(2, 9), torch.ones(2, 12)], 1).bool()
    late = torch.cat([draw(2, 3, 9, seed=1), x], 2)
    torch.testing.assert_close(net(late, mask)[..., 9:], net(x))
    torch.testing.assert_close(last_real(net(late, mask), mask), net(x)[..., -1])


def test_the_last_real_step_may_stand_after_a_hole():
    y = 1 + torch.arange(18.0).view(3, 1, 6)
    mask = torch.tensor([[1, 1, 0, 0, 1, 0], [0, 1, 0, 0, 0, 0], [0] * 6]).bool()
    assert last_real(y, mask).tolist() == [[5.0], [8.0], [0.0]]


def test_weights_begin_as_drawn_and_drawn_after_weight_norm_they_would_be_lost():
    torch.manual_seed(0)
    net = TCN(30, [40, 40], init_std=0.01)
    convs = [*net.blocks[0].convs, *net.blocks[1].convs, net.blocks[0].shortcut]
    for conv in convs:
        assert conv.weight.std().item() == pytest.approx(0.01, rel=0.1)
    torchs = TCN(30, [40, 40], init_std=None).blocks[1].convs[0]
    assert torchs.weight.std().item() == pytest.approx(1 / (3 * 80) ** 0.5, rel=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        late = torch.nn.utils.weight_norm(torch.nn.Conv1d(40, 40, 2))
    before = (late.weight_g * late.weight_v / late.weight_v.norm(dim=(1, 2), keepdim=True)).detach()
    late.weight.data.normal_(0, 0.01)
    late(torch.zeros(1, 40, 5))
    torch.testing.assert_close(late.weight, before)


def delayed_signs(n, seed, delay=14):
    """Random signs of unequal lengths; the class is the sign `delay` steps before the last."""
    g = torch.Generator().manual_seed(seed)
    x = 2.0 * torch.randint(0, 2, (n, 1, 24), generator=g) - 1
    lengths = torch.randint(delay + 1, 25, (n, 1), generator=g)
    mask = torch.arange(24) < lengths
    label = (x[torch.arange(n), 0, lengths[:, 0] - 1 - delay] > 0).long()
    x[~mask[:, None]] = 1e3
    return x, mask, label


@pytest.mark.parametrize(("levels", "reaches"), [(3, True), (2, False)])
def test_training_finds_a_step_within_reach_and_none_beyond(levels, reaches):
    """The sign stands 14 steps back: 3 levels of kernel 2 see 15 steps, 2 levels 7."""
    torch.manual_seed(0)
    net, head = TCN(1, [16] * levels, dropout=0.0, init_std=None), torch.nn.Linear(16, 2)
    adam = torch.optim.Adam([*net.parameters(), *head.parameters()], 0.01)
    x, mask, label = delayed_signs(512, 0)
    for _ in range(120):
        loss = cross_entropy(head(last_real(net(x, mask), mask)), label)
        adam.zero_grad()
        loss.backward()
        adam.step()
    with torch.no_grad():
        x, mask, label = delayed_signs(512, 1)
        right = (head(last_real(net(x, mask), mask)).argmax(1) == label).float().mean()
    assert right > 0.95 if reaches else 0.4 < right < 0.6


def test_what_does_not_fit_is_refused():
    net = TCN(3, [4])
    for shape in ((2, 4, 5), (2, 3), (2, 3, 0)):
        with pytest.raises(MepsError, match=r"expected \(B, 3, T\)"):
            net(torch.zeros(shape))
    for mask in (torch.ones(2, 4, dtype=torch.bool), torch.ones(2, 5)):
        with pytest.raises(MepsError, match=r"mask is .*; expected torch.bool \(2, 5\)"):
            net(torch.zeros(2, 3, 5), mask)
        with pytest.raises(MepsError, match=r"mask is .*; expected torch.bool \(2, 5\)"):
            last_real(torch.zeros(2, 3, 5), mask)
    wrong = [{"widths": []}, {"widths": [0]}, {"kernel": 1}, {"dropout": 1.0}, {"init_std": 0.0}]
    for given in wrong:
        with pytest.raises(MepsError, match=next(iter(given))):
            TCN(**({"inputs": 3, "widths": [4]} | given))
