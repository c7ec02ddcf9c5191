"""Checks of chapter 5: marks, names, clocks and action units of annotation tables."""

from __future__ import annotations

import numpy as np

from meps_lab.chapters.exercises.checking import exercise


@exercise("05.1", correct="0 is the onset, 1 the offset, and contradicting marks have no position")
def relative_apex(learner):
    """Marks done by hand, and three kinds of contradiction."""
    for marks, want in (((10, 13, 20), 0.3), ((0, 0, 8), 0.0), ((5, 9, 9), 1.0)):
        got = learner(*marks)
        if not np.isclose(got, want):
            return f"onset, apex, offset {marks}: expected {want}, got {got}"
    for marks, why in (
        ((10, 8, 20), "the apex lies before the onset"),
        ((10, 30, 20), "the apex lies after the offset"),
        ((10, 10, 10), "there is nothing between onset and offset"),
    ):
        if not np.isnan(got := learner(*marks)):
            return f"onset, apex, offset {marks}: {why}, so NaN is expected, got {got}"
    return None


@exercise("05.2", correct="one person, one number, however the table spells it")
def subject_number(learner):
    """Spellings of the data sets; leading zeros and spaces do not count."""
    for text in ("spNO.7", "spNO7", "sub07", "s7", "007", " 7 ", "S17", "sub20", "spNO.217"):
        want = int("".join(c for c in text if c.isdigit()))
        got = learner(text)
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
        want, got = round(400 + frame / 30 * 200), learner(marker.copy(), frame)
        if got == want:
            continue
        if got is not None and np.isclose(got, 400 + frame / 30 * 200, atol=1):
            return f"frame {frame} falls on row {want}, rounded; got {got}"
        if got == round(frame / 30 * 200):
            return (
                "the video does not start with the recording: find the first row whose marker is 5"
            )
        if got is not None and np.isclose(got, 1500 + frame / 30 * 200, atol=25):
            return "the first 5 counts, not the last"
        return f"frame {frame} with the first 5 in row 400 falls on row {want}, got {got}"
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
