"""What a data set is to the library: how it is indexed, loaded and recognised."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from meps_lib.datasets.rules import Rule

if TYPE_CHECKING:
    from meps_lib.datasets.settings import LoadConfig
    from meps_lib.trial import Trial


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
