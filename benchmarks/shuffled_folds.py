"""What shuffled folds add to S1's body branch: chapter 6's first leak with the whole network.

Six studies of twelve simulated people, each tested twice: a subject left out, and trials
shuffled. Prints pooled scores with intervals over people; with --keep writes the answers where
`meps_lab.results.kept("shuffled_folds")` reads them.
"""

import os
from dataclasses import replace

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd
from keep import main

from meps_lab.experiments import ExperimentConfig, run
from meps_lab.prepare import PrepareConfig, PreparedDataset
from meps_lab.simulate import Scenario, simulate_cohort
from meps_lib.protocol import bootstrap_interval
from meps_lib.training import TrainConfig

SIGNALS = ("EDA", "ECG", "PPG")
STUDIES, PEOPLE, TRIALS = 6, 12, 8


def study_of(everybody: PreparedDataset, rows: slice, mixed: bool) -> PreparedDataset:
    """Twelve people; `mixed`: every trial a person of its own, so that folds cut through people."""
    study = everybody.only(("ps",))
    study.trials, study.index = everybody.trials[rows], everybody.index[rows]
    if mixed:
        study.trials = [replace(t, subject=t.clip) for t in study.trials]
        study.index = study.index.assign(subject=study.index["clip"])
    return study


def answers(seed: int) -> pd.DataFrame:
    """What the network says of each trial under each rule."""
    habits = Scenario.preset("casme3_c", class_balance=(), signals=SIGNALS, size=16)
    cohort = simulate_cohort(STUDIES * PEOPLE, TRIALS, seed=seed, scenario=habits)
    prepare = PrepareConfig(ps_sfreq=32.0)
    everybody = PreparedDataset(cohort, prepare, ("ps",), progress=False)
    train = TrainConfig(batch_size=32, learning_rate=0.01)
    strict = ExperimentConfig(modalities=("ps",), prepare=prepare, train=train)
    # As many trials to train on, to choose the epoch and to test as when a subject is left out.
    folds = {"protocol": "grouped-kfold", "n_folds": PEOPLE, "n_validation": 2 * TRIALS}
    rules = {"a subject left out": strict, "trials shuffled": replace(strict, **folds)}
    person, n, tables = cohort.index.set_index("clip")["subject"], PEOPLE * TRIALS, []
    for rule, config in rules.items():
        for k in range(0, STUDIES * n, n):
            study = study_of(everybody, slice(k, k + n), mixed=config is not strict)
            table = run(study, config, progress=False)
            tables.append(table.assign(rule=rule, subject=table["clip"].map(person)))
    return pd.concat(tables)[["rule", "subject", "clip", "truth", "prediction"]]


def shuffled(asked) -> dict[str, pd.DataFrame]:
    """The answers, after the scores of each rule are printed."""
    table = answers(asked.seed)
    for rule, one in table.groupby("rule"):
        print(rule, bootstrap_interval(one, sorted(set(table["truth"]))).round(3), sep="\n")
    return {"shuffled_folds": table}


if __name__ == "__main__":
    main(__doc__, shuffled, ["torch"], {"seed": {"type": int, "default": 0}})
