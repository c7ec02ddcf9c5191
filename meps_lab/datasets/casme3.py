"""What the parts of CAS(ME)^3 share: class sets, frames of a row, two rules.

References
----------
Li et al., IEEE Trans. Pattern Anal. Mach. Intell. 45 (2023), doi 10.1109/TPAMI.2022.3174895.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.index.reports import missing
from meps_lab.datasets.index.rules import Rule
from meps_lab.datasets.readers.folders import the_one
from meps_lab.datasets.readers.frames import gap_in, has_frames
from meps_lab.datasets.readers.media import video_fields, video_files
from meps_lib.labels import CLASS_SETS

FPS = 30.0
SETS = {name: CLASS_SETS[name] for name in ("seven", "four", "three")}
NUMBER = r"^(\d+)$"  # frames are called 0.jpg, 1.jpg, ...; the table's numbers are these
_MEDIA = {"colour": "colour frames", "depth": "depth frames", "ps": "physiology"}


def _no_span(table: pd.DataFrame) -> pd.Series:
    last = table["offset"].fillna(table["apex"]).fillna(table["onset"])
    return last <= table["onset"]


ONSET_MISSING = Rule(
    "onset-missing",
    "the onset is missing, so nobody can tell where in the video the clip starts",
    lambda table: table["onset"].isna(),
    "drop",
)
# One frame shows no motion, and further frames would be a guess.
NO_SPAN = Rule(
    "one-frame",
    "no frame after the onset is known to belong to the expression",
    _no_span,
    "drop",
)


def frames_in(
    root: Path, folders: Sequence[Path], first: int | None = None, last: int | None = None
) -> str:
    """The one of some folders, from `root` on, that has a clip's frames; "" if none has.

    The folders are spelt alike, as `finder` gives them. All frames from first to last must be
    there; without a first, any picture will do.

    Raises
    ------
    MepsError
        If two different folders have them.
    """
    return the_one(root, [folder for folder in folders if _has_all(folder, first, last)])


def _has_all(folder: Path, first: int | None, last: int | None) -> bool:
    if first is None:
        return has_frames(folder)
    return not gap_in(folder, NUMBER, first, first if last is None else last)


def gaps(media: dict[str, str], folders: dict[str, Sequence[Path]], *ends: int | None) -> str:
    """What keeps a clip from having frames that are nearly all there, for its flags; "" if nothing.

    By column, `media` is what `frames_in` found between the clip's ends, in which `folders`.
    """
    found = []
    for column, path in media.items():
        words = (gap_in(folder, NUMBER, *ends) for folder in folders[column] if not path)
        found += [f"{column}: {gap}" for gap in filter(None, words)][:1]
    return "; ".join(found)


def missing_media(table: pd.DataFrame, columns: Sequence[str]) -> tuple[str, ...]:
    """What rows lack, in words."""
    lacking = {c: table.loc[table[c] == "", "clip"] for c in columns}
    return tuple(t for c, clips in lacking.items() for t in missing(_MEDIA[c], clips, len(table)))


def video(root: Path, row: pd.Series, config: LoadConfig) -> dict:
    """Frames of a row from its onset to its offset, as `Trial` takes them.

    CHOICE: where the offset is not known, the clip ends with its apex. WHY: that is the last frame
    that is known to belong to the expression, and from onset to apex is what most methods need.

    Raises
    ------
    MepsError
        If a picture is missing or damaged.
    """
    fields = video_fields(root, _ending(row), config, number=NUMBER)
    if not fields:  # no picture was asked for, but the clip has its place in the video
        return {"start": int(row["onset"]) / FPS}
    if pd.isna(row["offset"]):
        fields["offset"] = None
    return fields


def pictures(root: Path, row: pd.Series, config: LoadConfig) -> list[Path]:
    """The files that `video` reads."""
    return video_files(root, _ending(row), config, number=NUMBER)


def _ending(row: pd.Series) -> pd.Series:
    if pd.isna(row["offset"]):
        row = row.copy()
        row["offset"] = row["apex"]
    return row
