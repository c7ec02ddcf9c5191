"""Checks of chapter 13: depth made quiet, a choice that is reported, a window for a response."""

import warnings

import numpy as np

from meps_lab.chapters.exercises.checking import exercise


@exercise("13.1", correct="a hole is filled from its neighbours in time, and an outlier is gone")
def smooth(learner):
    """A clip with an outlier, holes, a pixel that is never measured, and a movement at its end."""
    rng = np.random.default_rng(0)
    clip = 700 + rng.normal(0, 1, (9, 4, 5))
    clip[4, 0, 0] += 300
    clip[2:4, 1, 1] = clip[8, 1, 1] = clip[:, 2, 2] = np.nan
    clip[6:, 3, 3] -= 9
    given, want = clip.copy(), np.empty_like(clip)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the pixel that is never measured
        for k in range(9):
            want[k] = np.nanmedian(clip[max(0, k - 2) : k + 3], axis=0)
        got = np.asarray(learner(given), dtype=float)
    if got.shape != clip.shape:
        return f"a clip of shape {clip.shape} is expected, got {got.shape}"
    if not np.array_equal(given, clip, equal_nan=True):
        return "the clip that was given has changed, and later frames read changed ones; write anew"
    if np.allclose(got, want, equal_nan=True):
        return None
    if np.isnan(got).sum() > np.isnan(want).sum():
        return "more is missing than need be: take the median of what was measured, at the ends too"
    if np.isnan(got).sum() < np.isnan(want).sum():
        return "pixel (2, 2) was never measured, and has a depth now"
    if got[4, 0, 0] > 730:
        return f"pixel (0, 0) of frame 4 is an outlier, and {got[4, 0, 0]:.0f} mm is left of it"
    inside = np.allclose(got[2:-2], want[2:-2], equal_nan=True)
    if inside:
        return "inside it is right; at the ends there are fewer frames, three for the first"
    return "expected two frames before and two after, with the frame itself: five"


@exercise("13.2", correct="what is left is not a plane, and the holes stayed holes")
def steady(learner):
    """A tilted change with a bump and holes on one side."""
    rows, columns = np.mgrid[0:8, 0:6].astype(float)
    change = 2 + 0.5 * rows - 0.3 * columns + 1.5 * ((rows - 5) ** 2 + (columns - 2) ** 2 < 2)
    change[:3, 4:] = np.nan
    seen = np.isfinite(change)
    basis = np.stack([np.ones_like(rows), rows, columns], axis=-1)
    plane = basis @ np.linalg.lstsq(basis[seen], change[seen], rcond=None)[0]
    want, given = change - plane, change.copy()
    got = np.asarray(learner(given), dtype=float)
    if got.shape != change.shape:
        return f"a change of shape {change.shape} is expected, got {got.shape}"
    if not np.array_equal(given, change, equal_nan=True):
        return "the change that was given is another one now; work on a copy"
    if not np.array_equal(np.isnan(got), ~seen):
        return f"{(~seen).sum()} pixels are missing, and afterwards {np.isnan(got).sum()}"
    if np.allclose(got[seen], want[seen], atol=1e-6):
        return None
    if np.allclose(got[seen], plane[seen], atol=1e-6):
        return "that is the plane; what is left without it was asked for"
    if np.allclose(got[seen], change[seen] - change[seen].mean()):
        return "a head that tilts moves one side more than the other: a mean is not enough"
    if abs(got[seen].mean()) > 1e-6:
        return f"the rest has the mean {got[seen].mean():.2f}, expected 0: a plane has a constant"
    return "the plane is fitted to the pixels that were measured, and to no other"


@exercise("13.3", correct="chosen on some people, and reported on others")
def choose(learner):
    """Two tables in which different variants win, and one whose winner was lucky."""
    rng = np.random.default_rng(3)
    for n in (3, 7):
        first, second = rng.normal(0, 0.05, (2, n, 8))
        first[n // 2] += 0.2
        first[0, 0] += 1  # the best cell stands in another row
        second[n - 1] += 0.2
        best = int(first.mean(axis=1).argmax())
        want = float(second[best].mean())
        got = learner(first.copy(), second.copy())
        if not isinstance(got, tuple) or len(got) != 2:
            return f"a pair is expected, the row and its mean, got {got!r}"
        row, mean = int(got[0]), float(got[1])
        if row == best and np.isclose(mean, want):
            continue
        if row == int(second.mean(axis=1).argmax()):
            return "the row was chosen on the people who are reported: its luck is reported too"
        if row != best:
            return f"row {best} has the highest mean of the first table, got row {row}"
        if np.isclose(mean, first[best].mean()):
            return "chosen and reported on the same people; report from the second table"
        if np.isclose(mean, second.mean(axis=1).max()):
            return "that is the best of the second table, and not the row that was chosen"
        return f"row {best} has the mean {want:.4f} in the second table, got {mean:.4f}"
    return None


@exercise("13.4", correct="the window stays in the recording, the peak as central as it can be")
def cut_from(learner):
    """Events in the middle, near the start and near the end of a recording."""
    for event, recorded, length, late in (
        (30, 60, 12, 3),
        (1, 60, 12, 3),
        (57, 60, 12, 3),
        (20, 60, 12, 0),
        (5, 12, 12, 3),
        (10, 60, 7, 2),
    ):
        want = min(max(event + late - length / 2, 0), recorded - length)
        got = float(learner(event, recorded, length, late))
        if np.isclose(got, want):
            continue
        about = f"event at {event} s of {recorded} s, {length} s long, peak {late} s late"
        said = f"{about}: expected a start at {want:g} s, got {got:g} s"
        if got < 0:
            return f"{said}; nothing was recorded before 0 s"
        if got + length > recorded:
            return f"{said}; the window ends after the recording"
        if np.isclose(got, min(max(event - length / 2, 0), recorded - length)):
            return f"{said}; the event is in the middle, and the skin answers later"
        if np.isclose(got, min(max(event + late, 0), recorded - length)):
            return f"{said}; the peak is at its start, and belongs in its middle"
        return said
    return None
