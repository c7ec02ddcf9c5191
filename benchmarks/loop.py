"""What the training loop gains: trials padded once, and all folds of a study in one program.

Two comparisons, each alternated in one run, medians of rounds. `fit` with batches kept against
padded anew in each epoch; and a LOSO of simulated people's signals, networks side by side
(`fit_stacked`) against one after the other. --device cuda measures the same on a GPU, where time
is the clock's; on a CPU it is CPU time of one thread. With --keep writes what
`meps_lab.results.kept("loop_padding")` and `kept("loop_stacked")` read.
"""

import platform
from statistics import median
from time import perf_counter, process_time
from unittest.mock import patch

import pandas as pd
import torch
from keep import main
from strangers import CLASSES, TRIALS

from meps_lab.experiments.stacked import fit_stacked
from meps_lab.prepare import PrepareConfig, PreparedDataset
from meps_lab.results import kept
from meps_lab.simulate import Scenario, simulate_cohort
from meps_lib import batches
from meps_lib.errors import MepsError
from meps_lib.models import build
from meps_lib.protocol import loso
from meps_lib.training import TrainConfig, fit

SFREQ, SEED, ROUNDS, EPOCHS = 32.0, 7, 5, 3
FOLDS = (5, 10, 20, 30)


def people(n: int, modalities: tuple[str, ...]) -> PreparedDataset:
    """Prepared trials of simulated people."""
    cohort = simulate_cohort(n, TRIALS, seed=SEED, scenario=Scenario(size=40))
    prepare = PrepareConfig(n_frames=8, size=40, ps_sfreq=SFREQ)
    return PreparedDataset(cohort, prepare, modalities, progress=False)


def networks(n: int, modalities: tuple[str, ...] = ("ps",)) -> list:
    """Fresh networks of S1; their seeds are theirs alone."""
    made, frames = [], {"grid": 5} if "colour" in modalities else {}
    for seed in range(n):
        torch.manual_seed(seed)
        made.append(build("meps", modalities=modalities, ps_sfreq=SFREQ, **frames))
    return made


def alternated(ways: dict, device: str) -> dict[str, float]:
    """Seconds of each way, the median of rounds in which each has its turn; the first warms up."""
    clock = process_time if device == "cpu" else perf_counter
    spent = {name: [] for name in ways}
    for _ in range(ROUNDS + 1):
        for name, way in ways.items():
            start = clock()
            way()
            if device != "cpu":
                torch.cuda.synchronize()
            spent[name].append(clock() - start)
    return {name: median(times[1:]) for name, times in spent.items()}


def padding(device: str) -> pd.DataFrame:
    """One row a set of modalities: seconds of training with batches kept, and padded anew."""
    config, rows = TrainConfig(EPOCHS, device=device), []
    for modalities in (("ps",), ("colour", "ps")):
        data = people(12, modalities)
        names = sorted(set(data.index["subject"]))
        side = data.of(names[:10]), data.of(names[10:])

        def way(free, side=side, modalities=modalities):
            def run():
                with patch.object(batches, "_may_keep", lambda device: free):
                    fit(networks(1, modalities)[0], *side, CLASSES, config, seed=0)

            return run

        spent = alternated({"kept": way(1e12), "anew": way(0)}, device)
        about = {"modalities": " + ".join(modalities), "trials": len(side[0]), "device": device}
        rows.append(about | spent | {"anew_over_kept": spent["anew"] / spent["kept"]})
    return pd.DataFrame(rows)


def stacked(device: str) -> pd.DataFrame:
    """One row a number of people: seconds of their LOSO, one after the other and side by side."""
    config, rows = TrainConfig(EPOCHS, device=device), []
    for n in FOLDS:
        data = people(n, ("ps",))
        splits = loso(list(data.index["subject"]))
        sides = [(data.of(s.train), data.of(s.validation)) for s in splits]

        def one_by_one(sides=sides):
            for k, (model, side) in enumerate(zip(networks(len(sides)), sides, strict=True)):
                fit(model, *side, CLASSES, config, seed=k)

        def together(sides=sides):
            fit_stacked(networks(len(sides)), sides, CLASSES, config, range(len(sides)))

        spent = alternated({"one_by_one": one_by_one, "stacked": together}, device)
        gain = spent["one_by_one"] / spent["stacked"]
        rows.append({"folds": n, "device": device, **spent, "times_faster": gain})
        print(rows[-1], flush=True)
    return pd.DataFrame(rows)


def both(asked) -> dict[str, pd.DataFrame]:
    """The two tables, with the hardware by its name."""
    made = {"loop_padding": padding(asked.device), "loop_stacked": stacked(asked.device)}
    gpu = asked.device != "cpu"
    name = torch.cuda.get_device_name() if gpu else f"one thread of a {platform.machine()} CPU"
    return {key: beside(key, table.assign(hardware=name)) for key, table in made.items()}


def beside(key: str, table: pd.DataFrame) -> pd.DataFrame:
    """With the rows that a run on another device has left."""
    try:
        old = kept(key)
    except MepsError:
        return table
    return pd.concat([old[~old["device"].isin(table["device"])], table], ignore_index=True)


if __name__ == "__main__":
    main(__doc__, both, ["torch"], {"device": {"default": "cpu"}}, seed=SEED)
