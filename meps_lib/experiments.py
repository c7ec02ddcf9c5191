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
from meps_lib.models import build, of_data
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

    def __post_init__(self) -> None:
        seeds = tuple(self.seeds)
        object.__setattr__(self, "seeds", seeds)
        object.__setattr__(self, "modalities", tuple(self.modalities))
        if not seeds or len(set(seeds)) < len(seeds) or min(seeds) < 0:
            raise MepsError(f"seeds={seeds}; expected one or more different numbers, 0 or more")
        if self.n_jobs < 1:
            raise MepsError(f"n_jobs={self.n_jobs}; expected 1 or more processes")
        known = ("loso", "grouped-kfold")
        if self.protocol not in known:
            raise MepsError(f"protocol={self.protocol!r}; expected one of {', '.join(known)}")


def run(
    dataset,
    config: ExperimentConfig | None = None,
    out: str | os.PathLike | None = None,
    progress: bool = True,
    note: str = "",
) -> pd.DataFrame:
    """Run every fold and seed, and return one row of prediction a trial and seed.

    Parameters
    ----------
    dataset
        Anything with ``classes``, ``index`` and ``[k] -> Trial``; a `PreparedDataset` is used
        as it is, so that several experiments can share one preparation.
    config : ExperimentConfig, optional
    out : path, optional
        A folder without results, to write ``predictions.parquet`` and ``config.json`` to.
    progress : bool
        Show progress bars.
    note : str
        What the data is, for ``config.json``; default what the data set says of itself.

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
    folder = None if out is None else _new_folder(out)
    make_model(config, dataset.classes, seed=0)  # a wrong setting is told before the work
    prepared = _prepared(dataset, config, progress)
    jobs = [(split, seed) for seed in config.seeds for split in _splits(prepared, config, seed)]
    tasks = (delayed(_fold)(prepared, config, split, seed) for split, seed in jobs)
    with Parallel(config.n_jobs, return_as="generator") as pool:
        bar = tqdm(pool(tasks), "folds", len(jobs), disable=not progress, leave=False)
        table = pd.concat(bar, ignore_index=True)
    if folder is not None:
        write(table, config, prepared, note or getattr(dataset, "note", ""), folder)
    return table


def _prepared(dataset, config: ExperimentConfig, progress: bool) -> PreparedDataset:
    if isinstance(dataset, PreparedDataset):
        if dataset.config != config.prepare:
            raise MepsError(
                f"trials prepared as {dataset.config}; the experiment wants {config.prepare}"
            )
        prepared = dataset.only(config.modalities)
    else:
        prepared = PreparedDataset(dataset, config.prepare, config.modalities, progress)
    for name in config.modalities:
        if not any(name in t.modalities for t in prepared.trials):
            raise MepsError(f"no trial has {name}; leave it out of the modalities")
    return prepared


def _new_folder(out: str | os.PathLike) -> Path:
    """The folder for results, made and found writable before anything is trained."""
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".writable").touch()
        (folder / ".writable").unlink()
    except OSError as error:
        raise MepsError(f"cannot write to {folder}: {error.strerror}; choose another") from None
    if (folder / "predictions.parquet").exists():
        raise MepsError(f"{folder} holds results already; nothing was overwritten: choose another")
    return folder


def _splits(prepared: PreparedDataset, config: ExperimentConfig, seed: int) -> list[Split]:
    subjects = [t.subject for t in prepared.trials]
    if config.protocol == "loso":
        return list(loso(subjects, config.n_validation, seed))
    return list(grouped_kfold(subjects, config.n_folds, config.n_validation, seed))


def _fold(
    prepared: PreparedDataset, config: ExperimentConfig, split: Split, seed: int
) -> pd.DataFrame:
    """Train on one split, and touch its test subjects once."""
    if config.n_jobs > 1:
        torch.set_num_threads(1)  # the processes share the cores; more threads only wait
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
    table: pd.DataFrame,
    config: ExperimentConfig,
    data: PreparedDataset,
    note: str,
    folder: Path,
) -> None:
    """Write predictions and what they were made from, each whole or not at all."""
    record = {
        "meps_lib": __version__,
        "torch": torch.__version__,
        "data": {"note": note, "n_trials": len(data), "classes": list(data.classes)},
        "config": asdict(config),
    }
    text = json.dumps(record, indent=2, default=str) + "\n"
    for name, save in (
        ("config.json", lambda p: p.write_text(text)),
        ("predictions.parquet", lambda p: table.to_parquet(p, index=False)),
    ):
        part = folder / f".{name}.part"
        try:
            save(part)
            part.replace(folder / name)
        except OSError as error:
            raise MepsError(f"cannot write {folder / name}: {error.strerror}") from None
