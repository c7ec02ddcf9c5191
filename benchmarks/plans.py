"""What `meps run` costs, and what a plan that is killed on the way ends with.

Its overhead is in CPU time, beside the bare loop over the same units, the two in turn. The speed of
two processes is in wall time, so it says something of the runner on idle cores alone; the load of
the machine stands beside it. Each kill is of a process of its own on a fresh folder, by SIGKILL, at
a moment drawn within a unit that is drawn as well; then the same plan goes on. With --keep writes
what `meps_lab.results.kept("plans")` and `kept("plans_kills")` read.
"""

import multiprocessing
import os
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import pandas as pd
import torch
from keep import main

from meps_lab.cli.plans import open_plan_data
from meps_lab.experiments.folds import prepared, run_fold
from meps_lab.experiments.plans import read_plan
from meps_lab.experiments.pools import Here, Processes
from meps_lab.experiments.runner import run_plan
from meps_lab.experiments.status import plan_status

PLAN = read_plan(Path(__file__).parents[1] / "plans" / "body_mixing.toml")
KILLS, ROUNDS, EPOCHS, SEED = 20, 5, 15, 0


def with_epochs(epochs: int, **settings) -> dict:
    """The plan's variants, trained for so long, with other settings."""
    return {
        name: replace(config, train=replace(config.train, epochs=epochs), **settings)
        for name, config in PLAN.variants.items()
    }


def files(folder: Path) -> dict[Path, bytes]:
    """What a plan has left, but for locks."""
    found = (
        p for p in folder.rglob("*") if p.is_file() and p.suffix != ".lock" and p.name[0] != "."
    )
    return {path.relative_to(folder): path.read_bytes() for path in found}


def done_in(folder: Path) -> int:
    """How many units of a plan are done."""
    there = (folder / "plan.json").exists()
    return sum(state.done for state in plan_status(folder)) if there else 0


def kills(data, folder: Path) -> pd.DataFrame:
    """One row a kill: when, how many units were done, whether the end is the same to the bit."""
    variants, rng, rows = with_epochs(2, seeds=(0,)), np.random.default_rng(SEED), []
    whole = folder / "whole"
    began = time.perf_counter()
    run_plan(data, variants, whole, progress=False)
    units = done_in(whole)
    a_unit = (time.perf_counter() - began) / units
    fork = multiprocessing.get_context("fork")  # the packages are imported already
    for k in range(KILLS):
        out, after = folder / f"killed{k}", int(rng.integers(units))
        plan = {"target": run_plan, "args": (data, variants, out), "kwargs": {"progress": False}}
        process, began = fork.Process(**plan), time.perf_counter()
        process.start()
        while done_in(out) < after and process.is_alive():
            time.sleep(0.001)
        time.sleep(rng.uniform(0, a_unit))
        process.kill()
        process.join()
        row = {"killed_at_s": time.perf_counter() - began, "units_done": done_in(out)}
        run_plan(data, variants, out, progress=False)
        rows.append(row | {"units": units, "same_bits": files(out) == files(whole)})
    return pd.DataFrame(rows)


def overhead(data, folder: Path) -> float:
    """CPU time of the runner in one process over that of the bare loop; of rounds the median."""
    ratios, variants = [], with_epochs(EPOCHS, seeds=(0,))
    for k in range(ROUNDS + 1):
        began = time.process_time()
        for config in variants.values():
            for split in config.splits(data.index, 0):
                run_fold(data, config, split, 0)
        bare = time.process_time() - began
        began = time.process_time()
        run_plan(data, variants, folder / f"over{k}", progress=False)
        ratios.append((time.process_time() - began) / bare)
    return median(ratios[1:])  # the first warms up


def speed_up(data, folder: Path) -> float:
    """Wall time of one process over that of two, their start included, of a plan of a minute."""
    spent = []
    for pool in (Here(), Processes(2)):
        began = time.perf_counter()
        with closing(pool):
            out = folder / type(pool).__name__
            run_plan(data, with_epochs(8 * EPOCHS), out, pool, progress=False)
            spent.append(time.perf_counter() - began)
    return spent[0] / spent[1]


def peak_mb(*_) -> float:
    """Most memory that this process has held, in MB (Linux)."""
    with open("/proc/self/status") as file:
        return int(next(line for line in file if line.startswith("VmHWM")).split()[1]) / 1024


def memory(folder: Path, modalities: tuple[str, ...]) -> float:
    """Peak of one worker (MB) after the folds of a small plan."""
    how = {"protocol": "grouped-kfold", "n_folds": 2, "n_validation": 1, "seeds": (0,)}
    variants = with_epochs(1, modalities=modalities, **how)
    data = open_plan_data({"simulate": {"subjects": 4, "trials": 4}}, modalities)
    with closing(Processes(1)) as pool:
        run_plan(data, variants, folder / "+".join(modalities), pool, progress=False)
        return pool.pool.submit(peak_mb).result()


def costs(data, folder: Path) -> pd.DataFrame:
    """One row a question."""
    load = os.getloadavg()[0]
    rows = [
        ("runner over bare loop, one process", overhead(data, folder), "below 1.05"),
        ("two processes over one, wall time", speed_up(data, folder), "at least 1.6 if idle"),
        ("load of the machine when it began", load, "below 1 for the row above"),
        ("peak of a worker, signals (MB)", memory(folder, ("ps",)), "stated"),
        ("peak, colour and signals (MB)", memory(folder, ("colour", "ps")), "stated"),
    ]
    return pd.DataFrame(rows, columns=["what", "found", "wanted"])


def tables(asked) -> dict[str, pd.DataFrame]:
    """The parts that were asked for."""
    torch.set_num_threads(1)
    parts = {"plans": costs, "plans_kills": kills}
    with TemporaryDirectory() as name:
        data = prepared(open_plan_data(PLAN.data, ("ps",)), next(iter(PLAN.variants.values())))
        return {part: parts[part](data, Path(name)) for part in asked.parts}


if __name__ == "__main__":
    names = {"nargs": "+", "choices": ["plans", "plans_kills"], "default": ["plans", "plans_kills"]}
    cores = os.cpu_count()
    main(__doc__, tables, ["torch", "joblib"], {"parts": names}, seed=SEED, cores=cores)
