"""Simulated cohorts in the folders and files of real data sets.

For whoever has no licence yet: the same paths, frame names, bit depths, spreadsheets and
annotation errors, with the truth beside them.
"""

import os
import zlib

import numpy as np
import pandas as pd

from meps_lab.simulate.cohort import CohortDataset, simulate_cohort
from meps_lab.simulate.layouts import (
    case,
    casme2,
    casme3_a,
    casme3_c,
    flowmaps,
    mmme,
    samm,
    smic,
    wesad,
)
from meps_lab.simulate.layouts.common import NOTICE, Layout
from meps_lab.simulate.layouts.folder import new_folder
from meps_lib.arguments import whole
from meps_lib.errors import MepsError

LAYOUTS: dict[str, Layout] = {
    module.LAYOUT.name: module.LAYOUT
    for module in (casme3_a, casme3_c, mmme, casme2, samm, smic, case, wesad, flowmaps)
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
        A key of `LAYOUTS`: "casme3-a", "casme3-c", "mmme", "casme2", "samm", "smic", "case",
        "wesad" or "flowmaps".
    out : path
        A new or empty folder; it appears only when all is written.
    n_subjects, trials : int, optional
        How many; the layout's own small numbers if None.
    seed : int
        Same seed, same bytes in every file. Other layouts of the seed show other people.
    dirt : bool
        Put the set's documented annotation errors in.
    **dials
        Dials of `Scenario` on top of the layout's own, e.g. ``size=32``; not those that make
        it this data set, such as the frame rate.

    Returns
    -------
    DataFrame
        The truth, one row a clip, as in ``truth.parquet``.

    Raises
    ------
    MepsError
        If the layout or a dial is unknown or fixed, a number is out of range, or `out` is not
        empty or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     truth = write_layout("smic", f"{folder}/smic", trials=3, size=16, n_frames=6)
    >>> truth["class"].value_counts().sort_index().to_dict()
    {'negative': 3, 'positive': 3, 'surprise': 3}
    """
    cohort = layout_cohort(kind, n_subjects, trials, seed, **dials)
    if not isinstance(dirt, bool | np.bool_):
        raise MepsError(f"dirt must be True or False, got {dirt!r}")
    layout, n_trials = LAYOUTS[kind], cohort.trials_per_subject
    with new_folder(out) as folder:
        truth = layout.write(folder, cohort, np.random.default_rng([cohort.seed, _STREAM]), dirt)
        truth.to_parquet(folder / "truth.parquet", index=False)
        spoilt = "put in on purpose, see the column dirt" if truth["dirt"].any() else "none"
        about = {"name": layout.title, "kind": kind, "n_subjects": len(cohort) // n_trials}
        about |= {"trials": n_trials, "seed": seed, "dirt": spoilt, "choices": layout.choices}
        (folder / "SIMULATED.txt").write_text(NOTICE.format(**about), "utf-8")
    return truth


def layout_cohort(
    kind: str,
    n_subjects: int | None = None,
    trials: int | None = None,
    seed: int = 0,
    **dials: float,
) -> CohortDataset:
    """The cohort that `write_layout` writes, with the same arguments.

    Its seed follows from that of the call and the layout's name, so that no two layouts show
    the same people: in a composite of several sets nobody would be both trained on and tested.

    Raises
    ------
    MepsError
        If the layout or a dial is unknown or fixed, or a number is out of range.

    Examples
    --------
    >>> a, b = (layout_cohort(kind).person(0).who for kind in ("casme2", "samm"))
    >>> a == b
    False
    """
    if not isinstance(kind, str) or kind not in LAYOUTS:
        raise MepsError(f"unknown layout {kind!r}; known are {', '.join(LAYOUTS)}")
    layout = LAYOUTS[kind]
    n_subjects = layout.subjects if n_subjects is None else n_subjects
    trials = layout.trials if trials is None else trials
    scenario = layout.turned(dials)
    whole("n_subjects", n_subjects, 2, layout.most, f": {layout.title} has {layout.most} subjects")
    whole("seed", seed, 0)
    # By the name: the seed of a set must not change with its place in the list.
    own = np.random.SeedSequence([int(seed), zlib.crc32(kind.encode())])
    cohort_seed = int(own.generate_state(1, np.uint64)[0])
    return simulate_cohort(n_subjects, trials, layout.classes, cohort_seed, scenario)
