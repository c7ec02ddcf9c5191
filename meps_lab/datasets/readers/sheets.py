"""A spreadsheet or a CSV file as lines of text, before anyone asks what they mean."""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import openpyxl
import xlrd

from meps_lab.datasets.readers.cells import plain
from meps_lib.errors import MepsError

SUFFIXES = (".xlsx", ".xls", ".csv")
_ZIP = b"PK\x03\x04"
# How files begin: xlsx (a zip), and xls of Excel 97 and of Excel 2 to 4.
_SPREADSHEETS = (_ZIP, b"\xd0\xcf\x11\xe0", b"\x09\x00", b"\x09\x02", b"\x09\x04")
_COLUMNS, _EMPTY = 100, 1000  # of a spreadsheet: read at most, and empty lines that end it
_SHOWN = 12  # names that a message lists at most


def read_sheets(
    path: Path | str, sheet: str | None = None
) -> Iterator[tuple[str, list[list[str]]]]:
    """Every line of each sheet of a table, the first sheet first.

    Parameters
    ----------
    path : path
        ".xlsx", ".xls" or ".csv" (UTF-8; comma, semicolon or tab). A spreadsheet is read by what
        it is, not by which of the two endings it has.
    sheet : str, optional
        This one alone; all of them, each read when asked for, if None. A CSV file is one sheet.

    Yields
    ------
    name : str
        Of the sheet; "" for a CSV file.
    lines : list of list of str
        Cells without space around them; "" where empty, whole numbers as "12", and "#N/A" where a
        formula failed. Line k is row k + 1 as Excel counts.

    Raises
    ------
    MepsError
        If the file cannot be read, or has no such sheet.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise MepsError(f"{path}: expected a table that ends in {', '.join(SUFFIXES)}")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MepsError(f"{path}: cannot be read ({error.strerror})") from None
    if not data.strip():
        raise MepsError(f"{path} is empty ({len(data)} bytes); copy it anew")
    spreadsheet = data.startswith(_SPREADSHEETS)
    if path.suffix.lower() == ".csv":
        if spreadsheet:
            raise MepsError(f"{path} is a spreadsheet, not text; rename it to end in .xlsx or .xls")
        yield "", _csv(path, data)
        return
    if not spreadsheet:
        raise MepsError(
            f"{path} is no spreadsheet, whatever its name says; copy it anew, or rename it to end "
            "in .csv if it is one"
        )
    yield from _excel(path, data, sheet)


def _csv(path: Path, data: bytes) -> list[list[str]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MepsError(
            f"{path}: byte {error.start} is not UTF-8; save it anew as 'CSV UTF-8'"
        ) from None
    # CHOICE: the separator is what most lines have. WHY: where the comma is a decimal point,
    # Excel separates with semicolons, and commas stand in some cells all the same.
    lines = text.splitlines()
    counts = {mark: [line.count(mark) for line in lines] for mark in ",;\t"}
    mark = max(counts, key=lambda m: (sum(map(bool, counts[m])), sum(counts[m])))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    try:
        return [[cell.strip() for cell in line] for line in reader]
    except csv.Error as error:
        raise MepsError(f"{path}, line {reader.line_num}: {error}; is a quote left open?") from None


def _excel(path: Path, data: bytes, sheet: str | None) -> Iterator[tuple[str, list[list[str]]]]:
    with _readable(path):
        sheets = _xlsx(data) if data.startswith(_ZIP) else _xls(data)
    name = None if sheet is None else same_name(sheet, list(sheets))
    if sheet is not None and name is None:
        raise MepsError(f"{path}: no sheet {sheet!r}; it has {listed(sheets)}")
    for page in sheets if name is None else [name]:
        with _readable(path):
            lines = _filled(sheets[page]())
        yield page, lines


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Damaged files make openpyxl and xlrd raise anything at all."""
    try:
        # openpyxl warns of validation lists and the like, which hold no data; xlrd would print.
        with warnings.catch_warnings(action="ignore"):
            yield
    except Exception as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        raise MepsError(
            f"{path}: cannot be read as a spreadsheet ({why}); copy it anew, or open it and save "
            "it as .xlsx or .csv"
        ) from None


Sheets = dict[str, Callable[[], Iterator[list[str]]]]  # name -> its lines, read when asked for


def _xlsx(data: bytes) -> Sheets:
    book = openpyxl.load_workbook(
        io.BytesIO(data), read_only=True, data_only=True, keep_links=False
    )

    def lines(page) -> Iterator[list[str]]:
        page.reset_dimensions()  # a sheet may say that it is smaller than it is
        for cells in page.iter_rows(max_col=_COLUMNS):
            yield [_text(c.value, c.data_type == "e") for c in cells]

    return {str(page.title): partial(lines, page) for page in book.worksheets}


def _xls(data: bytes) -> Sheets:
    book = xlrd.open_workbook(file_contents=data, logfile=io.StringIO(), ragged_rows=True)

    def lines(page: xlrd.sheet.Sheet) -> Iterator[list[str]]:
        for k in range(page.nrows):
            yield [_text(c.value, c.ctype == xlrd.XL_CELL_ERROR) for c in page.row(k)[:_COLUMNS]]

    return {str(page.name): partial(lines, page) for page in book.sheets()}


def _filled(lines: Iterable[list[str]]) -> list[list[str]]:
    """The lines up to the last one that has text.

    CHOICE: a sheet ends where so many lines in a row are empty, and is not wider than `_COLUMNS`.
    WHY: a blank typed into its last cell makes a sheet of 17,179,869,184 cells, and no
    annotation has such a gap.
    """
    found, empty = [], 0
    for line in lines:
        found.append(line)
        empty = 0 if any(line) else empty + 1
        if empty > _EMPTY:
            break
    return found[: len(found) - empty]


def _text(value: object, failed: bool) -> str:
    """A cell as a person sees it; a whole number without a point, a failed formula as such."""
    if failed:
        return "#N/A"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value).strip()


def squeezed(name: str) -> str:
    """A name without what people spell differently: case, spaces, underscores, hyphens.

    Examples
    --------
    >>> squeezed("Onset_Frame") == squeezed("onset frame")
    True
    """
    return re.sub(r"[\s_-]+", "", plain(name)).casefold()


def same_name(name: str, names: Sequence[str]) -> str | None:
    """The one of `names` that is the same but for `squeezed`, if any."""
    return next((n for n in names if squeezed(n) == squeezed(name)), None)


def listed(names: Iterable[object]) -> str:
    """Names for a message, not too many and none too long.

    Examples
    --------
    >>> listed(["label", "notes"])
    "'label', 'notes'"
    """
    shown = [repr(str(name)[:60]) for name in names]
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return (", ".join(shown[:_SHOWN]) or "nothing") + more
