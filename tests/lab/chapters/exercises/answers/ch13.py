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
RIGHT = {
    "13.1": [by_library, by_pandas, lambda c: around(c, middle)],
    "13.2": [without_plane, by_normal_equations],
    "13.3": [picked, lambda a, b: (np.argmax(a.mean(1)), b[np.argmax(a.mean(1))].mean())],
    "13.4": [clipped, by_steps],
}

WRONG = {
    "13.1": [
        (lambda c: around(c, lambda x: np.nanmean(x, axis=0)), "outlier"),
        (lambda c: around(c, lambda x: np.median(x, axis=0)), "more is missing"),
        (circular, "at the ends"),
        (in_place, "has changed"),
        (filled, "never measured"),
        (lambda c: around(c, middle, 1, 1), "five"),
        (lambda c: around(c, middle, 4, 0), "five"),
        (lambda c: c.mean(axis=0), "a clip of shape"),
    ],
    "13.2": [
        (lambda c: without_plane(c, keep=True), "pixels are missing"),
        (lambda c: np.where(np.isfinite(c), without_plane(c, keep=True), np.nan), "is the plane"),
        (lambda c: c - np.nanmean(c), "a mean is not enough"),
        (lambda c: without_plane(c, constant=False), "has a constant"),
        (lambda c: without_plane(c, fit=EVERY), "expected 0"),
        (lambda c: np.nan_to_num(without_plane(c)), "pixels are missing"),
    ],
    "13.3": [
        (lambda a, b: (b.mean(1).argmax(), b.mean(1).max()), "chosen on the people"),
        (lambda a, b: (a.mean(1).argmax(), a.mean(1).max()), "report from the second"),
        (lambda a, b: (a.mean(1).argmax(), b.mean(1).max()), "not the row that was chosen"),
        (lambda a, b: b[a.mean(1).argmax()].mean(), "a pair"),
        (lambda a, b: (1, b[1].mean()), "highest mean"),
        (lambda a, b: (a.max(1).argmax(), b[a.max(1).argmax()].mean()), "highest mean"),
        (lambda a, b: (a.mean(1).argmin(), b[a.mean(1).argmin()].mean()), "chosen on the people"),
    ],
    "13.4": [
        (lambda e, r, n, late: min(max(e + late - n // 2, 0), r - n), "expected a start at 8.5"),
        (lambda e, r, n, late: min(max(e + 3 - n / 2, 0), r - n), "expected a start"),
        (lambda e, r, n, late: e + late - n / 2, "before 0 s"),
        (lambda e, r, n, late: max(0, e + late - n / 2), "ends after"),
        (lambda e, r, n, late: clipped(e, r, n, 0), "answers later"),
        (lambda e, r, n, late: clipped(e, r, n, late, 0), "at its start"),
    ],
}
