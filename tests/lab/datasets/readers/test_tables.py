"""Tables against pandas' own reading, in each file format."""

import base64
import csv
import io
import zlib

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meps_lab.datasets.readers.tables import read_table
from meps_lib.errors import MepsError
from tests.lab.datasets.small import write_xlsx

COLUMNS = {
    "subject": ["Subject"],
    "onset": ["OnsetFrame", "Onset"],
    "apex": ["Apex"],
    "aus": ["AU"],
}
LINES = [
    ["Subject", "Onset Frame", "Apex", "AU"],
    ["spNO.1", 60, "/", "L4+12"],
    ["006", 149.0, 147, "4，9"],
    ["", None, None, None],
    ["spNO3", 5, 0.5, ""],
]
READ = {
    "subject": ["spNO.1", "006", "spNO3"],
    "onset": ["60", "149", "5"],
    "apex": ["/", "147", "0.5"],
    "aus": ["L4+12", "4，9", ""],
    "row": [2, 3, 5],
}
# `LINES` in the sheet "label", and an empty sheet "notes", as Excel 97 kept them (BIFF 8 in OLE).
XLS = """
eNrtWE1IVFEU/u6dN+OM+TNjKmggg9CfSmlK1EIng3RToxWVRFAz+hblNMo4QbUozVwGQauijeCmjdWmHyqoXVBg
1CIIAq1lq6Kghfo657w3/tQEDplkvO9xz7v33Hu+e+69597382oiNDl6t3IKP6EFHsxaAfgW6BSlQKYQBNVbFmcz
dz8ly8WqQsBPC+nz4lHhyzxeQ17vKWjcMZ6RBD5QOoZ+RPuSZngFsVt8iCn2oVkZFHsaNykVoUL8KhHZLXKtyNvS
9rHIXaK5IrKZ2k6qo5iIRGt2OHHcpaulroikwn2xeSeaBpThOcfxxavKbutFa+pkLPFvVlQZBRgDrVy7mTRTscQk
SmkJx/DNCgNfM3v1adjVr6xegfTfF+vzsuivaQMYhHVCcSCOoBDFBtd4kYjFzQQrhny2ItmXNgem0YV8KnKiVT94
Jn7K7E6vATqSA2Y63JaKnTaJoLXfPEvR3HqIbAf6ox1bGihstnqBvU21Dds8QH39dg9UEwqsnUQtbRqZ0z4OgouO
g0LZJAUke1As+ZBslSAd+NO3Pr/eF++MHBfNoDwC7AfFeh4ZLAyxBRkXwR4Gg2tqxKJW5CVhXSf5SpGl1JLuGzrL
nEzbsLS5LLUbqJ9GwZvIxgX5TZQf+bT/QdXIx8hmyo+3T50vHX8bGUU1Pbh6yJ6vYdSpOnXjOuNhJHNXzpHyXmTF
L8eLXwcd3y3naViMGVkH0Hww7BLPjporaWeu7JKHSh6HS2XhUsLFs3NB54uvIXxxrJVweedKzOVzuHQWLi1cvIhP
ZGTMdVizLqrZL7sNs/gdFo94P8+itE90Iak1svRhSG3A6cOQPspF90LGzgyG9NGiS3CPXaKjeR7LF3H4bcTNY7VF
nMwZss2ZCxcuXLhw4cLFH0DJixrkRc9wXtB99seF/NeZoTTr/ib5b3EAfXSl6bN0D5J0T+FcTvFTDq/KcKkl2mT+
FzKOUO8p9CIufvTmHL/0Cq0WjmfJhsHl20K59j+bi59/uf8fmJ4HaA==
"""
AUS = "1,2,4,5,6,7,9,10,12,14,17,20,23,24,25,26"  # more commas than there are columns
SHARED = [HealthCheck.function_scoped_fixture]
STEADY = settings(derandomize=True, max_examples=100, suppress_health_check=SHARED)


def write_csv(path, lines, **how):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, **how).writerows(lines)
    return path


def xls(path):
    path.write_bytes(zlib.decompress(base64.b64decode(XLS)))
    return path


def table_xlsx(folder):
    return write_xlsx(folder / "t.xlsx", {"label": LINES, "notes": [["nothing"]]})


