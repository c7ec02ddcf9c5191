"""The checks of chapter 4 accept its solutions and any bet, and tell plausible mistakes apart."""

from pathlib import Path

import numpy as np
import pytest

from meps_lab.chapters.exercises import check
from meps_lab.simulate.body.physiology import Body, record
from meps_lab.simulate.timing import time_course
from tools.notebook import read_chapter

CHAPTER = Path(__file__).parents[4] / "notebooks" / "04_laboratory.md"


@pytest.fixture(scope="module")
def solutions():
    """What the chapter itself gives as solutions."""
    _, notebook = read_chapter(CHAPTER)
    space = {"np": np, "Body": Body, "record": record, "time_course": time_course}
    for cell in notebook.cells:
        if "solution" in cell.metadata.get("tags", []):
            exec(cell.source, space)
    return space


def verdict(capsys, exercise, answer):
    check(exercise, answer)
    return capsys.readouterr().out.strip()


ANSWERS = {
    "04.1": ("bet", "rmssd"),
    "04.2": ("humps", "tops"),
    "04.3": ("first_to_fail", "count"),
    "04.4": ("more", "pixels_needed"),
    "04.5": ("lost", "seen"),
    "04.6": ("same", "constant_answer"),
}


@pytest.mark.parametrize("exercise", ANSWERS)
def test_solutions_pass_and_stubs_are_open(capsys, solutions, exercise):
    answer = tuple(solutions[name] for name in ANSWERS[exercise])
    assert verdict(capsys, exercise, answer).startswith("correct: ")
    unwritten = tuple((lambda *_: None) if callable(part) else part for part in answer)
    assert verdict(capsys, exercise, unwritten) == "not attempted yet"
    for part in range(len(answer)):
        open_still = (*answer[:part], ..., *answer[part + 1 :])
        assert verdict(capsys, exercise, open_still) == "not attempted yet"


@pytest.mark.parametrize(
    ("exercise", "bet"),
    [("04.1", "rises"), ("04.2", 2), ("04.3", "missed"), ("04.4", "twice"), ("04.5", "a half"),
     ("04.6", "UF1")],
)  # fmt: skip
def test_a_lost_bet_is_no_mistake(capsys, solutions, exercise, bet):
    rest = [solutions[name] for name in ANSWERS[exercise][1:]]
    assert verdict(capsys, exercise, (bet, *rest)).startswith("correct: ")
    said = verdict(capsys, exercise, ("perhaps", *rest))
    assert said.startswith("not yet: the bet is 'perhaps'")


def sine(hz):
    """RMSSD in ms of intervals that a sine makes: the integral of the rate, by hand."""
    return 1000 * 0.05 / (2 * np.pi * hz) * 4 * np.sin(np.pi * hz * 60 / 70) ** 2 / np.sqrt(2)


def as_written(bulge, noise):
    return int(np.ceil((3 * np.sqrt(2) * noise / bulge) ** 2))


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [("04.1", ("falls", sine)), ("04.4", ("twice", as_written)), ("04.2", (np.int64(2), None))],
)
def test_other_right_answers_pass(capsys, solutions, exercise, answer):
    answer = tuple(solutions["tops"] if part is None else part for part in answer)
    assert verdict(capsys, exercise, answer).startswith("correct: ")


def twice(found, true, tolerance):
    """Every finding near a beat counts, also a second one."""
    near = [np.abs(true - one).min() <= tolerance for one in found]
    return sum(near), len(near) - sum(near)


def any_distance(found, true, tolerance):
    return min(len(found), len(true)), max(0, len(found) - len(true))


def one_frame(bulge, noise):
    return max(1, int(np.ceil((3 * noise / bulge) ** 2)))


def no_root(bulge, noise):
    return max(1, int(np.ceil(3 * np.sqrt(2) * noise / bulge)))


def not_rounded(bulge, noise):
    return 18 * (noise / bulge) ** 2


def not_normalised(apex, n_frames):
    weights = np.exp(-(np.linspace(-3, 3, n_frames) ** 2) / 2)
    return weights @ time_course(n_frames, apex * (n_frames - 1))


def uniform(apex, n_frames):
    return time_course(n_frames, apex * (n_frames - 1)).mean()


def only_answered(counts):
    """Drops the classes that were never answered, as some helpers do."""
    most, total = counts.max(), counts.sum()
    return most / total, 2 * most / (most + total), 1.0


def accuracy_thrice(counts):
    return (counts.max() / counts.sum(),) * 3


MISTAKES = {
    "seconds": ("04.1", ("falls", lambda f: sine(f) / 1000), "0.30 Hz the RMSSD should be near 39"),
    "the instant": ("04.1", ("falls", lambda f: sine(f) / np.sinc(f * 60 / 70)), "at 0.30 Hz"),
    "swapped": ("04.1", ("falls", lambda f: sine(0.45 - f)), "at 0.30 Hz"),
    "same for both": ("04.1", ("stays", lambda f: 39.0), "at 0.15 Hz"),
    "an array": ("04.1", ("falls", lambda f: np.ones(3)), "one number in ms"),
    "always one": ("04.2", (1, lambda d: 1), "1.4 s apart the sum has 2 tops, got 1"),
    "always two": ("04.2", (np.int64(1), lambda d: 2), "1 s apart the sum has 1 top, got 2"),
    "raises": ("04.2", (1, lambda d: 1 // 0), "your code raised ZeroDivisionError"),
    "counted twice": ("04.3", ("invented", twice), "one beat found twice"),
    "no tolerance": ("04.3", ("invented", any_distance), "80 ms late"),
    "one frame": ("04.4", ("twice", one_frame), "two frames enter"),
    "no root": ("04.4", ("twice", no_root), "root of n"),
    "not rounded": ("04.4", ("twice", not_rounded), "whole pixels"),
    "not normalised": ("04.5", ("a tenth", not_normalised), "sum to one"),
    "uniform": ("04.5", ("a tenth", uniform), "apex at 0.5 of 16 frames"),
    "only answered": ("04.6", ("UAR", only_answered), "UF1 should be 0.188"),
    "accuracy thrice": ("04.6", ("UAR", accuracy_thrice), "UF1 should be 0.188"),
    "too few": ("04.6", ("UAR", lambda counts: 0.6), "got 1 values"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_told_apart(capsys, name):
    exercise, answer, hint = MISTAKES[name]
    said = verdict(capsys, exercise, answer)
    assert said.startswith("not yet: ")
    assert hint in said
