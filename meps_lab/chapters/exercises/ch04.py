"""Checks of chapter 4: first a bet, then what the dial says."""

import numpy as np

from meps_lab.chapters.exercises.checking import exercise
from meps_lab.simulate.timing import time_course


@exercise(
    "04.1",
    correct="smaller steps from beat to beat: the RMSSD falls by about four tenths",
    bets=("rise", "fall", "stay"),
)
def breath(rmssd):
    """The RMSSD of one heart under three breaths, against the sine that makes it."""
    # A rate r (1 + q sin 2 pi f t), averaged over a beat of T = 1 / r, gives intervals whose
    # sine has the amplitude q sin(pi f T) / (pi f); sampled every T, it differs from one sample
    # to the next by 2 sin(pi f T) times that.
    beat_s = 60 / 70
    for hz in (0.30, 0.15, 0.22):
        want = 1000 * 0.05 / (2 * np.pi * hz) * 4 * np.sin(np.pi * hz * beat_s) ** 2 / np.sqrt(2)
        got = rmssd(hz)
        if np.ndim(got) or not np.isclose(got, want, rtol=0.1):
            return (
                f"at {hz:.2f} Hz the RMSSD should be near {want:.0f} ms, got {got}: square "
                "the differences of successive intervals, average, take the root, and give ms"
            )
    return None


@exercise("04.2", correct="a second top needs an onset after the first top, at 1.2 s", bets=(1, 2))
def two_responses(tops):
    """How many tops the sum of two equal responses has, by the sign of its slope."""
    t = np.arange(0, 20, 0.001)
    for distance in (1.0, 0.5, 1.1, 1.25, 2.0, 4.0):
        later = [np.clip(t - onset, 0, None) for onset in (0, distance)]
        slope = np.diff(sum(np.exp(-dt / 2.0) - np.exp(-dt / 0.75) for dt in later))
        want, got = int(((slope[:-1] > 0) & (slope[1:] <= 0)).sum()), tops(distance)
        if np.ndim(got) or got != want:
            return (
                f"{distance:g} s apart the sum has {want} top{'s' * (want > 1)}, got {got!r}: add "
                "the two responses, and count where the slope turns from up to down"
            )
    return None


@exercise(
    "04.3",
    correct="each beat is found once; on the slider, inventing comes first",
    bets=("missed", "invented"),
)
def matching(count):
    """Beats that were missed, invented, shifted, found twice, and two that share a finding."""
    true = np.arange(1.0, 9.0)
    cases = (
        ("the true beats themselves", true, true, 8, 0),
        ("the true beats, 10 ms late", true + 0.010, true, 8, 0),
        ("the true beats, 80 ms late", true + 0.080, true, 0, 8),
        ("every second beat", true[::2], true, 4, 0),
        ("one beat found twice", np.sort(np.append(true, 3.015)), true, 8, 1),
        ("three beats that are none", np.sort(np.append(true, [0.4, 2.5, 8.6])), true, 8, 3),
        ("one finding between two beats 30 ms apart", [1.015], [1.0, 1.03], 1, 0),
        ("nothing", [], true, 0, 0),
    )
    for name, found, beats, hits, invented in cases:
        got = count(np.array(found), np.array(beats), 0.020)
        if tuple(np.asarray(got, float).ravel()) != (hits, invented):
            return (
                f"{name}, tolerance 20 ms: expected {hits} found and {invented} invented, got "
                f"{got!r}; pair each finding with one beat at most, and count what is left over"
            )
    return None


@exercise(
    "04.4",
    correct="twice the noise needs four times the pixels",
    bets=("twice", "four times", "eight times"),
)
def pixels(needed):
    """The standard error of a mean of differences, for several bulges and noises."""
    for bulge, noise in ((2.0, 1.0), (1.1, 1.0), (0.55, 1.0), (0.55, 2.0), (5.0, 0.1)):
        want = max(1, int(np.ceil(18 * (noise / bulge) ** 2)))  # (3 sqrt(2) noise / bulge)^2
        got = needed(bulge, noise)
        if np.ndim(got) or got != want:
            return (
                f"a bulge of {bulge:g} mm under {noise:g} mm of noise needs {want} pixels, got "
                f"{got!r}: two frames enter, so the variance doubles; the error of a mean of n "
                "falls with the root of n; whole pixels, rounded up"
            )
    return None


@exercise(
    "04.5",
    correct="a tenth: .70 is seen of an apex at .28, and .79 of one in the middle",
    bets=("a tenth", "a quarter", "a half"),
)
def early(seen):
    """What the fixed weights keep of the movement, for apexes anywhere in the clip."""
    for n_frames, apex in ((16, 0.5), (16, 0.28), (16, 0.8), (31, 0.28)):
        weights = np.exp(-(np.linspace(-3, 3, n_frames) ** 2) / 2)
        want = weights @ time_course(n_frames, apex * (n_frames - 1)) / weights.sum()
        got = seen(apex, n_frames)
        if np.ndim(got) or not np.isclose(got, want, atol=1e-6):
            return (
                f"apex at {apex:g} of {n_frames} frames: expected {want:.4f}, got {got!r}; the "
                "weights sum to one; the course is `time_course(n_frames, apex * (n_frames - 1))`"
            )
    return None


@exercise(
    "04.6",
    correct="UAR alone forgets the balance: a constant answer has 1/K, however uneven",
    bets=("accuracy", "UF1", "UAR"),
)
def constant_answer(constant):
    """Scores of the constant answer, on counts whose scores are known."""
    for counts in ((30, 99, 20, 16), (99, 30, 16), (40, 40, 40, 40), (3, 7)):
        most, total, k = max(counts), sum(counts), len(counts)
        want = (most / total, 2 * most / (most + total) / k, 1 / k)
        got = np.asarray(constant(np.array(counts)), float).ravel()
        if got.shape != (3,):
            return f"expected accuracy, UF1 and UAR, got {got.size} values"
        for name, mine, yours in zip(("accuracy", "UF1", "UAR"), want, got, strict=True):
            if not np.isclose(mine, yours, atol=1e-9):
                return (
                    f"counts {counts}: {name} should be {mine:.3f}, got {yours:.3f}; classes "
                    "that are never answered count with zero"
                )
    return None