def table_csv(folder):
    lines = [["" if v is None else v for v in line] for line in LINES]
    lines[2][1] = 149  # a spreadsheet shows 149.0 as 149
    return write_csv(folder / "t.csv", lines)


MAKERS = [table_xlsx, lambda folder: xls(folder / "t.xls"), table_csv]


@pytest.mark.parametrize("make", MAKERS, ids=["xlsx", "xls", "csv"])
def test_every_format_reads_the_same(tmp_path, make):
    path = make(tmp_path)
    assert read_table(path, COLUMNS).to_dict("list") == READ
    if path.suffix == ".csv":
        with pytest.raises(MepsError, match="t.csv has no sheets; leave --sheet label away"):
            read_table(path, COLUMNS, sheet="label")
    else:
        assert read_table(path, COLUMNS, sheet="label").to_dict("list") == READ


def test_a_spreadsheet_is_read_by_what_it_is(tmp_path):
    path = xls(tmp_path / "old_but_renamed.xlsx")
    assert read_table(path, COLUMNS).to_dict("list") == READ
    pd.testing.assert_frame_equal(
        pd.read_excel(path, dtype=str, na_filter=False).iloc[:, :1],  # pandas and xlrd agree
        pd.DataFrame({"Subject": ["spNO.1", "006", "", "spNO3"]}),
        check_dtype=False,
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_of_other_countries(tmp_path, delimiter):
    lines = [["Subject", "Onset", "Apex", "AU"], ["1", "2", "3", AUS], ["2", "3", "4", "1,2"]]
    path = write_csv(tmp_path / "t.csv", lines, delimiter=delimiter)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())  # Excel's mark of UTF-8
    assert read_table(path, COLUMNS)["aus"].tolist() == [AUS, "1,2"]


def test_rows_are_those_of_excel(tmp_path):
    """Lines above the header, empty lines and line breaks within a cell all count as in Excel."""
    head, *rows = LINES
    above = [["Codes,\nin two lines"], [], []]
    lines = [*above, head, [], *rows]
    xlsx = write_xlsx(tmp_path / "t.xlsx", {"a": lines})
    text = write_csv(tmp_path / "t.csv", [["" if v is None else v for v in row] for row in lines])
    sheet = openpyxl.load_workbook(xlsx).active
    for path in (xlsx, text):
        table = read_table(path, COLUMNS, header_row=3)
        assert table["row"].tolist() == [6, 7, 9]
        for row in table.itertuples():
            assert sheet.cell(row.row, 1).value == row.subject


@pytest.mark.parametrize("header_row", [0, 3, 500])
def test_the_header_is_found_where_it_is(tmp_path, header_row):
    path = write_xlsx(tmp_path / "t.xlsx", {"a": [["Codes"], *LINES]})
    assert read_table(path, COLUMNS, header_row=header_row)["row"].tolist() == [3, 4, 6]


@pytest.mark.parametrize("name", ["onset_frame", " ONSET  FRAME ", "Onset-Frame", "ｏnsetframe"])
def test_spellings_of_a_column(tmp_path, name):
    lines = [["Subject", name, "Apex", "AU", ""], [1, 2, 3, 4, ""]]
    assert read_table(write_csv(tmp_path / "t.csv", lines), COLUMNS)["onset"].tolist() == ["2"]


def test_the_preferred_spelling_wins(tmp_path):
    lines = [["Subject", "Onset", "OnsetFrame", "Apex", "AU"], [1, "wrong", 2, 3, 4]]
    assert read_table(write_csv(tmp_path / "t.csv", lines), COLUMNS)["onset"].tolist() == ["2"]


