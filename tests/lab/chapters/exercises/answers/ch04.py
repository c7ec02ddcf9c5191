"""Chapter 4: right answers written otherwise, and plausible wrong ones with their hint."""

import numpy as np

from meps_lab.simulate.body.physiology import Body, record
from meps_lab.simulate.timing import time_course


def sine(hz):
    """RMSSD in ms of intervals that a sine makes: the integral of the rate, by hand."""
    return 1000 * 0.05 / (2 * np.pi * hz) * 4 * np.sin(np.pi * hz * 60 / 70) ** 2 / np.sqrt(2)


def spread(hz):
    """The standard deviation of the intervals, in ms."""
    person = Body(heart_rate=70, rsa=0.05, breathing_hz=hz)
    rng = np.random.default_rng(0)
    beats = record(person, rng, duration_s=300, signals=("ECG",)).beat_times
    return 1000 * np.diff(beats).std()


def by_the_first_top(distance):
    """A second top needs the second response to begin after the first is over its top."""
    return 2 if distance > np.log(2.0 / 0.75) * 2.0 * 0.75 / (2.0 - 0.75) else 1


def pairs_by_distance(found, true, tolerance):
    """Nearest pairs first, each finding and each beat once."""
    pairs = sorted((abs(f - t), i, j) for i, f in enumerate(found) for j, t in enumerate(true))
    used = set(), set()
    for apart, i, j in pairs:
        if apart <= tolerance and i not in used[0] and j not in used[1]:
            used[0].add(i)
            used[1].add(j)
    return [len(used[1]), len(found) - len(used[0])]


def one_for_two(found, true, tolerance):
    """Every beat with a finding near it counts, also when two share one."""
    hits = sum(bool(np.any(np.abs(found - beat) <= tolerance)) for beat in true)
    return hits, len(found) - hits


def one_twice(found, true, tolerance):
    """Every finding near a beat counts, also a second one."""
    near = [np.abs(true - one).min() <= tolerance for one in found]
    return sum(near), len(near) - sum(near)


def any_distance(found, true, tolerance):
    return min(len(found), len(true)), max(0, len(found) - len(true))


def by_trying(bulge, noise):
    n = 1
    while bulge < 3 * noise * np.sqrt(2 / n):
        n += 1
    return n


def one_frame(bulge, noise):
    return max(1, int(np.ceil((3 * noise / bulge) ** 2)))


def no_square(bulge, noise):
    return max(1, int(np.ceil(3 * np.sqrt(2) * noise / bulge)))


def by_average(apex, n_frames):
    density = np.exp(-np.square(6 * np.arange(n_frames) / (n_frames - 1) - 3) / 2)
    return np.average(time_course(n_frames, apex * (n_frames - 1)), weights=density)


def not_normalised(apex, n_frames):
    weights = np.exp(-(np.linspace(-3, 3, n_frames) ** 2) / 2)
    return weights @ time_course(n_frames, apex * (n_frames - 1))


def uniform(apex, n_frames):
    return time_course(n_frames, apex * (n_frames - 1)).mean()


def at_the_apex(apex, n_frames):
    weights = np.exp(-(np.linspace(-3, 3, n_frames) ** 2) / 2)
    return weights[round(apex * (n_frames - 1))] / weights.sum()


def class_by_class(counts):
    best, n = int(np.argmax(counts)), len(counts)
    recall = [float(k == best) for k in range(n)]
    f1 = [2 * counts[k] / (counts[k] + sum(counts)) if k == best else 0 for k in range(n)]
    return counts[best] / sum(counts), np.mean(f1), np.mean(recall)


def only_answered(counts):
    """Drops the classes that were never answered, as some helpers do."""
    most, total = counts.max(), counts.sum()
    return most / total, 2 * most / (most + total), 1.0


def the_first_class(counts):
    most, total, k = counts[0], counts.sum(), len(counts)
    return most / total, 2 * most / (most + total) / k, 1 / k


RIGHT = {
    "04.1": [sine],
    "04.2": [by_the_first_top],
    "04.3": [pairs_by_distance],
    "04.4": [by_trying, lambda b, n: int(np.ceil(18 * (n / b) ** 2))],
    "04.5": [by_average],
    "04.6": [class_by_class],
}

WRONG = {
    "04.1": [
        (lambda f: sine(f) / 1000, "0.30 Hz the RMSSD should be near 39"),
        (lambda f: sine(f) / np.sinc(f * 60 / 70), "at 0.30 Hz"),
        (lambda f: sine(0.45 - f), "at 0.30 Hz"),
        (spread, "successive intervals"),
        (lambda f: 39.0, "at 0.15 Hz"),
        (lambda f: np.ones(3), "should be near"),
    ],
    "04.2": [
        (lambda d: 1, "1.25 s apart the sum has 2 tops, got 1"),
        (lambda d: 2, "1 s apart the sum has 1 top, got 2"),
        (lambda d: 1 + (d > 1.0), "1.1 s apart the sum has 1 top, got 2"),
        (lambda d: 1 + (d > 1.5), "1.25 s apart the sum has 2 tops"),
        (lambda d: 1 // 0, "your code raised ZeroDivisionError"),
    ],
    "04.3": [
        (one_for_two, "one finding between two beats"),
        (one_twice, "one beat found twice"),
        (any_distance, "80 ms late"),
        (lambda found, true, tolerance: len(found), "expected 8 found and 0 invented"),
    ],
    "04.4": [
        (one_frame, "two frames enter"),
        (no_square, "root of n"),
        (lambda bulge, noise: 18 * (noise / bulge) ** 2, "whole pixels"),
        (lambda bulge, noise: int(18 * (noise / bulge) ** 2), "rounded up"),
    ],
    "04.5": [
        (not_normalised, "sum to one"),
        (uniform, "apex at 0.5 of 16 frames"),
        (at_the_apex, "apex at 0.5 of 16 frames"),
    ],
    "04.6": [
        (only_answered, "UF1 should be 0.188"),
        (the_first_class, "accuracy should be 0.600, got 0.182"),
        (lambda counts: (counts.max() / counts.sum(),) * 3, "UF1 should be 0.188"),
        (lambda counts: 0.6, "got 1 values"),
    ],
}
