"""Leave one subject out with a model of the registry, or one's own: run, pool, write, tabulate."""

import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Literal

import pandas as pd
import torch
from joblib import delayed
from tqdm.auto import tqdm

from meps_lab.experiments.config import ExperimentConfig
from meps_lab.experiments.own_check import try_model
from meps_lab.experiments.own_model import build_own, is_own
from meps_lab.experiments.record import about, about_data
from meps_lab.experiments.results import Results, results_in
from meps_lab.experiments.stacked import fit_stacked
from meps_lab.memory import keep_freed
from meps_lab.prepare import PreparedDataset
from meps_lab.workers import in_processes
from meps_lib.errors import MepsError
from meps_lib.models import build, of_data
from meps_lib.protocol.metrics import score
from meps_lib.protocol.normalise import NORMALISERS
from meps_lib.protocol.splits import Split
from meps_lib.training import fit, predict
from meps_lib.trial import Trial


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
    model = make_model(config, dataset.classes, seed=0)  # a wrong setting is told before the work
    config.splits(dataset.index, 0, getattr(dataset, "lost", ()))
    try_model(model, config, dataset, on_error, cache)
    with nullcontext() if out is None else results_in(out, accept_changed_code) as results:
        record, done = about(config, getattr(dataset, "origin", {})), {}
        if results is not None:
            results.check(record)
        data = prepared(dataset, config, progress, cache, on_error)
        splits = {seed: config.splits(data.index, seed, data.lost) for seed in config.seeds}
        jobs = {(seed, split.fold): split for seed in splits for split in splits[seed]}
        if results is not None:
            results.begin(record | about_data(data, splits, note or data.note), splits)
            done = results.read(jobs)
        todo = [job for job in jobs if job not in done]
        models = train_stacked(data, config, jobs) if config.stacked and todo else {}
        tasks = (
            delayed(run_fold)(data, config, jobs[job], job[0], results, models.get(job))
            for job in todo
        )
        tables = in_processes(config.n_jobs, tasks)
        bar = {"total": len(jobs), "initial": len(done), "disable": not progress, "leave": False}
        done |= zip(todo, tqdm(tables, "folds", **bar), strict=True)
        table = pooled(data, [done[job] for job in jobs])
        if results is not None:
            results.finish(table)
    return table


def pooled(data: PreparedDataset, tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The predictions of all folds in one table, with what was left out of the data."""
    table = pd.concat(tables, ignore_index=True)
    if "data_set" in data.index:
        # By subject, who is in one set only; a clip's name may occur in several.
        home = dict(zip(data.index["subject"], data.index["data_set"], strict=True))
        table.insert(2, "data_set", table["subject"].map(home))
    table.attrs["skipped"] = data.skipped.to_dict("records")
    table.attrs["lost"] = list(data.lost)
    return table


def prepared(
    dataset, config: ExperimentConfig, progress: bool = False, cache=None, on_error: str = "raise"
) -> PreparedDataset:
    """Trials of one size, on the scale that was asked for; those that came prepared stay whole."""
    if not isinstance(dataset, PreparedDataset):
        how = {"cache": cache, "n_jobs": config.n_jobs, "on_error": on_error}
        data = PreparedDataset(dataset, config.prepare, config.modalities, progress, **how)
    elif dataset.config == config.prepare:
        data = dataset.only(config.modalities)
    else:
        raise MepsError(
            f"trials prepared as {dataset.config}; the experiment wants {config.prepare}"
        )
    for name in config.modalities:
        if not any(name in t.modalities for t in data.trials):
            raise MepsError(f"no trial has {name}; leave it out of the modalities")
    data.trials = list(NORMALISERS[config.normalise](data.trials))
    return data


def run_fold(
    data: PreparedDataset,
    config: ExperimentConfig,
    split: Split,
    seed: int,
    results: Results | None = None,
    model: torch.nn.Module | None = None,
) -> pd.DataFrame:
    """Train on one split, unless its model comes trained, and touch its test subjects once.

    What comes of it is kept here, by the process that made it: other folds may end in an error.
    """
    keep_freed()
    test, threads = data.of(split.test), torch.get_num_threads()
    # Sums over several threads round otherwise, and processes that share the cores would wait.
    torch.set_num_threads(1)
    try:
        if model is None:
            model = train_fold(data, config, split, seed)
        p = torch.cat([_answer(model, trial, data.classes) for trial in test]).numpy()
    finally:
        torch.set_num_threads(threads)
    others = [t.label for t in data.of((*split.train, *split.validation))]
    rows = {
        "subject": [t.subject for t in test],
        "clip": [t.clip for t in test],
        "fold": split.fold,
        "seed": seed,
        "truth": [t.label for t in test],
        "prediction": [data.classes[k] for k in p.argmax(axis=1)],
        "majority": max(data.classes, key=others.count),
    }
    table = pd.DataFrame(rows | {f"p_{c}": p[:, k] for k, c in enumerate(data.classes)})
    if results is not None:
        results.keep(seed, split.fold, table)
    return table


def _answer(model: torch.nn.Module, trial: Trial, classes: Sequence[str]) -> torch.Tensor:
    """What a model says of a trial, (1, K); asked alone, as number and order may tell the class."""
    which = f"clip {trial.clip!r} of {trial.subject!r}"
    try:
        p = predict(model, [trial], classes)
    except MepsError as error:  # the model is not told which trial it is
        raise MepsError(f"{which}: {error}") from None
    if p.shape != (1, len(classes)) or not p.isfinite().all():
        raise MepsError(
            f"{which}: the model answers {tuple(p.shape)}, {p.flatten().tolist()[:5]}; expected "
            f"finite probabilities, (1, {len(classes)})"
        )
    return p


def train_fold(
    data: PreparedDataset, config: ExperimentConfig, split: Split, seed: int
) -> torch.nn.Module:
    """The model of one fold and seed; of the test subjects it is given nothing."""
    number = 1000 * seed + split.fold
    model = make_model(config, data.classes, seed=number)
    sides = data.of(split.train), data.of(split.validation)
    fit(model, *sides, data.classes, config.train, seed=number)
    return model


def train_stacked(
    data: PreparedDataset, config: ExperimentConfig, jobs: Mapping[tuple[int, int], Split]
) -> dict[tuple[int, int], torch.nn.Module]:
    """The models of all folds and seeds, trained in one program.

    Also of those whose predictions are there: what dropout draws is drawn for all together.
    """
    numbers = [1000 * seed + fold for seed, fold in jobs]
    models = [make_model(config, data.classes, seed=number) for number in numbers]
    sides = [(data.of(split.train), data.of(split.validation)) for split in jobs.values()]
    fit_stacked(models, sides, data.classes, config.train, numbers)
    return dict(zip(jobs, models, strict=True))


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
        if is_own(config.model):
            return build_own(config.model, config.model_code, given, config.model_args)
        return build(config.model, **of_data(config.model, given) | dict(config.model_args))


def tabulate(table: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Pooled scores, one row a seed: accuracy, uf1, uar, n."""
    rows = {}
    for seed, group in table.groupby("seed"):
        s = score(group.truth, group.prediction, classes)
        rows[seed] = {"accuracy": s.accuracy, "uf1": s.uf1, "uar": s.uar, "n": s.n}
    return pd.DataFrame(rows).T.rename_axis("seed").astype({"n": int})
