"""Leave one subject out with a model of the registry: run, pool, write, tabulate."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import torch
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from meps_lib import __version__
from meps_lib.errors import MepsError
from meps_lib.metrics import Scores, score
from meps_lib.models import build
from meps_lib.prepare import PrepareConfig, PreparedDataset
from meps_lib.splits import Split, grouped_kfold, loso
from meps_lib.training import TrainConfig, fit, predict


@dataclass(frozen=True)
class ExperimentConfig:
    """One experiment: a model, its data, its protocol."""

    model: str = "meps"  # a key of meps_lib.models.MODELS
    model_args: Mapping[str, Any] = field(default_factory=dict)  # fields of the model's config
    modalities: tuple[str, ...] = ("colour", "depth", "ps")
    prepare: PrepareConfig = PrepareConfig()
    train: TrainConfig = TrainConfig()
    protocol: Literal["loso", "grouped-kfold"] = "loso"
    n_folds: int = 5  # grouped-kfold only
    n_validation: int = 2  # subjects
    seeds: tuple[int, ...] = (0,)
    n_jobs: int = 1  # processes; the result does not depend on it


def run(
    dataset,
    config: ExperimentConfig | None = None,
    out: str | os.PathLike | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Run every fold and seed, and return one row of prediction a trial and seed.

    Parameters
    ----------
    dataset
        Anything with ``classes``, ``index`` and ``[k] -> Trial``; a `PreparedDataset` is used
        as it is, so that several experiments can share one preparation.
    config : ExperimentConfig, optional
    out : path, optional
        A folder to write ``predictions.parquet`` and ``config.json`` to.
    progress : bool
        Show progress bars.

    Returns
    -------
    DataFrame
        Columns subject, clip, fold, seed, truth, prediction, and ``p_<class>`` for each class.

    Raises
    ------
    MepsError
        As `PreparedDataset`, `loso` and `fit` say.

    References
    ----------
    Pooled over folds, as `meps_lib.metrics.score` wants it; ledger: protocol-pooling.
    """
    config = config or ExperimentConfig()
    prepared = _prepared(dataset, config, progress)
    jobs = [(split, seed) for seed in config.seeds for split in _splits(prepared, config, seed)]
    tasks = (delayed(_fold)(prepared, config, split, seed) for split, seed in jobs)
    with Parallel(config.n_jobs, return_as="generator") as pool:
        results = pool(tasks)
        bar = tqdm(results, "folds", len(jobs), disable=not progress, leave=False)
        table = pd.concat(bar, ignore_index=True)
    if out is not None:
        write(table, config, prepared.classes, out)
    return table


def _prepared(dataset, config: ExperimentConfig, progress: bool) -> PreparedDataset:
    if not isinstance(dataset, PreparedDataset):
        return PreparedDataset(dataset, config.prepare, config.modalities, progress)
    if dataset.config != config.prepare:
        raise MepsError(
            f"trials prepared as {dataset.config}; the experiment wants {config.prepare}"
        )
    return dataset.only(config.modalities)


def _splits(prepared: PreparedDataset, config: ExperimentConfig, seed: int) -> list[Split]:
    subjects = [t.subject for t in prepared.trials]
    if config.protocol == "loso":
        return list(loso(subjects, config.n_validation, seed))
    if config.protocol == "grouped-kfold":
        return list(grouped_kfold(subjects, config.n_folds, config.n_validation, seed))
    raise MepsError(f"protocol={config.protocol!r}; expected 'loso' or 'grouped-kfold'")


def _fold(
    prepared: PreparedDataset, config: ExperimentConfig, split: Split, seed: int
) -> pd.DataFrame:
    """Train on one split, and touch its test subjects once."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    model = make_model(config, prepared.classes, seed=1000 * seed + split.fold)
    sides = prepared.of(split.train), prepared.of(split.validation)
    fit(model, *sides, prepared.classes, config.train, seed=1000 * seed + split.fold)
    test = prepared.of(split.test)
    p = predict(model, test, prepared.classes).numpy()
    rows = {
        "subject": [t.subject for t in test],
        "clip": [t.clip for t in test],
        "fold": split.fold,
        "seed": seed,
        "truth": [t.label for t in test],
        "prediction": [prepared.classes[k] for k in p.argmax(axis=1)],
    }
    return pd.DataFrame(rows | {f"p_{c}": p[:, k] for k, c in enumerate(prepared.classes)})


def make_model(config: ExperimentConfig, classes: Sequence[str], seed: int) -> torch.nn.Module:
    """A freshly initialised model that fits the data; the seed decides its weights."""
    sizes = {
        "n_classes": len(classes),
        "modalities": config.modalities,
        "ps_names": config.prepare.ps_names,
        "ps_sfreq": config.prepare.ps_sfreq,
    }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build(config.model, **sizes | dict(config.model_args))


def tabulate(table: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Pooled scores, one row a seed: accuracy, uf1, uar, n."""
    rows = {}
    for seed, group in table.groupby("seed"):
        s = score(group.truth, group.prediction, classes)
        rows[seed] = {"accuracy": s.accuracy, "uf1": s.uf1, "uar": s.uar, "n": s.n}
    return pd.DataFrame(rows).T.rename_axis("seed")


def majority(table: pd.DataFrame, classes: Sequence[str]) -> Scores:
    """What always answering each fold's commonest training class scores: the floor.

    The class is that of the other folds' trials, so the floor is as honest as the model.
    """
    one = table[table.seed == table.seed.min()]
    guesses = pd.Series(index=one.index, dtype=object)
    for fold, group in one.groupby("fold"):
        counts = one[one.fold != fold].truth.value_counts().reindex(classes).fillna(0)
        guesses[group.index] = counts.idxmax()
    return score(one.truth, guesses, classes)


def write(
    table: pd.DataFrame, config: ExperimentConfig, classes: Sequence[str], out: str | os.PathLike
) -> Path:
    """Write predictions and configuration, each whole or not at all."""
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MepsError(
            f"cannot write to {folder}: {error.strerror}; choose another --out"
        ) from None
    record = {"meps_lib": __version__, "torch": torch.__version__, "classes": list(classes)}
    record["config"] = asdict(config)
    for name, save in (
        ("predictions.parquet", lambda p: table.to_parquet(p, index=False)),
        ("config.json", lambda p: p.write_text(json.dumps(record, indent=2) + "\n")),
    ):
        part = folder / f".{name}.part"
        save(part)
        part.replace(folder / name)
    return folder
