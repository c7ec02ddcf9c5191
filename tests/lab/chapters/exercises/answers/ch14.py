"""Chapter 14: right answers written otherwise, and plausible wrong ones with their hint."""

import numpy as np
import torch
from scipy.signal import get_window, periodogram, welch
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


def by_loops(x, weights, dilation, first=0, space=None, edge=False):
    """Step by step; `first` is the earliest step that counts, `space` where each tap lies."""
    out, space = np.zeros(len(x)), space or (lambda back: back * dilation)
    for t in range(len(x)):
        for back, w in enumerate(weights[::-1]):
            s = t - space(back)
            if back == 0 or s >= first:
                out[t] += w * x[s]
            elif edge:
                out[t] += w * x[0]
    return out


def unguarded(x, weights, dilation):
    out = np.zeros(len(x))
    for back, w in enumerate(weights[::-1]):
        out[back * dilation :] += w * x[: len(x) - back * dilation]
    return out


def ends_alone(x, weights, dilation):
    reach = dilation * (len(weights) - 1)
    return by_loops(x, np.r_[weights[0], np.zeros(max(reach - 1, 0)), weights[-1]][-reach - 1 :], 1)


def fed_back(x, weights, dilation):
    out = weights[-1] * x
    for t in range(len(x)):
        for back, w in enumerate(weights[-2::-1], 1):
            if t >= back * dilation:
                out[t] += w * out[t - back * dilation]
    return out


def from_reach_on(x, weights, dilation):
    out, reach = by_torch(x, weights, dilation), (len(weights) - 1) * dilation
    out[:reach] = 0
    return out


def centred(x, weights, dilation):
    reach = (len(weights) - 1) * dilation // 2
    return by_torch(np.pad(x, (0, reach)), weights, dilation)[reach:]


