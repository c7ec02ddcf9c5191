"""Every check takes right answers, however written, and names what is wrong with plausible ones."""

import importlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from meps_lab.chapters.exercises import check, exercise_ids
from meps_lab.chapters.exercises.checking import _REGISTRY
from meps_lab.simulate.body.physiology import Body, record
from meps_lab.simulate.timing import time_course
from tools.notebook import read_chapter

CHAPTERS = sorted((Path(__file__).parents[4] / "notebooks").glob("[0-9][0-9]_*.md"))
GIVEN = {"np": np, "pd": pd, "Body": Body, "record": record, "time_course": time_course}
ANSWERS = [
    importlib.import_module(f"tests.lab.chapters.exercises.answers.ch{path.stem[:2]}")
    for path in CHAPTERS
]
RIGHT = {name: right for answers in ANSWERS for name, right in answers.RIGHT.items()}
WRONG = {name: wrong for answers in ANSWERS for name, wrong in answers.WRONG.items()}
IDS = [name for name in exercise_ids() if name < "90"]  # 98.1 is an example of a docstring
BETS = [name for name in IDS if _REGISTRY[name].bets]


@pytest.fixture(scope="module")
def solutions():
    """What the chapters hand to each check when their own solutions stand in."""
    found = {}
    for path in CHAPTERS:
        space = {**GIVEN, "check": found.__setitem__}
        for cell in read_chapter(path)[1].cells:
            if {"solution", "check"} & set(cell.metadata.get("tags", [])):
                exec(cell.source, space)
    return found


@pytest.fixture
def said(capsys):
    """Check a function, with a bet where one is asked for, and return the line."""

    def run(name, function, bet=None):
        bets = _REGISTRY[name].bets
        check(name, (bet or bets[0], function) if bets else function)
        return capsys.readouterr().out.strip()

    return run


def test_every_exercise_has_two_right_answers_and_three_wrong_ones(solutions):
    assert list(solutions) == IDS
    assert RIGHT.keys() == WRONG.keys() == set(IDS)
    assert all(RIGHT.values())  # beside the solution of the chapter
    assert [name for name, wrong in WRONG.items() if len(wrong) < 3] == []


@pytest.mark.parametrize("name", IDS)
def test_the_chapters_solution_passes(capsys, solutions, name):
    check(name, solutions[name])
    assert capsys.readouterr().out.startswith("correct: ")


@pytest.mark.parametrize(
    ("name", "answer"), [(name, answer) for name in RIGHT for answer in RIGHT[name]]
)
def test_other_right_answers_pass(said, name, answer):
    assert said(name, answer).startswith("correct: ")


@pytest.mark.parametrize(
    ("name", "answer", "hint"), [(name, *wrong) for name in WRONG for wrong in WRONG[name]]
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_plausible_mistakes_are_named(said, name, answer, hint):
    line = said(name, answer)
    assert line.startswith("not yet: ") and hint in line, line


@pytest.mark.parametrize("name", IDS)
def test_what_is_not_written_is_not_attempted(said, name):
    assert said(name, ...) == "not attempted yet"
    assert said(name, lambda *args, **options: None) == "not attempted yet"


@pytest.mark.parametrize("name", BETS)
def test_any_bet_is_taken_and_shown_beside_the_result(said, solutions, name):
    function = solutions[name][1]
    for option in _REGISTRY[name].bets:
        line = said(name, function, option)
        assert line.startswith("correct: ") and line.endswith(f"(you bet {option!r})")
    line = said(name, function, "perhaps")
    assert line.startswith("not yet: the function is right, the bet cannot be 'perhaps'")


@pytest.mark.parametrize("name", BETS)
def test_a_bet_alone_or_a_function_alone_says_what_is_missing(said, capsys, solutions, name):
    assert said(name, lambda *args: ...) == "not attempted yet"
    for answer in ((..., solutions[name][1]), solutions[name][1]):
        check(name, answer)
        line = capsys.readouterr().out
        assert line.startswith("not yet: the function is right, the bet is missing: make it ")
