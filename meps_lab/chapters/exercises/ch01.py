"""Checks of chapter 1: variation of the heart, answers of the skin, context of a window."""

import numpy as np

from meps_lab.chapters.exercises.checking import exercise, is_truth


@exercise("01.1", correct="differences of neighbouring intervals, squared, in milliseconds")
def variation(learner):
    """Intervals that alternate between d and d + e have an RMSSD of e, at any sampling rate."""
    for sfreq, short, step in ((1000.0, 0.8, 0.1), (250.0, 0.6, 0.06), (100.0, 1.0, 0.2)):
        beats = np.round(np.cumsum(np.tile([short, short + step], 20)) * sfreq).astype(int)
        got, want = float(learner(beats, sfreq)), 1000 * step
        if np.isclose(got, want, rtol=1e-6):
            continue
        hint = "intervals first, then their differences, squares, mean and root"
        if np.isclose(got * 1000, want):
            hint = "these are seconds, turn them into milliseconds"
        elif np.isclose(got, step * sfreq):
            hint = "these are samples, divide by the sampling rate"
        elif np.isclose(got, want / 2, rtol=0.05):
            hint = "that is the spread of the intervals; take differences of neighbours"
        return (
            f"intervals of {short:g} s and {short + step:g} s in turn at {sfreq:g} Hz: expected "
            f"{want:.0f} ms, got {got:.4g}: {hint}"
        )
    grows = np.cumsum(np.arange(500, 700, 10))  # every interval 10 samples longer than the last
    got = float(learner(grows, 1000.0))
    if not np.isclose(got, 10.0):
        return (
            f"intervals that grow by 10 ms from beat to beat: expected 10 ms, got {got:.4g}; do "
            "not subtract the mean difference"
        )
    return None


@exercise("01.2", correct="an answer begins within the window, neither before nor long after")
def answer(learner):
    """Onsets before, too early, in time, too late, none; the truth is by construction."""
    cases = (
        ([12.0], True, "a response two seconds after the event is an answer"),
        ([8.0], False, "a response two seconds *before* the event is none"),
        ([10.3], False, "a response after 0.3 s is too early"),
        ([17.0], False, "a response after seven seconds is too late"),
        ([1.0, 12.5, 40.0], True, "one response in time is enough, whatever the others do"),
        ([3.0, 10.5, 14.0], False, "none of three responses begins in time"),
        ([], False, "without any response there is no answer"),
        ([11.0], True, "the window includes its ends: exactly one second is in time"),
        ([13.0], True, "the window includes its ends: exactly three seconds is in time"),
    )
    for onsets, want, why in cases:
        got = learner(np.array(onsets), 10.0)
        if not is_truth(got) or got != want:
            return f"onsets {onsets}, event at 10: expected {want}, got {got!r}; {why}"
    if not learner(np.array([14.0]), 10.0, (3.0, 5.0)):
        return "with latency=(3, 5) a response after four seconds is an answer; use the argument"
    return None


@exercise("01.3", correct="the worst window decides, and context counts on both sides")
def context(learner):
    """A heart that slows down: a window of w seconds holds at least floor(w / slow) beats."""
    for fast, slow, length, need in ((1.0, 1.0, 0.4, 3), (0.5, 1.6, 0.4, 6), (0.6, 1.1, 0.4, 1)):
        beats = 0.123 + np.cumsum(np.repeat([fast, slow], 200))
        starts = beats[199] + np.arange(-80.0, 80.0, 0.0317)  # around the change of the heart
        want = int(np.ceil((need * slow - length) / 2 - 1e-9).clip(min=0))
        got = learner(beats, starts, length, need)
        if got != want:
            hint = "every window must hold them, also the unluckiest one"
            if got > want:
                hint = "context is added before *and* after the window"
            return (
                f"beats {fast:g} s apart, later {slow:g} s, windows of {length:g} s, {need} beats "
                f"wanted: expected {want} s, got {got!r}; {hint}"
            )
    return None