def test_a_row_longer_than_the_header_is_refused(tmp_path):
    """Unquoted commas between action units: what followed the first was lost."""
    path = tmp_path / "t.csv"
    path.write_text("Subject,Onset,Apex,AU\n1,2,3,4\n1,2,3,4,12,\n")
    message = "row {}: text after cell 4, the last that the header in row 1 names; put quotes"
    with pytest.raises(MepsError, match=f"t.csv, {message.format(3)}"):
        read_table(path, COLUMNS)
    path.write_text("Subject,Onset,Apex,AU,,\n1,2,3,4,12\n")  # cells without a name
    with pytest.raises(MepsError, match=f"t.csv, {message.format(2)}"):
        read_table(path, COLUMNS)
    path.write_text('Subject,Onset,Apex,AU\n1,2,3,"4,12",,\n')  # nothing stands there
    assert read_table(path, COLUMNS)["aus"].tolist() == ["4,12"]
    lines = [["Subject", "Onset", "Apex", "AU"], [1, 2, 3, 4, "a remark"]]
    sheet = write_xlsx(tmp_path / "t.xlsx", {"a": lines})
    assert read_table(sheet, COLUMNS)["aus"].tolist() == ["4"]


def test_optional_columns_are_empty_where_they_are_not(tmp_path):
    path = write_csv(tmp_path / "t.csv", [["Subject", "Onset"], ["1", "2"]])
    table = read_table(path, COLUMNS, optional=("apex", "aus"))
    row = {"subject": "1", "onset": "2", "apex": "", "aus": "", "row": 2}
    assert table.to_dict("records") == [row]


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@given(st.lists(st.lists(TEXT, min_size=2, max_size=2), min_size=1, max_size=5))
@STEADY
def test_any_text_comes_back_from_csv(tmp_path, rows):
    """Against pandas, which reads the same file with rules of its own."""
    path = write_csv(tmp_path / "t.csv", [["subject", "onset"], *rows], quoting=csv.QUOTE_ALL)
    columns = {"subject": ("subject",), "onset": ("onset",)}
    kept = [[a.strip(), b.strip()] for a, b in rows]
    if not any(a or b for a, b in kept):
        with pytest.raises(MepsError, match="no row below the header"):
            read_table(path, columns)
        return
    table = read_table(path, columns)
    oracle = pd.read_csv(path, dtype=str, keep_default_na=False, skip_blank_lines=False)
    oracle = oracle.apply(lambda column: column.str.strip())
    oracle = oracle[(oracle != "").any(axis=1)]
    assert table["row"].tolist() == (oracle.index + 2).tolist()
    assert table[["subject", "onset"]].to_numpy().tolist() == oracle.to_numpy().tolist()


BYTES = st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode))
STARTS = [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"Subject,Onset,Apex,AU\n"]


@given(BYTES, st.sampled_from([".csv", ".xls", ".xlsx"]), st.sampled_from(STARTS))
@STEADY
def test_any_bytes_are_a_table_or_an_error_of_ours(tmp_path, data, suffix, start):
    path = tmp_path / f"t{suffix}"
    path.write_bytes(start + data)
    try:
        table = read_table(path, COLUMNS)
    except MepsError as error:
        assert path.name in str(error)
    else:
        assert list(table) == [*COLUMNS, "row"] and len(table) > 0
        assert not table.isna().any(axis=None)


@given(st.integers(0, 5631), st.integers(0, 255))
@STEADY
def test_a_spoilt_byte_is_a_table_or_an_error_of_ours(tmp_path, at, byte):
    data = bytearray(zlib.decompress(base64.b64decode(XLS)))
    data[at] = byte
    _read_or_refuse(tmp_path / "t.xls", bytes(data))


@given(st.integers(0, 10_000), st.integers(0, 255))
@STEADY
def test_a_spoilt_byte_of_a_new_spreadsheet(tmp_path, at, byte):
    out = io.BytesIO()
    write_xlsx(out, {"label": LINES})
    data = bytearray(out.getvalue())
    data[at % len(data)] = byte
    _read_or_refuse(tmp_path / "t.xlsx", bytes(data))


def test_damaged_spreadsheets_print_nothing(tmp_path, capfd):
    """xlrd would tell on the screen what it thinks of a damaged file."""
    data = zlib.decompress(base64.b64decode(XLS))
    for at in range(0, len(data), 512):
        _read_or_refuse(tmp_path / "t.xls", data[:at] + b"\xff\xff\xff\xff" + data[at + 4 :])
    assert capfd.readouterr() == ("", "")


def _read_or_refuse(path, data):
    path.write_bytes(data)
    try:
        assert "row" in read_table(path, COLUMNS)
    except MepsError as error:
        assert path.name in str(error)
