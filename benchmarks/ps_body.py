"""What the encoder of the signals reads, beside three networks and handcrafted features.

Three classes from EDA, ECG and PPG of simulated bodies. Eight training cohorts, drawn apart; all
answer for the same hundred strangers. Each network's learning rate, and ours among its settings,
is chosen on two cohorts and strangers of their own (--choose prints them). Prints UF1 with
intervals over strangers and cohorts, and what each has more than ours, paired. With --keep writes
what `meps_lab.results.kept("ps_body")` reads.
"""

import argparse
import os
from functools import partial
from time import process_time

os.environ["OMP_NUM_THREADS"] = "1"

import pandas as pd
import torch
from keep import keep, made_by
from peers import LSTM, TCN, InceptionTime, PeerModel, answers_of_forests

from meps_lab.prepare import PrepareConfig, PreparedDataset
from meps_lab.simulate import Scenario, ceiling, simulate_cohort
from meps_lib.models import build
from meps_lib.protocol import bootstrap_interval, score
from meps_lib.training import TrainConfig, fit, predict

CLASSES, SFREQ = ("negative", "positive", "surprise"), 64.0
HABITS = Scenario(size=16)  # faces are not looked at
PEOPLE, TRIALS, VALIDATION = 20, 6, 4
CHOICE, COHORTS = (101, 102), (201, 202, 203, 204, 205, 206, 207, 208)
CHOICE_STRANGERS, STRANGERS = 199, 299
RATES = (1e-3, 3e-3, 5e-3)
OURS = "separable and mixable"
ours = partial(build, "meps", modalities=("ps",), ps_sfreq=SFREQ)
NETWORKS = {
    OURS: ours,
    "InceptionTime": lambda: PeerModel(InceptionTime(3, 3)),
    "LSTM 2 x 64": lambda: PeerModel(LSTM(3, 3)),
    "TCN 4 x 64": lambda: PeerModel(TCN(3, 3)),
}
SETTINGS = {
    "width 16": {"ps_width": 16},
    "mixed from the start": {"ps_blocks": (0, 3)},
    "never mixed": {"ps_blocks": (3, 0), "dim": 36},
    "mixed after one": {"ps_blocks": (1, 2)},
    "pooling branch": {"ps_pool_branch": True},
    "no residual": {"ps_residual": False},
    "squeeze": {"ps_squeeze": 4},
    "longer filters": {"ps_kernels_s": (0.1, 0.5, 2.5)},
    "short filters": {"ps_kernels_s": (0.1, 0.2, 0.4)},
}
# What --choose came to: the rate with the best mean UF1 on the cohorts of the choice. Our other
# settings lay between .51 (short filters) and .59 (mixed from the start, squeeze), the default at
# .56, each with an interval of some .1: nothing but the short filters is settled, so S1's own
# order, apart first and mixed then, stays.
CHOSEN = {OURS: 3e-3, "InceptionTime": 1e-3, "LSTM 2 x 64": 1e-3, "TCN 4 x 64": 5e-3}


def people(seed: int, n: int) -> PreparedDataset:
    """Prepared signals of a simulated cohort."""
    cohort = simulate_cohort(n, TRIALS, seed=seed, scenario=HABITS)
    return PreparedDataset(cohort, PrepareConfig(ps_sfreq=SFREQ), ("ps",), progress=False)


def answers(make, rate: float, seed: int, known: PreparedDataset, asked: PreparedDataset):
    """What a network, trained on one cohort, says of each stranger's trial."""
    torch.set_num_threads(1)
    names = sorted(set(known.index["subject"]))
    sides = [known.of(part) for part in (names[:-VALIDATION], names[-VALIDATION:])]
    torch.manual_seed(seed)
    model = make()
    fit(model, *sides, CLASSES, TrainConfig(learning_rate=rate), seed=seed)
    said = predict(model, asked.trials, CLASSES).argmax(dim=1)
    return table(asked, seed, [CLASSES[k] for k in said])


def table(asked: PreparedDataset, model: int, said) -> pd.DataFrame:
    """Answers in the form that scores and intervals take."""
    about = asked.index[["subject", "clip"]].assign(truth=asked.index["label"])
    return about.assign(model=model, prediction=list(said))


def choose() -> pd.DataFrame:
    """UF1 of every network at every rate, and of our settings, on the cohorts of the choice."""
    known = {seed: people(seed, PEOPLE) for seed in CHOICE}
    asked = people(CHOICE_STRANGERS, 60)
    tried = {(name, rate): (make, rate) for name, make in NETWORKS.items() for rate in RATES}
    for name, given in SETTINGS.items():
        tried[name, 5e-3] = (partial(ours, **given), 5e-3)
    rows = []
    for (name, rate), (make, _) in tried.items():
        said = [answers(make, rate, seed, known[seed], asked) for seed in CHOICE]
        uf1 = bootstrap_interval(pd.concat(said), CLASSES).loc["uf1"]
        rows.append({"network": name, "rate": rate, **uf1})
        print(pd.DataFrame(rows[-1:]).round(3).to_string(index=False, header=False), flush=True)
    return pd.DataFrame(rows)


def compare() -> pd.DataFrame:
    """One row a network, forest and discriminant: UF1, its interval, and its lead over ours."""
    known = {seed: people(seed, PEOPLE) for seed in COHORTS}
    strangers = simulate_cohort(100, TRIALS, seed=STRANGERS, scenario=HABITS)
    asked = PreparedDataset(strangers, PrepareConfig(ps_sfreq=SFREQ), ("ps",), progress=False)
    said = {}
    for name, make in NETWORKS.items():
        said[name] = pd.concat(
            [answers(make, CHOSEN[name], s, known[s], asked) for s in COHORTS], ignore_index=True
        )
        print(
            name, bootstrap_interval(said[name], CLASSES).loc["uf1"].round(3).tolist(), flush=True
        )
    forests = {seed: answers_of_forests(known[seed].trials, asked.trials, seed) for seed in COHORTS}
    for name in next(iter(forests.values())):
        rows = [table(asked, seed, forests[seed][name]) for seed in COHORTS]
        said[name] = pd.concat(rows, ignore_index=True)
    commonest = pd.concat([k.index["label"] for k in known.values()]).mode()[0]
    floor = score(asked.index["label"], [commonest] * len(asked), CLASSES).uf1
    best = ceiling(strangers, seeds=(0, 1, 2)).uf1["body"]
    rows = []
    for name, answered in said.items():
        row = {"name": name, **bootstrap_interval(answered, CLASSES).loc["uf1"]}
        lead = bootstrap_interval(answered, CLASSES, minus=said[OURS]).loc["uf1"]
        row |= {f"lead_{k}": v for k, v in lead.items()} if name != OURS else {}
        rows.append(row | {"floor": floor, "ceiling": best})
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--choose", action="store_true", help="print the choice of settings")
    parser.add_argument("--keep", action="store_true", help="write what the book shows")
    given, start = parser.parse_args(), process_time()
    if given.choose:
        print(choose().round(3).to_string(index=False))
        return
    found = compare()
    print(found.round(3).to_string(index=False))
    if given.keep:
        command = "python benchmarks/ps_body.py --keep"
        about = {"seeds": [*COHORTS, STRANGERS], "seconds": round(process_time() - start)}
        keep("ps_body", found, made_by(command, ["torch", "scikit-learn", "neurokit2"], **about))


if __name__ == "__main__":
    main()
