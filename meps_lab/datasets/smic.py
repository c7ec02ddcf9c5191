"""SMIC-HS: 100 frames a second, no table; class and subject stand in the folders' names.

::

    HS/s01/micro/negative/s1_ne_01/*.bmp        subjects as s01 or s1

No onset, apex or offset is coded: a clip is its whole folder, and the pictures' numbers, such as
image011647.bmp, tell if one is missing. Classes are all that was coded, so they stand in the
column of emotions, too.

References
----------
Li et al., IEEE FG 2013.
"""

import re
from pathlib import Path

import pandas as pd

from meps_lab.datasets.coded_clips import NO_FRAMES, ClipFolders, missing_frames
from meps_lab.datasets.index.kind import NEVER, Expected, IndexOptions, Kind, Rows, Seen, filled
from meps_lab.datasets.index.rules import Rule
from meps_lab.datasets.index.schema import frame_of
from meps_lab.datasets.readers.cells import subject_named
from meps_lab.datasets.readers.folders import folders_in
from meps_lab.datasets.readers.frames import gap_in, has_frames, numbered_by
from meps_lib.errors import MepsError
from meps_lib.labels import CLASS_SETS

FPS = 100.0
CLASSES = CLASS_SETS["three"].classes
_SHORT = {"ne": "negative", "po": "positive", "sur": "surprise"}  # in a clip's name


def rows(root: Path, options: IndexOptions) -> Rows:
    """The folders as index rows; see `Kind`."""
    out, missing, notes, seen = [], [], [], {}
    for person in (person for top in _folders(root, "HS") for person in _folders(top)):
        number = subject_named(person.name)
        if number is None:
            notes.append(f"folder {person.name} is named after no subject (such as s01): left out")
            continue
        subject, micro = f"s{number:02d}", _folders(person, "micro")
        if not micro:
            missing.append(f"folder micro of {subject}")
        for group in (group for folder in micro for group in _folders(folder)):
            label = group.name.lower()
            if label not in CLASSES:
                raise MepsError(f"{group}: expected a folder called one of {', '.join(CLASSES)}")
            for clip in _folders(group):
                first = seen.setdefault(clip.name, clip)
                if first is not clip:
                    raise MepsError(
                        f"clip {clip.name!r} lies in {first.parent}/ and in {clip.parent}/; "
                        "expected each clip once; remove one of the two"
                    )
                out.append(_row(root, clip, subject, label))
    table = frame_of(out, "smic")
    return Rows(table, (*missing, *missing_frames(table)), tuple(notes))


def _row(root: Path, clip: Path, subject: str, label: str) -> dict[str, object]:
    gap = gap_in(clip, numbered_by(clip)) if has_frames(clip) else NO_FRAMES
    where = {"colour": "" if gap else clip.relative_to(root).as_posix(), "flags": gap}
    told = dict.fromkeys(("emotion_raw", "emotion", "class_three", "class_megc2019"), label)
    return {"subject": subject, "clip": clip.name, "fps": FPS} | where | told


def _folders(parent: Path, name: str = "") -> list[Path]:
    """Folders of a folder; those of one name alone, in any case, if given."""
    return [f for f in folders_in(parent) if not name or f.name.lower() == name.lower()]


def _disagrees(table: pd.DataFrame) -> pd.Series:
    """Clips of SMIC whose name says another subject or class than the folders around them."""
    ours = table["data_set"] == "smic"
    named = table["clip"].str.extract(r"^(?:smic_)?s0*(\d+)_(ne|po|sur)_\d+$", re.IGNORECASE)
    subject = table["subject"].str.extract(r"s0*(\d+)$")[0]
    label = named[1].str.lower().map(_SHORT)
    return ours & ~((named[0] == subject) & (label == table["emotion_raw"]))


RULES = (
    # Either may be wrong, and with it the label, or who is left out.
    Rule(
        "name-disagrees",
        "the clip's name says another subject or class than its folders",
        _disagrees,
        "drop",
        keeps=True,
    ),
)
_CLIPS = ClipFolders(None)
KIND = Kind(
    name="smic",
    title="SMIC-HS",
    rows=rows,
    load=_CLIPS.load,
    files=_CLIPS.files,
    class_sets={"megc2019": CLASSES, "three": CLASSES},
    rules=RULES,
    modalities=("colour", "flow"),
    marks=("HS/s*/micro",),
    seen=(Seen("frames and folders", NEVER, "the names of the pictures", filled("colour")),),
    expected=Expected(
        rows=164, subjects=16, emotions={"negative": 70, "positive": 51, "surprise": 43}
    ),
)
