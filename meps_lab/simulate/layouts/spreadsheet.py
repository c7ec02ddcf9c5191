"""Spreadsheets as a person would have typed them, the same bytes whenever they are written."""

import io
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import openpyxl
import pandas as pd
from openpyxl.writer.excel import ExcelWriter

_WRITTEN = datetime(2000, 1, 1)  # what every file says: a clock would make each run differ


def write_table(
    path: Path, table: pd.DataFrame, sheet: str, startrow: int = 0, above: Mapping[int, str] = {}
) -> None:
    """Write a table as ``.xlsx``.

    Parameters
    ----------
    path : Path
        ".xlsx"; the folder is made if it is not there.
    table : DataFrame
        A column named "" or a run of spaces has an empty header; None, NaN and "" leave the
        cell empty.
    sheet : str
    startrow : int
        Row of the header, counted from 0.
    above : mapping of int to str, optional
        Text in the first cell of rows above the header, counted from 0.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_table(Path(folder, "a.xlsx"), pd.DataFrame({"Onset": [3]}), "label")
    ...     pd.read_excel(Path(folder, "a.xlsx"), sheet_name="label").to_dict("list")
    {'Onset': [3]}
    """
    book = openpyxl.Workbook()
    book.properties.created = book.properties.modified = _WRITTEN
    page = book.active
    page.title = sheet
    for row, text in above.items():
        page.cell(row + 1, 1, text)
    for column, name in enumerate(table.columns, 1):
        page.cell(startrow + 1, column, str(name).strip() or None)
        for row, value in enumerate(table.iloc[:, column - 1].tolist(), startrow + 2):
            page.cell(row, column, None if pd.isna(value) or value == "" else value)
    path.parent.mkdir(parents=True, exist_ok=True)
    # `Workbook.save` would write the time of day, in the file and in its zip.
    timed = io.BytesIO()
    ExcelWriter(book, zipfile.ZipFile(timed, "w")).save()
    with zipfile.ZipFile(timed) as source, zipfile.ZipFile(path, "w") as target:
        for part in source.namelist():
            entry = zipfile.ZipInfo(part, _WRITTEN.timetuple()[:6])
            target.writestr(entry, source.read(part), zipfile.ZIP_DEFLATED)
