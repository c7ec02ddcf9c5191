"""The checks of chapter 5 tell right answers from plausible wrong ones."""

import re

import numpy as np
import pytest

from meps_lab.chapters.exercises import check
from meps_lab.datasets.readers import cells


def verdict(capsys, number, answer):
    check(number, answer)
    return capsys.readouterr().out


def position(onset, apex, offset, careful=True):
    if careful and (not onset <= apex <= offset or onset == offset):
        return float("nan")
    return (apex - onset) / max(offset - onset, 1)


def row(marker, frame, which=0):
    return round(np.flatnonzero(np.asarray(marker) == 5)[which] + frame / 30 * 200)


def units(text):
    """The library's own parser is another way to the same answer."""
    return cells.coded(cells.action_units(text, "a cell"))


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("05.1", position),
        ("05.2", lambda text: cells.subject_number(text, "a cell")),
        ("05.3", row),
        ("05.4", units),
    ],
)
def test_right(number, answer, capsys):
    assert verdict(capsys, number, answer).startswith("correct")


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        ("05.1", lambda a, b, c: position(a, b, c, careful=False), "NaN is expected"),
        ("05.1", lambda a, b, c: (c - b) / max(c - a, 1), "expected 0.3"),
        ("05.2", lambda text: re.sub(r"\D", "", text), "as a number"),
        ("05.2", lambda text: int(re.sub(r"[^1-9]", "", text)), "'sub20'"),
        ("05.2", lambda text: int(text[-1]) if text[-1].isdigit() else 7, "'S17'"),
        ("05.3", lambda marker, frame: round(frame / 30 * 200), "does not start"),
        ("05.3", lambda marker, frame: row(marker, frame, which=-1), "first 5 counts"),
        ("05.3", lambda marker, frame: round(np.argmax(marker) + frame / 30 * 200), "falls on"),
        ("05.3", lambda marker, frame: 400 + int(frame / 30 * 200), "rounded"),
        ("05.3", lambda marker, frame: row(marker, frame) + frame, "falls on row"),
        ("05.4", lambda t: [("", int(n)) for n in re.findall(r"\d+", t)], "'L4+12'"),
        ("05.4", lambda t: [] if "，" in t else units(t), "'4，R12'"),
    ],
)
def test_wrong(number, answer, hint, capsys):
    out = verdict(capsys, number, answer)
    assert out.startswith("not yet") and hint in out
