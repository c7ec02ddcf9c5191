"""Annotation tables as text: Excel of both kinds and CSV read the same.

Everything stays text until `cells` reads it, so that "006" stays "006", and every row keeps its
number in the sheet, so that an error can name it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pandas as pd

from meps_lab.datasets.readers.folders import any_case, folders_below
from meps_lab.datasets.readers.sheets import SUFFIXES, listed, read_sheets, squeezed
from meps_lib.errors import MepsError

_HEADER_WITHIN = 50  # rows in which a header is looked for


def read_table(
    path: Path | str,
    columns: Mapping[str, tuple[str, ...]],
    sheet: str | None = None,
    header_row: int = 0,
    optional: Collection[str] = (),
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
        The first one with all columns if None; a CSV file has none.
    header_row : int
        Where the data set has the header, counted from 0. CHOICE: where another of the first rows
        has all columns and this one does not, that one is the header. WHY: a table that was saved
        anew without the lines above it is the same table.
    optional : collection of str
        Keys of `columns` that may be missing; "" then.

    Returns
    -------
    DataFrame
        The keys of `columns`, all text, "" where a cell is empty, whole numbers as "12"; and
        ``row``, the row as Excel counts (the first line of the sheet is 1). Rows that are empty
        in these columns are left out.

    Raises
    ------
    MepsError
        If the file cannot be read, or the sheet or a column is missing; the message names those
        that are there. If a row of a CSV file goes on after the last named column.
    """
    lines, where, header, found = _sheet(Path(path), columns, sheet, header_row, optional)
    rows, width = [], max((k for k, name in enumerate(lines[header], 1) if name), default=0)
    for number, line in enumerate(lines[header + 1 :], header + 2):
        # A spreadsheet may have remarks there; in a CSV file a comma in a cell moves the others.
        if Path(path).suffix.lower() == ".csv" and any(line[width:]):
            raise MepsError(
                f"{where}, row {number}: {len(line)} cells, where the header in row {header + 1} "
                f'names {width}; put quotes around cells that hold commas, as in "4,12", or name '
                "the column if it holds remarks"
            )
        row = {key: _cell(line, at) for key, at in found.items()}
        if any(row.values()):
            rows.append(dict.fromkeys(columns, "") | row | {"row": number})
    if not rows:
        raise MepsError(f"{where}: no row below the header in row {header + 1}; is it complete?")
    return pd.DataFrame(rows, columns=[*columns, "row"])


def find_table(root: Path, names: Sequence[str], labels: Path | None = None) -> Path:
    """Where the annotation table lies.

    Parameters
    ----------
    root : Path
    names : sequence of str
        Glob patterns from the root, tried in order; where a table is missing, one of the same name
        that ends in ".xls" or ".csv" does as well.
    labels : Path, optional
        The table that a person named; nothing is looked for then.

    Raises
    ------
    MepsError
        If there is none, or more than one for a pattern; the message lists tables that are there.
    """
    if labels is not None:
        if not Path(labels).is_file():
            raise MepsError(f"--labels {labels}: no such file; {_tables_near(Path(labels).parent)}")
        return Path(labels)
    for pattern in table_patterns(names):
        hits = _tables(root, pattern)
        if len(hits) > 1:
            raise MepsError(
                f"{root}: {len(hits)} tables could be {pattern}: "
                f"{listed(hit.name for hit in hits)}; choose one with --labels"
            )
        if hits:
            return hits[0]
    raise MepsError(
        f"{root}: no annotation table {' or '.join(names)}; {_tables_near(root)}; "
        "put it there or name it with --labels"
    )


def tables_beside(root: Path, names: Sequence[str], path: Path) -> list[Path]:
    """The tables that `find_table` would take if the one at `path` were not there, or might."""
    hits = (hit for pattern in table_patterns(names) for hit in _tables(root, pattern))
    return sorted(set(hits) - {path})


