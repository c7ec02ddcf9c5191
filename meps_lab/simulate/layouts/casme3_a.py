"""CAS(ME)^3 Part A: long colour and depth videos, the same cut into clips, one spreadsheet.

::

    annotation/cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx
    part_A/data/part_A/spNO.1/a/color/0.jpg  depth/0.png
    Part_A_ME_clip/frame/spNO.1_a_95/95.jpg  depth/spNO.1_a_95/95.png

Frame numbers are not padded with zeros, and the table's numbers are those of the frames.

References
----------
Li et al., IEEE Trans. Pattern Anal. Mach. Intell. 45 (2023), doi 10.1109/TPAMI.2022.3174895.
"""

from pathlib import Path
from shutil import copyfile

import numpy as np
import pandas as pd

from meps_lab.simulate.cohort import CohortDataset
from meps_lab.simulate.face.sensor import to_uint16
from meps_lab.simulate.layouts.common import Layout, below, by_person, truth_table, write_frames
from meps_lab.simulate.layouts.dials import DEPTH, FACE, PEOPLE
from meps_lab.simulate.layouts.dirt import Spoil, moved, overwritten, rewritten, spoil
from meps_lab.simulate.layouts.filming import au_text, true_row
from meps_lab.simulate.layouts.samm import OBJECTIVE
from meps_lab.simulate.layouts.session import Session, session
from meps_lab.simulate.layouts.spreadsheet import write_table
from meps_lab.simulate.scenario import Scenario

HEADER = "Subject,Filename,Onset,Apex,Offset,AU,Objective class,emotion"
TABLE = "annotation/cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx"
VIDEOS = "part_A/data/part_A"
CLIPS = "Part_A_ME_clip"
FPS = 30.0
VIDEOS_EACH = 4  # at most, of a subject; 13 in the real set
GAP_S = 2.0  # rest around an expression, on average
# How the spreadsheets of this set and of MMME spell emotions, where that differs from ours.
SPELLING = {"happiness": "happy", "sadness": "sad"}
SIDED = 0.4  # CHOICE: share of those that can, so that about a fifth of all rows have L or R
# CHOICE: T and B say which lip moved, top or bottom. WHY: the sources have the prefixes L R T B and
# no more; 10 raises the top lip, 17 and 25 move the bottom one.
_LIPS = {"10": "T", "17": "B", "23": "TB", "24": "TB", "25": "B"}
_LIP_SHARE = 0.3  # CHOICE: of such units without a side
CHOICES = """\
the spreadsheet stands in a folder called annotation;
frames are numbered from 0; each is a square of the face, not the room;
"Objective class" is a Roman numeral that follows from the emotion;
L and R stand before units that move on the person's left or right side alone, T and B, in
three of ten, before 10 (T), 17, 25 (B), 23 and 24 (either) where both sides move;
"?" stands for the action units where none could be seen;
a ready-cut clip carries the onset that its row has, wrong or right, and the true frames;
clips may last longer than half a second, as the real ones do;
videos last some seconds and show no macro-expressions.
"""
# CHOICE: Roman numerals, one an emotion. WHY: the sources name the column, not its values;
# these are the objective classes of Davison et al. (J. Imaging 4, 2018), from the emotion.
_NUMERALS = ("I", "II", "III", "IV", "V", "VI", "VII")
_BALANCE = {"disgust": 250, "surprise": 187, "others": 161, "fear": 86, "anger": 64}
_BALANCE |= {"sadness": 57, "happiness": 55}
# The 860 published rows: what is wrong with them, and in how many.
_ROWS, _ONSET_IS_APEX, _OFFSET_0, _OVERLONG = 860, 55, 2, 3456


