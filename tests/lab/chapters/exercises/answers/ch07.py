"""Chapter 7: right answers written otherwise, and plausible wrong ones with their hint."""

import numpy as np
from scipy.signal import fftconvolve


def odd(seconds, rate):
    return max(3, 2 * round((seconds * rate - 1) / 2 + 1e-9) + 1)


def bill(lengths, sfreq, n_signals):
    return sum(n_signals * odd(s, sfreq) * sfreq for s in lengths)


def matrices(c_in, c_out, n_filters, groups):
    one = (c_out // groups, (c_in // groups) * (1 + n_filters))
    return sum(np.zeros(one).size for _ in range(groups))


def norm(x, mask):
    n = mask.sum()
    mean = (x * mask).sum() / n
    var = (((x - mean) ** 2) * mask).sum() / n
    return (x - mean) / np.sqrt(var + 1e-5) * mask


def plain_norm(x, mask):
    return (x - x.mean()) / x.std() * mask


def each_norm(x, mask):
    rows = zip(x, mask, strict=True)
    return np.array([np.where(m, (r - r[m].mean()) / r[m].std(), 0) for r, m in rows])


def transformed(x, taps, conj=True, pad=None, centred=True, to=True):
    n, half = len(x) + (len(taps) if pad is None else pad), len(taps) // 2
    w = np.zeros(n)
    w[: len(taps)] = taps
    w = np.roll(w, -half if centred else 0)
    spectrum = np.fft.rfft(w)
    product = np.fft.rfft(x, n) * (spectrum.conj() if conj else spectrum)
    return np.fft.irfft(product, n if to else None)[: len(x)]


def backwards(x, taps, pad=0, centred=True):
    """Conjugates the spectrum of the signal, and not that of the taps."""
    n, half = len(x) + len(taps) - 1 + pad, len(taps) // 2
    product = np.fft.rfft(x, n).conj() * np.fft.rfft(taps, n)
    return np.roll(np.fft.irfft(product, n), half if centred else 0)[: len(x)]


def shift_after(x, taps):
    """Multiplies by the spectrum of the turned taps, and cuts the middle out."""
    n, half = len(x) + len(taps) - 1, len(taps) // 2
    y = np.fft.irfft(np.fft.rfft(x, n) * np.fft.rfft(taps[::-1], n), n)
    return y[half : half + len(x)]


def seen(lengths, strides, sfreq):
    """From the token back to the input: what reaches `n` neighbours of a later rate."""
    rates = [sfreq / np.prod(strides[:k], dtype=int) for k in range(len(strides))]
    n = 1
    for stride, rate in zip(strides[::-1], rates[::-1], strict=True):
        n = n * stride + odd(max(lengths), rate) - 1
    return n / sfreq


def seen_at_one_rate(lengths, strides, sfreq):
    n = 1
    for stride in strides[::-1]:
        n = n * stride + odd(max(lengths), sfreq) - 1
    return n / sfreq


def seen_in_summed_steps(lengths, strides, sfreq):
    """Takes the sum of the strides for the length of a step."""
    n = 1
    for k, stride in enumerate(strides):
        rate, step = sfreq / np.prod(strides[:k], dtype=int), max(1, sum(strides[:k]))
        n += (odd(max(lengths), rate) + stride - 2) * step
    return n / sfreq


RIGHT = {
    "07.1": [bill],
    "07.2": [matrices, lambda i, o, f, g: i * o * (f + 1) / g],
    "07.3": [norm],
    "07.4": [
        transformed,
        shift_after,
        lambda x, taps: fftconvolve(x, taps[::-1])[len(taps) // 2 :][: len(x)],
        lambda x, taps: transformed(x, taps, pad=len(taps) // 2),
    ],
    "07.5": [seen],
}

WRONG = {
    "07.1": [
        (lambda s, f, n: bill(s, f, n) / f, "one sample"),
        (lambda s, f, n: bill(s, f, 1), "one signal"),
        (lambda s, f, n: n * sum(s) * f * f, "no number of taps"),
        (lambda s, f, n: n * odd(max(s), f) * f, "are [7, 25, 103] taps"),
        (lambda s, f, n: sum(n * (2 * int(t * f / 2) + 1) * f for t in s), "are [3, 51] taps"),
    ],
    "07.2": [
        (lambda i, o, f, g: i * o * f // g, "residual"),
        (lambda i, o, f, g: i * o * (f + 1), "its own rows"),
        (lambda i, o, f, g: i * o * (f + 1) // g**2, "one group"),
        (lambda i, o, f, g: (i * f + 1) * o // g, "residual of its own"),
        (lambda i, o, f, g: o * (f + 1), "rows of its own"),
        (lambda i, o, f, g: o * (f + 1) // g, "rows of its own"),
        (lambda i, o, f, g: i * o * (f + 1) // g + o, "no bias"),
        (lambda i, o, f, g: i * o * (f + 1) * g, "90 weights, got 360"),
    ],
    "07.3": [
        (plain_norm, "entered mean and deviation"),
        (each_norm, "by itself"),
        (lambda x, m: (x - x[m].mean()) / x[m].std(), "padding should come out 0"),
        (lambda x, m: x - x[m].mean(), "deviation 1"),
        (lambda x, m: norm(x, m)[m], "keep its shape"),
    ],
    "07.4": [
        (lambda x, w: transformed(x, w, conj=False, centred=True)[::-1], "expected what"),
        (lambda x, w: transformed(x, w[::-1]), "turned round"),
        (backwards, "runs backwards"),
        (lambda x, w: backwards(x, w, pad=1), "runs backwards"),
        (lambda x, w: backwards(x, w, centred=False), "runs backwards"),
        (lambda x, w: transformed(x, w, pad=0), "append zeros"),
        (lambda x, w: transformed(x, w, pad=10), "append zeros"),
        (lambda x, w: transformed(x, w, centred=False), "too early by 1: the middle tap"),
        (lambda x, w: np.roll(transformed(x, w), 1), "too late by 1: the middle tap"),
        (lambda x, w: transformed(x, w, to=False), "give np.fft.irfft its n"),
        (lambda x, w: transformed(x, w, pad=len(w) - 1, to=False), "give np.fft.irfft its n"),
        (lambda x, w: np.correlate(x, w, "same"), "the sliding sum itself"),
        (lambda x, w: np.convolve(x, w[::-1], "same"), "the sliding sum itself"),
        (lambda x, w: transformed(x, w) + 0j, "complex"),
        (lambda x, w: np.correlate(x, w, "full"), "keep its length"),
    ],
    "07.5": [
        (lambda s, t, f: seen(s, t, f) * f, "divide by the rate"),
        (lambda s, t, f: seen(s, t, f) * np.prod(t), "not by the tokens'"),
        (seen_at_one_rate, "lower rate"),
        (lambda s, t, f: seen(s[-1:], t, f), "the filter of 0.1 s"),
        (lambda s, t, f: seen(s[:1], t, f), "the filter of 0.4 s"),
        (lambda s, t, f: max(s) * len(t), "in steps"),
        (seen_in_summed_steps, "the product of the strides"),
        (lambda s, t, f: np.prod(t) / f, "in steps"),
    ],
}
