"""Coordinate attention: published counts, the formula by hand, masks, and gates after training."""

import pytest
import torch
from torch.nn.functional import batch_norm, cross_entropy

from meps_lib.errors import MepsError
from meps_lib.layers import CoordinateAttention


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize(
    ("dims", "channels", "count"),
    [
        *((2, 64, 1_688), (2, 128, 3_352), (2, 256, 6_680)),
        *((3, 64, 2_264), (3, 192, 6_744), (3, 480, 30_285)),
    ],
)
def test_it_is_as_large_as_the_published_one(dims, channels, count):
    """C m + m, 2 m of the norm, and m C + C for each axis, with m = max(8, C // 32)."""
    assert sum(p.numel() for p in CoordinateAttention(channels, dims).parameters()) == count


def by_hand(layer, x, training):
    """The paper's equations with torch's functions: pools of each axis, one after the other."""
    axes = range(2, x.ndim)
    lines = [x.permute(0, 1, k, *(a for a in axes if a != k)).flatten(3).mean(3) for k in axes]
    w, b = layer.squeeze.weight[..., 0], layer.squeeze.bias
    y = torch.einsum("mc,bcn->bmn", w, torch.cat(lines, 2)) + b[:, None]
    norm = layer.norm
    stats = (None, None) if training else (norm.running_mean, norm.running_var)
    y = batch_norm(y, *stats, norm.weight, norm.bias, training=training)
    y = y * (y + 3).clamp(0, 6) / 6
    gates, start = [], 0
    for k, to_gate in zip(axes, layer.to_gates, strict=True):
        part, start = y[..., start : start + x.shape[k]], start + x.shape[k]
        logits = torch.einsum("cm,bmn->bcn", to_gate.weight[..., 0], part) + to_gate.bias[:, None]
        gates.append(1 / (1 + torch.exp(-logits)))
    letters = "thw"[3 - len(gates) :]
    spec = "bc" + letters + "," + ",".join("bc" + k for k in letters) + "->bc" + letters
    return torch.einsum(spec, x, *gates), gates


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("sizes", [(5, 7), (4, 5, 3)])
def test_it_is_the_formula(unsettle, sizes, training):
    layer = unsettle(CoordinateAttention(12, len(sizes)).double()).train(training)
    x = draw(3, 12, *sizes)
    want, want_gates = by_hand(layer, x, training)
    got, gates = layer(x)
    torch.testing.assert_close(got, want)
    for k, (a, b) in enumerate(zip(gates, want_gates, strict=True)):
        assert a.shape == (3, 12, sizes[k])
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("sizes", [(5, 7), (4, 5, 3)])
def test_an_axis_that_moves_takes_its_gates_along(unsettle, sizes):
    layer = unsettle(CoordinateAttention(12, len(sizes)).double()).eval()
    x = draw(3, 12, *sizes)
    out, gates = layer(x)
    for k in range(len(sizes)):
        moved, moved_gates = layer(x.flip(2 + k))
        torch.testing.assert_close(moved, out.flip(2 + k))
        for j, (a, b) in enumerate(zip(moved_gates, gates, strict=True)):
            torch.testing.assert_close(a, b.flip(2) if j == k else b)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("spoilt", [1e3, float("nan"), float("inf")])
def test_what_is_masked_changes_no_bit_and_comes_out_0(unsettle, training, spoilt):
    """Clips of unequal length, with a hole in a frame and a whole clip missing."""
    x, mask = draw(4, 12, 6, 5, 3), torch.ones(4, 6, 5, 3, dtype=torch.bool)
    mask[1, 4:], mask[2, 1, 2:], mask[3] = False, False, False
    results = []
    for filling in (0.0, spoilt):
        torch.manual_seed(0)
        layer = unsettle(CoordinateAttention(12, 3).double()).train(training)
        out, gates = layer(torch.where(mask[:, None], x, filling), mask)
        results.append((out, *gates, layer.norm.running_mean, layer.norm.running_var))
    for a, b in zip(*results, strict=True):
        assert torch.equal(a, b)
    out, in_time = results[0][:2]
    assert out.movedim(1, -1)[~mask].abs().max() == 0
    assert in_time[1, :, 4:].abs().max() == in_time[3].abs().max() == 0 < in_time[1, :, :4].min()


@pytest.mark.parametrize("training", [True, False])
def test_a_padded_clip_is_the_short_clip(unsettle, training):
    """Padding behind all clips of a batch: values, statistics and gradients as without."""
    x, results = draw(3, 12, 4, 5, 3), []
    for extra in (0, 3):
        torch.manual_seed(0)
        layer = unsettle(CoordinateAttention(12, 3).double()).train(training)
        long = torch.cat([x, draw(3, 12, extra, 5, 3, seed=1)], 2).requires_grad_()
        mask = (torch.arange(4 + extra) < 4)[None, :, None, None].expand(3, -1, 5, 3)
        out, gates = layer(long, mask if extra else None)
        out.square().sum().backward()
        results.append((out[:, :, :4], gates[0][..., :4], gates[1], long.grad[:, :, :4]))
        results[-1] += (layer.norm.running_var, layer.squeeze.weight.grad)
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b)


def marked_maps(n, seed):
    """Signs at every place; one row, marked in another channel, carries the sign of the class."""
    g = torch.Generator().manual_seed(seed)
    label, row = torch.randint(0, 2, (n,), generator=g), torch.randint(0, 6, (n,), generator=g)
    x = torch.zeros(n, 8, 6, 5)
    x[:, 0] = (2.0 * torch.randint(0, 2, (n, 6, 1), generator=g) - 1).expand(-1, -1, 5)
    x[torch.arange(n), 0, row] = (2.0 * label - 1)[:, None].expand(-1, 5)
    x[torch.arange(n), 1, row] = 1.0
    return x + 0.1 * torch.randn(x.shape, generator=g), row, label


def test_after_training_the_gate_of_rows_is_open_at_the_marked_row():
    """The mean over rows says little of the class; the gate must find the one that does."""
    torch.manual_seed(0)
    layer, head = CoordinateAttention(8), torch.nn.Linear(8, 2)
    adam = torch.optim.Adam([*layer.parameters(), *head.parameters()], 0.02)
    x, _, label = marked_maps(512, 0)
    for _ in range(150):
        loss = cross_entropy(head(layer(x)[0].mean((2, 3))), label)
        adam.zero_grad()
        loss.backward()
        adam.step()
    layer.eval()
    with torch.no_grad():
        x, row, label = marked_maps(256, 1)
        out, (rows, _) = layer(x)
        assert (head(out.mean((2, 3))).argmax(1) == label).float().mean() > 0.95
        assert (rows[:, 0].argmax(1) == row).float().mean() > 0.95


def test_maps_and_masks_that_do_not_fit_are_refused():
    layer = CoordinateAttention(8)
    for shape in ((2, 8, 5), (2, 8, 5, 5, 5), (2, 7, 5, 5)):
        with pytest.raises(MepsError, match=r"expected \(B, 8, ...\) with 2 axes"):
            layer(torch.zeros(shape))
    for mask in (torch.ones(2, 5, 5), torch.ones(2, 5, dtype=torch.bool)):
        with pytest.raises(MepsError, match=r"expected torch.bool \(2, 5, 5\)"):
            layer(torch.zeros(2, 8, 5, 5), mask)
    with pytest.raises(MepsError, match="dims=4; expected a whole number, 2 to 3"):
        CoordinateAttention(8, 4)
