"""Hints of chapter 13 name the fault that was made, and no other."""

import numpy as np
import pandas as pd
import pytest

from meps_lab.chapters.exercises import check
from tests.lab.chapters.exercises.answers.ch13 import (
    EVERY,
    around,
    clipped,
    middle,
    without_plane,
)


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


WRONG = {
    "13.1": [
        (lambda c: around(c, middle, 4, 0), "4 before it and 0 after it; expected two before"),
        (lambda c: around(c, middle, 0, 4), "0 before it and 4 after it; expected two before"),
        (lambda c: around(c, middle, 2, 1), "2 before it and 1 after it; expected two before"),
        (lambda c: around(c, upper), "mean of the two in the middle"),
        (lambda c: around(c, middle) + 1, "pixel (0, 0) of frame 0: the median of its five frames"),
        (lambda c: around(c, middle)[::-1], "pixel (0, 0) of frame 0"),
    ],
    "13.2": [
        (lambda c: without_plane(c, constant=False), "a plane has a constant"),
        (lambda c: without_plane(c, fit=EVERY), "the pixels that were measured, and to no other"),
        (lambda c: one_slope(c, 0), "along the columns too"),
        (lambda c: one_slope(c, 1), "along the rows too"),
        (lambda c: 2 * c - without_plane(c), "is put on"),
        (lambda c: without_plane(c) + 1, "not the best plane"),
        (lambda c: -without_plane(c), "is left without the best plane, got"),
    ],
    "13.3": [
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
        (lambda e, r, n, late: clipped(e, r, n, -late), "add what it is late"),
        (lambda e, r, n, late: clipped(e, r, n, late, 1), "the peak is at its end"),
        (lambda e, r, n, late: clipped(e, r, n, late, n // 2 / n), "half of 7 s is 3.5 s"),
        (lambda e, r, n, late: (e - n / 2, e + n / 2), "one number is expected"),
        (lambda e, r, n, late: "27 s", "one number is expected, the start of the window (s), got"),
    ],
}
RIGHT = {
    "13.3": [
        lambda a, b: [best(a), b[best(a)].mean()],
        lambda a, b: (np.float64(best(a)), frame(b).mean(axis=1)[best(a)]),
    ],
    "13.4": [lambda e, r, n, late: np.array(clipped(e, r, n, late))],
}


@pytest.mark.parametrize(
    ("name", "answer", "hint"), [(name, *wrong) for name in WRONG for wrong in WRONG[name]]
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_hint_is_that_of_the_fault(capsys, name, answer, hint):
    check(name, answer)
    line = capsys.readouterr().out
    assert line.startswith("not yet: ") and hint in line, line
    assert "two before" not in line or "before it and" in line  # 13.1: of another fault it is wrong
    assert "could not use" not in line


@pytest.mark.parametrize(("name", "answer"), [(name, one) for name in RIGHT for one in RIGHT[name]])
def test_the_same_in_another_type_is_right(capsys, name, answer):
    check(name, answer)
    assert capsys.readouterr().out.startswith("correct: ")
