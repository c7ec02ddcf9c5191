"""Checks of chapter 4: first a bet, then what the dial says.

A bet is never wrong; the check only asks that it was made.
"""

import numpy as np

from meps_lab.chapters.exercises.checking import exercise
from meps_lab.simulate.timing import time_course


def _no_bet(bet, allowed: tuple) -> str | None:
    """What is missing from a bet, which may be any of the allowed words or numbers."""
    if not isinstance(bet, bool) and any(bet == word for word in allowed):
        return None
    words = ", ".join(repr(word) for word in allowed)
    return f"the bet is {bet!r}; make it one of {words}, whichever you believe"


@exercise("04.1", correct="smaller steps from beat to beat: the RMSSD falls by about four tenths")
def breath(learner):
    """The RMSSD of one heart under three breaths, against the sine that makes it."""
    bet, rmssd = learner
    if missing := _no_bet(bet, ("rises", "falls", "stays")):
        return missing
    # A rate r (1 + q sin 2 pi f t), averaged over a beat of T = 1 / r, gives intervals whose
    # sine has the amplitude q sin(pi f T) / (pi f); sampled every T, it differs from one sample
    # to the next by 2 sin(pi f T) times that.
    beat_s = 60 / 70
    for hz in (0.30, 0.15, 0.22):
        want = 1000 * 0.05 / (2 * np.pi * hz) * 4 * np.sin(np.pi * hz * beat_s) ** 2 / np.sqrt(2)
        got = rmssd(hz)
        if np.ndim(got) or not np.isfinite(got):
            return f"at {hz:.2f} Hz expected one number in ms, got {got!r}"
        if not np.isclose(got, want, rtol=0.1):
            return (
                f"at {hz:.2f} Hz the RMSSD should be near {want:.0f} ms, got {got:.4g}: square "
                "the differences of successive intervals, average, take the root, and give ms"
            )
    return None


def _bateman(t: np.ndarray, onset: float) -> np.ndarray:
    dt = np.clip(t - onset, 0, None)
    return np.exp(-dt / 2.0) - np.exp(-dt / 0.75)


def _humps(distance: float) -> int:
    t = np.arange(0, 20, 0.001)
    slope = np.diff(_bateman(t, 0) + _bateman(t, distance))
    return int(((slope[:-1] > 0) & (slope[1:] <= 0)).sum())


@exercise("04.2", correct="a second top needs an onset after the first top, at 1.2 s")
def hump(learner):
    """How many tops the sum of two equal responses has."""
    bet, tops = learner
    if missing := _no_bet(bet, (1, 2)):
        return missing
    for distance in (1.0, 0.5, 1.4, 2.0, 4.0):
        want, got = _humps(distance), tops(distance)
        if np.ndim(got) or got != want:
            return (
                f"{distance:g} s apart the sum has {want} top{'s' * (want > 1)}, got {got!r}: add "
                "the two responses, and count where the slope turns from up to down"
            )
    return None


@exercise("04.3", correct="each beat is found once; on the slider, inventing comes first")
def matching(learner):
    """Beats that were missed, invented, shifted and found twice."""
    bet, found_and_invented = learner
    if missing := _no_bet(bet, ("missed", "invented")):
        return missing
    true = np.arange(1.0, 9.0)
    cases = (
        ("the true beats themselves", true, 8, 0),
        ("the true beats, 10 ms late", true + 0.010, 8, 0),
        ("the true beats, 80 ms late", true + 0.080, 0, 8),
        ("every second beat", true[::2], 4, 0),
        ("one beat found twice", np.sort(np.append(true, 3.015)), 8, 1),
        ("three beats that are none", np.sort(np.append(true, [0.4, 2.5, 8.6])), 8, 3),
        ("nothing", np.array([]), 0, 0),
    )
    for name, found, hits, invented in cases:
        got = found_and_invented(found.copy(), true.copy(), 0.020)
        if tuple(np.asarray(got, float).ravel()) != (hits, invented):
            return (
                f"{name}, tolerance 20 ms: expected {hits} found and {invented} invented, got "
                f"{got!r}; count each true beat once, and whatever is left over as invented"
            )
    return None


@exercise("04.4", correct="twice the noise needs four times the pixels")
def pixels(learner):
    """The standard error of a mean of differences, for several bulges and noises."""
    bet, needed = learner
    if missing := _no_bet(bet, ("twice", "four times", "eight times")):
        return missing
    for bulge, noise in ((2.0, 1.0), (1.1, 1.0), (0.55, 1.0), (0.55, 2.0), (5.0, 0.1)):
        got = needed(bulge, noise)
        exact = 18 * (noise / bulge) ** 2  # (3 sqrt(2) noise / bulge)^2
        want = max(1, int(np.ceil(exact)))
        if np.ndim(got) or int(got) != want or got != int(got):
            hint = "two frames enter, so the variance doubles; the error of a mean of n falls with"
            return (
                f"a bulge of {bulge:g} mm under {noise:g} mm of noise needs {want} pixels, got "
                f"{got!r}: {hint} the root of n; whole pixels, rounded up"
            )
    return None


@exercise("04.5", correct="a tenth: .70 is seen of an apex at .28, and .79 of one in the middle")
def early(learner):
    """What the fixed weights keep of the movement, for apexes anywhere in the clip."""
    bet, seen = learner
    if missing := _no_bet(bet, ("a tenth", "a quarter", "a half")):
        return missing
    for n_frames, apex in ((16, 0.5), (16, 0.28), (16, 0.8), (31, 0.28)):
        z = np.linspace(-3, 3, n_frames)
        weights = np.exp(-(z**2) / 2)
        want = weights @ time_course(n_frames, apex * (n_frames - 1)) / weights.sum()
        got = seen(apex, n_frames)
        if np.ndim(got) or not np.isclose(got, want, atol=1e-6):
            return (
                f"apex at {apex:g} of {n_frames} frames: expected {want:.4f}, got {got!r}; the "
                "weights sum to one; the course is `time_course(n_frames, apex * (n_frames - 1))`"
            )
    return None


@exercise("04.6", correct="only UAR forgets the balance: a constant answer has 1/K, however uneven")
def majority(learner):
    """Scores of the constant answer, on counts whose scores are known."""
    bet, constant = learner
    if missing := _no_bet(bet, ("accuracy", "UF1", "UAR")):
        return missing
    for counts in ((99, 30, 20, 16), (99, 30, 16), (40, 40, 40, 40), (7, 3)):
        most, total, k = max(counts), sum(counts), len(counts)
        want = (most / total, 2 * most / (most + total) / k, 1 / k)
        got = constant(np.array(counts))
        got = np.asarray(got, float).ravel()
        if got.shape != (3,):
            return f"expected accuracy, UF1 and UAR, got {got.size} values"
        for name, mine, yours in zip(("accuracy", "UF1", "UAR"), want, got, strict=True):
            if not np.isclose(mine, yours, atol=1e-9):
                return (
                    f"counts {counts}: {name} should be {mine:.3f}, got {yours:.3f}; classes "
                    "that are never answered count with zero"
                )
    return None
