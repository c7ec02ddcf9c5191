"""The plans of the workshops: minutes add up, what they name exists, sheets and bets agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.notebook import read_chapter

ROOT = Path(__file__).resolve().parents[2]
SHEETS = (ROOT / "book/workshop_sheets.md").read_text(encoding="utf-8")
PLANS = {  # minutes of each table of the plan, and the sheet's title
    "workshop_90": ([90], "90 minutes"),
    "workshop_half_day": ([180], "half a day"),
    "workshop_two_days": ([170] * 4, "two days"),
}


def text_of(name: str) -> str:
    return (ROOT / f"book/{name}.md").read_text(encoding="utf-8")


def rows(text: str) -> list[list[str]]:
    """Cells of each line of a table."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def headings(page: str) -> set[str]:
    """Titles on a page of the book or of a chapter, code left out."""
    if page.startswith("../"):
        cells = read_chapter(ROOT / "book" / f"{page}.md")[1].cells
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    else:
        text = text_of(page)
    return set(re.findall(r"^#+ (.+)$", text, flags=re.M))


def bets_of(table: list[list[str]], name: int, options: int, between: str) -> dict:
    """Each bet's letter or number, and what may be bet on."""
    found = {}
    for row in table:
        if letter := re.match(r"([A-F]|\d+)(?= |$)", row[name]):
            words = row[options].replace("_", " ").split(between)
            found[letter[0]] = [word.strip() for word in words]
    return found


@pytest.mark.parametrize("name", PLANS)
def test_minutes_follow_each_other_to_the_end(name):
    plan = text_of(name).split("## The plan")[1].split("\n## ")[0]
    ends, last = [], 0
    for start, end in re.findall(r"^\| (\d+)–(\d+) \|", plan, flags=re.M):
        if start == "0" and last:
            ends.append(last)
        else:
            assert int(start) == last
        last = int(end)
    assert [*ends, last] == PLANS[name][0]


@pytest.mark.parametrize("name", PLANS)
def test_sections_and_exercises_that_a_plan_names_exist(name):
    known = {}
    for row in rows(text_of(name).split("## The plan")[1].split("\n## ")[0]):
        if not re.match(r"\d+–\d+$", row[0]):
            continue
        pages = re.findall(r"\{doc\}`(?:[^`<]*<)?([^`>]+)>?`", row[1])
        for page in pages:
            known.setdefault(page, headings(page))
        for section in re.findall(r'"([^"]+)"', row[1]):
            assert any(section in known[page] for page in pages), (row[0], section)
        for exercise in re.findall(r"Exercise (\d+\.\d+)", " ".join(row)):
            titles = set().union(*known.values())
            assert any(title.startswith(f"Exercise {exercise}:") for title in titles), exercise


@pytest.mark.parametrize("name", PLANS)
def test_a_sheet_has_the_bets_of_its_workshop_and_no_answer(name):
    bets = text_of(name).split("\n## Bets")[1].split("\n## ")[0]
    sheet = SHEETS.split(f"## Sheet for {PLANS[name][1]}")[1].split("\n## ")[0]
    asked, printed = bets_of(rows(bets), 0, 3, ","), bets_of(rows(sheet), 0, 1, "·")
    assert len(asked) >= 5
    assert printed == asked
    assert {row[2] for row in rows(sheet) if row[0].split(" ")[0] in asked} == {""}
