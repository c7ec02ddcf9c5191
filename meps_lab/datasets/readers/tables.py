"""Annotation tables as text: Excel of both kinds and CSV read the same.

Everything stays text until `cells` reads it, so that "006" stays "006", and every row keeps its
number in the sheet, so that an error can name it.
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from meps_lab.datasets.readers.sheets import UNSAVED, quoted, read_sheets, squeezed
from meps_lib.errors import MepsError

_HEADER_WITHIN = 50  # rows in which a header is looked for


class Other(NamedTuple):
    """Another table of the same data set, which is given by mistake: told apart by its columns."""

    has: tuple[str, ...]
    lacks: tuple[str, ...]
    words: str  # what it is, and where the right one is


def read_table(
    path: Path | str,
    columns: Mapping[str, tuple[str, ...]],
    sheet: str | None = None,
    header_row: int = 0,
    optional: Collection[str] = (),
    others: Sequence[Other] = (),
) -> pd.DataFrame:
    """Read an annotation table.

    Parameters
    ----------
    path : path
        ".xlsx", ".xls" or ".csv" (UTF-8; comma, semicolon or tab).
    columns : mapping
        Name in the result -> spellings accepted in the file, the preferred one first; upper and
        lower case, spaces, underscores and hyphens do not matter.
    sheet : str, optional
        The one that a person chose; if None the one with all columns, whatever it is called, that
        is not hidden. A CSV file has none.
    header_row : int
        Where the data set has the header, counted from 0. CHOICE: where another of the first rows
        has all columns and this one does not, that one is the header. WHY: a table that was saved
        anew without the lines above it is the same table.
    optional : collection of str
        Keys of `columns` that may be missing; "" then.
    others : sequence of Other
        Sheets that are another table though they may have all columns.

    Returns
    -------
    DataFrame
        The keys of `columns`, all text, "" where a cell is empty, whole numbers as "12"; and
        ``row``, the row as Excel counts (the first line of the sheet is 1). Rows that are empty
        in these columns are left out. ``attrs["notes"]`` says which of several sheets it is, and
        ``attrs["header"]`` has the cells of its header.

    Raises
    ------
    MepsError
        If the file cannot be read, or the sheet or a column is missing; the message names those
        that are there. If several sheets have all columns, or a hidden one alone, or the table is
        one of `others`. If a row of a CSV file goes on after the last named column, or a cell has a
        formula without its value.
    """
    path = Path(path)
    pages = _headers(path, columns, sheet, header_row + 1)
    needed = set(columns) - {*optional}
    name, places = _choose_page(path, pages, columns, needed, others, sheet is not None)
    page, header = pages[name].text, pages[name].row
    where = _in_words(path, name)
    below = page[page.index > header]
    # A spreadsheet may have remarks there; in a CSV file a comma in a cell moves the others.
    width = page.columns[page.loc[header] != ""].max() + 1
    beyond = (below.loc[:, width:] != "").any(axis=1)
    if path.suffix.lower() == ".csv" and beyond.any():
        raise MepsError(
            f"{where}, row {beyond.idxmax()}: text after cell {width}, the last that the header "
            f'in row {header} names; put quotes around cells that hold commas, as in "4,12", or '
            "name the column if it holds remarks"
        )
    table = below[list(places.values())].set_axis(list(places), axis=1)
    table = table[(table != "").any(axis=1)].reindex(columns=list(columns), fill_value="")
    if table.empty:
        raise MepsError(f"{where}: no row below the header in row {header}; is it complete?")
    unsaved = (table == UNSAVED).stack()
    for row, key in unsaved[unsaved].index[:1]:
        column = pages[name].cells[places[key]]
        raise MepsError(
            f"{where}, row {row}, column {column!r}: a formula whose value is not in the file, as "
            "some programs write it; open it in Excel or LibreOffice and save it anew"
        )
    table = table.assign(row=table.index).reset_index(drop=True)
    rest = [repr(n) + " (hidden)" * p.text.attrs["hidden"] for n, p in pages.items() if n != name]
    told = f"sheet {name!r} of {path.name} is read; not read: {', '.join(rest)}"
    table.attrs = {"notes": (told,) if rest else (), "header": pages[name].cells}
    return table


class _Page(NamedTuple):
    """A sheet, and the row in it that has most of the columns."""

    text: pd.DataFrame
    row: int
    cells: list[str]
    places: dict[str, list[int]]  # key -> where it stands; keys that stand nowhere are left out


def _headers(
    path: Path, columns: Mapping[str, tuple[str, ...]], sheet: str | None, row: int
) -> dict[str, _Page]:
    """Each sheet with its header, which stands in the row that is told unless another has more."""
    found = {}
    for name, page in read_sheets(path, sheet).items():
        near = dict.fromkeys((row, *page.index[page.index <= _HEADER_WITHIN]))
        lines = page.reindex(list(near), fill_value="").itertuples(name=None)
        rows = [_Page(page, n, cells, _places(cells, columns)) for n, *cells in lines]
        found[name] = max(rows, key=lambda one: len(one.places))  # the first of equals
    return found


def _choose_page(
    path: Path,
    pages: Mapping[str, _Page],
    columns: Mapping[str, tuple[str, ...]],
    needed: Collection[str],
    others: Sequence[Other],
    chosen: bool,
) -> tuple[str, dict[str, int]]:
    """The sheet, and where each key stands in it."""
    told = {name: words for name, page in pages.items() if (words := _told_apart(page, others))}
    right = [n for n, page in pages.items() if n not in told and needed <= page.places.keys()]
    hidden = [n for n in right if pages[n].text.attrs.get("hidden") and not chosen]
    right = [n for n in right if n not in hidden]
    if hidden and not right:
        raise MepsError(
            f"{path}: sheet {quoted(hidden)} has all columns and is hidden; show it if it is the "
            "right one, or choose it with --sheet"
        )
    if len(right) > 1:
        raise MepsError(f"{path}: sheets {quoted(right)} have all columns; choose one with --sheet")
    if not right and told:
        raise MepsError("; ".join(f"{path}, sheet {n!r}: {words}" for n, words in told.items()))
    name = right[0] if right else max(pages, key=lambda n: len(pages[n].places))
    page = pages[name]
    where = _in_words(path, name)
    rest = f"; its sheets are {quoted(pages)}" if len(pages) > 1 else ""
    if page.text.empty:
        raise MepsError(f"{where} is empty; expected a table with {quoted(columns)}{rest}")
    lacking = [ways for key, ways in columns.items() if key in needed and key not in page.places]
    if lacking:
        wanted = ", ".join(" or ".join(map(repr, ways)) for ways in lacking)
        hint = "" if page.places else "; is the header missing?"
        have = quoted(filter(None, page.cells))
        raise MepsError(f"{where}, row {page.row}: no column {wanted}; found {have}{hint}{rest}")
    for key, (place, *more) in page.places.items():
        if more:
            raise MepsError(
                f"{where}, row {page.row}: {len(more) + 1} columns are called "
                f"{page.cells[place]!r}; rename those that are not {key}"
            )
    return name, {key: place for key, (place,) in page.places.items()}


def _in_words(path: Path, sheet: str) -> str:
    return f"{path}, sheet {sheet!r}" if sheet else str(path)


def _told_apart(page: _Page, others: Sequence[Other]) -> str:
    names = {squeezed(cell) for cell in page.cells}
    for has, lacks, words in others:
        if set(map(squeezed, has)) <= names and not set(map(squeezed, lacks)) & names:
            return words
    return ""


def _places(cells: Sequence[str], columns: Mapping[str, tuple[str, ...]]) -> dict[str, list[int]]:
    """Key -> where its preferred spelling stands; keys that stand nowhere are left out."""
    names = [squeezed(cell) for cell in cells]
    places = {}
    for key, spellings in columns.items():
        hits = ([k for k, name in enumerate(names) if name == squeezed(s)] for s in spellings)
        places[key] = next(filter(None, hits), [])
    return {key: hits for key, hits in places.items() if hits}
