"""What lies in a folder and below it: listed in order, and found by name, however spelt."""

import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from itertools import islice
from pathlib import Path

from meps_lab.datasets.readers.cells import subject_named
from meps_lib.errors import MepsError

_FOLDERS, _ENTRIES = 300, 20_000  # that are looked at, for a quick answer on a full disk


def folders_below(root: Path, depth: int, most: int = _FOLDERS) -> Iterator[Path]:
    """`root` and the folders below it, the nearest first; `depth` levels, `most` folders in all.

    Links are followed, since data often lies on another disk, but no folder is visited twice:
    a link that leads back to where it stands ends there.
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
        inside = sorted(Path(e.path) for e in found if _is_folder(e) and not _hidden(e.name))
        queue.extend((f, level + 1) for f in inside)


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


def folders_in(folder: Path) -> list[Path]:
    """Of the `entries` of a folder those that are folders, or links to such."""
    return [folder / entry.name for entry in entries(folder) if _is_folder(entry)]


def listed(folder: Path, most: int = _ENTRIES) -> list[os.DirEntry]:
    """What lies in a folder, as far as it may be read: a search goes on without the rest."""
    found = []
    with suppress(OSError, ValueError), os.scandir(folder) as inside:
        found.extend(islice(inside, most))
    return found


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def any_case(pattern: str) -> str:
    """A glob pattern for names in upper and lower case: some disks care, some authors do not.

    Square brackets of the pattern may hold digits and signs, no letters.

    Examples
    --------
    >>> any_case("S*/[0-9].x")
    '[sS]*/[0-9].[xX]'
    """
    return re.sub("[A-Za-z]", lambda m: f"[{m[0].lower()}{m[0].upper()}]", pattern)


def spelled(name: str) -> str:
    """A name without what differs between spellings: case, and the dot in "spNO.1".

    Examples
    --------
    >>> spelled("spNO.1_A_60") == spelled("spNO1_a_60")
    True
    """
    return name.lower().replace(".", "")


def finder(root: Path) -> Callable[..., list[Path]]:
    """A function that finds folders below `root` by the names on the way, however spelt.

    Authors write "part_A" and "Part_A", "spNO.1" and "spNO1", and a disk may care; there may even
    be both. What was listed once is not listed again: a folder of clips is asked for hundreds of
    times. What is not there or may not be read has nothing in it: its clips are reported missing.

    Examples
    --------
    >>> finder(Path("no such root"))("part_A", "data")
    []
    """

    @cache
    def listing(parent: Path) -> dict[str, list[Path]]:
        found: dict[str, list[Path]] = {}
        with suppress(MepsError):
            for folder in folders_in(parent):
                found.setdefault(spelled(folder.name), []).append(folder)
        return found

    def find(*names: str) -> list[Path]:
        found = [root]
        for name in names:
            found = [f for parent in found for f in listing(parent).get(spelled(name), ())]
        return found

    return find


def the_one(root: Path, folders: Sequence[Path]) -> str:
    """The only one of these folders, from `root` on; "" if there is none.

    Raises
    ------
    MepsError
        If there are two, and they are not one by a link.
    """
    if len(folders) > 1 and len({os.path.realpath(folder) for folder in folders}) > 1:
        raise MepsError(
            f"{folders[0]} and {folders[1]}: two folders of the same frames; expected one; move "
            "the other out of the data set"
        )
    return folders[0].relative_to(root).as_posix() if folders else ""


def recordings_by_subject(
    root: Path, paths: Iterable[Path], good: Callable[[Path], object]
) -> tuple[dict[int, str], dict[int, list[str]]]:
    """The one recording of each subject, and of whom there are several, so that none is taken.

    Whose a file is its name says, or that of the folder around it.

    Parameters
    ----------
    root : Path
    paths : iterable of Path
        Below `root`. Hidden ones are left out: a Mac leaves ``._x.mat`` beside ``x.mat``.
    good : callable
        Whether a file that is a subject's by these names is a recording.

    Returns
    -------
    one, several : dict
        Number of the subject -> the file, or the files, from `root` on.
    """
    found: dict[int, list[str]] = {}
    for path in paths:
        inside = path.relative_to(root)
        numbers = map(subject_named, (path.stem, inside.parent.name))
        number = next((n for n in numbers if n is not None), None)
        hidden = any(part.startswith(".") for part in inside.parts)
        if number is not None and not hidden and good(path):
            found.setdefault(number, []).append(inside.as_posix())
    one = {number: files[0] for number, files in found.items() if len(files) == 1}
    return one, {number: files for number, files in found.items() if len(files) > 1}