def table_patterns(names: Sequence[str]) -> list[str]:
    """Each name in its own format, then in the others.

    Examples
    --------
    >>> table_patterns(["coding.xlsx"])
    ['coding.xlsx', 'coding.xls', 'coding.csv']
    """
    return [
        str(Path(name).with_suffix(suffix))
        for name in names
        for suffix in dict.fromkeys((Path(name).suffix, *SUFFIXES))
    ]


def _tables(root: Path, pattern: str) -> list[Path]:
    return sorted(hit for hit in Path(root).glob(any_case(pattern)) if _is_table(hit))


def _is_table(path: Path) -> bool:
    """Excel's lock files (~$x.xlsx) and hidden ones (._x.xlsx) are none."""
    visible = not path.name.startswith(("~$", "."))
    return visible and path.suffix.lower() in SUFFIXES and path.is_file()


def _tables_near(root: Path) -> str:
    """Tables at most two folders below `root`, in words."""
    found = []
    for folder in folders_below(root, depth=2):
        try:
            found += sorted(p.relative_to(root) for p in folder.iterdir() if _is_table(p))
        except OSError:  # a folder that may not be read has no table for us
            continue
    return f"tables there: {listed(map(str, found))}" if found else "no table lies there"


def _sheet(
    path: Path, columns: Mapping[str, tuple[str, ...]], sheet: str | None, header_row: int,
    optional: Collection[str],
) -> tuple[list[list[str]], str, int, dict[str, int]]:  # fmt: skip
    """The sheet with the table: its lines and its name, and where header and columns stand."""
    needed = [key for key in columns if key not in optional]
    best, seen = ([], str(path), header_row, {}), []
    for name, lines in read_sheets(path, sheet):
        row, found = _header(lines, columns, header_row, needed)
        seen.append(name)
        if len(seen) == 1 or len(found) > len(best[3]):
            best = lines, f"{path}, sheet {name!r}" if name else str(path), row, found
        if all(key in found for key in needed):
            break
    lines, where, row, found = best
    others = f"; its sheets are {listed(seen)}" if len(seen) > 1 else ""
    if not any(map(any, lines)):
        raise MepsError(f"{where} is empty; expected a table with {listed(columns)}{others}")
    lacking = [key for key in needed if key not in found]
    if lacking:
        wanted = ", ".join(" or ".join(map(repr, columns[key])) for key in lacking)
        names = [cell for cell in (lines[row] if row < len(lines) else []) if cell]
        hint = "" if found else "; is the header missing?"
        raise MepsError(
            f"{where}, row {row + 1}: no column {wanted}; found {listed(names)}{hint}{others}"
        )
    for key, places in found.items():
        if len(places) > 1:
            raise MepsError(
                f"{where}, row {row + 1}: {len(places)} columns are called "
                f"{lines[row][places[0]]!r}; rename those that are not {key}"
            )
    return lines, where, row, {key: places[0] for key, places in found.items()}


def _header(
    lines: list[list[str]], columns: Mapping[str, tuple[str, ...]], row: int, needed: Sequence[str]
) -> tuple[int, dict[str, list[int]]]:
    """The line with all columns, or with most of them, and where each key stands in it."""
    best, best_found = row, {}
    for k in dict.fromkeys((row, *range(min(_HEADER_WITHIN, len(lines))))):
        found = _places(lines[k], columns) if k < len(lines) else {}
        if all(key in found for key in needed):
            return k, found
        if len(found) > len(best_found):
            best, best_found = k, found
    return best, best_found


def _places(line: Sequence[str], columns: Mapping[str, tuple[str, ...]]) -> dict[str, list[int]]:
    """Key -> where its preferred spelling stands; keys that stand nowhere are left out."""
    keys = [squeezed(cell) for cell in line]
    places = {}
    for name, spellings in columns.items():
        for spelling in spellings:
            hits = [k for k, key in enumerate(keys) if key == squeezed(spelling)]
            if hits:
                places[name] = hits
                break
    return places


def _cell(line: Sequence[str], k: int) -> str:
    return line[k] if k < len(line) else ""
