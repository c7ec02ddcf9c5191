"""Chapter 5: right answers written otherwise, and plausible wrong ones with their hint."""

import re

import numpy as np

from meps_lab.datasets.readers import cells


def position(onset, apex, offset, none=float("nan")):
    if offset <= onset:
        return none
    place = np.divide(apex - onset, offset - onset)
    return place if 0 <= place <= 1 else none


def row(marker, frame, which=0):
    return round(np.flatnonzero(np.asarray(marker) == 5)[which] + frame / 30 * 200)


def row_by_list(marker, frame):
    return list(marker).index(5) + int(frame * 20 / 3 + 0.5)


def units(text):
    """The library's own parser is another way to the same answer."""
    return cells.coded(cells.action_units(text, "a cell"))


def units_by_pattern(text, letters="[LRTB]?"):
    return [(side, int(n)) for side, n in re.findall(rf"({letters})(\d+)", text)]


RIGHT = {
    "05.1": [position],
    "05.2": [
        lambda text: cells.subject_number(text, "a cell"),
        lambda text: int(re.search(r"\d+", text)[0]),
    ],
    "05.3": [row_by_list],
    "05.4": [units, units_by_pattern],
}

WRONG = {
    "05.1": [
        (lambda a, b, c: (b - a) / max(c - a, 1), "before the onset, so NaN"),
        (lambda a, b, c: (c - b) / max(c - a, 1), "expected 0.3"),
        (lambda a, b, c: position(a, b, c, none=None), "returns None for others"),
        (lambda a, b, c: position(a, b, c, none=0.0), "so NaN"),
        (lambda a, b, c: (b - a) / (c - a), "before the onset, so NaN"),
    ],
    "05.2": [
        (lambda text: re.sub(r"\D", "", text), "as a number"),
        (lambda text: int(re.sub(r"[^1-9]", "", text)), "'sub20'"),
        (lambda text: int(text.strip()[-1]), "'S17'"),
        (lambda text: int(text.removeprefix("spNO.").removeprefix("sub")), "raised ValueError"),
    ],
    "05.3": [
        (lambda marker, frame: round(frame / 30 * 200), "does not start"),
        (lambda marker, frame: row(marker, frame, which=-1), "first 5 counts"),
        (lambda marker, frame: round(np.argmax(marker) + frame / 30 * 200), "falls on"),
        (lambda marker, frame: round(np.argmax(marker > 4) + frame / 30 * 200), "falls on"),
        (lambda marker, frame: 400 + int(frame / 30 * 200), "round to the nearest"),
        (lambda marker, frame: row(marker, frame) + frame, "200 rows are a second"),
    ],
    "05.4": [
        (lambda text: units_by_pattern(text, letters=""), "'L4+12'"),
        (lambda text: [] if "，" in text else units(text), "'4，R12'"),
        (lambda text: units_by_pattern(text, letters="[A-Z]?"), "'AU4, AU7'"),
        (lambda text: units_by_pattern(text, letters="[LR]?"), "'T10+B25'"),
        (lambda text: units_by_pattern(text) or [("", 0)], "'?'"),
    ],
}
