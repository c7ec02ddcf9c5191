"""Is this the folder of that data set? And if not, which one is, or what is it instead?"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from meps_lib.errors import MepsError

if TYPE_CHECKING:
    from meps_lib.datasets.kind import Kind

_BELOW, _ABOVE = 3, 5  # levels that are searched for the right folder
_FOLDERS, _ENTRIES = 300, 20_000  # and how much is looked at, for a quick answer on a full disk

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
    inside = sorted(p.name for p in _entries(root))[:8]
    raise MepsError(f"{root}: {wanted}; it holds {', '.join(inside) or 'nothing'}")


def folders_below(root: Path, depth: int, most: int = _FOLDERS) -> Iterator[Path]:
    """`root` and the folders below it, the nearest first.

    Links are followed, since data often lies on another disk, but no folder is visited twice:
    a link that leads back to where it stands ends there.

    Parameters
    ----------
    root : Path
    depth : int
        Levels below `root`.
    most : int
        Folders in all.
    """
    seen, queue, left = set(), deque([(root, 0)]), _ENTRIES
    while queue and len(seen) < most:
        folder, level = queue.popleft()
        try:
            stat = folder.stat()
        except OSError:
            continue
        if (stat.st_dev, stat.st_ino) in seen:
            continue
        seen.add((stat.st_dev, stat.st_ino))
        yield folder
        if level == depth:
            continue
        found = _entries(folder, left)
        left -= len(found)
        inside = sorted(Path(e.path) for e in found if _is_folder(e))
        queue.extend((f, level + 1) for f in inside if not _hidden(f.name))


def entries(folder: Path | str) -> list[os.DirEntry]:
    """All that lies in a folder that a loader needs, by name.

    Hidden files are left out, and the folder __MACOSX that a Mac puts into archives.

    Raises
    ------
    MepsError
        If the folder is missing or cannot be read: its clips would be lost unseen.
    """
    try:
        with os.scandir(folder) as inside:
            return sorted((e for e in inside if not _hidden(e.name)), key=lambda e: e.name)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MepsError(f"{folder}: cannot be listed ({reason}); check the rights") from None


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
    close = get_close_matches(root.name, sorted(p.name for p in _entries(parent)), n=3, cutoff=0.5)
    hint = f"; {parent} is there"
    return f"{hint}, with {', '.join(close)} in it" if close else hint


def any_case(pattern: str) -> str:
    """A glob pattern for names in upper and lower case: some disks care, some authors do not.

    Square brackets of the pattern may hold digits and signs, no letters.

    Examples
    --------
    >>> any_case("S*/[0-9].x")
    '[sS]*/[0-9].[xX]'
    """
    return re.sub("[A-Za-z]", lambda m: f"[{m[0].lower()}{m[0].upper()}]", pattern)


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def is_root_of(kind: Kind, folder: Path) -> bool:
    """Whether one of its marks, or its annotation table, is there."""
    from meps_lib.datasets.tables import table_patterns

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
    from meps_lib.datasets.kinds import MODULES, kind_of

    for name in MODULES:
        if name not in (kind.name, _ANY_FOLDER):
            try:
                yield kind_of(name)
            except ImportError:  # a suggestion is not worth an error of its own
                continue


def _entries(folder: Path, most: int = _ENTRIES) -> list[os.DirEntry]:
    """What lies in a folder, as far as it may be read: a search goes on without the rest."""
    found = []
    with suppress(OSError, ValueError), os.scandir(folder) as inside:
        found.extend(islice(inside, most))
    return found


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False