def summed_up(x, weights, dilation):
    return by_loops(x, weights, dilation, space=lambda back: dilation * back * (back + 1) // 2)


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


def spectrum(x, by=2):
    return 2 * np.abs(np.fft.rfft(x)) ** 2 / len(x) ** by


def by_variance(x, sfreq, low, high):
    every, hz = np.fft.rfft(x), np.fft.rfftfreq(len(x), 1 / sfreq)
    every[(hz < low) | (hz >= high)] = 0
    return np.log10(np.fft.irfft(every, len(x)).var())


def by_full_fft(x, sfreq, low, high):
    hz = abs(np.fft.fftfreq(len(x), 1 / sfreq))
    return torch.log10(
        torch.fft.fft(torch.tensor(x)).abs().square()[(hz >= low) & (hz < high)].sum()
    ) - 2 * np.log10(len(x))


def at_frequencies(frequencies, above=np.greater_equal, below=np.less):
    """The power of a band, by the frequencies that a function of n and the rate gives."""

    def way(x, sfreq, low, high):
        size, hz = spectrum(x), frequencies(len(x), sfreq)
        return np.log10(size[above(hz, low) & below(hz, high)].sum())

    return way


def rfftfreq(n, sfreq):
    return np.fft.rfftfreq(n, 1 / sfreq)


def whole_hz(x, sfreq, low, high):
    hz, size = rfftfreq(len(x), sfreq), spectrum(x)
    return np.log10(sum(size[hz == k].sum() for k in range(int(np.ceil(low)), int(np.ceil(high)))))


def whole_hz_cut(x, sfreq, low, high):
    return whole_hz(x, sfreq, int(low), int(high))


def band_of(x, sfreq, low, high):
    hz = rfftfreq(len(x), sfreq)
    return spectrum(x)[(hz >= low) & (hz < high)]


def sliced(x, sfreq, low, high):
    step = sfreq / len(x)
    return np.log10(spectrum(x)[int(low / step) : int(high / step)].sum())


def nearest(x, sfreq, low, high):
    hz = rfftfreq(len(x), sfreq)
    first, last = (int(np.argmin(abs(hz - at))) for at in (low, high))
    return np.log10(spectrum(x)[first:last].sum())


def by_area(x, sfreq, low, high):
    hz = rfftfreq(len(x), sfreq)
    band = (hz >= low) & (hz < high)
    return np.log10(np.trapezoid(spectrum(x)[band] * len(x) / sfreq, hz[band]))


def by_welch(x, sfreq, low, high):
    hz, density = welch(x, sfreq, nperseg=min(len(x), 125))
    return np.log10(density[(hz >= low) & (hz < high)].sum() * hz[1])


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


def told_by(over):
    def way(clip, gate):
        t, h, w = (gate(over(clip, axis=a, keepdims=True)) for a in ((2, 3), (1, 3), (1, 2)))
        return clip * t * h * w

    return way


RIGHT = {
    "14.1": [by_walking, lambda k, d: 1 + sum((k - 1) * x for x in d)],
    "14.2": [by_torch, by_convolve, by_loops],
    "14.3": [by_scipy, by_sums, by_variance, by_full_fft, at_frequencies(rfftfreq)],
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
        (unguarded, "x may be shorter than the filter reaches, here 8 steps"),
        (lambda x, w, d: by_loops(x, w[[0, -1]], d), "not only the first and the last"),
        (ends_alone, "between the first and the last too"),
        (
            lambda x, w, d: by_loops(x, w, d, space=lambda back: back and d**back),
            "further back than the next one",
        ),
        (lambda x, w, d: by_loops(x, w, d, first=1), "later steps read it too"),
        (lambda x, w, d: by_loops(x, w, d, edge=True), "before the first step stand zeros"),
        (from_reach_on, "before the first step stand zeros"),
        (lambda x, w, d: by_loops(x, w, d + 1), "steps apart, and not"),
        (lambda x, w, d: by_loops(x, w, d, space=lambda b: b * d + (b > 0)), "steps apart"),
        (fed_back, "its own output"),
        (centred, "step 0 is"),
        (summed_up, "further back than the next one"),
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
        (lambda x, *a: np.log10(x.var()), "the power of all frequencies"),
        (at_frequencies(lambda n, f: np.linspace(0, f / 2, n // 2 + 1)), "the last is below half"),
        (whole_hz, "between whole Hz too"),
        (whole_hz_cut, "between whole Hz too"),
        (lambda x, f, *a: np.log10(power(x, f, *a) * len(x) ** 2 / f**2), "not the rate"),
        (at_frequencies(rfftfreq, below=lambda hz, high: hz <= high - 1), "it ends 1 Hz below"),
        (at_frequencies(lambda n, f: rfftfreq(n, f).round()), "do not round"),
        (at_frequencies(lambda n, f: np.fft.rfftfreq(n)), "no sine was met"),
        (at_frequencies(lambda n, f: np.arange(n // 2 + 1)), "no sine was met"),
        (lambda *a: np.log10(band_of(*a).mean()), "not a mean"),
        (lambda *a: np.log10(band_of(*a).max()), "not the largest"),
        (lambda *a: np.log10(band_of(*a)).sum(), "first the sum"),
        (lambda *a: np.log10(band_of(*a)).mean(), "first the sum"),
        (lambda *a: np.log2(power(*a)), "to the base 2"),
        (lambda x, *a: np.log10(power(x * np.hanning(len(x)), *a)), "a window was laid"),
        (lambda x, *a: np.log10(power(x * get_window("hann", len(x)), *a)), "a window was laid"),
        (
            lambda x, *a: np.log10(power(x, *a) * len(x) ** 2 / (len(x) // 2 + 1) ** 2),
            "n is the number",
        ),
        (at_frequencies(lambda n, f: rfftfreq(n, f) // 1), "do not round"),
        (sliced, "expected"),
        (nearest, "expected"),
        (by_area, "expected"),
        (by_welch, "expected"),
        (lambda x, f, *a: np.log10(power(x, f, *a) * len(x) / f), "this is power by Hz"),
        (lambda x, *a: np.log10(power(x, *a) / x.var()), "share of all power"),
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
        (told_by(np.sum), "told by the sum"),
        (told_by(np.max), "told by the largest value"),
        (lambda x, g: x[:1], "a clip of shape"),
    ],
}
