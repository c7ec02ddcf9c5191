"""Chapter 13: right answers written otherwise, and plausible wrong ones with their hint."""

import numpy as np
import pandas as pd
import torch

from meps_lib.video.denoise import temporal_median


def by_library(clip):
    return temporal_median(torch.from_numpy(clip)[:, None])[:, 0].numpy()


def by_pandas(clip):
    flat = pd.DataFrame(clip.reshape(len(clip), -1))
    return flat.rolling(5, center=True, min_periods=1).median().to_numpy().reshape(clip.shape)


def around(clip, take, before=2, after=2):
    return np.stack([take(clip[max(0, k - before) : k + after + 1]) for k in range(len(clip))])


def middle(x):
    return np.nanmedian(x, axis=0)


def in_place(clip):
    for k in range(len(clip)):
        clip[k] = middle(clip[max(0, k - 2) : k + 3])
    return clip


def circular(clip):
    return np.nanmedian([np.roll(clip, k, axis=0) for k in range(-2, 3)], axis=0)


def filled(clip):
    return around(np.nan_to_num(clip, nan=np.nanmean(clip)), middle)


def without_plane(change, fit=None, constant=True, keep=False):
    rows, columns = np.indices(change.shape)
    parts = [rows, columns] + [np.ones(change.shape)] * constant
    basis = np.stack(parts, axis=-1).astype(float)
    fit = np.isfinite(change) if fit is None else fit
    values = np.nan_to_num(change)
    plane = basis @ np.linalg.lstsq(basis[fit], values[fit], rcond=None)[0]
    return plane if keep else change - plane


def by_normal_equations(change):
    y, x = np.indices(change.shape)
    seen = np.isfinite(change)
    a = np.stack([np.ones(seen.sum()), x[seen], y[seen]])
    b = np.linalg.solve(a @ a.T, a @ change[seen])
    return change - (b[0] + b[1] * x + b[2] * y)


def picked(first, second):
    row = max(range(len(first)), key=lambda k: sum(first[k]))
    return row, sum(second[row]) / len(second[row])


def clipped(event, recorded, length, late, of=0.5):
    return float(np.clip(event + late - of * length, 0, recorded - length))


def by_steps(event, recorded, length, late):
    starts = np.arange(0, recorded - length + 0.25, 0.5)
    return starts[np.abs(starts + length / 2 - event - late).argmin()]


EVERY = np.ones((8, 6), dtype=bool)


def upper(frames):
    return np.nanquantile(frames, 0.5, axis=0, method="higher")


def one_slope(change, axis):
    place = np.indices(change.shape)[axis]
    seen = np.isfinite(change)
    slope, constant = np.polyfit(place[seen], change[seen], 1)
    return change - slope * place - constant


def best(table):
    return int(table.mean(axis=1).argmax())


def frame(table):
    return pd.DataFrame(table)


RIGHT = {
    "13.1": [by_library, by_pandas, lambda c: around(c, middle)],
    "13.2": [without_plane, by_normal_equations],
    "13.3": [
        picked,
        lambda a, b: [best(a), b[best(a)].mean()],
        lambda a, b: (np.float64(best(a)), frame(b).mean(axis=1)[best(a)]),
    ],
    "13.4": [clipped, by_steps, lambda *given: np.array(clipped(*given))],
}

