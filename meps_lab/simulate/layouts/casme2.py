"""CASME II: 200 frames a second, cropped faces, one spreadsheet.

::

    Cropped/sub01/EP02_01f/reg_img46.jpg
    CASME2-coding-20140508.xlsx

The table counts frames as the pictures do, has two columns without a name, and writes "/"
where the coders saw no apex.

References
----------
Yan et al., PLoS ONE 9(1), e86041 (2014).
"""

from pathlib import Path

import numpy as np
import pandas as pd

from meps_lab.simulate.cohort import CohortDataset, Plan
from meps_lab.simulate.layouts.common import Layout, below, by_person, truth_table, write_frames
from meps_lab.simulate.layouts.dirt import moved, overwritten, spoil
from meps_lab.simulate.layouts.filming import Take, au_text, camera_frames, shifted, true_row
from meps_lab.simulate.layouts.spreadsheet import write_table
from meps_lab.simulate.scenario import Scenario
from meps_lib.labels import MEGC2019

HEADER = "Subject,Filename, ,OnsetFrame,ApexFrame,OffsetFrame,  ,Action Units,Estimated Emotion"
TABLE = "CASME2-coding-20140508.xlsx"
# How often each emotion is drawn. The MEGC2019 composite (See et al., 2019) takes 145 of the 255
# rows: 88 negative, 32 positive, 25 surprise. It leaves out three by name although their emotions
# are of its classes, so 107 are others, fear or sadness. CHOICE: 2 are fear and 7 sadness, the
# three are negative, and how these 91 divide into disgust and repression.
_DRAWN = {"disgust": 64, "repression": 27, "happiness": 32, "surprise": 25, "others": 98}
BALANCE = tuple((_DRAWN | {"fear": 2, "sadness": 7}).items())
# What the composite leaves out although its emotion is one of its classes: subject -> clip.
DROPPED = {4: "EP12_01f", 5: "EP12_03f", 24: "EP02_07"}
CHOICES = """\
the spreadsheet is the one of 2014-05-08, its sheet is called Sheet1, and the two columns
without a name are empty;
a clip is called EP, two digits of its own, a number and mostly f; sub04/EP12_01f, sub05/EP12_03f
and sub24/EP02_07, which the MEGC2019 composite leaves out, are there when the subjects are;
how the negative clips divide into disgust and repression, and the others into others, fear and
sadness; these two are rare, so few clips may have none of them;
the one wrong offset lies before its onset;
L and R stand before units that move on the person's left or right side alone, and "?" stands
for the action units where none could be seen;
a clip holds onset to offset and nothing around it, each frame a square of the face.
"""
_NO_APEX = 21 / 255  # share of rows without an apex in the published table


def write(out: Path, cohort: CohortDataset, rng: np.random.Generator, dirt: bool) -> pd.DataFrame:
    """Write the cohort; returns the truth, one row a clip."""
    rows, truth = [], []
    for number, trials in enumerate(by_person(cohort), 1):
        plans = [cohort.plan(k) for k in trials]
        for plan, clip in zip(plans, _names(plans, number, rng), strict=True):
            take = shifted(Take.of(plan, rng), int(rng.integers(20, 300)))
            subject = f"sub{number:02d}"
            folder = out / "Cropped" / subject / clip
            names = [f"reg_img{i}" for i in take.numbers]
            write_frames(folder, camera_frames(take.face, rng, cohort.scenario), names, "jpg")
            units = au_text(take.aus, take.lateral)
            marks = take.onset, take.apex, take.offset
            rows.append((number, clip, None, *marks, None, units, plan.emotion))
            kept = MEGC2019["casme2"].of(plan.emotion) if DROPPED.get(number) != clip else None
            about = {"subject": subject, "clip": clip, "megc2019": kept}
            truth.append(true_row(plan, take, **about, folder=below(out, folder)))
    kinds = (
        overwritten("no apex", times=max(1, round(_NO_APEX * len(rows))), ApexFrame="/"),
        moved("offset before onset", "OffsetFrame", -1, "OnsetFrame"),
    )
    table = pd.DataFrame(rows, columns=HEADER.split(","))
    table, spoilt = spoil(table, truth_table(truth), rng, kinds, dirt)
    write_table(out / TABLE, table, "Sheet1")
    return spoilt


def _names(plans: list[Plan], number: int, rng: np.random.Generator) -> list[str]:
    """Names of one person's clips, among them the one that MEGC2019 leaves out."""
    reserved = DROPPED.get(number)
    kept = [j for j, plan in enumerate(plans) if MEGC2019["casme2"].of(plan.emotion)]
    out = []
    for j in range(len(plans)):
        end = "f" if rng.random() < 0.7 else ""
        name = f"EP{j + 1:02d}_{rng.integers(1, 9):02d}{end}"
        if name == reserved:  # it is another clip's
            name = f"EP{j + 1:02d}_09{end}"
        out.append(reserved if reserved and kept[:1] == [j] else name)
    return out


LAYOUT = Layout(
    "casme2",
    lambda: Scenario(fps=200.0, duration_s=0.32, duration_spread_s=0.06, class_balance=BALANCE),
    tuple(emotion for emotion, _ in BALANCE),
    write,
    "CASME II",
    CHOICES,
    most=26,
    subjects=5,
)
