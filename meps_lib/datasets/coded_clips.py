"""What CASME II and SAMM share: a spreadsheet with one row a clip, and what can be wrong in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pandas as pd

from meps_lib.datasets.casme3 import check_unique
from meps_lib.datasets.cells import action_units, at, emotion, subject_number, whole
from meps_lib.datasets.kind import Rows
from meps_lib.datasets.media import has_frames
from meps_lib.datasets.rules import Rule, below, forget
from meps_lib.datasets.schema import frame_of
from meps_lib.errors import MepsError
from meps_lib.labels import ClassSet

# Spaces and case do not matter, so one spelling serves "OnsetFrame" and "Onset Frame".
COLUMNS = {
    "subject": ("Subject",),
    "name": ("Filename",),
    "onset": ("Onset Frame",),
    "apex": ("Apex Frame",),
    "offset": ("Offset Frame",),
    "aus": ("Action Units",),
    "emotion": ("Estimated Emotion",),
}
NO_FRAMES = "no frames on disk"
AUS_UNREAD = "action units not understood"

RULES = (
    # A clip of SMIC never has an apex; it has no row in a table either.
    Rule(
        "no-apex",
        "the coders noted no apex",
        lambda t: t["apex"].isna() & t["row"].notna(),
        "keep",
        keeps=True,
    ),
    Rule(
        "apex-before-onset",
        "the apex lies before the onset",
        below("apex", "onset"),
        "repair",
        forget("apex"),
        "the apex is forgotten",
    ),
    # CHOICE: whenever the offset lies before another frame, the offset is what is wrong.
    # WHY: what is known of CASME II is one wrong offset; the clip's own frames say where it ends.
    Rule(
        "offset-too-early",
        "the offset lies before the onset or the apex",
        lambda t: below("offset", "onset")(t) | below("offset", "apex")(t),
        "repair",
        forget("offset"),
        "the offset is forgotten, the clip ends with its last frame",
    ),
)


def coded_clips(
    table: pd.DataFrame,
    path: Path,
    root: Path,
    *,
    data_set: str,
    frames: str,
    subject: str,
    clip: str,
    fps: float,
    class_sets: Mapping[str, ClassSet],
) -> Rows:
    """Index rows from a coding table.

    Parameters
    ----------
    table : DataFrame
        As `read_table` gives it for `COLUMNS`.
    path : Path
        Of the table, for messages.
    root : Path
    data_set : str
    frames : str
        Folder, from the root, that holds ``SUBJECT/FILENAME/`` with a clip's frames.
    subject, clip : str
        How to write the subject's number and the clip, e.g. ``"sub{:02d}"`` and
        ``"{subject}_{name}"``.
    fps : float
        Frames a second.
    class_sets : mapping of str to ClassSet

    Raises
    ------
    MepsError
        Naming file, row and column, if a cell cannot be read.
    """
    rows = []
    for cells in table.to_dict("records"):
        where, name = partial(at, path, cells["row"]), cells["name"]
        who = subject.format(subject_number(cells["subject"], where("Subject")))
        # It becomes a folder's name, so it must not lead out of the data set.
        if not re.fullmatch(r"\w[\w.-]*", name):
            raise MepsError(f"{where('Filename')}: got {name!r}; expected a clip such as EP02_01f")
        aus, understood = _aus(cells["aus"], where("Action Units"))
        folder, felt = Path(frames, who, name), emotion(cells["emotion"], where("Emotion"))
        here = has_frames(root / folder)
        flags = {NO_FRAMES: not here, AUS_UNREAD: not understood}
        row = {
            "subject": who, "clip": clip.format(subject=who, name=name), "fps": fps,
            "colour": folder.as_posix() if here else "", "row": cells["row"],
            "aus_raw": cells["aus"], "aus": aus,
            "emotion_raw": cells["emotion"], "emotion": felt,
            "flags": "; ".join(text for text, on in flags.items() if on),
        }  # fmt: skip
        for mark in ("onset", "apex", "offset"):
            row[mark] = whole(cells[mark], where(f"{mark.capitalize()} Frame"))
        rows.append(row | {f"class_{key}": s.of(felt) for key, s in class_sets.items()})
    check_unique(rows, path)
    out = frame_of(rows, data_set)
    return Rows(out, missing=missing_frames(out))


def missing_frames(table: pd.DataFrame) -> tuple[str, ...]:
    """In words, for `Rows.missing`: how many clips have no frames, and three of them."""
    clips = table.loc[table["colour"] == "", "clip"]
    if clips.empty:
        return ()
    more = ", ..." if len(clips) > 3 else ""
    return (f"frames of {len(clips)} of {len(table)} clips ({', '.join(clips[:3])}{more})",)


def _aus(text: str, where: str) -> tuple[str, bool]:
    """Action units, and whether they could be read.

    A note in that column must not cost the clip: nothing that is learnt reads it.
    """
    try:
        return action_units(text, where), True
    except MepsError:
        return "", False
