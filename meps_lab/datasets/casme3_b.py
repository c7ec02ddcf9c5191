"""CAS(ME)^3 Part B: 1,508 videos of 116 subjects without labels, for pre-training; index only.

::

    part_B/data/part_B/spNO.1/a/color/0.jpg  depth/0.png

CHOICE: a video is any folder below ``part_B`` that has ``color`` or ``depth`` with pictures in it;
its name and that of the folder around it are the video's and the subject's. WHY: the sources give
subjects and videos of Part B, not its folders; those of Part A are shown above, and whatever is
found deeper or less deep is taken as well.

References
----------
Li et al., IEEE Trans. Pattern Anal. Mach. Intell. 45 (2023), doi 10.1109/TPAMI.2022.3174895.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from meps_lab.datasets import casme3
from meps_lab.datasets.index.kind import NEVER, Expected, IndexOptions, Kind, Rows, Seen, filled
from meps_lab.datasets.index.schema import frame_of
from meps_lab.datasets.readers.cells import subject_named
from meps_lab.datasets.readers.folders import finder
from meps_lib.errors import MepsError

_LEVELS = 5  # part_B/data/part_B/spNO.1/a is four below part_B; one more for a stray folder


def rows(root: Path, options: IndexOptions) -> Rows:
    """The videos that are there as index rows, without onset, apex, offset or emotion.

    Raises
    ------
    MepsError
        If two folders are the same video of the same subject.
    """
    found: dict[tuple, dict] = {}
    for folder in (video for top in finder(root)("part_B") for video in _videos(top)):
        subject, number = _subject(folder.parent.name)
        key = (number, subject, folder.name.lower())
        inside = finder(folder)
        kinds = {"colour": inside("color"), "depth": inside("depth")}
        media = {column: casme3.frames_in(root, found) for column, found in kinds.items()}
        if not any(media.values()):
            continue
        if key in found:
            first = found[key]["colour"] or found[key]["depth"]
            raise MepsError(
                f"{root / first} and {folder}: both are video {folder.name!r} of {subject}; "
                "expected one: move the other out of part_B"
            )
        clip = f"{subject}_{folder.name.lower()}"
        found[key] = media | {"subject": subject, "clip": clip, "fps": casme3.FPS}
    table = frame_of([found[key] for key in sorted(found)], KIND.name)
    return Rows(table, casme3.missing_media(table, ("colour", "depth")))


def _subject(name: str) -> tuple[str, int]:
    """Name and number of a subject; a folder that is called otherwise keeps its name."""
    number = subject_named(name)
    return (name, 0) if number is None else (f"spNO.{number}", number)


def _videos(top: Path) -> Iterator[Path]:
    """Folders with ``color`` or ``depth`` in them; these two, full of frames, are not listed."""
    seen = set()
    for here, folders, _ in os.walk(top, followlinks=True):
        real, level = os.path.realpath(here), len(Path(here).relative_to(top).parts)
        if {"color", "depth"} & {name.lower() for name in folders}:
            yield Path(here)
            folders.clear()
        # A link that leads back up ends here, and nothing is taken twice.
        elif real in seen or level == _LEVELS:
            folders.clear()
        seen.add(real)
        folders.sort()


KIND = Kind(
    name="casme3-b",
    title="CAS(ME)^3 Part B",
    rows=rows,
    load=None,
    files=None,
    class_sets={},
    rules=(),
    modalities=("colour", "depth"),
    marks=("part_B", "Part_B"),
    seen=(Seen("frames in colour and depth", NEVER, "the folders below part_B", filled("colour")),),
    expected=Expected(rows=1508, subjects=116),
)
