"""What the parts of CAS(ME)^3 share: class sets, folders by name, frames of a row, two rules.

References
----------
Li et al., IEEE Trans. Pattern Anal. Mach. Intell. 45 (2023), doi 10.1109/TPAMI.2022.3174895.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import pandas as pd

from meps_lib.datasets.cells import action_units, emotion
from meps_lib.datasets.media import has_frames, video_fields, video_files
from meps_lib.datasets.rules import Rule
from meps_lib.datasets.settings import LoadConfig
from meps_lib.errors import MepsError
from meps_lib.labels import CLASS_SETS

FPS = 30.0
CLASSES = {name: CLASS_SETS[name].classes for name in ("seven", "four", "three")}
NUMBER = r"^(\d+)$"  # frames are called 0.jpg, 1.jpg, ...; the table's numbers are these
_MEDIA = {"colour": "colour frames", "depth": "depth frames", "ps": "physiology"}
_AUS_UNREAD = "action units not understood"


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


def spelled(name: str) -> str:
    """A name without what differs between spellings: case, and the dot in "spNO.1".

    Examples
    --------
    >>> spelled("spNO.1_A_60") == spelled("spNO1_a_60")
    True
    """
    return name.lower().replace(".", "")


def finder(root: Path) -> Callable[..., Path | None]:
    """A function that finds a folder below `root` by the names on the way, however spelt.

    The authors write "part_A" and "Part_A", "spNO.1" and "spNO1", and a disk may care. What was
    listed once is not listed again: a folder of ready-cut clips is asked for 860 times.

    Examples
    --------
    >>> finder(Path("no such root"))("part_A", "data") is None
    True
    """
    listing = cache(_folders)

    def find(*names: str) -> Path | None:
        folder: Path | None = root
        for name in names:
            folder = None if folder is None else listing(folder).get(spelled(name))
        return folder

    return find


def _folders(parent: Path) -> dict[str, Path]:
    try:
        return {spelled(p.name): p for p in sorted(parent.iterdir(), reverse=True) if p.is_dir()}
    except OSError:  # what may not be read is reported as missing
        return {}


def frames_in(root: Path, folder: Path | None) -> str:
    """The folder from `root` on if there are pictures in it, else ""."""
    there = folder is not None and has_frames(folder)
    return folder.relative_to(root).as_posix() if there else ""


def coded(aus: str, felt: str, where: Callable[[str], str]) -> dict[str, object]:
    """What the index says of a row's action units and emotion.

    Action units that cannot be read are flagged and left empty: a note in that column must not
    cost the clip, since nothing that is learnt reads it.

    Parameters
    ----------
    aus, felt : str
        The cells.
    where : callable
        Column -> the cell in words, for messages.

    Returns
    -------
    dict
        aus_raw, aus, emotion_raw, emotion, flags and one class for each of `CLASSES`.

    Raises
    ------
    MepsError
        If the emotion is unknown.
    """
    name, flags = emotion(felt, where("emotion")), ""
    try:
        units = action_units(aus, where("AU"))
    except MepsError:
        units, flags = "", _AUS_UNREAD
    row = {"aus_raw": aus, "aus": units, "emotion_raw": felt, "emotion": name, "flags": flags}
    return row | {f"class_{key}": CLASS_SETS[key].of(name) for key in CLASSES}


def check_unique(rows: Sequence[Mapping[str, object]], path: Path) -> None:
    """No clip may stand in the table twice.

    Raises
    ------
    MepsError
        Naming the clip and the rows.
    """
    clip, times = Counter(row["clip"] for row in rows).most_common(1)[0]
    if times > 1:
        same = ", ".join(str(row["row"]) for row in rows if row["clip"] == clip)
        raise MepsError(
            f"{path}, rows {same}: all are clip {clip!r}; expected each clip once; delete all but "
            "one in a copy of the table, and name the copy with --labels"
        )


def missing_media(table: pd.DataFrame, columns: Sequence[str]) -> tuple[str, ...]:
    """What rows lack, in words, with the first clip that lacks it."""
    texts = []
    for column in columns:
        lacking = table.loc[table[column] == "", "clip"]
        if len(lacking):
            count = f"{len(lacking)} of {len(table)} clips (first: {lacking.iloc[0]})"
            texts.append(f"{_MEDIA[column]} of {count}")
    return tuple(texts)


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
