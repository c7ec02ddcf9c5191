"""Exercises are posed before they are answered, and every chapter has bets that it keeps."""

import re
from pathlib import Path

import pytest

from meps_lab.chapters.exercises import bet, exercise_ids
from meps_lab.chapters.exercises.checking import _REGISTRY
from tools.notebook import read_chapter

CHAPTERS = sorted((Path(__file__).parents[4] / "notebooks").glob("[0-9][0-9]_*.md"))
TASK = re.compile(r"### Exercise (\d+)\.(\d+): .+\n\n(Write `(\w+\(.*?\))` that .+)")


def cells(path):
    return read_chapter(path)[1].cells


def tagged(cell, tag):
    return tag in cell.metadata.get("tags", [])


@pytest.fixture(params=CHAPTERS, ids=lambda path: path.stem)
def chapter(request):
    return request.param


def test_every_exercise_begins_with_what_to_write(chapter):
    asked = 0
    found = [
        cell for cell in cells(chapter) if tagged(cell, "solution") or cell.cell_type == "markdown"
    ]
    tasks = [
        m for cell in found if cell.cell_type == "markdown" for m in TASK.finditer(cell.source)
    ]
    stubs = [cell.metadata.stub for cell in found if tagged(cell, "solution")]
    for number, (task, stub) in enumerate(zip(tasks, stubs, strict=True), 1):
        asked += 1
        assert task[2] == str(number)
        assert f'def {task[4]}:\n    """' in stub, task[4]
    numbers = [name for name in exercise_ids() if name.startswith(chapter.stem[:2])]
    assert asked == len(numbers)


def test_what_is_right_is_folded_away(chapter):
    checks = [cell for cell in cells(chapter) if tagged(cell, "check")]
    assert checks and all(tagged(cell, "hide-cell") for cell in checks)


def test_what_one_may_bet_on_stands_in_the_stub(chapter):
    stubs = [cell.metadata.stub for cell in cells(chapter) if tagged(cell, "solution")]
    for number, stub in enumerate(stubs, 1):
        bets = _REGISTRY[f"{chapter.stem[:2]}.{number}"].bets
        if bets:
            offered = re.search(r"^# Your bet: (.+)\.\n\w+ = \.\.\.$", stub, re.M)[1]
            assert re.split(", | or ", offered.replace('"', "'")) == [repr(word) for word in bets]


def test_every_chapter_keeps_two_bets_and_shows_them_beside_the_run(chapter):
    code = "\n".join(cell.source for cell in cells(chapter) if cell.cell_type == "code")
    kept = re.findall(r"^(\w+) = bet\(\.\.\., .+\)$", code, re.M)
    shown = [name for name in kept if f"{name}.beside(" in code]
    number = chapter.stem[:2]
    in_checks = [name for name in exercise_ids() if _REGISTRY[name].bets and name[:2] == number]
    assert kept == shown and len(shown + in_checks) >= 2


@pytest.mark.parametrize(
    ("mine", "lines"),
    [
        (..., ["your bet: none yet", "the run:  fall"]),
        ("Falls ", ["your bet: fall", "the run:  fall"]),
        (
            "up",
            ["'up' is no bet; make it 'rise' or 'fall'", "your bet: none yet", "the run:  fall"],
        ),
    ],
)
def test_a_bet_stands_beside_the_result(capsys, mine, lines):
    bet(mine, "rise", "fall").beside("fall")
    assert capsys.readouterr().out.splitlines() == lines


def test_a_bet_may_be_a_number(capsys):
    bet(2, 0, 1, 2).beside(1)
    assert capsys.readouterr().out == "your bet: 2\nthe run:  1\n"
