"""What is wrong with annotation tables in practice: one clear error each.

Each row makes the bad thing, does what a person would do with it, and names what the message
must say. What only looks wrong, such as a full-width comma, has to index like the right thing.
"""

import csv

import openpyxl
import pytest

from meps_lab.datasets.index.build import IndexOptions, build_index
from meps_lab.datasets.readers.tables import read_table
from meps_lib.errors import MepsError

COLUMNS = "Subject,Filename,,OnsetFrame,ApexFrame,OffsetFrame,,Action Units,Estimated Emotion"
HEADER = COLUMNS.split(",")
ROWS = [
    ["1", "EP01_01", "", "46", "59", "86", "", "4+L12", "happiness"],
    ["1", "EP01_02", "", "10", "20", "30", "", "14", "repression"],
    ["2", "EP02_01", "", "5", "/", "25", "", "1+2", "surprise"],
]
TABLE = "CASME2-coding-20140508"


def changed(row, column, text):
    """The lines of a right table, but for one cell; rows are counted as Excel does."""
    lines = [list(line) for line in (HEADER, *ROWS)]
    lines[row - 1][lines[0].index(column)] = text
    return lines


def write(path, lines=(HEADER, *ROWS), **how):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, **how).writerows(lines)
    return path


def write_xlsx(path, lines=(HEADER, *ROWS), sheet="Sheet1"):
    book = openpyxl.Workbook()
    book.active.title = sheet
    for line in lines:
        book.active.append(line)
    book.save(path)
    return path


def index(tmp, lines=(HEADER, *ROWS)):
    write(tmp / f"{TABLE}.csv", lines)
    return build_index("casme2", tmp)


def no_such_sheet(tmp):
    path = write_xlsx(tmp / "label.xlsx", sheet="label v1")
    read_table(path, {"subject": ("Subject",)}, sheet="label")


def column_missing(tmp):
    index(tmp, [[c for k, c in enumerate(line) if k != 4] for line in (HEADER, *ROWS)])


def column_twice(tmp):
    index(tmp, [[*line, line[3]] for line in (HEADER, *ROWS)])


def header_missing(tmp):
    index(tmp, ROWS)


def header_alone(tmp):
    index(tmp, [HEADER])


def empty_csv(tmp):
    (tmp / f"{TABLE}.csv").touch()
    build_index("casme2", tmp)


def empty_xlsx(tmp):
    (tmp / f"{TABLE}.xlsx").touch()
    build_index("casme2", tmp)


def xlsx_without_a_cell(tmp):
    write_xlsx(tmp / f"{TABLE}.xlsx", [])
    build_index("casme2", tmp)


def commas_alone(tmp):
    (tmp / f"{TABLE}.csv").write_text(",,,\n,,,\n")
    build_index("casme2", tmp)


def csv_called_xlsx(tmp):
    write(tmp / f"{TABLE}.xlsx")
    build_index("casme2", tmp)


def xlsx_called_csv(tmp):
    write_xlsx(tmp / "a.xlsx").rename(tmp / f"{TABLE}.csv")
    build_index("casme2", tmp)


def truncated_xlsx(tmp):
    path = write_xlsx(tmp / f"{TABLE}.xlsx")
    path.write_bytes(path.read_bytes()[:2000])
    build_index("casme2", tmp)


def zip_called_xlsx(tmp):
    (tmp / f"{TABLE}.xlsx").write_bytes(b"PK\x05\x06" + bytes(18))
    build_index("casme2", tmp)


