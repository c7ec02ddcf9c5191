"""What CASME II, SAMM and SMIC-HS share: a clip is a folder of pictures.

Of the first two a spreadsheet with one row a clip says the rest; and what can be wrong in it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.index.kind import IndexOptions, Rows
from meps_lab.datasets.index.reports import DUPLICATE, check_unique, missing
from meps_lab.datasets.index.rules import APEX_BEFORE_ONSET, ONSET_IS_APEX, Rule, forget, less
from meps_lab.datasets.index.schema import frame_of
from meps_lab.datasets.readers.cells import at, coding, emotion, half_width, integer, subject_number
from meps_lab.datasets.readers.folders import finder, the_one
from meps_lab.datasets.readers.frames import gap_in, has_frames, numbered_by
from meps_lab.datasets.readers.media import video_fields, video_files
from meps_lab.datasets.readers.table_places import find_table
from meps_lab.datasets.readers.tables import read_table
from meps_lib.errors import MepsError
from meps_lib.labels import ClassSet
from meps_lib.trial import Trial

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
    ONSET_IS_APEX,
    # CHOICE: whenever the offset lies before another frame, the offset is what is wrong.
    # WHY: what is known of CASME II is one wrong offset; the clip's own frames say where it ends.
    Rule(
        "offset-too-early",
        "the offset lies before the onset or the apex",
        lambda t: less("offset", "onset")(t) | less("offset", "apex")(t),
        "repair",
        forget("offset"),
        "the offset is forgotten, the clip ends with its last frame",
    ),
)


def coded_clips(
    root: Path,
    options: IndexOptions,
    tables: Sequence[str],
    *,
    header_row: int = 0,
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
    tables, header_row
        Where the table and its header stand, as for `find_table` and `read_table`.
    frames : sequence of str
        Folders on the way from the root to ``SUBJECT/FILENAME/`` with a clip's frames; upper and
        lower case do not matter.
    subject, clip : str
        How to write the subject's number and the clip, e.g. ``"sub{:02d}"`` and
        ``"{subject}_{name}"``.
    number : str
        Where a frame's number stands in its name, see `readers.frames.frame_files`.

    Raises
    ------
    MepsError
        Naming file, row and column, if a cell cannot be read.
    """
    path = find_table(root, tables, options.labels)
    table = read_table(path, COLUMNS, options.sheet, header_row)
    rows, find = [], finder(root)
    for cells in table.to_dict("records"):
        where, name = partial(at, path, cells["row"]), cells["name"]
        who = subject.format(subject_number(cells["subject"], where("Subject")))
        # It becomes a folder's name, so it must not lead out of the data set.
        if not re.fullmatch(r"\w[\w.-]*", name):
            raise MepsError(f"{where('Filename')}: got {name!r}; expected a clip such as EP02_01f")
        felt = emotion(cells["emotion"], where("Estimated Emotion"))
        folder = the_one(root, [f for f in find(*frames, who, name) if has_frames(f)])
        minus = half_width(cells["apex"]) == _NO_APEX
        row = coding(cells, felt, class_sets)
        row |= {"subject": who, "clip": clip.format(subject=who, name=name), "fps": fps}
        for mark in ("onset", "apex", "offset"):
            cell = "" if mark == "apex" and minus else cells[mark]
            row[mark] = integer(cell, where(f"{mark.capitalize()} Frame"))
        last = max((row[m] for m in ("apex", "offset") if row[m] is not None), default=None)
        gap = gap_in(root / folder, number, row["onset"], last) if folder else NO_FRAMES
        flags = filter(None, (gap, row["flags"], "the apex is -1" if minus else ""))
        rows.append(row | {"colour": "" if gap else folder, "flags": "; ".join(flags)})
    check_unique(rows, path)
    out = frame_of(rows, data_set)
    return Rows(out, missing_frames(out), table.attrs["notes"])


def missing_frames(table: pd.DataFrame) -> tuple[str, ...]:
    """In words, for `Rows.missing`: how many clips have no frames, and some of them."""
    return missing("frames", table.loc[table["colour"] == "", "clip"], len(table))


@dataclass(frozen=True)
class ClipFolders:
    """`load` and `files` of a `Kind` whose clips are folders of pictures and nothing else."""

    number: str | None
    """Where a frame's number stands in its name, see `readers.frames.frame_files`; pictures that
    are not numbered so are no frames. None: as `readers.frames.numbered_by` finds it."""
    cut: Callable[[pd.Series], bool] | None = None  # whether a row's are cut to the face; None: no

    def load(self, root: Path, row: pd.Series, config: LoadConfig) -> Trial:
        """One clip from onset to offset, all of its folder where the row has neither."""
        video = video_fields(root, row, config, **self._how(root, row))
        return Trial(subject=row["subject"], clip=row["clip"], label="others", **video)

    def files(self, root: Path, row: pd.Series, config: LoadConfig) -> list[Path]:
        """The pictures that `load` reads."""
        return video_files(root, row, config, **self._how(root, row))

    def _how(self, root: Path, row: pd.Series) -> dict:
        number = self.number
        if number is None and row["colour"]:
            number = numbered_by(root / row["colour"])
        return {"number": number, "cut": self.cut is not None and self.cut(row)}
