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

What is wrong in the published table, and what becomes of it by default (`RULES`; rows counted
from 0, while the index gives the spreadsheet's own line numbers):

duplicate : drop
    Not documented. A row that was pasted twice is one clip; if two rows of a clip differ, nobody
    knows which is right, and the table is refused.
onset-missing : drop
    Not documented. Without its first frame a clip is nowhere.
offset-zero (rows 796, 798) : repair, the offset is forgotten
    No expression ends before it starts: 0 stands for "not entered". Onset and apex are not in
    doubt, so the clip ends with its apex and stays.
overlong (row 708, 3,456 frames) : repair, the offset is forgotten
    Longer than ten seconds, which is our bound for an expression: one of the two ends is wrong. As
    the apex follows the onset closely, it is the offset, and onset to apex can still be used.
overlong-lost : drop
    Not documented. As long, but no apex follows the onset closely (it is as far away, not behind
    the onset, or missing), so nothing says where the expression is.
onset-after-offset : drop
    Not documented as such, but row 749 may be one. The marks then contradict each other in more
    than one way, and none of them is beyond doubt.
apex-before-onset (rows 128 and 749) : repair, the apex is forgotten
    The first is reported as an apex before its onset, the second as an onset after its apex: one
    inequality, apex < onset. It tells that one of the two marks is wrong, not which, and neither
    does the offset behind both. All frames from onset to offset belong to the expression either
    way (if the onset is the wrong one, its beginning is cut off), and the label is not in doubt,
    so the clip stays. The apex would be outside it, so it goes.
apex-after-offset : repair, the apex is forgotten
    Not documented. Onset and offset agree with each other.
onset-is-apex (55 rows) : keep, flagged
    Nothing contradicts itself: the coder saw the peak in the first frame. But the motion from
    onset to apex is then exactly zero; "repair" forgets the apex for methods that need it.
one-frame : drop
    Not documented; also what the rules above leave when only the onset is beyond doubt.

subject-spelling, video-spelling, emotion-spelling : keep, flagged
    "spNO1" for "spNO.1", "A" for "a" and "Others" for "others" are read as what they mean before
    any rule. Left as written, the first would make two people of one, and put one of them into
    training when the other is tested; there is no switch for that.

References
----------
Li et al., IEEE Trans. Pattern Anal. Mach. Intell. 45 (2023), doi 10.1109/TPAMI.2022.3174895.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd

from meps_lab.datasets import casme3, casme3_exceptions
from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.index.kind import NEVER, TABLE, Expected, IndexOptions, Kind, Rows, Seen
from meps_lab.datasets.index.reports import DUPLICATE, check_unique, flagged
from meps_lab.datasets.index.rules import APEX_BEFORE_ONSET, Rule, apply_rules, below, forget
from meps_lab.datasets.index.schema import frame_of
from meps_lab.datasets.readers.cells import at, half_width, integer, subject_number
from meps_lab.datasets.readers.finder import finder
from meps_lab.datasets.readers.tables import Other, find_table, read_table
from meps_lib.errors import MepsError
from meps_lib.trial import Trial

TABLES = (
    "annotation/cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx",
    "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx",
    "annotation/*part_A_ME_label*v2*.xlsx",
    "*part_A_ME_label*.xls",
    "annotation/*part_A_ME_label*.xls",
)
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
# CHOICE: ten seconds. WHY: a bound of ours that leaves room for macro-expressions, too; the one
# published row that is meant lasts 115 s.
LONGEST = round(10 * casme3.FPS)
_SUBJECT, _LETTER, _EMOTION = (
    "subject not written spNO.<number>",
    "video written with a capital letter",
    "emotion written with a capital letter",
)


def _overlong(table: pd.DataFrame) -> pd.Series:
    last = table["offset"].fillna(table["apex"])
    return (last - table["onset"] >= LONGEST).fillna(False)


def _apex_near(table: pd.DataFrame) -> pd.Series:
    return (table["apex"] - table["onset"]).between(1, LONGEST - 1).fillna(False)


def _read_as_meant(name: str, what: str) -> Rule:
    """The index keeps no spelling of subject or video: the flag says which rows are concerned."""
    return Rule(name, what, flagged(what), "keep", keeps=True)


RULES = (
    DUPLICATE,
    _read_as_meant("subject-spelling", _SUBJECT),
    _read_as_meant("video-spelling", _LETTER),
    _read_as_meant("emotion-spelling", _EMOTION),
    casme3.ONSET_MISSING,
    Rule(
        "offset-zero",
        "the offset is 0",
        lambda table: (table["offset"] == 0) & ((table["onset"] > 0) | (table["apex"] > 0)),
        "repair",
        forget("offset"),
        "the offset is forgotten, the clip ends with its apex",
    ),
    Rule(
        "overlong-lost",
        f"the clip is longer than {LONGEST} frames, and no apex in the first of them says where",
        lambda table: _overlong(table) & ~_apex_near(table),
        "drop",
        keeps=True,
    ),
    Rule(
        "overlong",
        f"the clip is longer than {LONGEST} frames",
        lambda table: _overlong(table) & _apex_near(table),
        "repair",
        forget("offset"),
        "the offset is forgotten, the clip ends with its apex",
        keeps=True,
    ),
    Rule("onset-after-offset", "the onset lies after the offset", below("offset", "onset"), "drop"),
    APEX_BEFORE_ONSET,
    Rule(
        "apex-after-offset",
        "the apex lies after the offset",
        below("offset", "apex"),
        "repair",
        forget("apex"),
        "the apex is forgotten",
    ),
    Rule(
        "onset-is-apex",
        "onset and apex are the same frame",
        lambda table: table["onset"] == table["apex"],
        "keep",
        forget("apex"),
        "the apex is forgotten",
        keeps=True,
    ),
    casme3.NO_SPAN,
)


def rows(root: Path, options: IndexOptions) -> Rows:
    """The spreadsheet as index rows; see `Kind`."""
    path = find_table(root, TABLES, options.labels)
    cells = read_table(path, COLUMNS, options.sheet, others=OTHERS).to_dict("records")
    found = [_row(line, partial(at, path, line["row"])) for line in cells]
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
    return Rows(table, casme3.missing_media(table, ("colour", "depth")), (*notes, *listed))


def _row(cells: dict[str, str], where: Callable[[str], str]) -> dict[str, object]:
    subject = f"spNO.{subject_number(cells['subject'], where('Subject'))}"
    written, letter = half_width(cells["letter"]), half_width(cells["letter"]).lower()
    if not re.fullmatch("[a-z]", letter):
        raise MepsError(f"{where('Filename')}: got {written!r}; expected one letter, a to m")
    row = casme3.coded(cells["aus"], cells["emotion"], where)
    odd = {
        _SUBJECT: cells["subject"] != subject,
        _LETTER: written != letter,
        _EMOTION: cells["emotion"] != cells["emotion"].lower(),
        row["flags"]: bool(row["flags"]),
    }
    marks = {m: integer(cells[m], where(m.capitalize())) for m in ("onset", "apex", "offset")}
    start = f"row{cells['row']}" if marks["onset"] is None else marks["onset"]
    row |= {"subject": subject, "clip": f"{subject}_{letter}_{start}", "row": cells["row"]}
    flags = "; ".join(text for text, is_so in odd.items() if is_so)
    return row | marks | {"fps": casme3.FPS, "flags": flags}


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


def _listed(table: pd.DataFrame) -> bool:
    return bool(table["flags"].str.contains("listed in ").any())


KIND = Kind(
    name="casme3-a",
    title="CAS(ME)^3 Part A",
    rows=rows,
    load=load,
    files=casme3.pictures,
    class_sets=casme3.CLASSES,
    rules=RULES,
    modalities=("colour", "depth", "flow"),
    marks=("annotation/*part_A*", "*part_A_*.xls*", "part_A/data", "Part_A_ME_clip"),
    seen=(
        Seen("annotation, JpgIndex v2 (v1 likewise)", TABLE),
        Seen("lists of exceptions", NEVER, "the form of the lists, but for one line", _listed),
        Seen("frames in colour and depth", NEVER),
    ),
    tables=TABLES,
    expected=Expected(
        rows=860,
        subjects=94,
        emotions={
            "disgust": 250,
            "surprise": 187,
            "others": 161,
            "fear": 86,
            "anger": 64,
            "sadness": 57,
            "happiness": 55,
        },
    ),
)
