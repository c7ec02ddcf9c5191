"""Folders of a data set by their names, however a person or a disk has spelt them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from meps_lab.datasets.readers.folders import entries
from meps_lib.errors import MepsError


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
    listing = cache(_folders)

    def find(*names: str) -> list[Path]:
        found = [root]
        for name in names:
            found = [f for parent in found for f in listing(parent).get(spelled(name), ())]
        return found

    return find


def _folders(parent: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    try:
        inside = entries(parent)
    except MepsError:
        return {}
    for entry in inside:
        if os.path.isdir(entry.path):
            found.setdefault(spelled(entry.name), []).append(parent / entry.name)
    return found


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
