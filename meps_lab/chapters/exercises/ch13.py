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
    given = clip.copy()

    def over(before, after, take=np.nanmedian, **how):
        around = [clip[max(0, k - before) : k + after + 1] for k in range(9)]
        return np.stack([take(frames, axis=0, **how) for frames in around])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the pixel that is never measured
        got, want = np.asarray(learner(given), dtype=float), over(2, 2)
        windows = {(b, a): over(b, a) for b in range(5) for a in range(5)}
        of_middle = [over(2, 2, np.nanquantile, q=0.5, method=m) for m in ("lower", "higher")]
    if got.shape != clip.shape:
        return f"a clip of shape {clip.shape} is expected, got {got.shape}"
    if not np.array_equal(given, clip, equal_nan=True):
        return "the clip that was given has changed, and later frames read changed ones; write anew"
    if _same(got, want):
        return None
    for (before, after), other in windows.items():
        if _same(got, other):
            return (
                f"each frame has {before} before it and {after} after it; expected two before and "
                "two after, with the frame itself: five"
            )
    if any(_same(got, other) for other in of_middle):
        return "of an even number of values the median is the mean of the two in the middle"
    if np.isnan(got).sum() > np.isnan(want).sum():
        return "more is missing than need be: take the median of what was measured, at the ends too"
    if np.isnan(got).sum() < np.isnan(want).sum():
        return "pixel (2, 2) was never measured, and has a depth now"
    if got[4, 0, 0] > 730:
        return f"pixel (0, 0) of frame 4 is an outlier, and {got[4, 0, 0]:.0f} mm is left of it"
    if _same(got[2:-2], want[2:-2]):
        return "inside it is right; at the ends there are fewer frames, three for the first"
    frame, row, column = np.argwhere(~np.isclose(got, want, equal_nan=True))[0]
    return (
        f"pixel ({row}, {column}) of frame {frame}: the median of its five frames is "
        f"{want[frame, row, column]:.2f} mm, got {got[frame, row, column]:.2f} mm"
    )


@exercise("13.2", correct="what is left is not a plane, and the holes stayed holes")
def steady(learner):
    """A tilted change with a bump and holes on one side."""
    rows, columns = np.mgrid[0:8, 0:6].astype(float)
    change = 2 + 0.5 * rows - 0.3 * columns + 1.5 * ((rows - 5) ** 2 + (columns - 2) ** 2 < 2)
    change[:3, 4:] = np.nan
    seen = np.isfinite(change)
    one = np.ones_like(rows)

    def plane_of(*parts, values=change, where=seen):
        basis = np.stack(parts, axis=-1)
        return basis @ np.linalg.lstsq(basis[where], values[where], rcond=None)[0]

    plane, given = plane_of(one, rows, columns), change.copy()
    want = change - plane
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
    off = f"the rest has the mean {got[seen].mean():.2f} mm, expected 0"
    filled = plane_of(one, rows, columns, values=np.nan_to_num(change), where=one > 0)
    for other, hint in (
        (plane_of(rows, columns), f"{off}: a plane has a constant beside its two slopes"),
        (plane_of(one, rows), "a plane tilts along the columns too"),
        (plane_of(one, columns), "a plane tilts along the rows too"),
        (filled, f"{off}: fit the plane to the pixels that were measured, and to no other"),
        (-plane, "the plane is put on; take it off"),
    ):
        if np.allclose(got[seen], (change - other)[seen], atol=1e-6):
            return hint
    if abs(got[seen].mean()) > 1e-6:
        return f"{off}: that is not the best plane of the pixels that were measured"
    row, column = np.argwhere(seen & ~np.isclose(got, want, atol=1e-6))[0]
    return (
        f"pixel ({row}, {column}): {want[row, column]:.2f} mm is left without the best plane, got "
        f"{got[row, column]:.2f} mm"
    )


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
        if not isinstance(got, tuple | list) or len(got) != 2:
            return f"a pair is expected, the row and its mean, got {_told(got)}"
        row, mean = map(np.asarray, got)
        if row.ndim or row.dtype.kind not in "iuf" or row != np.floor(row):
            return f"the first of the pair is the number of a row, as 0 or 2, got {_told(got[0])}"
        if mean.ndim or mean.dtype.kind not in "iuf":
            return f"the second of the pair is one number, the row's mean, got {_told(got[1])}"
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
        (30, 60, 12, 2),
        (1, 60, 12, 3),
        (57, 60, 12, 3),
        (20, 60, 12, 0),
        (5, 12, 12, 3),
        (10, 60, 7, 2),
    ):
        want = min(max(event + late - length / 2, 0), recorded - length)
        got = learner(event, recorded, length, late)
        if np.ndim(got) or np.asarray(got).dtype.kind not in "iuf":
            return f"one number is expected, the start of the window (s), got {_told(got)}"
        if np.isclose(got, want):
            continue
        about = f"event at {event} s of {recorded} s, {length} s long, peak {late} s late"
        said = f"{about}: expected a start at {want:g} s, got {got:g} s"
        if got < 0:
            return f"{said}; nothing was recorded before 0 s"
        if got + length > recorded:
            return f"{said}; the window ends after the recording"
        for start, hint in (
            (event - length / 2, "the event is in the middle, and the skin answers later"),
            (event + late, "the peak is at its start, and belongs in its middle"),
            (event + late - length, "the peak is at its end, and belongs in its middle"),
            (event - late - length / 2, "the peak comes after the event: add what it is late"),
            (event + late - length // 2, f"half of {length} s is {length / 2:g} s, with its part"),
        ):
            if np.isclose(got, min(max(start, 0), recorded - length)):
                return f"{said}; {hint}"
        return said
    return None


def _same(a, b):
    return np.allclose(a, b, equal_nan=True)


def _told(x):
    """What a learner returned, in one line: an array by its shape."""
    return f"{type(x).__name__} of shape {np.shape(x)}" if np.ndim(x) else repr(x)
