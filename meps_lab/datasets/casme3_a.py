"""CAS(ME)^3 Part A: colour and depth at 30 frames a second, one spreadsheet, known defects.

::

    annotation/cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx
    part_A/data/part_A/spNO.1/a/color/0.jpg  depth/0.png
    Part_A_ME_clip/frame/spNO.1_a_60/60.jpg  depth/spNO.1_a_60/60.png

CHOICE: where both the long video and the ready-cut clip have every frame of a row, the long video
is read, unless only the clip has both colour and depth. WHY: the video has every frame that the
table may name, and a row whose marks were repaired need not agree with how its clip was cut.

The authors' other tables are known by their columns: ``..._JpgIndex_v1.xls`` is read; those that
mix macro- and micro-expressions, or list blinks, are told apart in words.

What is wrong in the published table, and what becomes of it, is in `casme3_a_rules`.

References
----------
Li et al., IEEE Trans. Pattern Anal. Mach. Intell. 45 (2023), doi 10.1109/TPAMI.2022.3174895.
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from meps_lab.datasets import casme3, casme3_exceptions
from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.casme3_a_rules import EMOTION, LETTER, RULES, SUBJECT
from meps_lab.datasets.index.kind import NEVER, TABLE, Expected, IndexOptions, Kind, Rows, Seen
from meps_lab.datasets.index.reports import check_unique
from meps_lab.datasets.index.rules import apply_rules
from meps_lab.datasets.index.schema import frame_of
from meps_lab.datasets.readers.cells import at, coding, emotion, half_width, integer, subject_number
from meps_lab.datasets.readers.folders import finder
from meps_lab.datasets.readers.table_places import find_table
from meps_lab.datasets.readers.tables import Other, read_table
from meps_lib.errors import MepsError
from meps_lib.trial import Trial

TABLES = (
    "annotation/cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx",
    "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx",
    "annotation/*part_A_ME_label*v2*.xlsx",
    "*part_A_ME_label*.xls",
    "annotation/*part_A_ME_label*.xls",
)
EMOTIONS = dict(disgust=250, surprise=187, others=161, fear=86, anger=64, sadness=57, happiness=55)
_ROWS_V1 = 921
_RIGHT = "give cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx with --labels"
OTHERS = (
    Other(
        ("Expression type",),
        (),
        "macro- and micro-expressions mixed (column 'Expression type'); for the micro ones "
        f"{_RIGHT}",
    ),
    Other(
        ("Subject", "Filename", "Onset", "Offset"),
        ("Apex", "AU", "emotion"),
        f"this lists when somebody blinked, not expressions; {_RIGHT}",
    ),
)
COLUMNS = {
    "subject": ("Subject",),
    "letter": ("Filename",),
    "onset": ("Onset",),
    "apex": ("Apex",),
    "offset": ("Offset",),
    "aus": ("AU",),
    "emotion": ("emotion",),
}


def rows(root: Path, options: IndexOptions) -> Rows:
    """The spreadsheet as index rows; see `Kind`."""
    path = find_table(root, TABLES, options.labels)
    cells = read_table(path, COLUMNS, options.sheet, others=OTHERS)
    lines = cells.to_dict("records")
    found = [_row(line, partial(at, path, line["row"])) for line in lines]
    check_unique(found, path)
    table, listed = casme3_exceptions.flag(frame_of(found, KIND.name), options.exceptions)
    find, ends = finder(root), _ends(table, options)
    media = [_media(root, find, clip, ends.get(clip, (None, None))) for clip in table["clip"]]
    for column in ("colour", "depth"):
        table[column] = [place[column] for place in media]
    pairs = zip(table["flags"], media, strict=True)
    table["flags"] = ["; ".join(filter(None, (old, place["gap"]))) for old, place in pairs]
    places = table["colour"].where(table["colour"] != "", table["depth"])
    places = places[places != ""].str.split("/").str[0].value_counts(sort=False)
    counts = ", ".join(f"{n} clips from {place}" for place, n in places.items())
    notes = (f"frames are read of {counts}",) if counts else ()
    if len(table) == _ROWS_V1:
        notes += ("921 rows are those of version 1; the authors list 22 as wrong: --exceptions",)
    return Rows(
        table,
        casme3.missing_media(table, ("colour", "depth")),
        (*cells.attrs["notes"], *notes, *listed),
    )


def _row(cells: dict[str, str], where: Callable[[str], str]) -> dict[str, object]:
    subject = f"spNO.{subject_number(cells['subject'], where('Subject'))}"
    written, letter = half_width(cells["letter"]), half_width(cells["letter"]).lower()
    if not re.fullmatch("[a-z]", letter):
        raise MepsError(f"{where('Filename')}: got {written!r}; expected one letter, a to m")
    row = coding(cells, emotion(cells["emotion"], where("emotion")), casme3.SETS)
    odd = {
        SUBJECT: cells["subject"] != subject,
        LETTER: written != letter,
        EMOTION: cells["emotion"] != cells["emotion"].lower(),
        row["flags"]: bool(row["flags"]),
    }
    marks = {m: integer(cells[m], where(m.capitalize())) for m in ("onset", "apex", "offset")}
    start = f"row{cells['row']}" if marks["onset"] is None else marks["onset"]
    row |= {"subject": subject, "clip": f"{subject}_{letter}_{start}", "fps": casme3.FPS}
    flags = "; ".join(text for text, is_so in odd.items() if is_so)
    return row | marks | {"flags": flags}


def _ends(table: pd.DataFrame, options: IndexOptions) -> dict[str, tuple[int, int]]:
    """First and last frame of each clip that the rules keep, as they leave them."""
    kept, _ = apply_rules(table, RULES, options.rules)
    last = kept["offset"].fillna(kept["apex"])
    return dict(zip(kept["clip"], zip(kept["onset"], last, strict=True), strict=True))


def _media(
    root: Path, find: Callable[..., list[Path]], clip: str, ends: tuple[int | None, int | None]
) -> dict[str, str]:
    """Where a clip's frames are, both kinds from the same place."""
    subject, letter, _ = clip.rsplit("_", 2)
    video = ("part_A", "data", "part_A", subject, letter)
    places = (
        (find(*video, "color"), find(*video, "depth")),
        (find("Part_A_ME_clip", "frame", clip), find("Part_A_ME_clip", "depth", clip)),
    )
    media = [[casme3.frames_in(root, found, *ends) for found in place] for place in places]
    colour, depth = max(media, key=lambda place: sum(map(bool, place)))  # the first of equals
    found = {"colour": colour, "depth": depth}
    folders = {k: [*video, *cut] for k, video, cut in zip(found, *places, strict=True)}
    return found | {"gap": casme3.gaps(found, folders, *ends)}


def load(root: Path, row: pd.Series, config: LoadConfig) -> Trial:
    """One clip from onset to offset; see `Kind`."""
    fields = casme3.video(root, row, config)
    return Trial(label="others", subject=row["subject"], clip=row["clip"], **fields)


def _has_exceptions(table: pd.DataFrame) -> bool:
    return bool(table["flags"].str.contains("listed in ").any())


KIND = Kind(
    name="casme3-a",
    title="CAS(ME)^3 Part A",
    rows=rows,
    load=load,
    files=casme3.pictures,
    class_sets={name: chosen.classes for name, chosen in casme3.SETS.items()},
    rules=RULES,
    modalities=("colour", "depth", "flow"),
    marks=("annotation/*part_A*", "*part_A_*.xls*", "part_A/data", "Part_A_ME_clip"),
    seen=(
        Seen("annotation, JpgIndex v2 (v1 likewise)", TABLE),
        Seen(
            "lists of exceptions", NEVER, "the form of the lists, but for one line", _has_exceptions
        ),
        Seen("frames in colour and depth", NEVER),
    ),
    tables=TABLES,
    expected=Expected(rows=860, subjects=94, emotions=EMOTIONS),
)
