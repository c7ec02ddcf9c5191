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


def workbook(path, sheets, hidden=()):
    """A workbook with some of its sheets hidden, in one of the two ways."""
    book = openpyxl.load_workbook(write_xlsx(path, sheets))
    for name, state in hidden:
        book[name].sheet_state = state
    book.save(path)
    return path


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_sheet_that_nobody_sees_is_not_read_before_one_that_is_seen(tmp_path, state):
    old = [LINES[0], [9, 9, 9, 9]]
    for sheets in ({"old": old, "label": LINES}, {"label": LINES, "old": old}):
        path = workbook(tmp_path / "t.xlsx", sheets, [("old", state)])
        table = read_table(path, COLUMNS)
        assert table.to_dict("list") == READ
        told = "sheet 'label' of t.xlsx is read; not read: 'old' (hidden)"
        assert table.attrs["notes"] == (told,)
        assert read_table(path, COLUMNS, sheet="old")["onset"].tolist() == ["9"]


def test_a_sheet_that_nobody_sees_does_not_win_because_it_is_the_whole_one(tmp_path):
    sheets = {"label": [LINES[0][:3], [1, 2, 3]], "old": [LINES[0], [9, 9, 9, 9]]}
    path = workbook(tmp_path / "t.xlsx", sheets, [("old", "hidden")])
    with pytest.raises(MepsError, match="sheet 'old' has all columns and is hidden; .*--sheet"):
        read_table(path, COLUMNS)


def test_which_of_several_sheets_was_read_is_said(tmp_path):
    sheets = {"notes": [["x"]], "label": LINES}
    notes = read_table(write_xlsx(tmp_path / "t.xlsx", sheets), COLUMNS).attrs["notes"]
    assert notes == ("sheet 'label' of t.xlsx is read; not read: 'notes'",)
    alone = read_table(write_xlsx(tmp_path / "u.xlsx", {"label": LINES}), COLUMNS)
    assert alone.attrs == {"notes": (), "header": LINES[0]}


def test_a_formula_without_its_value_is_named(tmp_path):
    """As openpyxl writes it, for one: the value is what a spreadsheet program adds."""
    lines = [[*LINES[0], "remark"], ["spNO.1", 60, "/", "4", "=B2"], ["006", 149, "=B3-2", "9", ""]]
    path = write_xlsx(tmp_path / "t.xlsx", {"label": lines})
    with pytest.raises(MepsError, match="sheet 'label', row 3, column 'Apex': a formula whose val"):
        read_table(path, COLUMNS)
    lines[2][2] = 147  # a remark is nobody's business
    path = write_xlsx(tmp_path / "t.xlsx", {"label": lines})
    assert read_table(path, COLUMNS)["apex"].tolist() == ["/", "147"]


def test_a_formula_with_its_value_is_its_value(tmp_path):
    """Also one that came to no text, which is an empty cell and no lost one."""
    path = write_xlsx(tmp_path / "t.xlsx", {"label": [LINES[0], ["a", 2, "=B2+1", '=""']]})
    saved = tmp_path / "u.xlsx"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(saved, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("sheet1.xml"):
                for cell, kind, value in (("C2", "", "3"), ("D2", ' t="str"', "")):
                    head, _, tail = content.partition(f'<c r="{cell}"'.encode())
                    _, _, tail = tail.partition(b"</f>")
                    tail = tail.partition(b"</c>")[2]
                    formula = "B2+1" if cell == "C2" else '""'
                    made = f'<c r="{cell}"{kind}><f>{formula}</f><v>{value}</v></c>'
                    content = head + made.encode() + tail
            new.writestr(name, content)
    table = read_table(saved, COLUMNS)
    assert (table["apex"][0], table["aus"][0]) == ("3", "")


def test_a_small_file_that_unpacks_to_a_giant_is_refused_at_once(tmp_path):
    """One cell of 101 million letters, which packs to 100 kB."""
    book = openpyxl.Workbook()
    book.active.append(["Subject", "Apex"])
    book.active.append(["1", "20"])
    plain, giant = tmp_path / "plain.xlsx", tmp_path / "giant.xlsx"
    book.save(plain)
    cell = (
        b'<row r="3"><c r="A3" t="inlineStr"><is><t>' + b"A" * 101_000_000 + b"</t></is></c></row>"
    )
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(giant, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            text = old.read(name)
            end = b"</sheetData>"
            new.writestr(name, text.replace(end, cell + end) if "sheet1" in name else text)
    assert giant.stat().st_size < 1e6
    with pytest.raises(MepsError, match=r"giant\.xlsx: 101 MB unpacked, 100 at most are read"):
        read_sheets(giant)
    assert list(read_sheets(plain)) == ["Sheet"]
