"""Flow maps: 28 x 28 pictures of u, v and strain, and a table of labels.

::

    sub01_EP02_01f .png       subject and clip, and a space before the dot
    labels.csv                dataset,sub,filename_o,label,apex,imagename,sub_filename

People are simulated, filmed from onset to apex, and of what the camera saw only the motion
is kept: TV-L1 flow and strain as `meps_lib.video.motion.flow_map` computes them. Red is u, green v
and blue strain. The people belong to CASME II, SAMM and SMIC-HS, mixed as in the composite of
MEGC2019, so that 68 of them stand for it.
"""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from meps_lab.simulate.cohort import CohortDataset
from meps_lab.simulate.layouts.common import Layout, by_person, truth_table, write_frames
from meps_lab.simulate.layouts.dirt import rewritten, spoil
from meps_lab.simulate.layouts.filming import Take, camera_frames, true_row
from meps_lab.simulate.layouts.smic import SHORT
from meps_lab.simulate.scenario import Scenario
from meps_lib.labels import CLASS_SETS
from meps_lib.video.motion import flow_map, grey_levels

HEADER = "dataset,sub,filename_o,label,apex,imagename,sub_filename"
TABLE = "labels.csv"
CLASSES = CLASS_SETS["three"].classes  # label 0, 1, 2
PEOPLE = {"casme2": 24, "samm": 28, "smic": 16}  # of the composite
CHOICES = """\
u and v are 128 + 100 grey levels a pixel of the map, strain 500 times itself, rounded and held
to 0..255;
pictures and table lie in one folder; the table is called labels.csv, and the sets in it casme2,
samm and smic; "apex" is the frame of the apex, counted from the onset;
SMIC's names that "imagename" spells otherwise lack the 0 of the second number, as s01_s1_ne_01;
of 68 people 24 belong to casme2, 28 to samm and 16 to smic, and of fewer as large a share; all are
filmed at 200 frames a second.
"""
# Set and number of each person: those of each set are spread evenly over the 68.
_HOMES = sorted(
    ((name, k) for name, n in PEOPLE.items() for k in range(1, n + 1)),
    key=lambda home: (home[1] - 1) / PEOPLE[home[0]],
)
_OTHERWISE = 93 / 164  # share of SMIC's rows whose "imagename" is spelled otherwise


def write(out: Path, cohort: CohortDataset, rng: np.random.Generator, dirt: bool) -> pd.DataFrame:
    """Write the cohort; returns the truth, one row a map."""
    rows, truth, maps = [], [], []
    for person, trials in enumerate(by_person(cohort)):
        for nth, plan in enumerate(map(cohort.plan, trials), 1):
            name, subject, clip = _names(person, nth, plan.label)
            take, full = Take.of(plan), f"{subject}_{clip}"
            colour = camera_frames(take.face.pick([0, take.apex]), rng, cohort.scenario)
            maps.append(grey_levels(flow_map(colour, 0, 1, 1)) / 255)
            label = CLASSES.index(plan.label)
            rows.append((name, subject, clip, label, take.apex, f"{full}.jpg", None))
            truth.append(true_row(plan, take, subject=subject, clip=full, dataset=name))
    few = max(1, round(_OTHERWISE * sum(row[0] == "smic" for row in rows)))
    kind = rewritten("imagename spelled otherwise", "imagename", _otherwise, few)
    table = pd.DataFrame(rows, columns=HEADER.split(","))
    true = truth_table(truth).drop(columns="lateral")
    table, spoilt = spoil(table, true, rng, [kind], dirt)
    table.to_csv(out / TABLE, index=False)
    names = spoilt["clip"] + " "
    write_frames(out, torch.cat(maps), names.tolist(), "png")
    return spoilt.assign(picture=names + ".png")


def _names(person: int, nth: int, label: str) -> tuple[str, str, str]:
    """Data set, subject and clip, each as that set spells them."""
    name, number = _HOMES[person]
    if name == "casme2":
        return name, f"sub{number:02d}", f"EP{nth:02d}_01f"
    if name == "samm":
        return name, f"{number + 5:03d}", f"{number + 5:03d}_1_{nth}"
    return name, f"s{number:02d}", f"s{number:02d}_{SHORT[label]}_{nth:02d}"


def _otherwise(name: str) -> str:
    """As many of SMIC's names are spelled: s01_s1_ne_01 for s01_s01_ne_01."""
    return re.sub(r"^(s\d+_s)0", r"\1", name)


LAYOUT = Layout(
    "flowmaps",
    lambda: Scenario(size=96, fps=200.0, duration_s=0.33, duration_spread_s=0.06),
    "three",
    write,
    "flow maps",
    CHOICES,
    most=len(_HOMES),
    subjects=6,
)
