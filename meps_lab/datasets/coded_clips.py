"""What CASME II and SAMM share: a spreadsheet with one row a clip, and what can be wrong in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from meps_lab.datasets.index.kind import Rows
from meps_lab.datasets.index.reports import DUPLICATE, check_unique, missing
from meps_lab.datasets.index.rules import APEX_BEFORE_ONSET, Rule, below, forget
from meps_lab.datasets.index.schema import frame_of
from meps_lab.datasets.readers.cells import (
    at,
    emotion,
    half_width,
    integer,
    read_aus,
    subject_number,
)
from meps_lab.datasets.readers.finder import finder, the_one
from meps_lab.datasets.readers.frames import gap_in, has_frames
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
# CHOICE: an apex of -1 is one that was not noted. WHY: how SAMM writes its three missing ones is
# not known, and no frame has this number.
_NO_APEX = "-1"


def _not_noted(mark: str) -> Callable[[pd.DataFrame], pd.Series]:
    """Rows without a mark. A clip of SMIC never has one; it has no row in a table either."""
    return lambda table: table[mark].isna() & table["row"].notna()


RULES = (
    DUPLICATE,
    # What precedes the expression would be taken for a part of it, and the apex is counted from
    # the onset.
    Rule("no-onset", "the coders noted no onset", _not_noted("onset"), "drop", keeps=True),
    Rule(
        "no-offset",
        "the coders noted no offset, the clip ends with its last frame",
        _not_noted("offset"),
        "keep",
        keeps=True,
    ),
    Rule("no-apex", "the coders noted no apex", _not_noted("apex"), "keep", keeps=True),
    APEX_BEFORE_ONSET,
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
    frames: Sequence[str],
    subject: str,
    clip: str,
    fps: float,
    number: str,
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
    frames : sequence of str
        Folders on the way from the root to ``SUBJECT/FILENAME/`` with a clip's frames; upper and
        lower case do not matter.
    subject, clip : str
        How to write the subject's number and the clip, e.g. ``"sub{:02d}"`` and
        ``"{subject}_{name}"``.
    fps : float
        Frames a second.
    number : str
        Where a frame's number stands in its name, see `readers.frames.frame_files`.
    class_sets : mapping of str to ClassSet

    Raises
    ------
    MepsError
        Naming file, row and column, if a cell cannot be read.
    """
    rows, find = [], finder(root)
    for cells in table.to_dict("records"):
        where, name = partial(at, path, cells["row"]), cells["name"]
        who = subject.format(subject_number(cells["subject"], where("Subject")))
        # It becomes a folder's name, so it must not lead out of the data set.
        if not re.fullmatch(r"\w[\w.-]*", name):
            raise MepsError(f"{where('Filename')}: got {name!r}; expected a clip such as EP02_01f")
        aus, unread = read_aus(cells["aus"], where("Action Units"))
        felt = emotion(cells["emotion"], where("Emotion"))
        folder = the_one(root, [f for f in find(*frames, who, name) if has_frames(f)])
        minus = half_width(cells["apex"]) == _NO_APEX
        flags = [unread, "the apex is -1" if minus else ""]
        row = {
            "subject": who, "clip": clip.format(subject=who, name=name), "fps": fps,
            "row": cells["row"], "aus_raw": cells["aus"], "aus": aus,
            "emotion_raw": cells["emotion"], "emotion": felt,
        }  # fmt: skip
        for mark in ("onset", "apex", "offset"):
            cell = "" if mark == "apex" and minus else cells[mark]
            row[mark] = integer(cell, where(f"{mark.capitalize()} Frame"))
        last = max((row[m] for m in ("apex", "offset") if row[m] is not None), default=None)
        gap = gap_in(root / folder, number, row["onset"], last) if folder else NO_FRAMES
        row |= {"colour": "" if gap else folder, "flags": "; ".join(filter(None, (gap, *flags)))}
        rows.append(row | {f"class_{key}": s.of(felt) for key, s in class_sets.items()})
    check_unique(rows, path)
    out = frame_of(rows, data_set)
    return Rows(out, missing=missing_frames(out))


def missing_frames(table: pd.DataFrame) -> tuple[str, ...]:
    """In words, for `Rows.missing`: how many clips have no frames, and some of them."""
    return missing("frames", table.loc[table["colour"] == "", "clip"], len(table))
