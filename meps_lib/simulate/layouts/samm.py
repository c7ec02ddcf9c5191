"""SAMM: 200 frames a second, grey, one spreadsheet that begins with an explanation.

::

    006/006_1_2/006_05562.jpg
    SAMM_Micro_FACS_Codes_v2.xlsx       header in row 13, counted from 0

References
----------
Davison et al., IEEE Trans. Affective Computing 9(1) (2018); objective classes: Davison,
Merghani & Yap, J. Imaging 4(10), 119 (2018).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from meps_lib.labels import MEGC2019
from meps_lib.simulate.cohort import CohortDataset
from meps_lib.simulate.layouts.common import Layout, truth_table, write_frames, write_table
from meps_lib.simulate.layouts.dirt import overwritten, spoil
from meps_lib.simulate.layouts.filming import au_text, coded_aus, film, one_sided
from meps_lib.simulate.scenario import Scenario

TABLE = "SAMM_Micro_FACS_Codes_v2.xlsx"
HEADER_ROW = 13  # counted from 0, as pandas does
# Objective classes I to VII. CHOICE: by emotion here; the real ones follow the action units.
OBJECTIVE = {
    "happiness": 1, "surprise": 2, "anger": 3, "disgust": 4, "sadness": 5, "fear": 6,
}  # fmt: skip
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
_FILMS = 7
# Share of rows without an apex in the published table. CHOICE: "/" stands there, as in CASME II.
_NO_APEX = 3 / 159


def write(out: Path, cohort: CohortDataset, rng: np.random.Generator, dirt: bool) -> pd.DataFrame:
    """Write the cohort; returns the truth, one row a clip."""
    rows, truth, nth = [], [], Counter()
    for k in range(len(cohort)):
        plan, person = cohort.plan(k), k // cohort.trials_per_subject
        face = one_sided(plan.face, rng)
        subject, tape = f"{person + 6:03d}", int(rng.integers(1, _FILMS + 1))
        nth[subject, tape] += 1
        clip = f"{subject}_{tape}_{nth[subject, tape]}"
        first = int(rng.integers(200, 9000))
        names = [f"{subject}_{first + i:05d}" for i in range(len(face.intensity))]
        folder = out / subject / clip
        write_frames(folder, film(face, rng, cohort.scenario, grey=True), names, "jpg")
        onset, apex, offset = (first + round(x) for x in (plan.onset, plan.apex, plan.offset))
        aus = coded_aus(face)
        name = "Other" if plan.emotion == "others" else plan.emotion.capitalize()
        row = {
            "Subject": subject, "Filename": clip, "Inducement Code": tape,
            "Onset Frame": onset, "Apex Frame": apex, "Offset Frame": offset,
            "Duration": offset - onset + 1, "Micro": "Micro - 1/2",
            "Action Units": au_text(aus, face.lateral), "Estimated Emotion": name,
            "Objective Classes": OBJECTIVE.get(plan.emotion, 7), "Notes": None,
        }  # fmt: skip
        rows.append(row)
        true = {
            "subject": subject, "clip": clip, "emotion": plan.emotion, "class": plan.label,
            "onset": onset, "apex": apex, "offset": offset,
            "aus": "+".join(map(str, aus)), "apex_exact": first + plan.apex,
            "lateral": face.lateral, "megc2019": MEGC2019["samm"].of(plan.emotion),
            "folder": folder.relative_to(out).as_posix(),
        }  # fmt: skip
        truth.append(true)
    few = max(1, round(_NO_APEX * len(rows)))
    kinds = (overwritten("no apex", times=few, **{"Apex Frame": "/"}),)
    table, spoilt = spoil(pd.DataFrame(rows), truth_table(truth), rng, kinds, dirt)
    write_table(out / TABLE, table, "MICRO ONLY", startrow=HEADER_ROW, above=_ABOVE)
    return spoilt


LAYOUT = Layout(
    "samm",
    lambda: Scenario(fps=200.0, n_frames=None, duration_s=0.37, duration_spread_s=0.06),
    "four",
    write,
    title="SAMM",
    subjects=3,
)
