"""What the encoder of the signals reads, beside three networks and handcrafted features.

Three classes from EDA, ECG and PPG of simulated bodies. Eight training cohorts, drawn apart; all
answer for the same hundred strangers. Each network's learning rate is chosen among five, and our
settings are compared at one of them, on two cohorts and strangers of their own: with --choose.
Prints UF1 with intervals over strangers and cohorts, and what each has more than ours, paired.
Features learn from the people who teach the networks, without those who choose the epoch. With
--keep writes what `meps_lab.results.kept("ps_body")` reads, or "ps_choice" with --choose.
"""

from functools import partial

import pandas as pd
from keep import main
from peers import LSTM, RATES, TCN, InceptionTime, PeerModel, answers_of_forests
from strangers import CLASSES, PEOPLE, TRIALS, answers, sides, trained, uf1

from meps_lab.prepare import PrepareConfig, PreparedDataset
from meps_lab.simulate import Scenario, ceiling, simulate_cohort
from meps_lib.models import build
from meps_lib.protocol import majority
from meps_lib.training import TrainConfig

SFREQ, HABITS = 64.0, Scenario(size=16)  # faces are not looked at
CHOICE, COHORTS = (101, 102), (201, 202, 203, 204, 205, 206, 207, 208)
CHOICE_STRANGERS, STRANGERS = 199, 299
TRIED, SETTINGS_AT = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2), 3e-3
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


def people(seed: int, n: int) -> PreparedDataset:
    """Prepared signals of a simulated cohort."""
    cohort = simulate_cohort(n, TRIALS, seed=seed, scenario=HABITS)
    return PreparedDataset(cohort, PrepareConfig(ps_sfreq=SFREQ), ("ps",), progress=False)


def said_by(make, rate: float, known: dict, asked: PreparedDataset) -> pd.DataFrame:
    """What a network says of the strangers, one training a cohort."""
    how, tables = TrainConfig(learning_rate=rate), []
    for seed, cohort in known.items():
        model = trained(make, sides(cohort), seed, how)
        tables.append(answers(model, asked.trials, seed))
    return pd.concat(tables, ignore_index=True)


def choose() -> pd.DataFrame:
    """UF1 of every network at every rate, then of our settings, on the cohorts of the choice."""
    known = {seed: people(seed, PEOPLE) for seed in CHOICE}
    asked, rows, said = people(CHOICE_STRANGERS, 60), [], {}
    tried = [(name, "as it is", make, rate) for name, make in NETWORKS.items() for rate in TRIED]
    tried += [(OURS, name, partial(ours, **given), SETTINGS_AT) for name, given in SETTINGS.items()]
    for name, setting, make, rate in tried:
        said[name, setting, rate] = one = said_by(make, rate, known, asked)
        row = {"network": name, "setting": setting, "rate": rate, **uf1(one)}
        if setting != "as it is":
            row |= uf1(one, said[OURS, "as it is", rate], "lead_")
        rows.append(row)
        print(row, flush=True)
    return pd.DataFrame(rows)


def compare() -> pd.DataFrame:
    """One row a network, forest and discriminant: UF1, its interval, and its lead over ours."""
    known = {seed: people(seed, PEOPLE) for seed in COHORTS}
    asked, said = people(STRANGERS, 100), {}
    for name, make in NETWORKS.items():
        said[name] = said_by(make, RATES[name], known, asked)
        print(name, uf1(said[name]), flush=True)
    about = asked.index[["subject", "clip"]].assign(truth=asked.index["label"])
    for seed, cohort in known.items():
        taught = sides(cohort)[0]
        for name, labels in answers_of_forests(taught, asked.trials, seed).items():
            one = about.assign(model=seed, prediction=labels)
            said[name] = pd.concat([said.get(name), one], ignore_index=True)
    commonest = pd.concat([k.index["label"] for k in known.values()]).mode()[0]
    floor = majority(about.assign(majority=commonest), CLASSES).uf1
    strangers = simulate_cohort(100, TRIALS, seed=STRANGERS, scenario=HABITS)
    ends = {"floor": floor, "ceiling": ceiling(strangers, seeds=(0, 1, 2)).uf1["body"]}
    rows = []
    for name, one in said.items():
        lead = uf1(one, said[OURS], "lead_") if name != OURS else {}
        rows.append({"name": name, **uf1(one), **lead, **ends})
    return pd.DataFrame(rows)


if __name__ == "__main__":
    main(
        __doc__,
        lambda asked: {"ps_choice": choose()} if asked.choose else {"ps_body": compare()},
        ["torch", "scikit-learn", "neurokit2"],
        {"choose": {"action": "store_true", "help": "the choice of rates and settings"}},
        seeds=[*CHOICE, CHOICE_STRANGERS, *COHORTS, STRANGERS],
    )