def broken_xls(tmp):
    (tmp / f"{TABLE}.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000))
    build_index("casme2", tmp)


def csv_of_another_encoding(tmp):
    lines = changed(2, "Action Units", "4，12")
    text = "\n".join(",".join(line) for line in lines)
    (tmp / f"{TABLE}.csv").write_bytes(text.encode("gb18030"))
    build_index("casme2", tmp)


def quote_left_open(tmp):
    index(tmp)
    path = tmp / f"{TABLE}.csv"
    path.write_text(path.read_text().replace("4+L12", '"4+L12'))
    build_index("casme2", tmp)


def comma_for_point(tmp):
    index(tmp, changed(3, "OnsetFrame", "10,0"))


def word_for_frame(tmp):
    index(tmp, changed(4, "OffsetFrame", "end"))


def negative_frame(tmp):
    index(tmp, changed(2, "OnsetFrame", "-46"))


def failed_formula(tmp):
    write_xlsx(tmp / f"{TABLE}.xlsx", changed(2, "ApexFrame", "#REF!"))
    build_index("casme2", tmp)


def no_subject(tmp):
    index(tmp, changed(3, "Subject", ""))


def subject_in_words(tmp):
    index(tmp, changed(3, "Subject", "the second"))


def misspelt_emotion(tmp):
    index(tmp, changed(4, "Estimated Emotion", "suprise"))


def same_clip_twice(tmp):
    index(tmp, [*changed(3, "OffsetFrame", "31"), ROWS[1]])


def unknown_rule(tmp):
    write(tmp / f"{TABLE}.csv")
    build_index("casme2", tmp, IndexOptions(rules={"no-apx": "drop"}))


def unknown_action(tmp):
    write(tmp / f"{TABLE}.csv")
    build_index("casme2", tmp, IndexOptions(rules={"no-apex": "mend"}))


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (no_such_sheet, "label.xlsx: no sheet 'label'; it has 'label v1'"),
        (column_missing, "csv, row 1: no column 'Apex ?Frame'.*found 'Subject', .*'OffsetFrame'"),
        (column_twice, "csv, row 1: 2 columns are called 'OnsetFrame'; rename"),
        (header_missing, "csv, row 1: no column 'Subject'.*found '1', 'EP01_01'.*header missing"),
        (header_alone, "csv: no row below the header in row 1"),
        (empty_csv, "csv is empty \\(0 bytes\\)"),
        (empty_xlsx, "xlsx is empty \\(0 bytes\\)"),
        (xlsx_without_a_cell, "xlsx, sheet 'Sheet1' is empty"),
        (commas_alone, "csv is empty"),
        (csv_called_xlsx, "xlsx is no spreadsheet.*end in .csv"),
        (xlsx_called_csv, "csv is a spreadsheet.*end in .xlsx"),
        (truncated_xlsx, "xlsx: cannot be read as a spreadsheet.*copy it anew"),
        (zip_called_xlsx, "xlsx is no spreadsheet"),
        (broken_xls, "xls: cannot be read as a spreadsheet"),
        (csv_of_another_encoding, "csv: byte [0-9]+ is not UTF-8; save it anew"),
        (quote_left_open, "csv, line [0-9]+: .*quote left open"),
        (comma_for_point, "csv, row 3, column Onset ?Frame: got '10,0'.*a point where a comma"),
        (word_for_frame, "csv, row 4, column Offset ?Frame: got 'end'; expected a whole number"),
        (negative_frame, "csv, row 2, column Onset ?Frame: got '-46'"),
        (failed_formula, "xlsx, row 2, column Apex ?Frame: got '#N/A'"),
        (no_subject, "csv, row 3, column Subject: got ''; expected a subject"),
        (subject_in_words, "csv, row 3, column Subject: got 'the second'"),
        (misspelt_emotion, "csv, row 4, column .*Emotion: unknown emotion 'suprise'.*surprise"),
        (same_clip_twice, "csv, rows 3, 5: .*sub01_EP01_02"),
        (unknown_rule, "unknown rule 'no-apx'; this data set has: .*no-apex"),
        (unknown_action, "no-apex='mend'; expected one of drop, keep"),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_bad_tables_are_one_clear_error(tmp_path, act, message):
    with pytest.raises(MepsError, match=f"(?s){message}"):
        act(tmp_path)


def same_as_right(tmp, lines):
    """Whether a table gives the index of the right one, but for what was typed."""
    (tmp / "right").mkdir()
    (tmp / "odd").mkdir()
    right, odd = index(tmp / "right").table, index(tmp / "odd", lines).table
    assert len(right) == 3
    return odd.drop(columns="aus_raw").equals(right.drop(columns="aus_raw"))


@pytest.mark.parametrize("spelling", ["spNO.1", "spNO1", "sub01", "s01", "001", "1.0", "１"])
def test_spellings_of_a_subject_are_one_subject(tmp_path, spelling):
    assert same_as_right(tmp_path, changed(3, "Subject", spelling))


@pytest.mark.parametrize("aus", ["4，L12", "４+Ｌ１２", "AU4, L12", "AU4、L12", "4B; l12", "4 L12"])
def test_spellings_of_action_units_are_one_index(tmp_path, aus):
    assert same_as_right(tmp_path, changed(2, "Action Units", aus))


@pytest.mark.parametrize(
    ("column", "text"),
    [("OnsetFrame", "４６"), ("OnsetFrame", "46.0"), ("Estimated Emotion", " Happy ")],
)
def test_spellings_of_other_cells(tmp_path, column, text):
    got = index(tmp_path, changed(2, column, text)).table.iloc[0]
    assert (got["onset"], got["emotion"]) == (46, "happiness")


def test_a_wrong_unit_is_caught_by_that_comparison(tmp_path):
    assert not same_as_right(tmp_path, changed(2, "Action Units", "4+R12"))


def test_the_table_alone_indexes_and_says_what_is_missing(tmp_path):
    found = index(tmp_path)
    assert len(found.table) == 3 and (found.table["colour"] == "").all()
    assert found.missing


def test_a_line_of_totals_is_refused_with_what_to_do(tmp_path):
    lines = [HEADER, *ROWS, ["Total", "3", *[""] * 7]]
    with pytest.raises(MepsError, match="row 5, column Subject: got 'Total'.*delete the row if it"):
        index(tmp_path, lines)
