"""Are the maps right? What S1 says that it looked at, against what truly moved, on strangers.

Six training cohorts of simulated people, drawn apart; all networks are asked about the same forty
strangers. Every map is judged against a truth that the simulator knows: the skin that muscles
moved, the frame of the apex, the seconds of the evoked skin response. Beside it stand controls
that must fail: a uniform map, the map of another trial, the size of what enters the network,
weights drawn anew from the head down, labels shuffled in training. Prints a row a map, judge and
control, with intervals over strangers and cohorts; with --keep writes what
`meps_lab.results.kept("maps")` reads.
"""

from collections.abc import Iterator
from dataclasses import replace
from time import process_time

import numpy as np
import pandas as pd
import torch
from keep import main
from map_kinds import (
    GRID,
    JUDGES,
    PREPARE,
    SCENARIO,
    TRUTH,
    ideal,
    judged,
    likeness,
    maps_of_all,
    truths,
)
from strangers import CLASSES, PEOPLE, TRIALS, answers, sides, trained, uf1
from torch import Tensor, nn

from meps_lab.judging import curve, uniform_like
from meps_lab.prepare import PreparedDataset
from meps_lab.simulate import ceiling, simulate_cohort
from meps_lib.models import build
from meps_lib.protocol import majority
from meps_lib.training import TrainConfig
from meps_lib.trial import Batch, Trial, collate

COHORTS, STRANGERS_SEED = (601, 602, 603, 604, 605, 606), 699
STRANGERS, ASKED = 40, 3  # people, trials of each
# The paper's reading, and one with weights that learn where to look in time.
NETWORKS = {"guide asks": {}, "face asks": {"query": "content", "fusion": "per-clip"}}
DELETED = ("body guide", "depth guide", "integrated gradients, colour")


def people(n: int, trials: int, seed: int):
    """A cohort and its prepared trials."""
    cohort = simulate_cohort(n, trials, seed=seed, scenario=SCENARIO)
    return cohort, PreparedDataset(cohort, PREPARE, progress=False)


def shuffled(side: list[Trial], seed: int) -> list[Trial]:
    """The same trials, their labels in another order."""
    order = np.random.default_rng(seed).permutation(len(side))
    return [replace(t, label=side[k].label) for t, k in zip(side, order, strict=True)]


def areas(model: nn.Module, batch: Batch, maps: dict[str, Tensor], seed: int) -> Iterator[tuple]:
    """Areas under the curves of deletion and insertion, of maps and of a random order."""
    draw, target = torch.Generator().manual_seed(seed), model(batch).logits.argmax(dim=1)
    for way in ("deletion", "insertion"):
        for name in DELETED:
            for control, x in (("", maps[name]), ("uniform", uniform_like(maps[name]))):
                area = curve(model, batch, x, target, draw, way, steps=6).area
                yield (name, way, control), area.tolist()


def everything() -> list[dict]:
    """All rows: of the networks, and a row a map, judge and control."""
    cohort, asked = people(STRANGERS, ASKED, STRANGERS_SEED)
    true = [truths(cohort[k], asked.trials[k]) for k in range(len(asked))]
    batch = collate(asked.trials, CLASSES)
    values, said = {}, {}
    for k, seed in enumerate(COHORTS):
        _, known = people(PEOPLE, TRIALS, seed)
        taught, config = sides(known), TrainConfig(epochs=10)
        mixed = [shuffled(side, seed + i) for i, side in enumerate(taught)]
        commonest = known.index["label"].mode()[0]
        for network, given in NETWORKS.items():

            def make(given=given) -> nn.Module:
                return build("meps", ps_sfreq=PREPARE.ps_sfreq, grid=GRID, **given)

            both = [trained(make, side, k, config).eval() for side in (taught, mixed)]
            for name, model in zip(("", "labels shuffled"), both, strict=True):
                table = answers(model, asked.trials, k).assign(majority=commonest)
                said.setdefault((network, name), []).append(table)
            first = {}
            for control, maps in maps_of_all(*both, batch, seed):
                first = first or maps
                for name, x in maps.items():
                    for judge, found in judged(name, x, true).items():
                        values.setdefault((name, judge, control), []).append(found)
                    if control not in ("", "uniform"):
                        alike = map(likeness, first[name].numpy(), x.detach().numpy())
                        values.setdefault((name, "likeness", control), []).append(list(alike))
            if network == "guide asks":
                for key, found in areas(both[0], batch, first, seed):
                    values.setdefault(key, []).append(found)
        print(f"cohort {seed}: {process_time():.0f} s of CPU so far", flush=True)
    top = ceiling(cohort, seeds=(0, 1, 2)).uf1["both"]
    rows = scores({key: pd.concat(tables) for key, tables in said.items()}, top)
    best = {name: judged(name, ideal(name, true), true) for name in TRUTH}
    rows += tabulated({key: np.array(x) for key, x in values.items()}, best, list(batch.subject))
    return rows


def scores(said: dict[tuple[str, str], pd.DataFrame], top: float) -> list[dict]:
    """UF1 of the networks that are explained, and of those that learnt shuffled labels."""
    rows = []
    for (network, control), table in said.items():
        floor = np.mean([majority(t, CLASSES).uf1 for _, t in table.groupby("model")])
        row = {"map": f"network, {network}", "judge": "uf1", "control": control, **uf1(table)}
        if control:
            lead = uf1(said[network, ""], table)
            row |= dict(zip(LEAD, (lead["score"], lead["low"], lead["high"]), strict=True))
        rows.append(row | {"floor": floor, "ceiling": top})
    return rows


def tabulated(
    values: dict[tuple[str, str, str], np.ndarray], best: dict[str, dict], whose: list[str]
) -> list[dict]:
    """A row a map, judge and control, with the lead of the map over the control, paired."""
    rows = []
    for (name, judge, control), x in values.items():
        row = {"map": name, "judge": judge, "control": control}
        row |= dict(zip(("score", "low", "high"), interval(x, whose), strict=True))
        if control and judge != "likeness":
            lead = values[name, judge, ""] - x
            lead = -lead if judge == "deletion" else lead  # there a small area is good
            row |= dict(zip(LEAD, interval(lead, whose), strict=True))
        if judge in JUDGES:
            row |= {"floor": np.nanmean(values[name, judge, "uniform"])}
            top = 1.0 if judge == "correlation" else np.nanmean(best[name][judge])
            row |= {"ceiling": top}
        rows.append(row)
    return rows


def interval(x: np.ndarray, whose: list[str], draws: int = 2000) -> tuple[float, float, float]:
    """Mean of values (cohorts, trials) and its 95 % interval, both drawn: cohorts and people.

    A person counts once, however many trials there are of them with a truth.
    """
    by_person = pd.DataFrame(x.T).groupby(np.array(whose)).mean().dropna().to_numpy()
    n, c = by_person.shape  # people, cohorts
    rng = np.random.default_rng(0)
    who = rng.multinomial(n, np.full(n, 1 / n), size=draws) / n
    which = rng.multinomial(c, np.full(c, 1 / c), size=draws) / c
    drawn = ((who @ by_person) * which).sum(axis=1)
    return by_person.mean(), *np.quantile(drawn, (0.025, 0.975))


LEAD = ("lead", "lead_low", "lead_high")
COLUMNS = ["map", "judge", "control", "score", "low", "high", *LEAD, "floor", "ceiling"]

if __name__ == "__main__":
    main(
        __doc__,
        lambda asked: {"maps": pd.DataFrame(everything(), columns=COLUMNS)},
        ["torch", "captum"],
        seeds=[*COHORTS, STRANGERS_SEED],
    )
