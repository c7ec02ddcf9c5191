"""The annotation of MMME: from `coding_file.xlsx` to rows of the index, and its rules.

References
----------
Columns and the definition of a micro-expression: the READMEs of the authors' repositories. Counts:
arXiv 2506.09834.
"""

from functools import partial
from pathlib import Path

import pandas as pd

from meps_lab.datasets.index.kind import IndexOptions
from meps_lab.datasets.index.reports import check_counts, flagged
from meps_lab.datasets.index.rules import Rule, forget, less
from meps_lab.datasets.readers.cells import (
    at,
    coding,
    decimal,
    emotion,
    half_width,
    integer,
    subject_number,
)
from meps_lab.datasets.readers.table_places import find_table
from meps_lab.datasets.readers.tables import read_table
from meps_lib.errors import MepsError
from meps_lib.labels import CLASS_SETS

FPS = 150.0
SFREQ = 1000.0  # Hz, of both recorders
MARKERS = range(101, 149)
SETS = {name: CLASS_SETS[name] for name in ("seven-mmme", "three")}
TABLES = ("coding_file.xlsx", "*/coding_file.xlsx")
COLUMNS = {
    "subject": ("Subject",),
    "file": ("Filename",),
    "marker": ("Marker",),
    "onset_s": ("OnsetTime",),
    "apex_s": ("ApexTime",),
    "offset_s": ("OffsetTime",),
    "onset": ("OnsetFrame",),
    "apex": ("ApexFrame",),
    "offset": ("OffsetFrame",),
    "aus": ("Action Units",),
    "emotion": ("Estimated Emotion",),
    "size": ("(Macro/Micro)", "Macro/Micro"),
    "dif": ("dif",),
}
OPTIONAL = ("onset_s", "apex_s", "offset_s", "dif")  # they say again what frames say
# Of the micro-expressions alone; the macro ones are not broken down.
MICRO = dict(disgust=163, fear=124, surprise=105, happiness=92, sadness=55, anger=50, contempt=45)
_LONGEST_S, _SLOWEST_S = 0.5, 0.25  # onset to offset, or onset to apex
_TOLERANCE_S = 1.01 / FPS  # a frame, and a little for times that were rounded

MACRO = "a macro-expression"
UNSIZED = "neither micro nor macro"
TIMES = "times and frames differ by more than a frame"
DIF = "'dif' is not offset minus onset"
_MARKS = ("onset", "apex", "offset")


def _open_ended(table: pd.DataFrame) -> pd.Series:
    return table["onset"].isna() | table["offset"].isna()


def _too_long(table: pd.DataFrame) -> pd.Series:
    lasts, rises = table["offset"] - table["onset"], table["apex"] - table["onset"]
    long = (lasts > _LONGEST_S * FPS) & ~(rises <= _SLOWEST_S * FPS).fillna(False)
    return long.fillna(False) & ~flagged(MACRO)(table)


def _repeated(table: pd.DataFrame) -> pd.Series:
    key = ["subject", "marker", "colour", *_MARKS]
    return table.duplicated(key) & table["onset"].notna()


def _unnamed(table: pd.DataFrame) -> pd.Series:
    return table["emotion"] == ""


_kept = partial(Rule, default="keep", keeps=True)
RULES = (
    Rule("macro", MACRO, flagged(MACRO), "drop", keeps=True),
    Rule("unsized", UNSIZED, flagged(UNSIZED), "drop", keeps=True),
    Rule("duplicate", "the same expression as an earlier row", _repeated, "drop", keeps=True),
    Rule("no-onset", "no onset or no offset frame", _open_ended, "drop", keeps=True),
    Rule("offset-first", "the offset lies before the onset", less("offset", "onset"), "drop"),
    _kept("no-apex", "no apex frame", lambda t: t["apex"].isna()),
    Rule(
        "apex-outside",
        "the apex lies outside onset to offset",
        lambda t: less("apex", "onset")(t) | less("offset", "apex")(t),
        "repair",
        repair=forget("apex"),
        repaired="the apex is forgotten",
    ),
    _kept("not-micro", "longer than 500 ms, and more than 250 ms to the apex", _too_long),
    _kept("unknown-emotion", "an emotion that is none of the known ones", _unnamed),
    _kept("marker", "a marker outside 101 to 148", lambda t: ~t["marker"].isin(MARKERS)),
    _kept("times", TIMES, flagged(TIMES)),
    _kept("dif", DIF, flagged(DIF)),
)