def write(out: Path, cohort: CohortDataset, rng: np.random.Generator, dirt: bool) -> pd.DataFrame:
    """Write the cohort; returns the truth, one row a clip."""
    rows, truth, cuts = [], [], []
    for person, mine in enumerate(by_person(cohort), 1):
        subject, parts = f"spNO.{person}", np.array_split(mine, min(VIDEOS_EACH, len(mine)))
        for letter, trials in zip("abcdefghijklm", parts, strict=False):
            video = session(cohort, trials.tolist(), FPS, GAP_S, rng, sided=SIDED)
            folder = out / VIDEOS / subject / letter
            write_video(folder, video, rng, cohort.scenario)
            for clip in video.clips.itertuples():
                plan = cohort.plan(clip.trial)
                units = with_lips(au_text(clip.aus, clip.lateral), rng)
                marks = clip.onset, clip.apex, clip.offset
                kind = _NUMERALS[OBJECTIVE.get(plan.emotion, 7) - 1]
                emotion = SPELLING.get(plan.emotion, plan.emotion)
                rows.append((subject, letter, *marks, units, kind, emotion))
                about = {"subject": subject, "video": letter, "n_frames": len(video)}
                about = true_row(plan, clip, **about, folder=below(out, folder))
                truth.append({"aus_sided": units.replace("?", "")} | about)
                cuts.append((folder, clip.onset, clip.offset))
    table = pd.DataFrame(rows, columns=HEADER.split(","))
    table, true = spoil(table, truth_table(truth), rng, _kinds(len(rows)), dirt)
    # CHOICE: a clip's folder carries the onset that the table has, wrong or right, and all
    # frames of the true clip. WHY: its name is how a row finds its clip.
    true["clip"] = true["subject"] + "_" + true["video"] + "_" + table["Onset"].astype(str)
    for name, (folder, onset, offset) in zip(true["clip"], cuts, strict=True):
        _copy_clip(out / CLIPS, name, folder, onset, offset)
    write_table(out / TABLE, table, "label")
    return true


def write_video(folder: Path, video: Session, rng: np.random.Generator, dials: Scenario) -> None:
    """Write colour and depth of a long video, the files called by the frames' numbers."""
    for first, colour, depth in video.frames(rng, dials):
        names = [str(first + i) for i in range(len(colour))]
        write_frames(folder / "color", colour, names)
        write_frames(folder / "depth", to_uint16(depth), names, "png")


def _copy_clip(clips: Path, name: str, video: Path, onset: int, offset: int) -> None:
    """Copy the frames of a clip, with the numbers that they have in the video."""
    for here, there, ext in (("color", "frame", "jpg"), ("depth", "depth", "png")):
        (clips / there / name).mkdir(parents=True, exist_ok=True)
        for i in range(onset, offset + 1):
            copyfile(video / here / f"{i}.{ext}", clips / there / name / f"{i}.{ext}")


def _kinds(n: int) -> tuple[Spoil, ...]:
    """The documented errors; those that are counted, in the published proportion."""
    share = n / _ROWS
    return (
        moved("apex before onset", "Apex", -1, "Onset"),
        moved("onset after apex", "Onset", 1, "Apex"),
        overwritten("offset is 0", times=max(1, round(_OFFSET_0 * share)), Offset=0),
        Spoil("overlong", lambda row, rng: {"Offset": int(row["Onset"]) + _OVERLONG - 1}),
        Spoil("onset is apex", _late_onset, times=max(1, round(_ONSET_IS_APEX * share))),
        rewritten("subject without the dot", "Subject", lambda s: s.replace(".", "")),
        rewritten("capital letter", "Filename", str.upper),
        rewritten("capital Others", "emotion", lambda e: "Others" if e == "others" else e),
    )


def _late_onset(row: pd.Series, rng: np.random.Generator) -> dict[str, object]:
    return {"Onset": row["Apex"]} if row["Onset"] < row["Apex"] <= row["Offset"] else {}


def with_lips(text: str, rng: np.random.Generator) -> str:
    """Action units as a table writes them, some of the lips with T or B, top or bottom.

    Examples
    --------
    >>> texts = {with_lips("4+10", np.random.default_rng(seed)) for seed in range(20)}
    >>> sorted(texts)
    ['4+10', '4+T10']
    """
    units = []
    for unit in text.split("+"):
        luck, which = rng.random(), str(rng.choice(list(_LIPS.get(unit, "T"))))
        units.append(which + unit if unit in _LIPS and luck < _LIP_SHARE else unit)
    return "+".join(units)


LAYOUT = Layout(
    "casme3-a",
    lambda: Scenario.preset("casme3_c", class_balance=tuple(_BALANCE.items())),
    "seven",
    write,
    "CAS(ME)^3 Part A",
    CHOICES,
    most=100,
    dials=FACE + DEPTH + PEOPLE,
    micro=False,
)
