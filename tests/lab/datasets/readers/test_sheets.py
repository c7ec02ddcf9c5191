"""Sheets of a spreadsheet: which one is read, and how much of it."""

import zipfile

import openpyxl
import pytest

from meps_lab.datasets.readers.sheets import read_sheets
from meps_lab.datasets.readers.tables import read_table
from meps_lib.errors import MepsError
from tests.lab.datasets.small import write_xlsx

COLUMNS = {"subject": ("Subject",), "onset": ("Onset",), "apex": ("Apex",), "aus": ("AU",)}
LINES = [["Subject", "Onset", "Apex", "AU"], ["spNO.1", 60, "/", "L4+12"], ["006", 149, 147, "9"]]
READ = {
    "subject": ["spNO.1", "006"],
    "onset": ["60", "149"],
    "apex": ["/", "147"],
    "aus": ["L4+12", "9"],
    "row": [2, 3],
}


def test_the_sheet_with_the_table_is_read(tmp_path):
    lines = [["Subject", "Onset", "Apex", "AU"], [1, 2, 3, 4]]
    notes = [["Subject", "see below"], ["", ""]]
    sheets = {"empty": [], "notes": notes, "coding": lines}
    path = write_xlsx(tmp_path / "t.xlsx", sheets)
    assert read_table(path, COLUMNS)["onset"].tolist() == ["2"]
    with pytest.raises(MepsError, match="t.xlsx, sheet 'notes', row 1: no column"):
        read_table(path, COLUMNS, sheet="notes")
    path = write_xlsx(tmp_path / "t.xlsx", sheets | {"old": [lines[0], [9, 9, 9, 9]]})
    with pytest.raises(MepsError, match="sheets 'coding', 'old' have all .*choose one with --sh"):
        read_table(path, COLUMNS)
    assert read_table(path, COLUMNS, sheet="OLD")["onset"].tolist() == ["9"]
    worse = write_xlsx(tmp_path / "u.xlsx", {"notes": [["x"]], "coding": [lines[0][:3], [1, 2, 3]]})
    with pytest.raises(MepsError, match="sheet 'coding', .*no column 'AU'.*'notes', 'coding'"):
        read_table(worse, COLUMNS)


def test_a_whole_table_is_taken_before_one_with_more_columns_that_lacks_some(tmp_path):
    sheets = {"old": [["Onset", "Apex", "AU"], [1, 2, 3]], "new": [["Subject", "Onset"], [4, 5]]}
    path = write_xlsx(tmp_path / "t.xlsx", sheets)
    table = read_table(path, COLUMNS, optional=("apex", "aus"))
    assert table[["subject", "onset"]].to_numpy().tolist() == [["4", "5"]]


def test_a_table_of_thousands_of_rows_with_a_stray_cell_stays_narrow(tmp_path):
    """As wide as its widest line, such a sheet takes 3 GB."""
    path = write_xlsx(tmp_path / "t.xlsx", {"label": [LINES[0], *[LINES[1]] * 4000]})
    book = openpyxl.load_workbook(path)
    book.active["XFD1"] = "x"
    book.save(path)
    assert read_sheets(path)["label"].shape <= (4001, 100)
    assert len(read_table(path, COLUMNS)) == 4000


def test_a_formula_that_failed_is_no_empty_cell(tmp_path):
    path = write_xlsx(tmp_path / "t.xlsx", {"a": [LINES[0], [1, 2, "#REF!", 4]]})
    assert read_table(path, COLUMNS)["apex"].tolist() == ["#N/A"]


def test_a_stray_cell_makes_no_giant(tmp_path):
    """A blank typed into the last cell of a sheet took 40 s and 2 GB."""
    path = write_xlsx(tmp_path / "t.xlsx", {"label": LINES})
    book = openpyxl.load_workbook(path)
    book.active["XFD1"] = book.active["A1048576"] = "x"
    book.save(path)
    page = read_sheets(path)["label"]
    assert page.index.tolist() == [1, 2, 3] and page.shape[1] <= 100
    assert read_table(path, COLUMNS).to_dict("list") == READ


def test_a_gap_of_a_thousand_rows_is_read_over(tmp_path):
    gap = [[]] * 1000
    path = write_xlsx(tmp_path / "t.xlsx", {"label": [*LINES[:2], *gap, ["7", 8, 9, "10"]]})
    assert read_table(path, COLUMNS)["row"].tolist() == [2, 1003]


def test_a_sheet_that_says_it_is_smaller_is_read_whole(tmp_path):
    path = write_xlsx(tmp_path / "t.xlsx", {"label": LINES})
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    assert b'<dimension ref="A1:D3"' in parts[sheet]
    parts[sheet] = parts[sheet].replace(b'<dimension ref="A1:D3"', b'<dimension ref="A1:B2"')
    with zipfile.ZipFile(path, "w") as new:
        for name, content in parts.items():
            new.writestr(name, content)
    assert read_table(path, COLUMNS).to_dict("list") == READ
