"""Chapter 14: right answers written otherwise, and plausible wrong ones with their hint."""

import numpy as np
import torch
from scipy.signal import periodogram
from torch.nn.functional import conv1d, pad


def by_walking(kernel, dilations):
    seen = {0}
    for d in reversed(dilations):
        seen = {s - k * d for s in seen for k in range(kernel)}
    return max(seen) - min(seen) + 1


def by_torch(x, weights, dilation, before=True):
    reach = (len(weights) - 1) * dilation
    wide = pad(torch.tensor(x), (reach, 0) if before else (0, reach))
    kernel = torch.tensor(np.ascontiguousarray(weights))[None, None]
    return conv1d(wide[None, None], kernel, dilation=dilation)[0, 0].numpy()


def by_convolve(x, weights, dilation):
    sparse = np.zeros((len(weights) - 1) * dilation + 1)
    sparse[::dilation] = weights[::-1]
    return np.convolve(x, sparse)[: len(x)]


def wrapped(x, weights, dilation):
    return sum(w * np.roll(x, k * dilation) for k, w in enumerate(weights[::-1]))


def in_place(x, weights, dilation):
    x[:] = by_torch(x, weights, dilation)
    return x


def cut(x, weights, dilation):
    return by_torch(x, weights, dilation)[(len(weights) - 1) * dilation :]


def by_scipy(x, sfreq, low, high):
    hz, power = periodogram(x, sfreq, scaling="spectrum")
    return np.log10(power[(hz >= low) & (hz < high)].sum())


def by_sums(x, sfreq, low, high):
    n, t = len(x), np.arange(len(x))
    ks = [k for k in range(1, n // 2) if low <= k * sfreq / n < high]
    return np.log10(sum(2 * abs((x * np.exp(-2j * np.pi * k * t / n)).mean()) ** 2 for k in ks))


def power(x, sfreq, low, high, times=2.0, by=2, ends=(True, False)):
    hz, size = np.fft.rfftfreq(len(x), 1 / sfreq), np.abs(np.fft.rfft(x)) ** 2
    above = hz >= low if ends[0] else hz > low
    below = hz <= high if ends[1] else hz < high
    return times * size[above & below].sum() / len(x) ** by


def gates(clip, gate):
    return [gate(clip.mean(axis=a, keepdims=True)) for a in ((2, 3), (1, 3), (1, 2))]


def by_einsum(clip, gate):
    t, h, w = (gate(clip.mean(axis=a)) for a in ((2, 3), (1, 3), (1, 2)))
    return np.einsum("cthw,ct,ch,cw->cthw", clip, t, h, w)


def by_channel(clip, gate):
    out = np.empty_like(clip)
    for c, x in enumerate(clip):
        t, h, w = gate(x.mean((1, 2))), gate(x.mean((0, 2))), gate(x.mean((0, 1)))
        out[c] = x * t[:, None, None] * h[:, None] * w
    return out


def in_turn(clip, gate):
    for k in range(3):
        clip = clip * gates(clip, gate)[k]
    return clip


def changed(clip, gate):
    for g in gates(clip, gate):
        clip *= g
    return clip


def over_own_axis(clip, gate):
    t, h, w = (gate(clip.mean(axis=a, keepdims=True)) for a in (1, 2, 3))
    return clip * t * h * w


def shared_at_once(clip, gate):
    t, h, w = (gate(clip.mean(axis=a, keepdims=True)) for a in ((0, 2, 3), (0, 1, 3), (0, 1, 2)))
    return clip * t * h * w


RIGHT = {
    "14.1": [by_walking, lambda k, d: 1 + sum((k - 1) * x for x in d)],
    "14.2": [by_torch, by_convolve],
    "14.3": [by_scipy, by_sums],
    "14.4": [by_einsum, by_channel],
}

WRONG = {
    "14.1": [
        (lambda k, d: (k - 1) * sum(d), "the step itself counts too"),
        (lambda k, d: 1 + k * sum(d), "k taps reach k - 1 dilations"),
        (lambda k, d: 1 + 2 * (k - 1) * sum(d), "count it once"),
        (lambda k, d: 1 + (k - 1) * sum(set(d)), "belongs to two convolutions"),
        (lambda k, d: 1 + (k - 1) * (2 ** len(d) - 1), "need not double"),
        (lambda k, d: k ** len(d) + 1, "what does one convolution add"),
    ],
    "14.2": [
        (lambda x, w, d: by_torch(x, w[::-1], d), "the weights are turned round"),
        (lambda x, w, d: by_torch(x, w[::-1], d, before=False), "the future"),
        (lambda x, w, d: by_torch(x, w, 1), "one step apart"),
        (wrapped, "before the first step stand zeros"),
        (in_place, "x itself has changed"),
        (cut, "as many steps as x has"),
        (lambda x, w, d: 0 * x, "step 0 is 0.000"),
    ],
    "14.3": [
        (power, "without its logarithm"),
        (lambda *a: np.log(power(*a)), "the natural logarithm"),
        (lambda *a: 10 * np.log10(power(*a)), "in decibels"),
        (lambda *a: np.log10(power(*a, times=1.0)), "leaves out the negative frequencies"),
        (lambda *a: np.log10(power(*a, by=0)), "divide by n squared"),
        (lambda *a: np.log10(power(*a, by=1)), "divide by n squared"),
        (lambda *a: np.log10(power(*a, ends=(True, True))), "the upper limit does not belong"),
        (lambda *a: np.log10(power(*a, ends=(False, False))), "the lower limit belongs"),
        (lambda x, *a: np.log10(x.var()), "expected"),
    ],
    "14.4": [
        (in_turn, "the first gate had changed already"),
        (changed, "has changed"),
        (over_own_axis, "over the two others"),
        (shared_at_once, "each channel has gates of its own"),
        (lambda x, g: gates(x, g)[0] * gates(x, g)[1] * gates(x, g)[2], "the gates alone"),
        (lambda x, g: x + by_einsum(x, g), "no residual"),
        (lambda x, g: x * sum(gates(x, g)), "were added"),
        (lambda x, g: x * gates(x, g)[1] * gates(x, g)[2], "the gate along T is missing"),
        (lambda x, g: x, "expected"),
        (lambda x, g: x[:1], "a clip of shape"),
    ],
}
