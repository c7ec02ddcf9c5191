"""Is this the folder of that data set? And if not, which one is, or what is it instead?"""

import os
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from meps_lab.datasets.index import kinds
from meps_lab.datasets.index.kind import Kind
from meps_lab.datasets.readers.folders import any_case, folders_below, listed
from meps_lab.datasets.readers.table_places import table_patterns
from meps_lib.errors import MepsError

_BELOW, _ABOVE = 3, 5  # levels that are searched for the right folder

_ANY_FOLDER = "flowmaps"  # a table and pictures of any name: nothing looks like it by itself


def check_root(kind: Kind, root: Path | str, labels: Path | None = None) -> Path:
    """The folder of a data set, once it is known to be one.

    Parameters
    ----------
    kind : Kind
        One of its ``marks``, or its annotation table, has to be there.
    root : path
    labels : Path, optional
        The annotation table, where a person named it: any folder that can be read will do then,
        since a copy may have no media, and what is missing is reported.

    Raises
    ------
    MepsError
        If the folder is missing, cannot be read, or is none of this data set; the message names
        the right folder where one lies near, or the data set that this one looks like.
    """
    root = Path(root)
    _check_folder(root)
    if labels is not None or is_root_of(kind, root):
        return root
    wanted = f"expected the folder of {kind.title}, which holds {' or '.join(kind.marks)}"
    hints = []
    others = [other for other in _other_kinds(kind) if is_root_of(other, root)]
    if others:
        looks = " or ".join(f"{other.title} ('{other.name}')" for other in others)
        hints.append(f"this looks like {looks}")
    near = next((f for f in _neighbours(kind, root) if is_root_of(kind, f)), None)
    if near is not None:
        hints.append(f"did you mean {near}?")
    if hints:
        raise MepsError(f"{root}: {wanted}; {'; '.join(hints)}")
    inside = sorted(p.name for p in listed(root))[:8]
    raise MepsError(f"{root}: {wanted}; it holds {', '.join(inside) or 'nothing'}")


def _check_folder(root: Path) -> None:
    try:
        if not root.exists():
            raise MepsError(f"{root}: no such folder{_close_names(root)}")
        if not root.is_dir():
            raise MepsError(
                f"{root} is a file; expected the folder of the data set: unpack it if it is an "
                "archive, or give the folder that it lies in"
            )
        with os.scandir(root) as inside:
            next(inside, None)
    except OSError as error:
        raise MepsError(f"{root}: cannot be read ({error.strerror}); check the rights") from None


def _close_names(root: Path) -> str:
    """A missing folder is often a misspelt one, or a disk that is not there."""
    parent = root.absolute().parent
    while not parent.is_dir():
        root, parent = parent, parent.parent
    close = get_close_matches(root.name, sorted(p.name for p in listed(parent)), n=3, cutoff=0.5)
    hint = f"; {parent} is there"
    return f"{hint}, with {', '.join(close)} in it" if close else hint


def is_root_of(kind: Kind, folder: Path) -> bool:
    """Whether one of its marks, or its annotation table, is there."""
    marks = (*kind.marks, *table_patterns(kind.tables))
    try:
        return any(next(folder.glob(any_case(mark)), None) is not None for mark in marks)
    except OSError:  # unreadable or a loop of links: not the folder that we look for
        return False


def _neighbours(kind: Kind, root: Path) -> Iterator[Path]:
    """Folders above, then below."""
    if kind.name != _ANY_FOLDER:  # whose marks some folder above always has
        yield from list(root.absolute().parents)[:_ABOVE]
    yield from folders_below(root, _BELOW)


def _other_kinds(kind: Kind) -> Iterator[Kind]:
    for name in kinds.MODULES:
        if name not in (kind.name, _ANY_FOLDER):
            try:
                yield kinds.kind_of(name)
            except ImportError:  # a suggestion is not worth an error of its own
                continue
