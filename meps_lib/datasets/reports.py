"""What every loader says of a data set in the same words: missing files, twins, wrong counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from meps_lib.datasets.rules import Rule
from meps_lib.errors import MepsError

# A row that was pasted twice says one thing; kept, its clip would count twice.
DUPLICATE = Rule(
    "duplicate",
    "the same as an earlier row",
    lambda table: table.duplicated([column for column in table if column != "row"]),
    "drop",
)
_NAMED = 3  # of what is missing, so many are named


def missing(
    what: str, lacking: Sequence[str], total: int | None = None, unit: str = "clips"
) -> tuple[str, ...]:
    """In words, for `Rows.missing`: what is not there, how often, and for whom.

    Parameters
    ----------
    what : str
        E.g. "colour frames".
    lacking : sequence of str
        Clips or subjects without it; a name that comes twice counts once.
    total : int, optional
        How many there are with those that have it.
    unit : str
        What the names are, in the plural.

    Returns
    -------
    tuple of str
        One text, or none if nothing is lacking, to be joined with others.

    Examples
    --------
    >>> missing("frames", ["a", "b", "c", "d"], 9)
    ('frames of 4 of 9 clips (a, b, c, ...)',)
    >>> missing("EEG", ["sub01"], unit="subjects"), missing("frames", [], 9)
    (('EEG of 1 subjects (sub01)',), ())
    """
    names = list(dict.fromkeys(lacking))
    if not names:
        return ()
    count = f"{len(names)} {unit}" if total is None else f"{len(names)} of {total} {unit}"
    more = ", ..." if len(names) > _NAMED else ""
    return (f"{what} of {count} ({', '.join(names[:_NAMED])}{more})",)


def check_unique(rows: Sequence[Mapping[str, object]], path: Path) -> None:
    """No clip may stand in the table twice and differ: nobody knows which row is right.

    Rows that are the same in all but their number are left to the rule `DUPLICATE`.

    Parameters
    ----------
    rows : sequence of mappings
        With the keys clip and row.
    path : Path
        Of the table, for the message.

    Raises
    ------
    MepsError
        Naming the clip and the rows.
    """
    first: dict[object, Mapping[str, object]] = {}
    for row in rows:
        twin = first.setdefault(row["clip"], row)
        differ = [key for key in row if key != "row" and row[key] != twin.get(key)]
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
    got : mapping
        Name -> count; what is not in it is 0. A Series of `value_counts` will do.
    want : mapping
        The published ones.
    where : object
        File or folder, for the message.
    whole : str
        What is whole, in words, e.g. "860 rows".

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
