"""Every row of the ledger is held by tests that are there, or says in words why none can."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEDGER = (ROOT / "book/replication_ledger.md").read_text(encoding="utf-8")


def held_by(ledger: str) -> dict[str, str]:
    """The fifth cell of each row, by the row's name."""
    rows = re.findall(r"^\* - \(ledger-([\w-]+)\)=\n(.*?)(?=^\* - |^:::)", ledger, re.M | re.S)
    return {name: re.split(r"^  - ", row, flags=re.M)[-1].strip() for name, row in rows}


def collected(path: Path) -> set[str]:
    """Tests of a file, as pytest collects them."""
    if not path.is_file() or not path.match("test_*.py"):
        return set()
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return {x.name for x in body if isinstance(x, ast.FunctionDef) and x.name.startswith("test_")}


def wrong(cell: str) -> list[str]:
    """What a cell names that is no test; the cell itself where it names none and says not why."""
    named = re.findall(r"`(tests/[^`]*)`", cell)
    if not named:
        return [] if re.match(r"No test can \w+ ", cell) else [cell]
    parts = ((name, *name.partition("::")) for name in named)
    return [name for name, file, _, test in parts if test not in collected(ROOT / file)]


def test_every_row_is_held_by_tests_that_exist_or_says_why_not():
    cells = held_by(LEDGER)
    assert len(cells) == LEDGER.count("(ledger-") - 1 >= 37  # the last one is a heading
    assert {name: wrong(cell) for name, cell in cells.items() if wrong(cell)} == {}


HERE = "tests/book/test_ledger.py"


@pytest.mark.parametrize(
    "cell",
    [
        f"`{HERE}`",
        f"`{HERE}::test_that_is_not_there`",
        f"`{HERE}::collected`",
        "`tests/book/test_gone.py::test_every_row`",
        "`tests/handmade.py::changed`",
        "Nothing.",
        "",
    ],
)
def test_a_row_that_nothing_holds_is_noticed(cell):
    good = f"`{HERE}::test_a_row_that_nothing_holds_is_noticed`"
    assert wrong(good) == wrong("No test can tell what a person finds simple.") == []
    assert len(wrong(cell)) == 1
    assert len(wrong(f"{good},\n    {cell}")) == ("`" in cell)
