"""Chapter 1: right answers written otherwise, and plausible wrong ones with their hint."""

import numpy as np


def by_loop(beats, sfreq):
    intervals = [1000 * (b - a) / sfreq for a, b in zip(beats, beats[1:], strict=False)]
    steps = [b - a for a, b in zip(intervals, intervals[1:], strict=False)]
    return (sum(step**2 for step in steps) / len(steps)) ** 0.5


def any_of_list(onsets, event, latency=(1.0, 3.0)):
    return any(latency[0] <= onset - event <= latency[1] for onset in onsets)


def by_counting(beat_times, starts, length, need):
    context, beats = 0, np.asarray(beat_times)[:, None]
    while True:
        inside = (beats >= starts - context) & (beats < starts + length + context)
        if inside.sum(axis=0).min() >= need:
            return float(context)
        context += 1


def rms(x):
    return np.sqrt(np.mean(np.square(x)))


def one_sided(beat_times, starts, length, need):
    for context in range(61):
        last = np.searchsorted(beat_times, starts + length + context)
        if np.min(last - np.searchsorted(beat_times, starts)) >= need:
            return context


def on_average(beat_times, starts, length, need):
    for context in range(61):
        first = np.searchsorted(beat_times, starts - context)
        last = np.searchsorted(beat_times, starts + length + context)
        if np.mean(last - first) >= need:
            return context


def near(low=1, high=3, either=False):
    """Whether an onset lies between low and high after the event."""

    def answered(onsets, event, latency=None):
        after = onsets - event
        return bool(np.any(((abs(after) if either else after) >= low) & (abs(after) <= high)))

    return answered


RIGHT = {
    "01.1": [by_loop],
    "01.2": [any_of_list, lambda o, e, w=(1, 3): np.any((o - e >= w[0]) & (o - e <= w[1]))],
    "01.3": [by_counting],
}

WRONG = {
    "01.1": [
        (lambda b, f: rms(np.diff(np.diff(b) / f)), "these are seconds"),
        (lambda b, f: rms(np.diff(np.diff(b))), "these are samples"),
        (lambda b, f: 1000 * np.std(np.diff(b) / f), "spread of the intervals"),
        (lambda b, f: 1000 * np.std(np.diff(np.diff(b) / f)), "subtract the mean"),
        (lambda b, f: 1000 * np.mean(np.abs(np.diff(np.diff(b) / f)) ** 2), "expected 100 ms"),
        (lambda b, f: 100.0, "expected 60 ms"),
    ],
    "01.2": [
        (near(either=True), "*before* the event"),
        (near(low=0), "too early"),
        (near(high=np.inf), "too late"),
        (lambda o, e, w=(1, 3): len(o) > 0 and bool(1 <= o[0] - e <= 3), "one response in time"),
        (lambda o, e, w=(1, 3): np.any((o > e + 1) & (o < e + 3)), "its ends"),
        (lambda o, e, w=(1, 3): (o >= e + 1) & (o <= e + 3), "expected True"),
        (lambda o, e, w=(1, 3): int(np.sum((o >= e + 1) & (o <= e + 3))), "expected True, got 1"),
        (near(), "use the argument"),
        (lambda o, e, w=(1, 3): True, "none"),
    ],
    "01.3": [
        (one_sided, "before *and* after"),
        (on_average, "unluckiest"),
        (lambda b, s, length, need: 2, "expected"),
    ],
}