WRONG = {
    "13.1": [
        (lambda c: around(c, lambda x: np.nanmean(x, axis=0)), "outlier"),
        (lambda c: around(c, lambda x: np.median(x, axis=0)), "more is missing"),
        (circular, "at the ends"),
        (in_place, "has changed"),
        (filled, "never measured"),
        (lambda c: around(c, middle, 1, 1), "five"),
        (lambda c: c.mean(axis=0), "a clip of shape"),
        (lambda c: around(c, middle, 4, 0), "4 before it and 0 after it; expected two before"),
        (lambda c: around(c, middle, 0, 4), "0 before it and 4 after it; expected two before"),
        (lambda c: around(c, middle, 2, 1), "2 before it and 1 after it; expected two before"),
        (lambda c: around(c, upper), "mean of the two in the middle"),
        (lambda c: around(c, middle) + 1, "pixel (0, 0) of frame 0: the median of its five frames"),
        (lambda c: around(c, middle)[::-1], "pixel (0, 0) of frame 0"),
    ],
    "13.2": [
        (lambda c: without_plane(c, keep=True), "pixels are missing"),
        (lambda c: np.where(np.isfinite(c), without_plane(c, keep=True), np.nan), "is the plane"),
        (lambda c: c - np.nanmean(c), "a mean is not enough"),
        (lambda c: np.nan_to_num(without_plane(c)), "pixels are missing"),
        (lambda c: without_plane(c, constant=False), "a plane has a constant"),
        (lambda c: without_plane(c, fit=EVERY), "the pixels that were measured, and to no other"),
        (lambda c: one_slope(c, 0), "along the columns too"),
        (lambda c: one_slope(c, 1), "along the rows too"),
        (lambda c: 2 * c - without_plane(c), "is put on"),
        (lambda c: without_plane(c) + 1, "not the best plane"),
        (lambda c: -without_plane(c), "is left without the best plane, got"),
    ],
    "13.3": [
        (lambda a, b: (b.mean(1).argmax(), b.mean(1).max()), "chosen on the people"),
        (lambda a, b: (a.mean(1).argmax(), a.mean(1).max()), "report from the second"),
        (lambda a, b: (a.mean(1).argmax(), b.mean(1).max()), "not the row that was chosen"),
        (lambda a, b: b[a.mean(1).argmax()].mean(), "a pair"),
        (lambda a, b: (1, b[1].mean()), "highest mean"),
        (lambda a, b: (a.max(1).argmax(), b[a.max(1).argmax()].mean()), "highest mean"),
        (lambda a, b: (a[best(a)], b[best(a)].mean()), "is the number of a row, as 0 or 2, got nd"),
        (lambda a, b: (frame(a).iloc[best(a)], 0.0), "got Series of shape (8,)"),
        (lambda a, b: (frame(a).mean(axis=1), 0.0), "is the number of a row"),
        (lambda a, b: ("row 2", 0.0), "is the number of a row, as 0 or 2, got 'row 2'"),
        (lambda a, b: (b[best(a)].mean(), best(a)), "is the number of a row"),
        (lambda a, b: (best(a), b[best(a)]), "is one number, the row's mean, got ndarray"),
        (lambda a, b: (best(a), frame(b).iloc[best(a)]), "is one number"),
        (lambda a, b: b[best(a)], "a pair is expected, the row and its mean, got ndarray of"),
        (lambda a, b: {"row": best(a)}, "a pair is expected"),
    ],
    "13.4": [
        (lambda e, r, n, late: min(max(e + late - n // 2, 0), r - n), "expected a start at 8.5"),
        (lambda e, r, n, late: min(max(e + 3 - n / 2, 0), r - n), "expected a start"),
        (lambda e, r, n, late: e + late - n / 2, "before 0 s"),
        (lambda e, r, n, late: max(0, e + late - n / 2), "ends after"),
        (lambda e, r, n, late: clipped(e, r, n, 0), "answers later"),
        (lambda e, r, n, late: clipped(e, r, n, late, 0), "at its start"),
        (lambda e, r, n, late: clipped(e, r, n, -late), "add what it is late"),
        (lambda e, r, n, late: clipped(e, r, n, late, 1), "the peak is at its end"),
        (lambda e, r, n, late: clipped(e, r, n, late, n // 2 / n), "half of 7 s is 3.5 s"),
        (lambda e, r, n, late: (e - n / 2, e + n / 2), "one number is expected"),
        (lambda e, r, n, late: "27 s", "one number is expected, the start of the window (s), got"),
    ],
}
