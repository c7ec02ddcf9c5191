"""Run a plan: every unit once, whatever ends a process that works on it.

::

    OUT/plan.json    the expanded plan; written first
    OUT/VARIANT/     of one variant, what `meps loso --out` leaves of the same experiment
    OUT/.lock        held for a moment, while one process writes what all need

What is done, the files in OUT alone say. So the same command goes on after any end, and two
processes on one folder share the work. A variant's folds become its ``predictions.parquet`` when
the last of them has ended.
"""

import os
import shutil
import time
from collections import deque
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock
from tqdm.auto import tqdm

from meps_lab.experiments.config import ExperimentConfig
from meps_lab.experiments.folds import make_model, pooled, prepared
from meps_lab.experiments.own_check import try_model
from meps_lab.experiments.pools import Here
from meps_lab.experiments.record import about, about_data, begin_record, unwritten
from meps_lab.experiments.results import PREDICTIONS, Results
from meps_lab.experiments.units import FAILED, LOCK, Unit
from meps_lab.prepare import PreparedDataset
from meps_lib.errors import MepsError

PLAN = "plan.json"
_PAUSE_S = 0.2  # while all that is left is in other processes' hands


def run_plan(
    dataset,
    variants: Mapping[str, ExperimentConfig],
    out: str | os.PathLike,
    pool: Here | None = None,
    retry: bool = False,
    progress: bool = True,
    cache: str | os.PathLike | None = None,
    on_error: str = "raise",
    accept_changed_code: bool = False,
    study: Mapping[str, Any] | None = None,
) -> None:
    """Run every unit of a plan that has not ended; `plan_status` says what has.

    Parameters
    ----------
    dataset
        As for `run`. Variants that prepare it alike share one preparation.
    variants : mapping of str to ExperimentConfig
        As `read_plan` gives them.
    out : path
        The plan's folder; another plan's is refused.
    pool : Here, Processes or Dask, optional
        Who works on the units; the predictions do not depend on it. This process by default.
    retry : bool
        Try units again that failed in an earlier run; else they are left as they are.
    progress, cache, on_error, accept_changed_code
        As for `run`.
    study : mapping, optional
        What is asked, as the plan's table says; another one than the folder began with is refused.

    Raises
    ------
    MepsError
        As `run` says, and if the pool is lost or nothing can be written. A unit that fails raises
        nothing: its error is kept beside the others' predictions.
    """
    pool, folder = pool or Here(), Path(out)
    origin, lost = getattr(dataset, "origin", {}), getattr(dataset, "lost", ())
    records, units = {}, {}
    for name, config in variants.items():
        try:  # a wrong setting is told before the work
            model = make_model(config, dataset.classes, seed=0)
            seeds = (config.splits(dataset.index, seed, lost) for seed in config.seeds)
            units[name] = sum(map(len, seeds))
            try_model(model, config, dataset, on_error, cache)
        except MepsError as error:
            raise MepsError(f"variant {name}: {error}") from None
        records[name] = about(config, origin)
    plan = {k: v for k, v in next(iter(records.values())).items() if k != "config"}
    plan["code"] = {k: v for of in records.values() for k, v in of["code"].items()}
    plan |= {
        "study": dict(study or {}),
        "variants": {name: of["config"] for name, of in records.items()},
        "units": units,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / LOCK):
            begin_record(folder / PLAN, plan, accept_changed_code)
    except OSError as error:
        raise unwritten(folder / PLAN, error) from None
    for path in folder.glob(f"*/folds/*{FAILED}") if retry else ():
        path.unlink(missing_ok=True)
    bar = tqdm(total=sum(units.values()), desc="units", disable=not progress)
    with bar:
        for group in _prepared_alike(variants):
            left = [name for name in group if not (folder / name / PREDICTIONS).exists()]
            for name in set(group) - set(left):
                shutil.rmtree(folder / name / "folds", ignore_errors=True)
                bar.update(units[name])
            if not left:
                continue
            data = prepared(dataset, variants[left[0]], progress, cache, on_error)
            for name in set(group) - set(left):  # or a plan would be of two data sets
                splits = _splits(variants[name], data)
                now = records[name] | about_data(data, splits, data.note)
                Results(folder / name, accept_changed_code).check(now)
            todo = []
            with FileLock(folder / LOCK):
                for name in left:
                    results = Results(folder / name, accept_changed_code)
                    of_variant = _begin(results, variants[name], data, records[name])
                    bar.total += len(of_variant) - units[name]  # of whom nothing can be read
                    todo += of_variant
            _work(todo, data, pool, bar)


