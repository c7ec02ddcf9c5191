"""Leave one subject out with a model of the registry: run, pool, write, tabulate."""

from __future__ import annotations

import copy
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Literal

import pandas as pd
import torch
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from meps_lab.experiments.config import ExperimentConfig
from meps_lab.experiments.record import about, about_data
from meps_lab.experiments.results import Results, ResultsWarning, known, results_in
from meps_lab.prepare import PreparedDataset
from meps_lib.errors import MepsError
from meps_lib.models import build, of_data
from meps_lib.protocol.metrics import score
from meps_lib.protocol.normalise import NORMALISERS
from meps_lib.protocol.split_files import ROLES, read_splits
from meps_lib.protocol.splits import (
    Split,
    check_subjects,
    composite,
    cross_data_set,
    grouped_kfold,
)
from meps_lib.training import fit, predict


def run(
    dataset,
    config: ExperimentConfig | None = None,
    out: str | os.PathLike | None = None,
    progress: bool = True,
    note: str = "",
    cache: str | os.PathLike | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    accept_changed_code: bool = False,
) -> pd.DataFrame:
    """Run every fold and seed, and return one row of prediction a trial and seed.

    Parameters
    ----------
    dataset
        Anything with ``classes``, ``index`` and ``[k] -> Trial``; a `PreparedDataset` is used
        as it is, so that several experiments can share one preparation.
    config : ExperimentConfig, optional
    out : path, optional
        A folder for ``predictions.parquet``, ``config.json`` and the splits of each seed, which
        the protocol "file" reads. Each fold is written as it ends: the same call goes on after a
        run that was killed, to the same predictions; see `meps_lab.experiments.results`.
    progress : bool
        Show progress bars.
    note : str
        What the data is, for ``config.json``; default what the data set says of itself.
    cache : path, optional
        A folder in which `PreparedDataset` keeps what it prepares.
    on_error : {"raise", "skip"}
        What becomes of a trial that cannot be read; see `PreparedDataset`. What was skipped is
        in ``table.attrs["skipped"]``, and in the ``config.json`` of `out`.
    accept_changed_code : bool
        Go on in `out` although the source that makes predictions has changed since; its
        ``config.json`` then says in which files.

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
    Pooled over folds, as `meps_lib.protocol.metrics.score` wants it; ledger: protocol-pooling.
    """
    config = config or ExperimentConfig()
    with nullcontext() if out is None else results_in(out, accept_changed_code) as results:
        make_model(config, dataset.classes, seed=0)  # a wrong setting is told before the work
        _splits(dataset.index, config, seed=0, lost=getattr(dataset, "lost", ()))
        record = about(config, getattr(dataset, "origin", {}))
        if results is not None:
            results.check(record)
        data = _normalised(dataset, config, progress, cache, on_error)
        splits = {seed: _splits(data.index, config, seed, data.lost) for seed in config.seeds}
        if results is not None:
            results.begin(record | about_data(data, splits, note or data.note), splits)
        table = pd.concat(_folds(data, config, splits, results, progress), ignore_index=True)
        if "data_set" in data.index:
            # By subject, who is in one set only; a clip's name may occur in several.
            home = dict(zip(data.index["subject"], data.index["data_set"], strict=True))
            table.insert(2, "data_set", table["subject"].map(home))
        table.attrs["skipped"] = data.skipped.to_dict("records")
        table.attrs["lost"] = list(data.lost)
        if results is not None:
            results.finish(table)
    return table


def _folds(
    prepared: PreparedDataset,
    config: ExperimentConfig,
    splits: Mapping[int, Sequence[Split]],
    results: Results | None,
    progress: bool,
) -> list[pd.DataFrame]:
    """The predictions of every seed and fold: those that an earlier run has left, and the rest."""
    jobs = {(seed, split.fold): split for seed in splits for split in splits[seed]}
    there = {}
    if results is not None:
        read = {job: results.read(*job, prepared.of(jobs[job].test)) for job in jobs}
        there = {job: table for job, table in read.items() if table is not None}
    if there:
        text = f"{results.folder}: {len(there)} of {len(jobs)} folds are there; the rest is run"
        warnings.warn(text, ResultsWarning, 3)
    todo = [job for job in jobs if job not in there]
    tasks = (delayed(_fold)(prepared, config, jobs[job], job[0], results) for job in todo)
    bar = tqdm(total=len(jobs), desc="folds", initial=len(there), disable=not progress, leave=False)
    with bar, Parallel(config.n_jobs, return_as="generator") as pool:
        for job, table in zip(todo, pool(tasks), strict=True):
            there[job] = table
            bar.update()
    return [there[job] for job in jobs]


def _normalised(
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


def _splits(
    index: pd.DataFrame, config: ExperimentConfig, seed: int, lost: Sequence[str] = ()
) -> list[Split]:
    """Who has which role; those of whom no trial can be read, the lost ones, have none."""
    several, drawn = "data_set" in index, (config.n_validation, seed)
    subjects = index["subject"].tolist()
    sets = index["data_set"].tolist() if several else ["the only one"] * len(index)
    if config.protocol == "loso":
        return _without(composite(subjects, sets, *drawn), lost)
    if config.protocol == "cross-data-set":
        if not several:
            raise MepsError("cross-data-set: the index has no column data_set to tell them apart")
        names = config.train_on, config.test_on
        return _without(cross_data_set(subjects, sets, *names, *drawn), lost)
    check_subjects(subjects, sets)
    if config.protocol == "file":
        return _without(read_splits(config.split_file, [*subjects, *lost]), lost)
    return _without(grouped_kfold(subjects, config.n_folds, *drawn), lost)


def _without(splits: Iterable[Split], lost: Sequence[str]) -> list[Split]:
    """The lost subjects become unused; a fold that tests nobody else is left out."""
    if not lost:
        return list(splits)
    kept = []
    for split in splits:
        roles = {r: tuple(s for s in getattr(split, r) if s not in lost) for r in ROLES}
        if roles["test"]:
            unused = tuple(sorted({*split.unused, *lost}))
            try:
                kept.append(Split(split.fold, **roles, unused=unused))
            except MepsError as error:
                raise MepsError(f"subjects {', '.join(lost)} cannot be read: {error}") from None
    if not kept:
        raise MepsError(f"no fold tests anybody but {', '.join(lost)}, who cannot be read")
    return kept


def _fold(
    prepared: PreparedDataset,
    config: ExperimentConfig,
    split: Split,
    seed: int,
    results: Results | None = None,
) -> pd.DataFrame:
    """Train on one split, and touch its test subjects once.

    What comes of it is kept here, by the process that made it: other folds may end in an error.
    """
    test = prepared.of(split.test)
    with _one_thread():
        model = train_fold(prepared, config, split, seed)
        p = predict(model, test, prepared.classes).numpy()
    labels = pd.Series([t.label for t in prepared.of((*split.train, *split.validation))])
    commonest = labels.value_counts().reindex(prepared.classes).fillna(0).idxmax()
    rows = known(seed, split.fold, test) | {
        "prediction": [prepared.classes[k] for k in p.argmax(axis=1)],
        "majority": commonest,
    }
    table = pd.DataFrame(rows | {f"p_{c}": p[:, k] for k, c in enumerate(prepared.classes)})
    return table if results is None else results.keep(seed, split.fold, table)


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
