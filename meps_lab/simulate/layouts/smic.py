"""SMIC-HS: 100 frames a second, bitmaps, no table: class and subject stand in the names.

::

    HS/s01/micro/negative/s1_ne_01/image000123.bmp

No apex was coded; loaders take the middle frame. The truth beside it has one.

References
----------
Li et al., IEEE FG 2013.
"""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from meps_lab.simulate.cohort import CohortDataset
from meps_lab.simulate.layouts.common import Layout, below, truth_table, write_frames
from meps_lab.simulate.layouts.filming import Take, camera_frames, shifted, true_row
from meps_lab.simulate.scenario import Scenario

SHORT = {"negative": "ne", "positive": "po", "surprise": "sur"}
CHOICES = """\
bitmaps are called image, six digits and .bmp, in colour, and number one recording through;
a clip is called by subject, ne, po or sur, and two digits;
a clip holds onset to offset and nothing around it, each frame a square of the face.
"""


def write(out: Path, cohort: CohortDataset, rng: np.random.Generator, dirt: bool) -> pd.DataFrame:
    """Write the cohort; returns the truth, one row a clip. There is no table to spoil."""
    truth, nth = [], Counter()
    for k in range(len(cohort)):
        plan, person = cohort.plan(k), k // cohort.trials_per_subject + 1
        nth[person, plan.label] += 1
        clip = f"s{person}_{SHORT[plan.label]}_{nth[person, plan.label]:02d}"
        take = shifted(Take.of(plan), int(rng.integers(100, 30000)))
        subject = f"s{person:02d}"
        folder = out / "HS" / subject / "micro" / plan.label / clip
        frames = camera_frames(take.face, rng, cohort.scenario)
        write_frames(folder, frames, [f"image{i:06d}" for i in take.numbers], "bmp")
        about = {"subject": subject, "clip": clip, "folder": below(out, folder)}
        truth.append(true_row(plan, take, **about))
    return truth_table(truth)


LAYOUT = Layout(
    "smic",
    lambda: Scenario(fps=100.0, duration_s=0.33, duration_spread_s=0.06),
    "three",
    write,
    "SMIC-HS",
    CHOICES,
    most=16,
)
