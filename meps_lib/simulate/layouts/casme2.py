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

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from meps_lib.labels import MEGC2019
from meps_lib.simulate.cohort import CohortDataset
from meps_lib.simulate.layouts.common import Layout, truth_table, write_frames, write_table
from meps_lib.simulate.layouts.dirt import before, overwritten, spoil
from meps_lib.simulate.layouts.filming import au_text, coded_aus, film, one_sided
from meps_lib.simulate.scenario import Scenario

TABLE = "CASME2-coding-20140508.xlsx"
# The five classes that most papers use. The table also has 2 clips of fear and 7 of sadness.
EMOTIONS = ("happiness", "disgust", "surprise", "repression", "others")
_NO_APEX = 21 / 255  # share of rows without an apex in the published table


def write(out: Path, cohort: CohortDataset, rng: np.random.Generator, dirt: bool) -> pd.DataFrame:
    """Write the cohort; returns the truth, one row a clip."""
    rows, truth = [], []
    for k in range(len(cohort)):
        plan, (person, j) = cohort.plan(k), divmod(k, cohort.trials_per_subject)
        face = one_sided(plan.face, rng)
        number = person + 1
        clip = f"EP{j + 1:02d}_{rng.integers(1, 9):02d}{'f' if rng.random() < 0.7 else ''}"
        first = int(rng.integers(20, 300))
        names = [f"reg_img{first + i}" for i in range(len(face.intensity))]
        folder = out / "Cropped" / f"sub{number:02d}" / clip
        write_frames(folder, film(face, rng, cohort.scenario), names, "jpg")
        onset, apex, offset = (first + round(x) for x in (plan.onset, plan.apex, plan.offset))
        aus = coded_aus(face)
        row = {
            "Subject": number, "Filename": clip, " ": None, "OnsetFrame": onset,
            "ApexFrame": apex, "OffsetFrame": offset, "  ": None,
            "Action Units": au_text(aus, face.lateral), "Estimated Emotion": plan.emotion,
        }  # fmt: skip
        rows.append(row)
        true = {
            "subject": f"sub{number:02d}", "clip": clip, "emotion": plan.emotion,
            "class": plan.label, "onset": onset, "apex": apex, "offset": offset,
            "aus": "+".join(map(str, aus)), "apex_exact": first + plan.apex,
            "lateral": face.lateral, "megc2019": MEGC2019["casme2"].of(plan.emotion),
            "folder": folder.relative_to(out).as_posix(),
        }  # fmt: skip
        truth.append(true)
    kinds = (
        overwritten("no apex", times=max(1, round(_NO_APEX * len(rows))), ApexFrame="/"),
        before("offset before onset", "OffsetFrame", "OnsetFrame"),
        overwritten("unknown action unit", **{"Action Units": "?"}),
    )
    table, spoilt = spoil(pd.DataFrame(rows), truth_table(truth), rng, kinds, dirt)
    write_table(out / TABLE, table, "Sheet1")
    return spoilt


LAYOUT = Layout(
    "casme2",
    lambda: Scenario(fps=200.0, n_frames=None, duration_s=0.32, duration_spread_s=0.06),
    EMOTIONS,
    write,
    title="CASME II",
    subjects=3,
)
