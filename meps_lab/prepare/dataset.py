"""A data set whose trials are prepared once, and kept in memory and on disk."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Sequence
from typing import Literal

import pandas as pd
from joblib import delayed
from torch.utils.data import Dataset
from tqdm.auto import tqdm

from meps_lab.datasets.cache.trials import TrialCache
from meps_lab.prepare.size import PrepareConfig, keep_only, prepare
from meps_lab.workers import in_processes
from meps_lib.arguments import whole
from meps_lib.errors import MepsError
from meps_lib.trial import MODALITIES, Trial


class PreparedDataset(Dataset):
    """A data set's trials, prepared once and kept in memory, and on disk if asked.

    Parameters
    ----------
    dataset
        Anything with ``classes``, ``index``, ``len`` and ``[k] -> Trial``.
    config : PrepareConfig, optional
    modalities : sequence of str
        What to keep of "colour", "depth", "ps", "eeg", "flow"; the rest is dropped from every
        trial, and flow computed where it is wanted and not there.
    progress : bool
        Show a bar.
    cache : path, optional
        A folder that keeps what was prepared, for the next time; see `TrialCache`.
    n_jobs : int
        Processes that prepare; the result does not depend on it.
    on_error : {"raise", "skip"}
        What becomes of a trial that cannot be read or prepared: by default its error is raised;
        with "skip" it is left out and listed.

    Attributes
    ----------
    skipped : DataFrame
        Columns clip, error: what was left out.
    lost : tuple of str
        Subjects of whom nothing is left.
    note, origin
        What the data set says of itself, and how it was opened.

    Raises
    ------
    MepsError
        If a trial has none of the modalities, no trial is left, or the cache cannot be used.
    """

    def __init__(
        self,
        dataset,
        config: PrepareConfig | None = None,
        modalities: Sequence[str] = ("colour", "depth", "ps"),
        progress: bool = False,
        cache: str | os.PathLike | None = None,
        n_jobs: int = 1,
        on_error: Literal["raise", "skip"] = "raise",
    ):
        whole("n_jobs", n_jobs, 1)
        if on_error not in ("raise", "skip"):
            raise MepsError(f"on_error={on_error!r}; expected raise or skip")
        self.classes, self.index = tuple(dataset.classes), dataset.index.reset_index(drop=True)
        self.note, self.origin = getattr(dataset, "note", ""), getattr(dataset, "origin", {})
        self.config = config or PrepareConfig()
        how = self.config, tuple(m for m in MODALITIES if m in modalities)
        store = None if cache is None else TrialCache(cache, dataset, how)
        todo, found, skip = range(len(dataset)), {}, on_error == "skip"
        bar = tqdm(total=len(todo), desc="preparing trials", disable=not progress, leave=False)
        with bar:
            for k in todo if store is not None else ():
                trial = _tried(store.read, k, skip)
                if trial is not None:
                    found[k] = trial
                    bar.update()
            rest = [k for k in todo if k not in found]
            make = delayed(_tried)
            tasks = (make(lambda k: prepare(dataset[k], *how), k, skip) for k in rest)
            for k, trial in zip(rest, in_processes(n_jobs, tasks), strict=True):
                kept = store is not None and isinstance(trial, Trial)
                found[k] = store.keep(k, trial) if kept else trial
                bar.update()
        errors = {k: found[k] for k in todo if isinstance(found[k], MepsError)}
        clips = [self.index["clip"].iloc[k] for k in errors]
        self.skipped = pd.DataFrame({"clip": clips, "error": [str(e) for e in errors.values()]})
        if len(errors) == len(todo):
            raise MepsError(f"no trial can be read; the first: {next(iter(errors.values()))}")
        self.trials = [found[k] for k in todo if k not in errors]
        _same_rows(self.trials)
        everybody = set(self.index["subject"])
        self.index = self.index.drop(index=list(errors)).reset_index(drop=True)
        self.lost = tuple(sorted(everybody - set(self.index["subject"])))

    def only(self, modalities: Sequence[str]) -> PreparedDataset:
        """The same trials without the other modalities; nothing is computed again."""
        other = copy.copy(self)
        other.trials = [keep_only(t, modalities) for t in self.trials]
        return other

    def __len__(self) -> int:
        return len(self.trials)

    def __getitem__(self, k: int) -> Trial:
        return self.trials[k]

    def of(self, subjects: Sequence[str]) -> list[Trial]:
        """Trials of these subjects, in the data set's order."""
        return [t for t in self.trials if t.subject in set(subjects)]


def _same_rows(trials: Sequence[Trial]) -> None:
    """Refuse trials whose EEG has other rows, or in another order: a network goes by the place."""
    have = [t for t in trials if t.eeg is not None]
    for trial in have:
        first, own = have[0].eeg_names, trial.eeg_names
        if own != first:
            lacks = ", ".join(sorted(set(first) ^ set(own))) or "the order"
            raise MepsError(
                f"trials {have[0].clip!r} and {trial.clip!r} differ in the rows of their EEG "
                f"({lacks}); give every trial the same channels in one order"
            )


def _tried(make: Callable[[int], Trial | None], k: int, skip: bool) -> Trial | MepsError | None:
    """What is made of trial k; where it may be skipped, the error that says why nothing is."""
    try:
        return make(k)
    except MepsError as error:
        if not skip:
            raise
        return error
