"""The checks of chapter 1 accept its solutions and tell plausible mistakes apart."""

from pathlib import Path

import numpy as np
import pytest

from meps_lab.chapters.exercises import check
from tools.notebook import read_chapter

CHAPTER = Path(__file__).parents[4] / "notebooks" / "01_signals.md"


@pytest.fixture(scope="module")
def solutions():
    """The functions that the chapter itself gives as solutions."""
    _, notebook = read_chapter(CHAPTER)
    space = {"np": np}
    for cell in notebook.cells:
        if "solution" in cell.metadata.get("tags", []):
            exec(cell.source, space)
    return space


def verdict(capsys, exercise, answer):
    check(exercise, answer)
    return capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    ("exercise", "name"),
    [("01.1", "rmssd"), ("01.2", "answered"), ("01.3", "context_needed")],
)
def test_solutions_pass(capsys, solutions, exercise, name):
    assert verdict(capsys, exercise, solutions[name]).startswith("correct: ")
    assert verdict(capsys, exercise, ...) == "not attempted yet"
    assert verdict(capsys, exercise, lambda *args: None) == "not attempted yet"


def rms(x):
    return np.sqrt(np.mean(np.square(x)))


def one_sided(beat_times, starts, length, need):
    for context in range(61):
        last = np.searchsorted(beat_times, starts + length + context)
        if np.min(last - np.searchsorted(beat_times, starts)) >= need:
            return context


def on_average(beat_times, starts, length, need):
    for context in range(61):
        first = np.searchsorted(beat_times, starts - context)
        last = np.searchsorted(beat_times, starts + length + context)
        if np.mean(last - first) >= need:
            return context


MISTAKES = {
    "seconds": ("01.1", lambda b, f: rms(np.diff(np.diff(b) / f)), "these are seconds"),
    "samples": ("01.1", lambda b, f: rms(np.diff(np.diff(b))), "these are samples"),
    "sdnn": ("01.1", lambda b, f: 1000 * np.std(np.diff(b) / f), "spread of the intervals"),
    "mean removed": (
        "01.1", lambda b, f: 1000 * np.std(np.diff(np.diff(b) / f)), "subtract the mean"
    ),
    "a constant": ("01.1", lambda b, f: 100.0, "expected 60 ms"),
    "either side": ("01.2", lambda o, e, w=(1, 3): np.any((abs(o - e) >= 1) & (abs(o - e) <= 3)),
                    "before"),
    "no lower end": ("01.2", lambda o, e, w=(1, 3): np.any((o >= e) & (o <= e + 3)), "too early"),
    "any later": ("01.2", lambda o, e, w=(1, 3): np.any(o >= e + 1), "too late"),
    "first only": ("01.2", lambda o, e, w=(1, 3): len(o) > 0 and e + 1 <= o[0] <= e + 3,
                   "one response in time is enough"),
    "open ends": ("01.2", lambda o, e, w=(1, 3): np.any((o > e + 1) & (o < e + 3)), "its ends"),
    "one a response": ("01.2", lambda o, e, w=(1, 3): (o >= e + 1) & (o <= e + 3), "expected"),
    "fixed window": ("01.2", lambda o, e, w=(1, 3): np.any((o >= e + 1) & (o <= e + 3)),
                     "use the argument"),
    "always": ("01.2", lambda o, e, w=(1, 3): True, "none"),
    "one side": ("01.3", one_sided, "before *and* after"),
    "on average": ("01.3", on_average, "unluckiest"),
    "a fixed answer": ("01.3", lambda b, s, length, need: 2, "expected"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_named(capsys, mistake):
    exercise, wrong, hint = MISTAKES[mistake]
    said = verdict(capsys, exercise, wrong)
    assert said.startswith("not yet: ") and hint in said, said
