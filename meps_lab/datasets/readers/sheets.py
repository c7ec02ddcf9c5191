"""A spreadsheet or a CSV file as pages of text, before anyone asks what they mean."""

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from math import inf
from pathlib import Path

import openpyxl
import pandas as pd
import xlrd

from meps_lab.datasets.readers.cells import half_width
from meps_lib.errors import MepsError

SUFFIXES = (".xlsx", ".xls", ".csv")
UNSAVED = "#UNSAVED"  # stands for a formula that a program wrote without its value
_ZIP = b"PK\x03\x04"
# How files begin: xlsx (a zip), and xls of Excel 97 and of Excel 2 to 4.
_SPREADSHEETS = (_ZIP, b"\xd0\xcf\x11\xe0", b"\x09\x00", b"\x09\x02", b"\x09\x04")
# CHOICE: a sheet is read so wide, and ends where so many lines in a row are empty. WHY: a blank
# typed into its last cell makes 17,179,869,184 cells, and no annotation has such a gap. It is also
# why pandas does not open these files: it would make every line as wide as the widest.
_COLUMNS, _EMPTY = 100, 1000
_LARGEST = 100e6  # CHOICE: bytes once unpacked. WHY: a table of clips has a few million
_SHOWN = 12  # names that a message lists at most


def read_sheets(path: Path, sheet: str | None = None) -> dict[str, pd.DataFrame]:
    """The text of each sheet of a table, the first sheet first.

    Parameters
    ----------
    path : Path
        ".xlsx", ".xls" or ".csv" (UTF-8; comma, semicolon or tab). A spreadsheet is read by what
        it is, not by which of the two endings it has.
    sheet : str, optional
        This one alone; all of them if None. A CSV file is one sheet.

    Returns
    -------
    dict of str to DataFrame
        Name of the sheet, "" for a CSV file -> the lines that are not empty, under their row as
        Excel counts (the first line of the sheet is 1), columns 0, 1, ... Cells have no space
        around them; "" where empty, whole numbers as "12", "#N/A" where a formula failed, and
        `UNSAVED` where its value is not in the file. ``attrs["hidden"]`` tells whether a person
        who opens the file sees the sheet.

    Raises
    ------
    MepsError
        If the file cannot be read, or has no such sheet.
    """
    text = path.suffix.lower() == ".csv"
    if path.suffix.lower() not in SUFFIXES:
        raise MepsError(f"{path}: expected a table that ends in {', '.join(SUFFIXES)}")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MepsError(f"{path}: cannot be read ({error.strerror})") from None
    if not data.strip():
        raise MepsError(f"{path} is empty ({len(data)} bytes); copy it anew")
    if text and sheet is not None:
        raise MepsError(f"{path} has no sheets; leave --sheet {sheet} away")
    if text and data.startswith(_SPREADSHEETS):
        raise MepsError(f"{path} is a spreadsheet, not text; rename it to end in .xlsx or .xls")
    if not text and not data.startswith(_SPREADSHEETS):
        raise MepsError(
            f"{path} is no spreadsheet, whatever its name says; copy it anew, or rename it to end "
            "in .csv if it is one"
        )
    return {"": _csv(path, data)} if text else _excel(path, data, sheet)


def _csv(path: Path, data: bytes) -> pd.DataFrame:
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
        return _page([cell.strip() for cell in line] for line in reader)
    except csv.Error as error:
        raise MepsError(f"{path}, line {reader.line_num}: {error}; is a quote left open?") from None


def _page(lines: Iterable[list[str]], gap: float = inf) -> pd.DataFrame:
    """The lines that have text, under their numbers; what follows a longer gap is not read."""
    filled, last = {}, 0
    for number, line in enumerate(lines, 1):
        if any(line):
            filled[number], last = line, number
        elif number - last > gap:
            break
    return pd.DataFrame.from_dict(filled, orient="index").fillna("")


class _TooLarge(Exception):
    """A small file that would take gigabytes once it is unpacked."""


def _excel(path: Path, data: bytes, sheet: str | None) -> dict[str, pd.DataFrame]:
    try:
        # openpyxl warns of validation lists and the like, which hold no data; xlrd would print.
        with warnings.catch_warnings(action="ignore"):
            sheets = _sheets(data)
            pages = {}
            for name, (rows, hidden) in sheets.items():
                if sheet is None or squeezed(name) == squeezed(sheet):
                    pages[name] = _page(rows, _EMPTY)
                    pages[name].attrs["hidden"] = hidden
    except _TooLarge as error:
        raise MepsError(
            f"{path}: {error} unpacked, {_LARGEST / 1e6:.0f} at most are read; save the sheet of "
            "the annotation alone"
        ) from None
    except Exception as error:  # WHY: damaged files make openpyxl and xlrd raise anything at all
        why = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        raise MepsError(
            f"{path}: cannot be read as a spreadsheet ({why}); copy it anew, or open it and save "
            "it as .xlsx or .csv"
        ) from None
    if not pages:
        wanted = "with cells" if sheet is None else repr(sheet)
        raise MepsError(f"{path}: no sheet {wanted}; it has {quoted(sheets)}")
    return pages


def _sheets(data: bytes) -> dict[str, tuple[Iterator[list[str]], bool]]:
    """Name of each sheet -> its rows as text, read when asked for, and whether it is hidden."""
    if data.startswith(_ZIP):
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            size = sum(part.file_size for part in packed.infolist())
        if size > _LARGEST:
            raise _TooLarge(f"{size / 1e6:.0f} MB")
        values, formulas = (
            openpyxl.load_workbook(
                io.BytesIO(data), read_only=True, data_only=saved, keep_links=False
            ).worksheets
            for saved in (True, False)
        )
        for page in (*values, *formulas):
            page.reset_dimensions()  # a sheet may say that it is smaller than it is
        pairs = zip(values, formulas, strict=True)
        return {v.title: (_texts(v.iter_rows(), f.iter_rows()), _hidden(v)) for v, f in pairs}
    book = xlrd.open_workbook(file_contents=data, logfile=io.StringIO(), ragged_rows=True)
    return {page.name: (_texts(page.get_rows()), page.visibility != 0) for page in book.sheets()}


def _hidden(page) -> bool:
    return page.sheet_state != "visible"  # hidden, or veryHidden: from the program's menu as well


def _texts(rows: Iterable[Sequence], formulas: Iterable[Sequence] = ()) -> Iterator[list[str]]:
    for row, twins in zip_longest(rows, formulas, fillvalue=()):
        texts = [_text(cell) for cell in row[:_COLUMNS]]
        for k, twin in enumerate(twins[: len(texts)]):
            # A text that came to nothing is of type "str"; a cell without a value of none.
            if twin.data_type == "f" and row[k].value is None and row[k].data_type == "n":
                texts[k] = UNSAVED
        yield texts


def _text(cell) -> str:
    """A cell as a person sees it; a whole number without a point, a failed formula as such."""
    if getattr(cell, "data_type", "") == "e" or getattr(cell, "ctype", 0) == xlrd.XL_CELL_ERROR:
        return "#N/A"
    value = cell.value
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
    return re.sub(r"[\s_-]+", "", half_width(name)).casefold()


def quoted(names: Iterable[object]) -> str:
    """Names for a message, not too many and none too long.

    Examples
    --------
    >>> quoted(["label", "notes"])
    "'label', 'notes'"
    """
    shown = [repr(str(name)[:60]) for name in names]
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return (", ".join(shown[:_SHOWN]) or "nothing") + more
