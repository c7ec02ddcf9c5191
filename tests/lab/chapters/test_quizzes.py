"""No question of the book gives its answer away by length or by a word."""

import re
from pathlib import Path

import pytest

from tools.notebook import read_chapter

CHAPTERS = sorted((Path(__file__).parents[3] / "notebooks").glob("[0-9][0-9]_*.md"))
GIVE_AWAY = re.compile(
    r"\b(always|never|only|all|every|everything|everybody|nothing|nobody|any|must|cannot|"
    r"certainly|impossible|obviously|merely|just)\b",
    re.I,
)


@pytest.fixture(scope="module")
def questions():
    found = []
    for path in CHAPTERS:
        for cell in read_chapter(path)[1].cells:
            if "quiz" in cell.metadata.get("tags", []):
                exec(cell.source, {"show_quiz": found.extend})
    return found


def lengths(question):
    return len(question["right"][0]), [len(option) for option, _ in question["wrong"]]


def test_the_right_option_is_the_longest_in_a_third_at_most_and_not_the_shortest_in_most(questions):
    assert len(questions) >= 3 * len(CHAPTERS)
    sizes = [lengths(question) for question in questions]
    assert sum(right >= max(wrong) for right, wrong in sizes) <= len(sizes) / 3
    assert sum(right <= min(wrong) for right, wrong in sizes) <= len(sizes) / 2


def test_no_option_is_told_by_a_word_without_exception(questions):
    options = [
        option for question in questions for option, _ in (question["right"], *question["wrong"])
    ]
    assert [option for option in options if GIVE_AWAY.search(option)] == []


def test_yes_and_no_are_not_told_by_standing_alone(questions):
    """Where options begin with yes or no, a wrong one begins as the right one does."""
    for question in questions:
        first, *others = (
            option.split(",")[0].lower() for option, _ in (question["right"], *question["wrong"])
        )
        assert first not in ("yes", "no") or first in others, question["ask"]
