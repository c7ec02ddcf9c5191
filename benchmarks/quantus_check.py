"""Do the judges of maps agree with Quantus? An independent library's same measures beside ours.

Needs Quantus, which is never a dependency: without it this says so and ends. Maps of ten kinds and
their truths are made up. Prints a row a kind and judge: how many differ as both are called, and by
how much at most (empty where one of the two refuses). `bridged` is the largest difference when
Quantus is asked in our definition: negative relevance is nothing, of equal cells each comes first
equally often, a strength is the mean of its masks, a map coarser than its truth is enlarged. Where
a bridge is left, the exit status is 1. The last row is no map: which weights are drawn anew. With
--keep writes what `meps_lab.results.kept("quantus_check")` reads.
"""

import sys
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import pandas as pd
import torch
from keep import main
from numpy.typing import NDArray
from scipy.stats import rankdata

from meps_lab.judging import cascade, pointing_game, relevance_mass, relevance_rank
from meps_lib.errors import MepsError

SEED, SIDE, EACH, SAME = 0, 8, 12, 1e-6  # of the draws; cells; maps of a kind; as good as equal
JUDGES = {
    "pointing": (pointing_game, "PointingGame"),
    "mass": (relevance_mass, "RelevanceMassAccuracy"),
    "rank": (relevance_rank, "RelevanceRankAccuracy"),
}
WHY = {  # what Quantus does; what ours does
    "equal cells pointing": "a hit if one of the equal peaks is inside; their share that is",
    "equal cells rank": "equal cells in the order of a sort; they share what is left of k",
    "signed mass": "negative relevance is subtracted; it is nothing",
    "signed rank": "negative cells are ranked among themselves; they are equal",
    "uniform": "refuses; the floor",
    "empty": "refuses; the floor, as a uniform map",
    "strengths": "refuses; a cell is true in part",
    "finer truth": "refuses; the truth is averaged down to the map",
    "holes pointing": "a miss; refuses",
    "holes mass": "NaN; refuses",
    "holes rank": "holes come last; refuses",
}