def _prepared_alike(variants: Mapping[str, ExperimentConfig]) -> Iterable[list[str]]:
    """Names of variants, together where one preparation serves them."""
    groups: dict[tuple, list[str]] = {}
    for name, config in variants.items():
        alike = config.prepare, frozenset(config.modalities), config.normalise
        groups.setdefault(alike, []).append(name)
    return groups.values()


def _splits(config: ExperimentConfig, data: PreparedDataset) -> dict[int, list]:
    """Who has which role, for each seed."""
    return {seed: config.splits(data.index, seed, data.lost) for seed in config.seeds}


def _begin(
    results: Results, config: ExperimentConfig, data: PreparedDataset, record: dict
) -> list[Unit]:
    """Write what a variant is, and list its units."""
    splits = _splits(config, data)
    results.folder.mkdir(exist_ok=True)
    results.begin(record | about_data(data, splits, data.note), splits)
    return [Unit(results, config, split, seed) for seed in splits for split in splits[seed]]


def _work(units: list[Unit], data: PreparedDataset, pool: Here, bar: tqdm) -> None:
    """Have every unit worked on, here or by another process on the folder; finish variants."""
    of_variant: dict[str, list[Unit]] = {}
    for unit in units:
        of_variant.setdefault(unit.variant, []).append(unit)
    missing = {name: len(several) for name, several in of_variant.items()}

    def settle(unit: Unit) -> None:
        bar.update()
        missing[unit.variant] -= 1
        if not missing[unit.variant]:
            _finish(of_variant[unit.variant], data)

    settled = [unit for unit in units if unit.settled()]
    waiting = deque(unit for unit in units if unit not in settled)
    for unit in settled:
        settle(unit)
    bar.initial = bar.n  # the time left is that of units that are run
    bar.unpause()
    if waiting:
        pool.share(data)
    locks, begun = {}, {}  # by unit; from what the pool has of it to the unit
    try:
        while waiting or begun:
            width = pool.width
            for _ in range(len(waiting)):
                if len(begun) >= width:
                    break
                unit = waiting.popleft()
                lock = unit.claim()
                if lock is None:  # another process has it; it may yet end without an outcome
                    waiting.append(unit)
                    continue
                locks[unit] = lock
                if not unit.settled():  # by another process, before the lock was ours
                    begun[pool.submit(unit)] = unit
                else:
                    locks.pop(unit).release()
                    settle(unit)
            if not begun:
                time.sleep(_PAUSE_S)
                continue
            for future, outcome in pool.ended(begun):
                unit = begun.pop(future)
                unit.keep(outcome)
                locks.pop(unit).release()
                settle(unit)
    finally:
        for lock in locks.values():
            lock.release()


def _finish(units: list[Unit], data: PreparedDataset) -> None:
    """Write a variant's predictions, if none of its units failed and nobody else has."""
    results = units[0].results
    with FileLock(results.folder.parent / LOCK):
        if (results.folder / PREDICTIONS).exists():
            shutil.rmtree(results.folds, ignore_errors=True)
            return
        tables = [results.there(unit.seed, unit.split.fold) for unit in units]
        if all(table is not None for table in tables):
            results.finish(pooled(data, tables))
