"""What every loader says of a data set in the same words: missing files, twins, wrong counts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from meps_lab.datasets.index.kind import Missing
from meps_lab.datasets.index.rules import Rule
from meps_lib.errors import MepsError
from meps_lib.files import is_text


def _tells(column: str) -> bool:
    """Whether a column says what a row means, and not where or how it was written."""
    return column not in ("row", "flags") and not column.endswith("_raw")


# A row that was pasted twice says one thing; kept, its clip would count twice.
DUPLICATE = Rule(
    "duplicate",
    "the same as an earlier row",
    lambda table: table.duplicated([column for column in table if _tells(column)]),
    "drop",
)


_NAMES = ["subject", "clip", "colour", "depth", "flow", "ps", "eeg"]
NO_TEXT = Rule(
    "name-no-text",
    "a name on disk holds a byte that is not UTF-8: rename the file or folder",
    lambda table: ~table[_NAMES].astype(str).map(is_text).all(axis=1),
    "drop",
)


def flagged(text: str) -> Callable[[pd.DataFrame], pd.Series]:
    """Rows with a flag that is or begins with a text: what a loader saw, a rule acts on.

    Examples
    --------
    >>> flagged("no apex")(pd.DataFrame({"flags": ["far; no apex at all", "far no apex", ""]}))
    0     True
    1    False
    2    False
    Name: flags, dtype: bool
    """
    return lambda table: table["flags"].map(
        lambda flags: any(flag.startswith(text) for flag in flags.split("; "))
    )


def missing(
    what: str, lacking: Sequence[str], total: int | None = None, unit: str = "clips"
) -> tuple[Missing, ...]:
    """For `Rows.missing`: one `Missing` in a tuple, to be joined with others, or none.

    A name that comes twice among those that lack it counts once.

    Examples
    --------
    >>> print(*missing("frames", ["a", "b", "c", "d"], 9))
    frames of 4 of 9 clips (a, b, c, ...)
    >>> missing("frames", [], 9)
    ()
    """
    names = tuple(dict.fromkeys(lacking))
    return (Missing(what, names, total, unit),) if names else ()


def in_words(found: Sequence[Missing | str], clips: Sequence[str]) -> tuple[str, ...]:
    """What is missing of the clips that the rules keep: what a dropped one lacks, nobody needs.

    Examples
    --------
    >>> in_words(missing("frames", ["a", "b"], 9), ["b", "c"])
    ('frames of 1 of 2 clips (b)',)
    """
    kept, words = set(clips), []
    for item in found:
        if isinstance(item, Missing) and item.unit == "clips":
            names = tuple(name for name in item.names if name in kept)
            item = replace(item, names=names, total=item.total and len(kept))
        if item.names if isinstance(item, Missing) else item:
            words.append(str(item))
    return tuple(words)


def check_unique(rows: Sequence[Mapping[str, object]], path: Path) -> None:
    """No clip may stand in the table twice and differ: nobody knows which row is right.

    Rows that say the same, in whatever spelling, are left to the rule `DUPLICATE`. Each has the
    keys clip and row.

    Raises
    ------
    MepsError
        Naming the clip and the rows.
    """
    first: dict[object, Mapping[str, object]] = {}
    for row in rows:
        twin = first.setdefault(row["clip"], row)
        differ = [key for key in row if _tells(key) and row[key] != twin.get(key)]
        if differ:
            same = ", ".join(str(r["row"]) for r in rows if r["clip"] == row["clip"])
            raise MepsError(
                f"{path}, rows {same}: all are clip {row['clip']!r}, but differ in "
                f"{', '.join(differ)}; expected each clip once; delete all but one in a copy of "
                "the table, and name the copy with --labels"
            )


def check_counts(got: Mapping, want: Mapping[str, int], where: object, whole: str) -> None:
    """Whoever has the whole of a set has it with its published counts.

    Parameters
    ----------
    got, want : mapping
        Name -> count, found (what is not in it is 0) and published. A Series will do.
    where, whole : object
        File or folder, and what is whole, for the message: "coding.xlsx", "860 rows".

    Raises
    ------
    MepsError
        Naming each count that differs.

    Examples
    --------
    >>> check_counts({"fear": 86}, {"fear": 86}, "coding.xlsx", "860 rows")
    """
    wrong = [
        f"{name} {int(got.get(name, 0))} instead of {n}"
        for name, n in want.items()
        if got.get(name, 0) != n
    ]
    if wrong:
        raise MepsError(
            f"{where}: {whole}, as published, but {', '.join(wrong)}; the labels were edited or "
            "are another version: pass --any-counts to index them all the same"
        )
