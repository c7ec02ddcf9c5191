"""Cohorts that learn apart, and strangers who are asked: several simulated data sets as one.

So a question about training is answered as often as there are cohorts, and every answer is about
the same people, of whom no cohort knows anybody.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from torch.utils.data import Dataset

from meps_lab.simulate.cohort import CohortDataset, simulate_cohort
from meps_lab.simulate.scenario import Scenario
from meps_lib.arguments import whole
from meps_lib.errors import MepsError
from meps_lib.trial import Trial

STRANGERS = "strangers"  # what the set is called that all are asked about
_MOST = 999  # cohorts; their seeds are neighbours of that of the strangers


class CohortsDataset(Dataset[Trial]):
    """The trials of several cohorts in a row.

    Attributes
    ----------
    classes : tuple of str
    index : pandas.DataFrame
        As that of a `CohortDataset`, and data_set: cohort-001 and so on, or strangers.
    parts : dict
        Each cohort by its data_set.
    scenario, seed
        Those of the strangers, whose ceiling is the one that counts.
    """

    def __init__(self, parts: Mapping[str, CohortDataset]):
        self.parts = dict(parts)
        strangers = self.parts[STRANGERS]
        self.classes, self.scenario, self.seed = (
            getattr(strangers, name) for name in ("classes", "scenario", "seed")
        )
        tables = [part.index.assign(data_set=name) for name, part in self.parts.items()]
        self.index = pd.concat(tables, ignore_index=True)
        for column in ("subject", "clip"):
            self.index[column] = self.index["data_set"] + "-" + self.index[column]
        self._ends = np.cumsum([len(part) for part in self.parts.values()])

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, k: int) -> Trial:
        row = self.index.iloc[k]
        k %= len(self)
        n = int(np.searchsorted(self._ends, k, side="right"))
        part = list(self.parts.values())[n]
        trial = part[k - int(self._ends[n]) + len(part)]
        return replace(trial, subject=row["subject"], clip=row["clip"])


def simulate_strangers(
    cohorts: int = 8,
    subjects: int = 24,
    strangers: int = 100,
    trials: int = 6,
    trials_asked: int = 3,
    classes: str | Iterable[str] = "three",
    seed: int = 0,
    dials: Mapping[str, Any] | None = None,
    asked: Mapping[str, Any] | None = None,
    scenario: str = "default",
    cache: str | os.PathLike | None = None,
) -> CohortsDataset:
    """Simulate cohorts to learn from, and strangers to be asked.

    Parameters
    ----------
    cohorts, subjects, strangers : int
        How many cohorts, people in each, and people who are asked; 2 people at least.
    trials, trials_asked : int
        Of each person of a cohort, and of each stranger.
    classes : str or iterable of str
        As for `simulate_cohort`.
    seed : int
        That of the strangers is 1000 times it, and of cohort k the k-th after: other seeds share
        nobody, and more cohorts change nobody.
    dials : mapping, optional
        What is changed of the scenario, for everybody.
    asked : mapping, optional
        What is changed for the strangers alone, so that the test differs from the training.
    scenario : str
        A preset.
    cache : path, optional
        As for `simulate_cohort`.

    Raises
    ------
    MepsError
        As `simulate_cohort` and `Scenario` say, or if there is no cohort or more than 999.

    Examples
    --------
    >>> data = simulate_strangers(2, subjects=3, strangers=4, trials=3)
    >>> data.index.groupby("data_set")["subject"].nunique().to_dict()
    {'cohort-001': 3, 'cohort-002': 3, 'strangers': 4}
    """
    whole("cohorts", cohorts, 1, _MOST)
    whole("seed", seed, 0, 2**31)
    everybody = dict(dials or {})
    if unknown := sorted(set(everybody | dict(asked or {})) - set(Scenario.__dataclass_fields__)):
        raise MepsError(
            f"{', '.join(unknown)}: no dial of a scenario; there are "
            f"{', '.join(Scenario.__dataclass_fields__)}"
        )
    taught = Scenario.preset(scenario, **everybody)
    tested = Scenario.preset(scenario, **everybody | dict(asked or {}))
    sets = {f"cohort-{k:03d}": (subjects, trials, taught, k) for k in range(1, cohorts + 1)}
    sets[STRANGERS] = (strangers, trials_asked, tested, 0)
    parts = {
        name: simulate_cohort(people, n, classes, 1000 * seed + k, habits, cache)
        for name, (people, n, habits, k) in sets.items()
    }
    return CohortsDataset(parts)
