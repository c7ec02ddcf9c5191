"""SAMM: 200 frames a second, grey, one spreadsheet whose header stands in row 13.

::

    006/006_1_2/006_05562.jpg
    SAMM_Micro_FACS_Codes_v2.xlsx       header in row 13, counted from 0

References
----------
Davison et al., IEEE Trans. Affective Computing 9(1) (2018); objective classes: Davison,
Merghani & Yap, J. Imaging 4(10), 119 (2018).
"""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from meps_lab.simulate.cohort import CohortDataset
from meps_lab.simulate.layouts.common import Layout, below, truth_table, write_frames
from meps_lab.simulate.layouts.dirt import overwritten, spoil
from meps_lab.simulate.layouts.filming import Take, au_text, camera_frames, grey, shifted, true_row
from meps_lab.simulate.layouts.spreadsheet import write_table
from meps_lab.simulate.scenario import Scenario
from meps_lib.labels import MEGC2019

TABLE = "SAMM_Micro_FACS_Codes_v2.xlsx"
HEADER = (
    "Subject,Filename,Inducement Code,Onset Frame,Apex Frame,Offset Frame,Duration,Micro,"
    "Action Units,Estimated Emotion,Objective Classes,Notes"
)
HEADER_ROW = 13  # counted from 0, as pandas does
# Objective classes I to VII. CHOICE: by emotion here; the real ones follow the action units.
_IN_ORDER = ("happiness", "surprise", "anger", "disgust", "sadness", "fear")
OBJECTIVE = {emotion: number for number, emotion in enumerate(_IN_ORDER, 1)}
_ABOVE = {
    0: "Micro-expression codes, simulated in the layout of SAMM",
    2: "Subject: number of the participant",
    3: "Filename: subject, film, how many-th of that film",
    4: "Inducement Code: the film",
    5: "Onset, Apex, Offset: frame numbers at 200 fps",
    6: "Duration: frames from onset to offset, both counted",
    8: "Objective Classes: 1 to 7",
    10: "No row describes a real person",
}
CHOICES = """\
the header stands in row 13 counted from 0, the fourteenth of the sheet, which is called
MICRO ONLY; the text above it is ours;
"/" stands for a missing apex, as in CASME II;
"Objective Classes" are 1 to 7 by emotion, and "Micro" is the same in every row;
L and R stand before units that move on the person's left or right side alone, and "?" stands
for the action units where none could be seen;
subjects are numbered from 006 without gaps, and films from 1 to 7;
a clip holds onset to offset and nothing around it, each frame a square of the face.
"""
_FILMS = 7
_NO_APEX = 3 / 159  # share of rows without an apex in the published table


def write(out: Path, cohort: CohortDataset, rng: np.random.Generator, dirt: bool) -> pd.DataFrame:
    """Write the cohort; returns the truth, one row a clip."""
    rows, truth, nth = [], [], Counter()
    for k in range(len(cohort)):
        plan, person = cohort.plan(k), k // cohort.trials_per_subject
        take = Take.of(plan, rng)
        subject, tape = f"{person + 6:03d}", int(rng.integers(1, _FILMS + 1))
        nth[subject, tape] += 1
        clip = f"{subject}_{tape}_{nth[subject, tape]}"
        take = shifted(take, int(rng.integers(200, 9000)))
        folder = out / subject / clip
        frames = grey(camera_frames(take.face, rng, cohort.scenario))
        write_frames(folder, frames, [f"{subject}_{i:05d}" for i in take.numbers], "jpg")
        name = "Other" if plan.emotion == "others" else plan.emotion.capitalize()
        marks = take.onset, take.apex, take.offset, len(take.numbers)
        units, kind = au_text(take.aus, take.lateral), OBJECTIVE.get(plan.emotion, 7)
        rows.append((subject, clip, tape, *marks, "Micro - 1/2", units, name, kind, None))
        about = {"subject": subject, "clip": clip, "megc2019": MEGC2019["samm"].of(plan.emotion)}
        truth.append(true_row(plan, take, **about, folder=below(out, folder)))
    few = max(1, round(_NO_APEX * len(rows)))
    kinds = (overwritten("no apex", times=few, **{"Apex Frame": "/"}),)
    table = pd.DataFrame(rows, columns=HEADER.split(","))
    table, spoilt = spoil(table, truth_table(truth), rng, kinds, dirt)
    write_table(out / TABLE, table, "MICRO ONLY", startrow=HEADER_ROW, above=_ABOVE)
    return spoilt


LAYOUT = Layout(
    "samm",
    lambda: Scenario(fps=200.0, duration_s=0.37, duration_spread_s=0.06),
    "four",
    write,
    "SAMM",
    CHOICES,
    most=32,
)