def read_coding(root: Path, options: IndexOptions) -> tuple[list[dict], list[str]]:
    """Read the table.

    Returns
    -------
    rows : list of dict
        As `meps_lab.datasets.index.schema.frame_of` takes them, without media, and with the
        table's own subject and file name as ``_subject`` and ``_file``.
    notes : list of str

    Raises
    ------
    MepsError
        If the table is not there, lacks a column, a cell is not what its column holds, or the
        whole set does not have its published counts.
    """
    path = find_table(root, TABLES, options.labels)
    table = read_table(path, COLUMNS, options.sheet, optional=OPTIONAL)
    rows = [_row(path, cells) for cells in table.to_dict("records")]
    notes = [*table.attrs["notes"], *_odd_dif(rows)]
    if not options.any_counts:
        _check_micro(path, rows)
    return rows, notes


def _row(path: Path, cells: dict) -> dict:
    where = partial(at, path, cells["row"])
    subject = f"sub{subject_number(cells['subject'], where('Subject')):02d}"
    marker = integer(cells["marker"], where("Marker"))
    frames = {k: integer(cells[k], where(f"{k.capitalize()}Frame")) for k in _MARKS}
    seconds = {k: decimal(cells[f"{k}_s"], where(f"{k.capitalize()}Time")) for k in _MARKS}
    dif = decimal(cells["dif"], where("dif"))
    row = coding(cells, _emotion(cells["emotion"], where("Estimated Emotion")), SETS)
    flags = (*_flags(half_width(cells["size"]).lower(), frames, seconds, dif), row["flags"])
    clip = f"{subject}_{'unmarked' if marker is None else marker}_{cells['row']}"
    row |= {"subject": subject, "clip": clip, "fps": FPS, "marker": marker}
    row |= {"_subject": cells["subject"], "_file": cells["file"]}
    return row | frames | {"flags": "; ".join(filter(None, flags))}


def _flags(size: str, frames: dict, seconds: dict, dif: float | None) -> list[str]:
    """What the table says that the index has no column for."""
    flags = []
    if size.startswith("macro"):
        flags.append(MACRO)
    elif not size.startswith("micro"):
        flags.append(UNSIZED)
    off = [s - frames[k] / FPS for k, s in seconds.items() if None not in (s, frames[k])]
    if any(abs(x) > _TOLERANCE_S for x in off):
        flags.append(TIMES)
    onset, offset = seconds["onset"], seconds["offset"]
    if None not in (dif, onset, offset) and abs(dif - (offset - onset)) > _TOLERANCE_S:
        flags.append(DIF)
    return flags


def _emotion(text: str, where: str) -> str:
    try:
        return emotion(text, where)
    except MepsError:
        return ""  # the rule "unknown-emotion" says so


def _odd_dif(rows: list[dict]) -> list[str]:
    """Where most rows differ, `dif` means something else, and no row is odd.

    CHOICE: offset minus onset, in s. WHY: the sources give the column's name alone.
    """
    odd = [row for row in rows if DIF in row["flags"].split("; ")]
    if 2 * len(odd) <= len(rows):
        return []
    for row in odd:
        row["flags"] = "; ".join(flag for flag in row["flags"].split("; ") if flag != DIF)
    return [f"{DIF} in {len(odd)} of {len(rows)} rows: it means something else here, and is unused"]


def _check_micro(path: Path, rows: list[dict]) -> None:
    """Whoever has all micro-expressions has them as published; a row pasted twice counts once."""
    table = pd.DataFrame(rows).drop(columns=["clip", "row"]).drop_duplicates()
    micro = table.loc[~flagged(MACRO)(table) & ~flagged(UNSIZED)(table), "emotion"]
    if len(micro) == sum(MICRO.values()):
        check_counts(micro.value_counts(), MICRO, path, f"{len(micro)} micro-expressions")
