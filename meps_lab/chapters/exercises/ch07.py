"""Checks of chapter 7: what filters cost, what a mix weighs, norms with masks, how far one sees."""

import inspect

import numpy as np
import torch

from meps_lab.chapters.exercises.checking import exercise
from meps_lib.layers import InceptionBlock1d, MaskedBatchNorm1d
from meps_lib.layers.filters1d import kernel_samples


@exercise(
    "07.1", correct="at twice the rate nearly four times the products: more taps, more samples"
)
def products(learner):
    """The taps that the library's filters have, at three rates."""
    for lengths, sfreq, n_signals in (
        ((0.1, 0.4, 1.6), 64.0, 3),
        ((0.1, 0.4, 1.6), 1000.0, 3),
        ((0.01, 0.5), 100.0, 1),
    ):
        taps = [kernel_samples(s, sfreq) for s in lengths]
        want = n_signals * sum(taps) * sfreq
        got = float(learner(lengths, sfreq, n_signals))
        if np.isclose(got, want):
            continue
        if np.isclose(got * sfreq, want):
            return "those are the products of one sample: a second has as many samples as the rate"
        if np.isclose(got * n_signals, want):
            return "those are the products of one signal: every signal has filters of its own"
        if np.isclose(got, n_signals * sum(lengths) * sfreq**2):
            return (
                f"seconds times rate is no number of taps: at {sfreq:g} Hz filters of "
                f"{', '.join(f'{s:g}' for s in lengths)} s have {taps}, odd and 3 at least"
            )
        return (
            f"{lengths} s at {sfreq:g} Hz are {taps} taps, for n_signals={n_signals} that makes "
            f"{want:g} products a second, got {got:g}"
        )
    return None


@exercise("07.2", correct="groups divide the weights by their number: lanes are cheap as well")
def n_weights(learner):
    """The size of the library's matrices, for blocks with and without groups."""
    for c_in, c_out, n_filters, groups in ((6, 10, 2, 2), (3, 24, 3, 3), (24, 32, 3, 1)):
        seconds = [0.1 * (k + 1) for k in range(n_filters)]
        want = InceptionBlock1d(c_in, c_out, seconds, 64.0, groups=groups).pointwise.numel()
        got = float(learner(c_in, c_out, n_filters, groups))
        if got == want:
            continue
        hints = {
            want / (n_filters + 1) * n_filters: "the residual is a row as well, beside the filters",
            (c_in * n_filters + 1)
            * c_out
            / groups: "every input channel has a residual of its own",
            want * groups: "a group's matrix sees its own rows alone, not those of all groups",
            want / groups: f"that is the matrix of one group, and there are {groups}",
            want / c_in: "every input channel brings rows of its own",
            want * groups / c_in: "every input channel of a group brings rows of its own",
            want + c_out: "the matrices alone are asked for, and the mix has no bias",
        }
        hint = hints.get(got, f"{want} weights, got {got:g}")
        return f"{c_in} channels to {c_out}, {n_filters} filters, {groups} groups: {hint}"
    return None


@exercise("07.3", correct="padding moves no mean and no deviation, and comes out 0")
def masked_norm(learner):
    """The library's norm, with fillers of 0 and of a thousand; 1e-5 in the variance is allowed."""
    rng = np.random.default_rng(7)
    mask = np.arange(9) < np.array([[9], [4], [6]])
    for filler in (0.0, 1000.0):
        x = np.where(mask, rng.normal(3, 2, (3, 9)), filler)
        norm, given = MaskedBatchNorm1d(1), torch.tensor(x[:, None], dtype=torch.float32)
        want = norm(given, torch.tensor(mask))[:, 0].detach().numpy()
        got = np.asarray(learner(x.copy(), mask.copy()), dtype=float)
        if got.shape != x.shape:
            return f"x of shape {x.shape} should keep its shape, got {got.shape}"
        if np.allclose(got, want, atol=1e-3):
            continue
        if np.allclose(got[mask], want[mask], atol=1e-3):
            return "real samples are right; padding should come out 0"
        if np.allclose(got[mask], ((x - x.mean()) / x.std())[mask], atol=1e-2):
            return f"padding of {filler:g} entered mean and deviation: take them over x[mask]"
        if np.allclose(got[0], (x[0] - x[0].mean()) / x[0].std(), atol=1e-3):
            return "each trial was normalised by itself: one mean and deviation for the whole batch"
        return "the real samples of the batch together should have mean 0 and deviation 1"
    return None


