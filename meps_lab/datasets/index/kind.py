"""What a data set is to the library: how it is indexed, loaded and recognised."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.index.rules import Rule
from meps_lib.trial import Trial

_NAMED = 3  # of what is missing, so many are named


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
    sheet: str | None = None  # of the annotation table, where several could be it
    exceptions: tuple[Path, ...] = ()  # CAS(ME)^3 Part A: lists of damaged pictures and odd rows


YES, TABLE, NEVER = "yes", "its table only", "never"


@dataclass(frozen=True)
class Seen:
    """One kind of file of a data set, and whether its reader has met a real one.

    `YES`: real files were read. `TABLE`: columns, spellings and counts are those of the published
    file. `NEVER`: it is read as the sources describe it.
    """

    files: str  # what it is, with the version where there are several
    real: str  # one of these three
    guess: str = ""  # what of it is our reading alone; the index says so where it matters
    when: Callable[[pd.DataFrame], bool] | None = None  # whether it matters for a table; None: yes


def filled(column: str) -> Callable[[pd.DataFrame], bool]:
    """Whether a table names files in a column: for `Seen.when`."""
    return lambda table: bool((table[column] != "").any())


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
        (root, row, LoadConfig) -> list of Path, for the cache: every file that `load` would read,
        and every folder whose names it would read, unless a file of that folder is listed.
    class_sets : mapping
        Name -> classes in order; the first is the default. Empty where there are no labels; no
        classes where `Rows` says which.
    rules : tuple of Rule
        In the order in which they are applied.
    modalities : tuple of str
        What clips of this set can have.
    marks : tuple of str
        Glob patterns from the root, in any case; where one of them matches, the root is right.
    seen : tuple of Seen
        What its reader has met, file kind by file kind.
    expected : Expected, optional
    tables : tuple of str
        Glob patterns of the annotation table, as `find_table` of `readers` has them; empty
        where there is none.
    of_file : bool
        What a person names is the table itself, which `rows` is given; paths start at its folder.
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
    seen: tuple[Seen, ...] = ()
    expected: Expected | None = None
    tables: tuple[str, ...] = ()
    of_file: bool = False


@dataclass(frozen=True)
class Missing:
    """What is not there, how often, and for whom; as text, a line of the report.

    Where the names are clips, the report is of those that the rules keep.

    Examples
    --------
    >>> print(Missing("EEG", ("sub01",), 2, "subjects"))
    EEG of 1 of 2 subjects (sub01)
    """

    what: str  # e.g. "colour frames"
    names: tuple[str, ...]  # clips or subjects without it
    total: int | None = None  # how many there are with those that have it
    unit: str = "clips"  # what the names are, in the plural

    def __str__(self) -> str:
        count = len(self.names) if self.total is None else f"{len(self.names)} of {self.total}"
        more = ", ..." if len(self.names) > _NAMED else ""
        return f"{self.what} of {count} {self.unit} ({', '.join(self.names[:_NAMED])}{more})"


@dataclass(frozen=True)
class Rows:
    """What a loader found: index rows before the rules, and what it could not find."""

    table: pd.DataFrame  # made by `frame_of`
    missing: tuple[Missing | str, ...] = ()  # a str says it in words that no rule changes
    notes: tuple[str, ...] = ()  # choices worth saying in the report
    class_sets: Mapping[str, tuple[str, ...]] | None = None  # where the table says them
