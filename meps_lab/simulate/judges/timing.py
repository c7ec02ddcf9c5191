"""When things happen in a preset, against the counts that the data sets' authors publish.

What is judged are the plans of a cohort, so the whole way from the dial to the frame numbers.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from meps_lab.simulate.cohort import simulate_cohort
from meps_lab.simulate.scenario import Scenario


def me_times(preset: str, seed: int = 0, n_subjects: int = 30, trials: int = 20) -> pd.DataFrame:
    """Duration and apex of every micro-expression of a cohort, nothing rendered.

    Parameters
    ----------
    preset : str
        A name that `Scenario.preset` knows.
    seed, n_subjects, trials : int

    Returns
    -------
    pandas.DataFrame
        One row a clip: `duration_ms` from onset to offset, `rise_ms` from onset to apex,
        `apex` between them, 0 onset .. 1 offset, and `samples`, its length at 200 Hz.

    Examples
    --------
    >>> me_times("early_apex", n_subjects=2, trials=3).columns.tolist()
    ['duration_ms', 'rise_ms', 'apex', 'samples']
    """
    scenario = Scenario.preset(preset)
    classes = "four" if preset == "casme3_c" else "seven-mmme" if preset == "mmme" else "three"
    cohort = simulate_cohort(n_subjects, trials, classes, seed, scenario)
    rows = []
    for k in range(len(cohort)):
        plan = cohort.plan(k)
        length, rise = plan.offset - plan.onset, plan.apex - plan.onset
        to_ms = 1000 / plan.fps
        rows.append([to_ms * length, to_ms * rise, rise / length, round(0.2 * to_ms * length)])
    return pd.DataFrame(rows, columns=["duration_ms", "rise_ms", "apex", "samples"])


def micro_share(times: pd.DataFrame, fps: float = 150.0) -> float:
    """Share that MMME would call micro: at most 500 ms long, or at most 250 ms to the apex.

    To half a frame, since a clip's length is a whole number of them.
    """
    half_ms = 500 / fps
    short, early = times.duration_ms <= 500 + half_ms, times.rise_ms <= 250 + half_ms
    return float(np.mean(short | early))
