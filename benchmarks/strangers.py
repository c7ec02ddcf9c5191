"""Networks that learn from one simulated cohort each and answer for strangers, the same for all."""

from collections.abc import Callable

import pandas as pd
import torch
from torch import nn

from meps_lab.prepare import PreparedDataset
from meps_lib.protocol import bootstrap_interval
from meps_lib.training import TrainConfig, fit, predict

torch.set_num_threads(1)  # a small network's threads only wait for each other

CLASSES, TRIALS = ("negative", "positive", "surprise"), 6  # trials of each person
PEOPLE, VALIDATION = 20, 4  # of a training cohort; the last ones choose the epoch


def sides(known: PreparedDataset) -> list[PreparedDataset]:
    """Who teaches, and who chooses the epoch."""
    names = sorted(set(known.index["subject"]))
    return [known.of(part) for part in (names[:-VALIDATION], names[-VALIDATION:])]


def trained(
    make: Callable[[], nn.Module], taught: list, seed: int, config: TrainConfig | None = None
) -> nn.Module:
    """A network that learnt from the two sides of a cohort; the seed starts and orders it."""
    torch.manual_seed(seed)
    model = make()
    fit(model, *taught, CLASSES, config or TrainConfig(), seed=seed)
    return model


def answers(model: nn.Module, trials, seed: int) -> pd.DataFrame:
    """What it says of each stranger's trial, in the form that scores and intervals take."""
    said = predict(model, list(trials), CLASSES).argmax(dim=1).tolist()
    rows = [(t.subject, t.clip, t.label, CLASSES[k]) for t, k in zip(trials, said, strict=True)]
    columns = ["subject", "clip", "truth", "prediction"]
    return pd.DataFrame(rows, columns=columns).assign(model=seed)


def uf1(said: pd.DataFrame, minus: pd.DataFrame | None = None, before: str = "") -> dict:
    """UF1 and its interval over strangers and cohorts, or its lead over other answers, paired."""
    found = bootstrap_interval(said, CLASSES, minus=minus).loc["uf1"]
    return {before + key: value for key, value in found.items()}