def pairs(rng: np.random.Generator) -> dict[str, tuple[NDArray, NDArray]]:
    """A map and a truth of each kind; `bridged` needs groups of equal cells that divide 64."""
    high, wide = rng.integers(2, 8, 2)
    top, left = rng.integers(0, SIDE + 1 - high), rng.integers(0, SIDE + 1 - wide)
    truth, (y, x) = np.zeros((SIDE, SIDE)), np.indices((SIDE, SIDE))
    truth[top : top + high, left : left + wide] = 1
    noise = rng.random((SIDE, SIDE))
    peak = np.exp(-((y - top - 1) ** 2 + (x - left - 1) ** 2) / 4) + 0.01 * noise
    return {
        "random": (noise, truth),
        "peaked": (peak, truth),
        "shifted": (np.roll(peak, (4, 4), axis=(0, 1)), truth),
        "equal cells": (rng.permutation(np.arange(64) // 16 + 1.0).reshape(8, 8), truth),
        "signed": (noise - np.median(noise), truth),  # half of the cells are negative
        "uniform": (np.ones((SIDE, SIDE)), truth),
        "empty": (np.zeros((SIDE, SIDE)), truth),
        "strengths": (noise, truth * rng.integers(1, 5, (SIDE, SIDE)) / 4),
        "finer truth": (noise, rng.permutation(np.repeat([0.0, 1.0], 128)).reshape(16, 16)),
        "holes": (np.where(noise <= np.sort(noise.ravel())[4], np.nan, noise), truth),
    }


def theirs(name: str, maps: NDArray, truth: NDArray) -> NDArray:
    """What Quantus says, with its defaults, of maps (n, h, w) with one truth."""
    import quantus

    a, s = maps[:, None], np.broadcast_to(truth, (len(maps), 1, *truth.shape))
    given = {"x_batch": np.zeros(s.shape), "y_batch": np.zeros(len(a), int), "channel_first": True}
    ask = getattr(quantus, name)(disable_warnings=True)
    return np.array(ask(None, a_batch=a, s_batch=s, batch_size=len(a), **given), dtype=float)


def bridged(name: str, relevance: NDArray, truth: NDArray) -> float:
    """Quantus in our definition, exactly: 64 turns give each of n equal cells each place 64/n."""
    marks = relevance.clip(min=0) if (relevance > 0).any() else np.ones_like(relevance)
    flat = np.kron(marks, np.ones([len(truth) // SIDE] * 2)).ravel()
    low, high, place = (rankdata(flat, way) for way in ("min", "max", "ordinal"))
    turned = (place - low + np.arange(64)[:, None]) % (high - low + 1)
    maps = (flat / flat.max() + 1e-10 * turned).reshape(64, *truth.shape)
    levels = np.unique(truth[truth > 0])
    means = [theirs(name, maps, truth >= level).mean() for level in levels]
    return np.average(means, weights=np.diff(levels, prepend=0))


def weights_drawn() -> dict[str, object]:
    """Which weights each step of `cascade` draws anew, against Quantus from the top down."""
    from quantus.helpers.model.pytorch_model import PyTorchModel

    def make() -> torch.nn.Module:
        first = [torch.nn.Conv2d(1, 4, 3), torch.nn.Conv2d(4, 4, 3), torch.nn.Flatten()]
        return torch.nn.Sequential(*first, torch.nn.Linear(64, 8), torch.nn.Linear(8, 3))

    def changed(other: torch.nn.Module) -> set[str]:
        mine = model.state_dict()
        return {k for k, v in other.state_dict().items() if not torch.equal(v, mine[k])}

    model = make()
    ours = [changed(drawn) for _, drawn in cascade(model, torch.Generator().manual_seed(0), make)]
    peer = PyTorchModel(model).get_random_layer_generator("top_down")
    odd = [len(one ^ changed(other)) for one, (_, other) in zip(ours, peer, strict=True)]
    row = {"maps": "(a network)", "judge": "weights drawn", "n": len(odd)}
    return row | {"differ": np.count_nonzero(odd), "largest": max(odd), "bridged": max(odd)}


def or_nan(ask: Callable, *given) -> float:
    """What a judge says; NaN if it refuses."""
    try:
        return float(np.squeeze(ask(*given)))
    except (MepsError, AssertionError):
        return np.nan


def everything(_) -> dict[str, pd.DataFrame]:
    """A row a kind of map and judge, and one of the weights."""
    rng, rows = np.random.default_rng(SEED), []
    made = [pairs(rng) for _ in range(EACH)]
    for kind in made[0]:
        for judge, (ask, name) in JUDGES.items():
            ours = np.array([or_nan(ask, *one[kind]) for one in made])
            plain = [or_nan(theirs, name, one[kind][0][None], one[kind][1]) for one in made]
            off, row = np.abs(ours - plain), {"maps": kind, "judge": judge, "n": EACH}
            row |= {"differ": np.count_nonzero(~(off <= SAME)), "largest": off.max()}
            # A rank by strengths is no mean of masks: its k is the sum of the strengths.
            if kind != "holes" and (kind, judge) != ("strengths", "rank"):
                asked = np.array([bridged(name, *one[kind]) for one in made])
                row["bridged"] = np.abs(ours - asked).max()
            why = WHY.get(f"{kind} {judge}", WHY.get(kind, "")) if row["differ"] else ""
            rows.append(row | {"quantus; ours": why})
    table = pd.DataFrame([*rows, weights_drawn()])
    assert not (table["bridged"] > SAME).any(), f"a judge is another one:\n{table.to_string()}"
    return {"quantus_check": table.fillna({"quantus; ours": ""}).round(6)}


if __name__ == "__main__":
    if find_spec("quantus") is None:
        print("Quantus is not installed; pip install quantus in an environment of its own")
        sys.exit("--keep" in sys.argv)  # no fault of a run of all benchmarks: it is no dependency
    main(__doc__, everything, ["numpy", "scipy", "torch", "quantus"], seed=SEED)
