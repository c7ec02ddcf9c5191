"""Simulated cohorts in the folders and files of real data sets.

For whoever has no licence yet: the same paths, frame names, bit depths, spreadsheets and
annotation errors, with the truth beside them.
"""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pandas as pd

from meps_lib.errors import MepsError
from meps_lib.simulate.cohort import simulate_cohort
from meps_lib.simulate.layouts import (
    case,
    casme2,
    casme3_a,
    casme3_c,
    mmme,
    samm,
    smic,
    wesad,
)
from meps_lib.simulate.layouts.common import NOTICE, Layout, new_folder

LAYOUTS: dict[str, Layout] = {
    module.LAYOUT.name: module.LAYOUT
    for module in (casme3_a, casme3_c, mmme, casme2, samm, smic, case, wesad)
}
_STREAM = 7  # of the generator for annotations and dirt, apart from the cohort's own


def write_layout(
    kind: str,
    out: str | os.PathLike,
    *,
    n_subjects: int | None = None,
    trials: int | None = None,
    seed: int = 0,
    dirt: bool = True,
    **dials: float,
) -> pd.DataFrame:
    """Simulate a cohort and write it as a real data set stands on disk.

    Parameters
    ----------
    kind : str
        A key of `LAYOUTS`: "casme3-a", "casme3-c", "mmme", "casme2", "samm", "smic", "case" or
        "wesad".
    out : path
        A new or empty folder; it appears only when all is written.
    n_subjects, trials : int, optional
        How many; the layout's own small numbers if None.
    seed : int
    dirt : bool
        Put the set's documented annotation errors in.
    **dials
        Dials of `Scenario` on top of the layout's own, e.g. ``size=32``.

    Returns
    -------
    DataFrame
        The truth, one row a clip, as in ``truth.parquet``.

    Raises
    ------
    MepsError
        If the layout or a dial is unknown, a number is out of range, or `out` is not empty.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     truth = write_layout("smic", f"{folder}/smic", trials=3, size=16, n_frames=6)
    >>> truth["class"].value_counts().sort_index().to_dict()
    {'negative': 3, 'positive': 3, 'surprise': 3}
    """
    if kind not in LAYOUTS:
        raise MepsError(f"unknown layout {kind!r}; known are {', '.join(LAYOUTS)}")
    layout = LAYOUTS[kind]
    n_subjects = layout.subjects if n_subjects is None else n_subjects
    trials = layout.trials if trials is None else trials
    scenario = layout.scenario()
    unknown = sorted(set(dials) - set(vars(scenario)))
    if unknown:
        raise MepsError(f"unknown dials {unknown}; known are {', '.join(vars(scenario))}")
    scenario = replace(scenario, **dials)
    cohort = simulate_cohort(n_subjects, trials, layout.classes, seed, scenario)
    with new_folder(out) as folder:
        truth = layout.write(folder, cohort, np.random.default_rng([seed, _STREAM]), dirt)
        truth.to_parquet(folder / "truth.parquet", index=False)
        spoilt = "none"
        if truth["dirt"].fillna("").astype(str).ne("").any():
            spoilt = "put in on purpose, see the column dirt"
        notice = NOTICE.format(
            name=layout.title or kind, kind=kind, n_subjects=n_subjects, trials=trials, seed=seed,
            dirt=spoilt,
        )  # fmt: skip
        choices = folder / "CHOICES.txt"
        if choices.exists():  # one file to read, not two
            notice += "\n" + choices.read_text("utf-8")
            choices.unlink()
        (folder / "SIMULATED.txt").write_text(notice, "utf-8")
    return truth
