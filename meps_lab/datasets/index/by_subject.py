"""Whose is a recording? Its name, or that of the folder around it, says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from meps_lab.datasets.readers.cells import subject_named


def recordings_by_subject(
    root: Path, paths: Iterable[Path], good: Callable[[Path], object]
) -> tuple[dict[int, str], dict[int, list[str]]]:
    """The one recording of each subject, and of whom there are several, so that none is taken.

    Parameters
    ----------
    root : Path
    paths : iterable of Path
        Below `root`. Hidden ones are left out: a Mac leaves ``._x.mat`` beside ``x.mat``.
    good : callable
        Whether a file that is called after a subject, or lies in a folder that is, is a recording.

    Returns
    -------
    one : dict
        Number of the subject -> the file, from `root` on.
    several : dict
        Number of the subject -> the files.
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
