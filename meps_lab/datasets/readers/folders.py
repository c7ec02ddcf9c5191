"""What lies in a folder and below it: listed in order, without what a system hides there."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from meps_lib.errors import MepsError

_FOLDERS, _ENTRIES = 300, 20_000  # that are looked at, for a quick answer on a full disk


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
        found = listed(folder, left)
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


def listed(folder: Path, most: int = _ENTRIES) -> list[os.DirEntry]:
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
