"""Leave one subject out with a model of the registry: run, pool, write, tabulate."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd
import torch
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from meps_lib.errors import MepsError
from meps_lib.metrics import score
from meps_lib.models import build, of_data
from meps_lib.normalise import NORMALISERS
from meps_lib.prepare import PrepareConfig, PreparedDataset
from meps_lib.results import new_folder, write
from meps_lib.split_files import read_splits
from meps_lib.splits import (
    LAST_SEED,
    Split,
    check_subjects,
    composite,
    cross_data_set,
    grouped_kfold,
    whole,
)
from meps_lib.training import TrainConfig, fit, predict

PROTOCOLS = ("loso", "grouped-kfold", "cross-data-set", "file")


@dataclass(frozen=True)
class ExperimentConfig:
    """One experiment: a model, its data, its protocol."""

    model: str = "meps"  # a key of meps_lib.models.MODELS
    model_args: Mapping[str, Any] = field(default_factory=dict)  # fields of the model's config
    modalities: tuple[str, ...] = ("colour", "depth", "ps")
    prepare: PrepareConfig = PrepareConfig()
    train: TrainConfig = TrainConfig()
    protocol: Literal["loso", "grouped-kfold", "cross-data-set", "file"] = "loso"
    n_folds: int = 5  # grouped-kfold only
    n_validation: int = 2  # subjects; not with a split file, which names them
    train_on: str | None = None  # cross-data-set only: a value of the index's data_set
    test_on: str | None = None  # cross-data-set only: another
    split_file: str | os.PathLike | None = None  # file only: see meps_lib.split_files
    normalise: Literal["training", "per-subject"] = "training"  # see meps_lib.normalise
    seeds: tuple[int, ...] = (0,)
    n_jobs: int = 1  # processes; the result does not depend on it

    def __post_init__(self) -> None:
        if not isinstance(self.seeds, Iterable) or isinstance(self.seeds, str):
            raise MepsError(f"seeds={self.seeds!r}; expected several in a row, such as (0, 1)")
        for seed in (seeds := tuple(self.seeds)):
            whole("seeds", seed, 0, LAST_SEED)
        object.__setattr__(self, "seeds", tuple(map(int, seeds)))
        object.__setattr__(self, "modalities", tuple(self.modalities))
        if not seeds or len(set(seeds)) < len(seeds):
            raise MepsError(f"seeds={seeds}; expected one or more, all different")
        whole("n_jobs", self.n_jobs, 1)
        for name, known in (("protocol", PROTOCOLS), ("normalise", NORMALISERS)):
            if getattr(self, name) not in known:
                raise MepsError(
                    f"{name}={getattr(self, name)!r}; expected one of {', '.join(known)}"
                )
        for name, protocol in _ONLY.items():
            if (getattr(self, name) is not None) != (self.protocol == protocol):
                raise MepsError(
                    f"protocol {self.protocol!r} with {name}={getattr(self, name)!r}; {name} "
                    f"belongs to the protocol {protocol!r}, which needs it"
                )


# Settings that one protocol needs, and no other knows.
_ONLY = {"train_on": "cross-data-set", "test_on": "cross-data-set", "split_file": "file"}


def run(
    dataset,
    config: ExperimentConfig | None = None,
    out: str | os.PathLike | None = None,
    progress: bool = True,
    note: str = "",
    cache: str | os.PathLike | None = None,
    on_error: Literal["raise", "skip"] = "raise",
) -> pd.DataFrame:
    """Run every fold and seed, and return one row of prediction a trial and seed.

    Parameters
    ----------
    dataset
        Anything with ``classes``, ``index`` and ``[k] -> Trial``; a `PreparedDataset` is used
        as it is, so that several experiments can share one preparation.
    config : ExperimentConfig, optional
    out : path, optional
        A folder without results, to write ``predictions.parquet``, ``config.json`` and the splits
        of each seed to, which the protocol "file" reads.
    progress : bool
        Show progress bars.
    note : str
        What the data is, for ``config.json``; default what the data set says of itself.
    cache : path, optional
        A folder in which `PreparedDataset` keeps what it prepares.
    on_error : {"raise", "skip"}
        What becomes of a trial that cannot be read; see `PreparedDataset`. What was skipped is
        in ``table.attrs["skipped"]``, and in the ``config.json`` of `out`.

    Returns
    -------
    DataFrame
        Columns subject, clip, data_set (where the data set's index has it), fold, seed, truth,
        prediction, majority (the commonest class that the fold's other subjects have), and
        ``p_<class>`` for each class.

    Raises
    ------
    MepsError
        As `PreparedDataset`, `fit`, and the protocol's splits say; and if a subject occurs in two
        data sets.

    References
    ----------
    Pooled over folds, as `meps_lib.metrics.score` wants it; ledger: protocol-pooling.
    """
    config = config or ExperimentConfig()
    folder = None if out is None else new_folder(out)
    make_model(config, dataset.classes, seed=0)  # a wrong setting is told before the work
    _splits(dataset.index, config, seed=0)
    prepared = _prepared(dataset, config, progress, cache, on_error)
    splits = {seed: _splits(prepared.index, config, seed) for seed in config.seeds}
    jobs = [(split, seed) for seed in config.seeds for split in splits[seed]]
    tasks = (delayed(_fold)(prepared, config, split, seed) for split, seed in jobs)
    with Parallel(config.n_jobs, return_as="generator") as pool:
        bar = tqdm(pool(tasks), "folds", len(jobs), disable=not progress, leave=False)
        table = pd.concat(bar, ignore_index=True)
    if "data_set" in prepared.index:
        # By subject, who is in one set only; a clip's name may occur in several.
        home = dict(zip(prepared.index["subject"], prepared.index["data_set"], strict=True))
        table.insert(2, "data_set", table["subject"].map(home))
    table.attrs["skipped"] = prepared.skipped.to_dict("records")
    if folder is not None:
        write(folder, table, splits, config, prepared, note or getattr(dataset, "note", ""))
    return table


def _prepared(
    dataset, config: ExperimentConfig, progress: bool, cache=None, on_error: str = "raise"
) -> PreparedDataset:
    """Trials of one size, on the scale that was asked for."""
    if isinstance(dataset, PreparedDataset):
        if dataset.config != config.prepare:
            raise MepsError(
                f"trials prepared as {dataset.config}; the experiment wants {config.prepare}"
            )
        prepared = dataset.only(config.modalities)
    else:
        how = config.prepare, config.modalities, progress
        more = {"cache": cache, "n_jobs": config.n_jobs, "on_error": on_error}
        prepared = PreparedDataset(dataset, *how, **more)
    for name in config.modalities:
        if not any(name in t.modalities for t in prepared.trials):
            raise MepsError(f"no trial has {name}; leave it out of the modalities")
    prepared = copy.copy(prepared)  # one that came prepared stays as it is
    prepared.trials = list(NORMALISERS[config.normalise](prepared.trials))
    return prepared


def _splits(index: pd.DataFrame, config: ExperimentConfig, seed: int) -> list[Split]:
    several, drawn = "data_set" in index, (config.n_validation, seed)
    subjects = index["subject"].tolist()
    sets = index["data_set"].tolist() if several else ["the only one"] * len(index)
    if config.protocol == "loso":
        return list(composite(subjects, sets, *drawn))
    if config.protocol == "cross-data-set":
        if not several:
            raise MepsError("cross-data-set: the index has no column data_set to tell them apart")
        return list(cross_data_set(subjects, sets, config.train_on, config.test_on, *drawn))
    check_subjects(subjects, sets)
    if config.protocol == "file":
        return read_splits(config.split_file, subjects)
    return list(grouped_kfold(subjects, config.n_folds, *drawn))


def _fold(
    prepared: PreparedDataset, config: ExperimentConfig, split: Split, seed: int
) -> pd.DataFrame:
    """Train on one split, and touch its test subjects once."""
    test = prepared.of(split.test)
    with _one_thread():
        model = train_fold(prepared, config, split, seed)
        p = predict(model, test, prepared.classes).numpy()
    labels = pd.Series([t.label for t in prepared.of((*split.train, *split.validation))])
    commonest = labels.value_counts().reindex(prepared.classes).fillna(0).idxmax()
    rows = {
        "subject": [t.subject for t in test],
        "clip": [t.clip for t in test],
        "fold": split.fold,
        "seed": seed,
        "truth": [t.label for t in test],
        "prediction": [prepared.classes[k] for k in p.argmax(axis=1)],
        "majority": commonest,
    }
    return pd.DataFrame(rows | {f"p_{c}": p[:, k] for k, c in enumerate(prepared.classes)})


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums over several threads round otherwise, and processes that share the cores would wait."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def train_fold(
    prepared: PreparedDataset, config: ExperimentConfig, split: Split, seed: int
) -> torch.nn.Module:
    """The model of one fold and seed; of the test subjects it is given nothing."""
    number = 1000 * seed + split.fold
    model = make_model(config, prepared.classes, seed=number)
    sides = prepared.of(split.train), prepared.of(split.validation)
    fit(model, *sides, prepared.classes, config.train, seed=number)
    return model


def make_model(config: ExperimentConfig, classes: Sequence[str], seed: int) -> torch.nn.Module:
    """A freshly initialised model that fits the data; the seed decides its weights."""
    given = {
        "n_classes": len(classes),
        "modalities": config.modalities,
        "ps_names": config.prepare.ps_names,
        "ps_sfreq": config.prepare.ps_sfreq,
    }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build(config.model, **of_data(config.model, given) | dict(config.model_args))


def tabulate(table: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Pooled scores, one row a seed: accuracy, uf1, uar, n."""
    rows = {}
    for seed, group in table.groupby("seed"):
        s = score(group.truth, group.prediction, classes)
        rows[seed] = {"accuracy": s.accuracy, "uf1": s.uf1, "uar": s.uar, "n": s.n}
    return pd.DataFrame(rows).T.rename_axis("seed").astype({"n": int})
