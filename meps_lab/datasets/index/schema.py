"""The columns of the index, what may stand in them, and the check of a whole table."""

from collections.abc import Mapping, Sequence
from pathlib import PureWindowsPath

import pandas as pd
import pandera.pandas as pa

from meps_lib.errors import MepsError

_AU = r"[LRTB]?\d{1,2}"


def _encodes(text: str) -> bool:
    """Whether a file can hold it: the name of a file may have bytes that are no letters."""
    return not any("\ud800" <= c <= "\udfff" for c in text)


def _stays_below(path: str) -> bool:
    """Whether a path leads below the root, on every system: an index comes from anybody."""
    windows = PureWindowsPath(path)  # knows both slashes, and drives
    return not (windows.anchor or ".." in windows.parts or "\\" in path or "\0" in path)


_UTF8 = pa.Check(_encodes, element_wise=True, error="UTF-8; rename the file or folder")
_BELOW = pa.Check(
    _stays_below, element_wise=True, error="a path below the root, with / between folders"
)


def _text(*checks: pa.Check) -> pa.Column:
    return pa.Column(str, [_UTF8, *checks], nullable=False)


_NAMED = pa.Check.str_length(min_value=1)
_FRAME = pa.Check.ge(0)
_RATE = pa.Check.in_range(0, 1e6, include_min=False)

SCHEMA = pa.DataFrameSchema(
    {
        "data_set": _text(_NAMED),
        "subject": _text(_NAMED),
        "clip": pa.Column(str, [_UTF8, _NAMED], unique=True),
        # What belongs to the clip, relative to the root; "" where there is none.
        "colour": _text(_BELOW),  # folder of frames
        "depth": _text(_BELOW),  # folder of frames
        "ps": _text(_BELOW),  # file
        "eeg": _text(_BELOW),  # file
        "flow": _text(_BELOW),  # file of a ready-made flow map
        "fps": pa.Column("Float64", _RATE, nullable=True),
        # As the data set counts: frames of the video, or samples of the recording (CASE, WESAD).
        "onset": pa.Column("Int64", _FRAME, nullable=True),
        "apex": pa.Column("Int64", _FRAME, nullable=True),
        "offset": pa.Column("Int64", _FRAME, nullable=True),
        "aus_raw": _text(),
        "aus": _text(pa.Check.str_matches(rf"^({_AU}(\+{_AU})*)?$")),  # "L4+12+T10"
        "emotion_raw": _text(),
        "emotion": _text(),
        "ps_sfreq": pa.Column("Float64", _RATE, nullable=True),
        "ps_start": pa.Column("Float64", nullable=True),  # s from the media's first frame, if said
        "eeg_sfreq": pa.Column("Float64", _RATE, nullable=True),
        "marker": pa.Column("Int64", nullable=True),  # of the clip in the signals, if any
        "row": pa.Column("Int64", nullable=True),  # in the annotation table, as Excel counts
        "flags": _text(),  # what is odd with the row, in words, joined by "; "
        # One column a class set, e.g. class_three; missing where the set drops the clip.
        "class_.+": pa.Column("string", _UTF8, nullable=True, required=False, regex=True),
    },
    strict=True,
    index=pa.Index(int),
)
# What pandera's checks ask for, where their names do not say it.
_WORDS = {"field_uniqueness": "a name that no other clip has", "not_nullable": "a value"}
_SHOWN = 3  # clips that a message names at most
COLUMNS = tuple(name for name in SCHEMA.columns if name != "class_.+")


def frame_of(rows: Sequence[Mapping[str, object]], data_set: str) -> pd.DataFrame:
    """Rows as a table with every column of the index and the right types.

    Parameters
    ----------
    rows : sequence of mappings
        Each with some of `COLUMNS` and of ``class_...``; what is not given is "" or missing.
    data_set : str
        For the column of that name where a row has none.

    Raises
    ------
    MepsError
        If a row has a column that the index does not know.
    """
    table = pd.DataFrame(list(rows), dtype=object)
    extra = [c for c in table if c not in COLUMNS and not str(c).startswith("class_")]
    if extra:
        raise MepsError(f"the index has no column {', '.join(map(str, extra))}")
    sets = [c for c in table if c not in COLUMNS]
    types = {name: str(SCHEMA.columns[name].dtype) for name in COLUMNS}
    texts = {name: "" for name, dtype in types.items() if dtype == "str"}
    table = table.reindex(columns=[*COLUMNS, *sets]).astype(object)
    table = table.fillna(texts | {"data_set": data_set})
    return table.astype(types | dict.fromkeys(sets, "string"))


def check_index(table: pd.DataFrame, source: object = "the index") -> pd.DataFrame:
    """The table, held against `SCHEMA`.

    Raises
    ------
    MepsError
        Naming the row and the column that do not fit, and the clip.
    """
    try:
        table = SCHEMA.validate(table.reset_index(drop=True), lazy=True)
    except pa.errors.SchemaErrors as errors:
        raise MepsError(f"{source}, {_violation(errors.failure_cases, table)}") from None
    marks = table[["onset", "apex", "offset"]].astype("Float64").astype(float)
    known = marks.bfill(axis=1).iloc[:, 0] >= 0
    falls = marks.ffill(axis=1).diff(axis=1).min(axis=1) < 0
    if (falls & known).any():
        row = table[falls].iloc[0]
        raise MepsError(
            f"{source}, {place(row)}: onset {row.onset}, apex {row.apex}, offset {row.offset}; "
            "expected them to rise; choose a rule that repairs or drops the row"
        )
    return table


def check_classes(
    table: pd.DataFrame, class_sets: Mapping[str, Sequence[str]], source: object = "the index"
) -> None:
    """Each class set has its column, with its classes in it and no others.

    Raises
    ------
    MepsError
        Naming the column that is not there, or the clip and what stands in it.
    """
    for name, classes in class_sets.items():
        column = f"class_{name}"
        if column not in table:
            raise MepsError(
                f"{source}: no column {column}, which it says it has; make the index anew"
            )
        odd = table[column].notna() & ~table[column].isin(classes)
        if odd.any():
            row = table[odd].iloc[0]
            raise MepsError(
                f"{source}, {place(row)}, column {column}: got {row[column]!r}; expected one of "
                f"{', '.join(classes)}, or nothing; {odd.sum()} such in all"
            )


def _violation(cases: pd.DataFrame, table: pd.DataFrame) -> str:
    """The first of pandera's failure cases, with the clips that share it, in words."""
    first = cases.iloc[0]
    got, check, column = first["failure_case"], first["check"], first["column"]
    same = cases[
        (cases["check"] == check) & (cases["column"] == column) & (cases["failure_case"] == got)
    ]
    at = ""
    if {"clip", "row"} <= set(table) and not pd.isna(first["index"]):
        at = ", ".join(place(table.iloc[int(k)]) for k in same["index"][:_SHOWN]) + ", "
    expected = _WORDS.get(check, check)
    got = repr(got.item() if hasattr(got, "item") else got)
    return f"{at}column {column}: got {got}; expected {expected}; {len(cases)} such in all"


def place(row: pd.Series) -> str:
    """A row in words, for messages."""
    where = "" if pd.isna(row["row"]) else f", row {int(row['row'])} of the table"
    return f"clip {row['clip']!r}{where}"
