"""What the readers have met: told by the index where a guess decides, and on the data page."""

from pathlib import Path

import pytest

from meps_lab.datasets import build_index, seen_table
from meps_lab.datasets.index.kind import NEVER, TABLE, YES
from meps_lab.datasets.index.kinds import MODULES, kind_of
from meps_lab.simulate.layouts import write_layout

PAGE = Path(__file__).parents[4] / "book" / "data_access.md"


def test_every_kind_of_file_of_every_set_has_a_row():
    table = seen_table()
    for name in MODULES:
        assert kind_of(name).seen, name
        assert {one.real for one in kind_of(name).seen} <= {YES, TABLE, NEVER}
    assert not table.duplicated(["data set", "files"]).any()
    assert set(table["data set"]) == {kind_of(n).title for n in MODULES if n != "megc2019"}


def test_the_data_page_shows_the_same_table():
    text = PAGE.read_text(encoding="utf8")
    for row in seen_table().itertuples(index=False):
        assert f"| {' | '.join(row)} |" in text


@pytest.mark.parametrize(
    ("kind", "size", "guess", "change"),
    [
        ("wesad", {"trials": 5}, "units", None),
        ("casme3-c", {"trials": 4, "size": 32}, "where the texts lie", "part_C/Physiology"),
    ],
)
def test_a_guess_is_said_where_it_decides_and_nowhere_else(tmp_path, kind, size, guess, change):
    write_layout(kind, tmp_path / "set", n_subjects=2, **size)
    notes = build_index(kind, tmp_path / "set").notes
    assert any(guess in note and "no real file has shown yet" in note for note in notes)
    if change:
        (tmp_path / "set" / change).rename(tmp_path / "elsewhere")
        assert not any(guess in note for note in build_index(kind, tmp_path / "set").notes)
