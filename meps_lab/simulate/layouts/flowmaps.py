"""Flow maps: 28 x 28 pictures of u, v and strain, and a table of labels.

::

    sub01_EP02_01f.png
    labels.csv                dataset,sub,filename,label

People are simulated, filmed from onset to apex, and of what the camera saw only the motion
is kept: TV-L1 flow and strain as `meps_lib.video.motion.flow_map` computes them. The people belong
to CASME II, SAMM and SMIC-HS in turn, so that a composite of three sets can be tried.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from meps_lab.simulate.cohort import CohortDataset
from meps_lab.simulate.layouts.common import Layout, truth_table
from meps_lab.simulate.layouts.dials import FACE, PEOPLE
from meps_lab.simulate.layouts.dirt import Spoil, rewritten, spoil
from meps_lab.simulate.layouts.filming import Take, brief, camera_frames, true_row
from meps_lab.simulate.scenario import Scenario
from meps_lib.labels import CLASS_SETS
from meps_lib.video.motion import flow_map

TABLE = "labels.csv"
CLASSES = CLASS_SETS["three"].classes  # label 0, 1, 2
SETS = ("casme2", "samm", "smic")
# Grey levels: u and v in pixels of the map around 128, strain from 0 up.
ZERO, PER_PIXEL, PER_STRAIN = 128, 100, 500
CHOICES = """What the sources leave open, and what these files do:
u and v are 128 + 100 grey levels a pixel of the map, strain 500 times itself, rounded and held
to 0..255; blue is u, green v, red strain, so that OpenCV reads them in this order;
labels are 0 negative, 1 positive, 2 surprise; pictures and table lie in one folder;
the people belong to casme2, samm and smic in turn, all filmed at 200 frames a second;
some file names have a space before the dot, in the table, on disk or both.
"""


def write(out: Path, cohort: CohortDataset, rng: np.random.Generator, dirt: bool) -> pd.DataFrame:
    """Write the cohort; returns the truth, one row a map."""
    rows, truth, pictures, per = [], [], [], cohort.trials_per_subject
    for k in range(len(cohort)):
        plan, person = cohort.plan(k), k // per
        name, subject, clip = _names(person, k % per + 1, plan.label)
        take = Take.of(*brief(plan))
        colour = camera_frames(take.face.pick([0, take.apex]), rng, cohort.scenario)
        pictures.append(as_grey_levels(flow_map(colour, 0, 1, 1)[0].numpy()))
        file = f"{clip}.png"
        rows.append((name, subject, file, CLASSES.index(plan.label), file))
        truth.append(true_row(plan, take, subject=subject, clip=clip, dataset=name))
    few = max(1, round(0.05 * len(rows)))  # CHOICE: nobody counted them
    kinds = (
        rewritten("stray space in the table", "filename", _spaced, few),
        rewritten("stray space on disk", "disk", _spaced, few),
        Spoil("stray space in both", _both, few),
    )
    table = pd.DataFrame(rows, columns=["dataset", "sub", "filename", "label", "disk"])
    true = truth_table(truth).drop(columns="lateral")
    table, spoilt = spoil(table, true, rng, kinds, dirt)
    for picture, name in zip(pictures, table["disk"], strict=True):
        (out / name).write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    table.drop(columns="disk").to_csv(out / TABLE, index=False)
    return spoilt.assign(picture=table["disk"].astype(str))


def as_grey_levels(flow: np.ndarray) -> np.ndarray:
    """A map as a picture.

    Parameters
    ----------
    flow : ndarray, shape (3, H, W)
        u, v in pixels of the map, and strain.

    Returns
    -------
    ndarray, shape (H, W, 3)
        8 bits, u first, which is blue for OpenCV.

    Examples
    --------
    >>> as_grey_levels(np.array([0.5, -0.1, 0.2]).reshape(3, 1, 1))
    array([[[178, 118, 100]]], dtype=uint8)
    """
    u, v, strain = flow
    levels = np.stack([ZERO + PER_PIXEL * u, ZERO + PER_PIXEL * v, PER_STRAIN * strain], axis=-1)
    return levels.round().clip(0, 255).astype(np.uint8)


def _names(person: int, nth: int, label: str) -> tuple[str, str, str]:
    """Data set, subject and clip, each as that set spells them."""
    name, number = SETS[person % len(SETS)], person // len(SETS) + 1
    if name == "casme2":
        return name, f"sub{number:02d}", f"sub{number:02d}_EP{nth:02d}_01f"
    if name == "samm":
        return name, f"{number + 5:03d}", f"{number + 5:03d}_1_{nth}"
    short = {"negative": "ne", "positive": "po", "surprise": "sur"}[label]
    return name, f"s{number:02d}", f"s{number}_{short}_{nth:02d}"


def _spaced(name: str) -> str:
    return name.replace(".png", " .png")


def _both(row: pd.Series, rng: np.random.Generator) -> dict[str, object]:
    if " " in row["filename"] + row["disk"]:
        return {}
    return {"filename": _spaced(row["filename"]), "disk": _spaced(row["disk"])}


LAYOUT = Layout(
    "flowmaps",
    lambda: Scenario(size=96, fps=200.0, duration_s=0.33, duration_spread_s=0.06),
    "three",
    write,
    title="flow maps",
    subjects=6,
    most=68,
    dials=FACE + PEOPLE,
    micro=True,
    choices=CHOICES,
)
