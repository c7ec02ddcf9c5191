"""Checks of chapter 5: marks, names, clocks and action units of annotation tables."""

import numpy as np

from meps_lab.chapters.exercises.checking import exercise


@exercise("05.1", correct="0 is the onset, 1 the offset, and contradicting marks have no position")
def relative_apex(learner):
    """Marks done by hand, and three kinds of contradiction."""
    nan = float("nan")
    for marks, want, why in (
        ((10, 13, 20), 0.3, "three tenths of the way from onset to offset"),
        ((0, 0, 8), 0.0, "the apex is the onset"),
        ((5, 9, 9), 1.0, "the apex is the offset"),
        ((10, 8, 20), nan, "the apex lies before the onset, so NaN"),
        ((10, 30, 20), nan, "the apex lies after the offset, so NaN"),
        ((10, 10, 10), nan, "there is nothing between onset and offset, so NaN"),
    ):
        got = learner(*marks)
        if np.ndim(got) or not np.isclose(got, want, equal_nan=True):
            return f"onset, apex, offset {marks}: {why}; expected {want}, got {got}"
    return None


@exercise("05.2", correct="one person, one number, however the table spells it")
def subject_number(learner):
    """Spellings of the data sets; leading zeros and spaces do not count."""
    for text in ("spNO.7", "spNO7", "sub07", "s7", "007", " 7 ", "S17", "sub20", "spNO.217"):
        want, got = int("".join(c for c in text if c.isdigit())), learner(text)
        if got != want or isinstance(got, str):
            return f"{text!r} is subject {want}, as a number; got {got!r}"
    return None


@exercise("05.3", correct="both clocks start at the first 5")
def row_of_frame(learner):
    """Codes smaller and greater than 5 around it, a 5 that stays, and a second 5 later."""
    marker = np.zeros(2000, int)
    for at, code in ((100, 3), (200, 8), (400, 5), (900, 6), (1500, 5)):
        marker[at : at + 20] = code
    for frame in (0, 30, 1, 45):
        later = frame / 30 * 200
        want, got = round(400 + later), learner(marker.copy(), frame)
        if got == want:
            continue
        hint = "200 rows are a second, and so are 30 frames"
        if np.isclose(got, 400 + later, atol=1):
            hint = "round to the nearest row"
        elif np.isclose(got, later, atol=1):
            hint = "the video does not start with the recording, but at the first 5"
        elif np.isclose(got, 1500 + later, atol=25):
            hint = "the first 5 counts, not the last"
        return f"frame {frame} with the first 5 in row 400 falls on row {want}, got {got}: {hint}"
    return None


@exercise("05.4", correct="sides, full-width commas and question marks are read alike")
def action_units(learner):
    """What the tables of the data sets write."""
    cases = {
        "L4+12": [("L", 4), ("", 12)],
        "4，R12": [("", 4), ("R", 12)],
        "AU4, AU7": [("", 4), ("", 7)],
        "T10+B25": [("T", 10), ("B", 25)],
        "?": [],
    }
    for text, want in cases.items():
        got = [tuple(unit) for unit in learner(text)]
        if got != want:
            return f"{text!r} should give {want}, got {got}"
    return None
