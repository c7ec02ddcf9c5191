"""Where a data set's annotation table lies, and which others could be it."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from meps_lab.datasets.readers.folders import any_case, folders_below
from meps_lab.datasets.readers.sheets import SUFFIXES, quoted
from meps_lib.errors import MepsError


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
                f"{quoted(hit.name for hit in hits)}; choose one with --labels"
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
        with suppress(OSError):  # a folder that may not be read has no table for us
            found += sorted(p.relative_to(root) for p in folder.iterdir() if _is_table(p))
    return f"tables there: {quoted(found)}" if found else "no table lies there"
