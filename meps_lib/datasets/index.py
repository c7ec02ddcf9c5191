"""The index: the one table that every loader makes, one row a clip.

A loader reads a data set's own annotation into this table, rules say what becomes of rows with a
known defect, and a schema holds the result. Paths are relative to the data set's root, so
an index can be kept and shared without the data.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pandera.pandas as pa

from meps_lib.datasets.rules import Rule, apply_rules
from meps_lib.errors import MepsError

if TYPE_CHECKING:
    from meps_lib.datasets.settings import LoadConfig
    from meps_lib.trial import Trial

_AU = r"[LRTB]?\d{1,2}"


def _text(*checks: pa.Check) -> pa.Column:
    return pa.Column(str, list(checks), nullable=False)


_NAMED = pa.Check.str_length(min_value=1)
_FRAME = pa.Check.ge(0)
_RATE = pa.Check.in_range(0, 1e6, include_min=False)

SCHEMA = pa.DataFrameSchema(
    {
        "data_set": _text(_NAMED),
        "subject": _text(_NAMED),
        "clip": pa.Column(str, _NAMED, unique=True),
        # What belongs to the clip, relative to the root; "" where there is none.
        "colour": _text(),  # folder of frames
        "depth": _text(),  # folder of frames
        "ps": _text(),  # file
        "eeg": _text(),  # file
        "flow": _text(),  # file of a ready-made flow map
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
        "eeg_sfreq": pa.Column("Float64", _RATE, nullable=True),
        "marker": pa.Column("Int64", nullable=True),  # of the clip in the signals, if any
        "row": pa.Column("Int64", nullable=True),  # in the annotation table, as Excel counts
        "flags": _text(),  # what is odd with the row, in words, joined by "; "
        # One column a class set, e.g. class_three; missing where the set drops the clip.
        "class_.+": pa.Column("string", nullable=True, required=False, regex=True),
    },
    strict=True,
    index=pa.Index(int),
)
COLUMNS = tuple(name for name in SCHEMA.columns if name != "class_.+")


@dataclass(frozen=True)
class Expected:
    """Published counts, asserted only when the whole set is there."""

    rows: int  # of the annotation table, before any rule
    subjects: int
    emotions: Mapping[str, int] = field(default_factory=dict)  # by canonical name


@dataclass(frozen=True)
class IndexOptions:
    """What a person may choose when a data set is indexed."""

    labels: Path | None = None  # annotation table, if not where the data set has it
    rules: Mapping[str, str] = field(default_factory=dict)  # rule -> "drop", "repair" or "keep"
    segment_s: float = 60.0  # CASE, WESAD: a condition is cut into clips of this length
    any_counts: bool = False  # index a whole set although its counts differ from the published


@dataclass(frozen=True)
class Kind:
    """One data set that can be given by a path.

    Parameters
    ----------
    name, title : str
        What the command line calls it, e.g. "casme3-a", and the data set's own name.
    rows : callable
        (root, options) -> `Rows`: the annotation as index rows, before the rules.
    load : callable or None
        (root, row of the table, LoadConfig) -> Trial labelled "others"; None where clips can only
        be indexed.
    files : callable or None
        (root, row, LoadConfig) -> list of Path: every file that `load` would read, for the cache.
    class_sets : mapping
        Name -> classes in order; the first is the default. Empty where there are no labels.
    rules : tuple of Rule
        In the order in which they are applied.
    modalities : tuple of str
        What clips of this set can have.
    marks : tuple of str
        Glob patterns from the root; where one of them matches, the root is right.
    expected : Expected, optional
    """

    name: str
    title: str
    rows: Callable[[Path, IndexOptions], Rows]
    load: Callable[[Path, pd.Series, LoadConfig], Trial] | None
    files: Callable[[Path, pd.Series, LoadConfig], list[Path]] | None
    class_sets: Mapping[str, tuple[str, ...]]
    rules: tuple[Rule, ...]
    modalities: tuple[str, ...]
    marks: tuple[str, ...]
    expected: Expected | None = None


@dataclass(frozen=True)
class Rows:
    """What a loader found: index rows before the rules, and what it could not find."""

    table: pd.DataFrame  # made by `frame_of`
    missing: tuple[str, ...] = ()  # in words: "colour frames of 12 clips (spNO.1_a_60, ...)"
    notes: tuple[str, ...] = ()  # choices worth saying in the report


@dataclass(frozen=True)
class Indexed:
    """An index, and the story of how it was made.

    Parameters
    ----------
    kind, title : str
    root : Path
        Where the paths of the table start.
    table : DataFrame
        Holds to `SCHEMA`.
    dropped : DataFrame
        Columns subject, clip, row, rule, why: what is not in the table.
    class_sets : mapping
    missing, notes : tuple of str
    """

    kind: str
    title: str
    root: Path
    table: pd.DataFrame
    dropped: pd.DataFrame
    class_sets: Mapping[str, tuple[str, ...]]
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def report(self) -> str:
        """What a person wants to know: counts, what was flagged, dropped, missing."""
        table = self.table
        subjects = table["subject"].nunique()
        lines = [f"{self.title}: {len(table)} clips of {subjects} subjects"]
        for name, classes in self.class_sets.items():
            counts = table[f"class_{name}"].value_counts()
            shown = "  ".join(f"{c} {counts.get(c, 0)}" for c in classes)
            lines.append(f"classes {name}: {shown}  (none {table[f'class_{name}'].isna().sum()})")
        flags = table["flags"].str.split("; ").explode()
        for flag, n in flags[flags != ""].value_counts(sort=False).items():
            first = table.loc[flags.index[flags == flag][0]]
            lines.append(f"flagged {n}: {flag} (first: {_place(first)})")
        for (rule, why), rows in self.dropped.groupby(["rule", "why"], sort=False):
            first = rows.iloc[0]
            lines.append(f"dropped {len(rows)} by {rule}: {why} (first: {_place(first)})")
        lines += [f"missing: {text}" for text in self.missing]
        lines += [f"note: {text}" for text in self.notes]
        return "\n".join(lines)

    def save(self, path: Path | str) -> None:
        """Write the table as parquet, with what it was made from beside it in the same file.

        Raises
        ------
        MepsError
            If the file cannot be written.
        """
        path, part = Path(path), Path(path).with_name(f".{Path(path).name}.part")
        table = self.table.copy()
        sets = {k: list(v) for k, v in self.class_sets.items()}
        story = {"kind": self.kind, "title": self.title, "class_sets": sets}
        story |= {"missing": list(self.missing), "notes": list(self.notes)}
        story["dropped"] = self.dropped.astype(object).where(self.dropped.notna(), None).to_dict(
            "records"
        )  # fmt: skip
        table.attrs["meps_index"] = json.dumps(story, default=str)
        try:
            table.to_parquet(part, index=False)
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise MepsError(f"cannot write {path}: {error.strerror}; choose another file") from None


_DROPPED = ("subject", "clip", "row", "rule", "why")


def read_index(path: Path | str, root: Path | str) -> Indexed:
    """Read an index that `Indexed.save` wrote, for a copy of the data at `root`.

    Raises
    ------
    MepsError
        If the file is missing, no index, or does not hold to the schema.
    """
    path = Path(path)
    if not path.is_file():
        raise MepsError(f"{path}: no such file; make it with 'meps index KIND ROOT --out {path}'")
    try:
        table = pd.read_parquet(path)
        story = json.loads(table.attrs["meps_index"])
        sets = {k: tuple(v) for k, v in story["class_sets"].items()}
        dropped = pd.DataFrame(story["dropped"], columns=list(_DROPPED))
        rest = (tuple(story["missing"]), tuple(story["notes"]))
        kind, title = story["kind"], story["title"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise MepsError(
            f"{path} is no index ({error}); make one with 'meps index KIND ROOT --out FILE'"
        ) from None
    table.attrs = {}
    return Indexed(kind, title, Path(root), check_index(table, path), dropped, sets, *rest)


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
    for name in COLUMNS:
        dtype = str(SCHEMA.columns[name].dtype)
        if name not in table:
            table[name] = data_set if name == "data_set" else ("" if dtype == "str" else pd.NA)
        elif name == "data_set":
            table[name] = table[name].fillna(data_set)
        table[name] = table[name].fillna("").astype(str) if dtype == "str" else table[name].astype(
            dtype
        )  # fmt: skip
    sets = [c for c in table if c not in COLUMNS]
    table[sets] = table[sets].astype("string")
    return table[[*COLUMNS, *sets]]


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
        first = errors.failure_cases.iloc[0]
        row = first["index"]
        at = "" if pd.isna(row) else f", row {int(row)} (clip {table['clip'].iloc[int(row)]!r})"
        raise MepsError(
            f"{source}{at}, column {first['column']}: got {first['failure_case']!r}; expected "
            f"{first['check']}; {len(errors.failure_cases)} such in all"
        ) from None
    marks = table[["onset", "apex", "offset"]].astype("Float64").astype(float)
    known = marks.bfill(axis=1).iloc[:, 0] >= 0
    falls = marks.ffill(axis=1).diff(axis=1).min(axis=1) < 0
    if (falls & known).any():
        row = table[falls].iloc[0]
        raise MepsError(
            f"{source}, {_place(row)}: onset {row.onset}, apex {row.apex}, offset {row.offset}; "
            "expected them to rise; choose a rule that repairs or drops the row"
        )
    return table


def build_index(kind: str, root: Path | str, options: IndexOptions | None = None) -> Indexed:
    """Index a data set.

    Parameters
    ----------
    kind : str
        A key of `meps_lib.datasets.kinds.KINDS`.
    root : path
        Where the data set lies.
    options : IndexOptions, optional

    Returns
    -------
    Indexed

    Raises
    ------
    MepsError
        If the kind, the root, the annotation table or a rule is not what is expected, or a whole
        set does not come to its published counts.
    """
    from meps_lib.datasets.kinds import kind_of
    from meps_lib.datasets.roots import check_root

    entry, options = kind_of(kind), options or IndexOptions()
    root = check_root(entry, Path(root))
    found = entry.rows(root, options)
    if len(found.table) == 0:
        raise MepsError(f"{root}: no clip of {entry.title} in it; is the copy complete?")
    if entry.expected is not None and not options.any_counts:
        _check_counts(entry.expected, found.table, root)
    table, dropped = apply_rules(found.table, entry.rules, options.rules)
    if len(table) == 0:
        raise MepsError(f"{root}: the rules drop every clip; keep some with --rules RULE=keep")
    return Indexed(
        entry.name, entry.title, root, check_index(table, root), dropped,
        entry.class_sets, found.missing, found.notes,
    )  # fmt: skip


def _check_counts(expected: Expected, table: pd.DataFrame, root: Path) -> None:
    """A whole set has its published counts; a part of one is nobody's to judge."""
    if len(table) != expected.rows:
        return
    got = {"subjects": table["subject"].nunique()} | {
        name: int((table["emotion"] == name).sum()) for name in expected.emotions
    }
    want = {"subjects": expected.subjects} | dict(expected.emotions)
    wrong = [
        f"{name} {got[name]} instead of {want[name]}" for name in want if got[name] != want[name]
    ]
    if wrong:
        raise MepsError(
            f"{root}: {expected.rows} rows, as published, but {', '.join(wrong)}; the table "
            "was edited or is another version: pass --any-counts to index it all the same"
        )


def _place(row: pd.Series) -> str:
    where = "" if pd.isna(row["row"]) else f", row {int(row['row'])} of the table"
    return f"clip {row['clip']!r}{where}"