@exercise("07.4", correct="the same numbers to rounding, whatever the length of the filter")
def by_fourier(learner):
    """NumPy's sliding sum, for signals of even and odd length that end high."""
    rng = np.random.default_rng(7)
    right, wrong = set(), {}
    for n, k in ((16, 3), (17, 3), (50, 11), (51, 11), (80, 31)):
        x, taps = rng.normal(size=n) + 2, rng.normal(size=k)
        want, got = np.correlate(x, taps, "same"), np.asarray(learner(x.copy(), taps.copy()))
        if np.iscomplexobj(got):
            return "the result is complex: use np.fft.irfft, with n, to come back"
        if got.shape != want.shape:
            return f"a signal of {n} samples should keep its length, got shape {got.shape}"
        if np.allclose(got, want, atol=1e-8):
            right.add(n % 2)
        else:
            turned = np.correlate(x, taps[::-1], "same")
            wrong.setdefault(n % 2, _fourier_hint(got, want, turned, k))
    if len(right) == len(wrong) == 1 and right != set(wrong):
        return (
            "right for every other length of the signal: give np.fft.irfft its n, "
            "or it takes an even number of samples for granted"
        )
    called = getattr(getattr(inspect.unwrap(learner), "__code__", None), "co_names", ())
    if slid := {"correlate", "convolve"} & set(called):
        return f"np.{slid.pop()} is the sliding sum itself: multiply spectra in its place"
    return next(iter(wrong.values()), None)


def _fourier_hint(got, want, turned, k):
    """What is wrong with the result of a filter of k taps."""
    n = len(want)
    if np.allclose(got, turned, atol=1e-8):
        return "the taps are turned round: take the conjugate of their spectrum"
    if n > 2 * k and np.allclose(got[k : n - k], want[k : n - k], atol=1e-8):
        return "right inside, wrong at the ends: append zeros, or the end runs into the beginning"
    for late in range(1, k):
        early = np.allclose(got[: n - late], want[late:], atol=1e-8)
        if early or np.allclose(got[late:], want[: n - late], atol=1e-8):
            way = "early" if early else "late"
            return f"shifted, too {way} by {late}: the middle tap has to stand at 0 (np.roll)"
    for cut in range(2 * k + 1):  # how much of a backward result is cut off depends on the zeros
        if np.allclose(got[::-1][: n - cut], want[cut:], atol=1e-8):
            return "it runs backwards: take the conjugate of the taps' spectrum, not the signal's"
    return f"{n} samples and {k} taps: expected what np.correlate(x, taps, 'same') gives"


def _seen(lengths, strides, sfreq, all_at_first_rate=False):
    """Seconds that one token depends on."""
    seen, step, rate = 1, 1, sfreq
    for stride in strides:
        seen += (kernel_samples(max(lengths), rate) - 1 + stride - 1) * step
        step *= stride
        rate = sfreq if all_at_first_rate else rate / stride
    return seen / sfreq


@exercise("07.5", correct="filters of the same seconds reach as far again in every block")
def seconds_seen(learner):
    """A closed form, for one block and for several."""
    for lengths, strides, sfreq in (
        ((1.0,), (1,), 10.0),
        ((0.4, 1.6, 0.1), (4, 4, 2), 64.0),
        ((0.1, 0.4, 1.6), (8, 8, 8), 1000.0),
    ):
        want, got = _seen(lengths, strides, sfreq), float(learner(lengths, strides, sfreq))
        if np.isclose(got, want, rtol=1e-6):
            continue
        if np.isclose(got, want * sfreq, rtol=1e-6):
            return f"{got:g} are samples of the input; divide by the rate"
        if np.isclose(got, want * np.prod(strides), rtol=1e-6):
            return "those samples are the input's: divide by its rate, not by the tokens'"
        if np.isclose(got, _seen(lengths, strides, sfreq, True), rtol=1e-6):
            return "a later block has a lower rate, and so fewer taps in the same seconds"
        for s in lengths:
            if np.isclose(got, _seen((s,), strides, sfreq), rtol=1e-6):
                return (
                    f"that is how far the filter of {s:g} s sees; ask for the longest of {lengths}"
                )
        return (
            f"strides {strides} at {sfreq:g} Hz see {want:.3f} s, got {got:.3f}: a filter adds "
            "its taps less 1, a mean its stride less 1, in steps: the product of the strides before"
        )
    return None
