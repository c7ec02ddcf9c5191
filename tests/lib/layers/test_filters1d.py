"""Filters by Fourier transform are the convolutions they stand for, at a cost that stays flat."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from scipy.signal import correlate
from torch.nn.functional import conv1d
from torch.utils.flop_counter import FlopCounterMode

from meps_lib.errors import MepsError
from meps_lib.layers import (
    FilterBank1d,
    InceptionBlock1d,
    SeparableMixableEncoder,
    fourier_filter,
)
from meps_lib.layers.filters1d import fast_length, kernel_samples


def draw(*shape, seed=0, dtype=torch.float64):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=g, dtype=torch.float64).to(dtype)


def by_torch(x, w):
    return conv1d(x, w[:, None], padding=w.shape[1] // 2, groups=len(w))


@pytest.mark.parametrize("length", [1, 2, 3, 17, 64, 97, 251, 1000])
@pytest.mark.parametrize("taps", [1, 3, 33, 101, 513, 2049])
def test_it_is_the_convolution_of_torch_and_of_scipy(length, taps):
    """Also with filters longer than twice the signal, and lengths that are prime."""
    x, w = draw(2, 3, length), draw(3, taps, seed=1)
    got = fourier_filter(x, [w])[:, :, 0]
    scale = w.abs().sum(dim=1)[:, None]
    torch.testing.assert_close(got / scale, by_torch(x, w) / scale, atol=1e-12, rtol=0)
    for b in range(2):
        for c in range(3):
            padded = np.pad(x[b, c].numpy(), taps // 2)
            wanted = torch.from_numpy(correlate(padded, w[c].numpy(), "valid", "direct"))
            torch.testing.assert_close(got[b, c], wanted, atol=1e-11, rtol=0)


@pytest.mark.parametrize("length", [5, 89, 300])
def test_several_filters_at_once_are_each_by_itself(length):
    x, filters = draw(2, 4, length), [draw(4, k, seed=k) for k in (3, 151, 41, 1001)]
    got = fourier_filter(x, filters)
    assert got.shape == (2, 4, 4, length)
    for k, w in enumerate(filters):
        torch.testing.assert_close(got[:, :, k], by_torch(x, w), atol=1e-11, rtol=0)
        torch.testing.assert_close(got[:, :, k : k + 1], fourier_filter(x, [w]), atol=1e-11, rtol=0)


def test_nothing_wraps_around():
    """An impulse at either end leaves nothing at the other: only what a filter reaches."""
    for length, half in ((16, 8), (16, 15), (16, 40), (11, 5), (1024, 500)):
        w = 1 + draw(1, 2 * half + 1).abs()
        ends = torch.zeros(2, 1, length, dtype=torch.float64)
        ends[0, 0, 0] = ends[1, 0, -1] = 1.0
        got = fourier_filter(ends, [w])[:, :, 0]
        away = torch.arange(length) > half
        assert got[0, 0, away].abs().sum() < 1e-12
        assert got[1, 0, away.flip(0)].abs().sum() < 1e-12
        reached = min(half, length - 1)
        taps = w[0, half - reached : half + 1]  # later samples meet earlier taps
        torch.testing.assert_close(got[0, 0, : reached + 1], taps.flip(0), atol=1e-12, rtol=0)


@pytest.mark.parametrize(("length", "taps"), [(1, 5), (7, 3), (9, 33), (12, 5)])
def test_gradients_are_those_of_its_values(length, taps):
    x = draw(2, 2, length).requires_grad_()
    w, v = draw(2, taps, seed=1).requires_grad_(), draw(2, 7, seed=2).requires_grad_()
    assert torch.autograd.gradcheck(lambda *a: fourier_filter(a[0], a[1:]), (x, w, v))


@pytest.mark.parametrize(("length", "taps"), [(97, 33), (40, 201), (500, 401)])
def test_gradients_are_those_of_the_convolution(length, taps):
    weight = draw(3, 2, length, seed=3)
    grads = []
    for road in (by_torch, lambda x, w: fourier_filter(x, [w])[:, :, 0]):
        x, w = draw(3, 2, length).requires_grad_(), draw(2, taps, seed=1).requires_grad_()
        (road(x, w) * weight).sum().backward()
        grads.append((x.grad, w.grad))
    for ours, torchs in zip(*grads, strict=True):
        torch.testing.assert_close(ours, torchs, atol=1e-10, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_numbers_of_less_precision_are_filtered_in_single(dtype):
    x, w = draw(2, 3, 300, dtype=dtype), draw(3, 101, seed=1, dtype=dtype)
    got = fourier_filter(x, [w])[:, :, 0]
    assert got.dtype == torch.float32
    torch.testing.assert_close(got, by_torch(x.float(), w.float()), atol=1e-4, rtol=0)


def test_a_bank_has_filters_of_its_own_that_begin_as_those_of_a_convolution():
    torch.manual_seed(0)
    bank = FilterBank1d(50, (3, 101, 31))
    x = draw(2, 50, 60, dtype=torch.float32)
    got = bank(x)
    assert got.shape == (2, 50, 3, 60)
    for k, (w, taps) in enumerate(zip(bank.taps(), (3, 101, 31), strict=True)):
        torch.testing.assert_close(got[:, :, k], by_torch(x, w), atol=1e-5, rtol=0)
        torchs = torch.nn.Conv1d(50, 50, taps, groups=50, bias=False).weight
        assert w.std().item() == pytest.approx(torchs.std().item(), rel=0.1)
        assert w.abs().max().item() == pytest.approx(torchs.abs().max().item(), rel=0.05)


def test_fast_lengths_have_small_factors_and_waste_little():
    for n in (*range(1, 400), 997, 10_007, 65_537):
        m = fast_length(n)
        assert n <= m <= max(n + 1, 1.26 * n)
        while m % 2 == 0:
            m //= 2
        assert m in (1, 3, 5, 7, 9, 11)


def work_a_sample(encoder, n_samples, monkeypatch):
    """Multiplications: what torch counts, and n log2 n for every Fourier transform of n."""
    transforms = 0

    def counted(transform):
        def run(x, n=None):
            nonlocal transforms
            length = n or x.shape[-1]
            transforms += math.prod(x.shape[:-1]) * length * math.log2(length)
            return transform(x, n)

        return run

    with monkeypatch.context() as patch:
        for name in ("rfft", "irfft"):
            patch.setattr(torch.fft, name, counted(getattr(torch.fft, name)))
        with FlopCounterMode(display=False) as convolutions:
            encoder(torch.zeros(1, 3, n_samples))
    return (convolutions.get_total_flops() + transforms) / n_samples


def first_block(rate):
    return InceptionBlock1d(3, 24, (0.1, 0.4, 1.6), rate, groups=3)


@pytest.mark.parametrize("net", [first_block, partial(SeparableMixableEncoder, 3)])
def test_the_cost_a_sample_does_not_grow_with_the_rate(net, monkeypatch):
    """Ten seconds at 64, 256 and 1000 Hz; tap by tap it would cost fifteen times as much."""
    rates = (64.0, 256.0, 1000.0)
    costs = [work_a_sample(net(rate).eval(), int(10 * rate), monkeypatch) for rate in rates]
    assert max(costs) <= 1.5 * costs[0], costs
    taps = [sum(first_block(rate).filters.sizes) for rate in rates]
    assert taps[-1] > 15 * taps[0]


def test_a_length_is_the_nearest_odd_number_of_samples():
    assert [kernel_samples(s, 100.0) for s in (0.01, 0.04, 0.05, 0.069, 0.071)] == [3, 5, 5, 7, 7]
    for bad in ((0, 64), (-1, 64), (0.1, 0), (math.nan, 64), (math.inf, 64)):
        with pytest.raises(MepsError, match="expected positive numbers"):
            kernel_samples(*bad)


def test_a_step_changes_long_and_short_filters_alike():
    """One step of Adam moves every weight by its rate: each filter by the same share of itself."""
    torch.manual_seed(0)
    bank = FilterBank1d(4, (7, 103, 1601))
    before = [w.detach().clone() for w in bank.taps()]
    adam = torch.optim.Adam(bank.parameters(), 0.01)
    bank(torch.randn(2, 4, 2000)).square().sum().backward()
    adam.step()
    shares = [((a - b).norm() / b.norm()).item() for a, b in zip(bank.taps(), before, strict=True)]
    assert max(shares) < 1.5 * min(shares)
    assert max(shares) < 0.05


@pytest.mark.parametrize(("lengths", "told"), [((4,), "4"), ((3, 6), "3, 6"), ((), "no length")])
def test_a_filter_without_a_middle_and_no_filter_are_refused(lengths, told):
    with pytest.raises(MepsError, match=f"filters of {told} samples; .*odd length"):
        fourier_filter(draw(1, 2, 9), [draw(2, k) for k in lengths])
