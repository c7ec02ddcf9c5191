"""The physiology of CAS(ME)^3 Part C: tab-separated text at 200 Hz, one file a subject.

Columns: time (min), PPG, RSP, ECG, EDA, marker; further ones mean nothing. The video starts at the
first row whose marker is 5, so frame f falls on row ``row of the first 5 + f / 30 * 200``. An older
script of the authors leaves the first term out and cuts windows from before the film.
"""

import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from meps_lab.datasets.casme3 import FPS
from meps_lib.errors import MepsError
from meps_lib.signals import Recording
from meps_lib.signals.clock import clock_rate

SFREQ = 200.0
START = 5  # the marker of the video's start
# In the documented order. A header's cell counts by the letters that it starts with, so that
# "time (min)" and "ECG100C" are found.
SPELLINGS = {
    "time": ("time", "min", "minutes"),
    "PPG": ("ppg", "pulse", "bvp"),
    "RSP": ("rsp", "resp", "respiration"),
    "ECG": ("ecg", "ekg"),
    "EDA": ("eda", "gsr"),
    "marker": ("marker", "markers", "mark", "trigger", "event"),
}
SIGNALS = ("PPG", "RSP", "ECG", "EDA")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE | re.ASCII)
_LINE = 4096  # bytes in which a header's tabs are looked for: another file may be one long line
_TAB = "expected text with tabs between time (min), PPG, RSP, ECG, EDA and marker"


def onset_s(start_row: int, frame: int) -> float:
    """Time of a frame of the video, s from the recording's first row.

    Examples
    --------
    >>> onset_s(800, 30)
    5.0
    """
    return start_row / SFREQ + frame / FPS


def looks_like(path: Path) -> bool:
    """Whether a text has as many columns in its first line as the physiology has at least."""
    try:
        with path.open("rb") as text:
            return text.readline(_LINE).count(b"\t") + 1 >= len(SPELLINGS)
    except OSError:
        return False


def read_physiology(path: Path) -> tuple[Recording, int]:
    """One subject's signals, and the row on which the video starts.

    CHOICE: units are "not stated". WHY: the sources state none for these files.

    Returns
    -------
    recording : Recording
        PPG, RSP, ECG, EDA, shape (4, L).
    start_row : int
        Of the first marker that is exactly 5, counted from 0 below the header.

    Raises
    ------
    MepsError
        If the file cannot be read, header or column is missing, a cell is no number, the time
        column does not run at 200 Hz, or no marker is 5.
    """
    header, data = _header_and_rows(path)
    places = columns(header, path)
    table = _numbers(data, places, path)
    clock_rate(table["time"].to_numpy(), "min", SFREQ, str(path), "time", 2)
    codes = table["marker"].to_numpy()
    starts = np.flatnonzero(codes == START)
    if not len(starts):
        have = ", ".join(f"{code:g}" for code in np.unique(codes)[:8])
        raise MepsError(
            f"{path}, column {header[places['marker']]!r}: no marker is exactly {START}, so nobody "
            f"can tell where the video starts; it has {have}; copy the file again, or leave "
            "this subject's physiology out"
        )
    units = ("not stated",) * len(SIGNALS)
    signals = table[list(SIGNALS)].to_numpy().T
    return Recording(signals, SIGNALS, units, SFREQ, source=str(path)), int(starts[0])


def columns(header: Sequence[str], path: Path) -> dict[str, int]:
    """Which column is which: a name of `SPELLINGS` -> its place, counted from 0.

    CHOICE: a header that names no signal and no marker is taken in the documented order. WHY: the
    sources give the columns' order and meaning, but not how the header spells them; the clock and
    the marker are checked later, so a table of another make does not pass.

    Raises
    ------
    MepsError
        If there is no header, a column is missing or two could be the same.

    Examples
    --------
    >>> columns(["min", "PPG", "RSP", "ECG", "EDA", "marker", "x"], Path("01.txt"))["EDA"]
    4
    """
    cells = [cell.strip() for cell in header]
    if any(_NUMBER.fullmatch(cell.replace(",", ".")) for cell in cells):
        raise MepsError(f"{path}, row 1: got numbers, {cells[:6]}; expected a header: {_TAB}")
    starts = [re.match("[a-z]*", cell.lower())[0] for cell in cells]
    hits = {n: [k for k, s in enumerate(starts) if s in ways] for n, ways in SPELLINGS.items()}
    named = any(found for name, found in hits.items() if name != "time")
    if not named and len(cells) >= len(SPELLINGS):
        return {name: k for k, name in enumerate(SPELLINGS)}
    for name, found in hits.items():
        if len(found) != 1:
            got = f"{len(found)} columns could be" if found else "no column is"
            raise MepsError(f"{path}, row 1: {got} {name}; found {cells}; {_TAB}")
    return {name: found[0] for name, found in hits.items()}


def _header_and_rows(path: Path) -> tuple[list[str], bytes]:
    """The header's cells, and what stands below."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MepsError(f"{path}: cannot be read ({error.strerror}); copy it again") from None
    head, _, rest = data.rstrip().partition(b"\n")
    if b"\0" in data or not rest.strip():
        raise MepsError(f"{path}: no rows below a header, or no plain text; {_TAB}")
    return head.decode("utf-8-sig", errors="replace").rstrip("\r\t").split("\t"), rest


def _numbers(data: bytes, places: dict[str, int], path: Path) -> pd.DataFrame:
    """The six columns as float64."""
    how = {"sep": "\t", "header": None, "usecols": sorted(places.values()), "quoting": 3}
    how |= {"skip_blank_lines": False, "index_col": False, "encoding_errors": "replace"}
    try:
        table = pd.read_csv(io.BytesIO(data), dtype=np.float64, **how)
    except (ValueError, OverflowError):
        table = None  # read again below, to say where
    if table is None or not np.isfinite(table.to_numpy()).all():
        raise _first_bad(data, how, places, path)
    return table.rename(columns={k: name for name, k in places.items()})


def _first_bad(data: bytes, how: dict, places: dict[str, int], path: Path) -> MepsError:
    try:
        text = pd.read_csv(io.BytesIO(data), dtype=str, keep_default_na=False, **how)
    except (ValueError, OverflowError) as error:  # no row has as many cells as the header
        return MepsError(f"{path}: the rows below the header cannot be read ({error}); {_TAB}")
    text = text.fillna("").apply(lambda column: column.str.strip())
    bad = ~text.map(lambda cell: bool(_NUMBER.fullmatch(cell)))
    if not bad.any(axis=None):
        return MepsError(f"{path}: there are cells that are no numbers; {_TAB}")
    row, names = int(np.argmax(bad.any(axis=1))), {k: name for name, k in places.items()}
    column = bad.columns[int(np.argmax(bad.iloc[row]))]
    got = text.loc[row, column]
    hint = "correct the cell, or cut the recording there"
    if "," in got and _NUMBER.fullmatch(got.replace(",", ".")):
        hint = "a comma where a point belongs; export the file again with a decimal point"
    where = f"{path}, row {row + 2}, column {names[column]}"
    return MepsError(f"{where}: got {got!r}; expected a number; {hint}")
