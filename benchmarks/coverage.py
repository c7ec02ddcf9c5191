"""How often does an interval over cohorts and strangers hold the true difference?

Two systems answer, by made-up luck, for a hundred strangers, three trials each. Both are equally
good, so their true difference is 0. A cohort may make a system better or worse, and so may a
stranger, and a stranger for one cohort: three mixes of these lucks, and several numbers of cohorts.
Prints how many of the 95 % intervals of `bootstrap_interval` hold 0; with --keep writes what
`meps_lab.results.kept("coverage")` reads.
"""

import numpy as np
import pandas as pd
from keep import main

from meps_lib.protocol import bootstrap_interval

CLASSES = ("a", "b", "c")
STRANGERS, TRIALS, QUESTIONS, RESAMPLES = 100, 3, 300, 500
COHORTS = (2, 4, 8, 16)
# Standard deviations, on the scale on which a trial's own luck has 1: of a cohort for one system,
# of a stranger for both systems, of a stranger for one system, of a stranger for one model.
LUCK = {
    "cohorts differ": (0.4, 0.3, 0.0, 0.0),
    "both differ": (0.1, 0.5, 0.3, 0.3),
    "strangers differ": (0.0, 0.5, 0.0, 0.0),
}


def answers(rng: np.random.Generator, cohorts: int, luck: tuple[float, ...]) -> list[pd.DataFrame]:
    """Answers of both systems, as `bootstrap_interval` takes them."""
    of_cohort, of_both, of_system, of_model = luck
    shape = (cohorts, STRANGERS, TRIALS)
    truth = np.broadcast_to(rng.permuted(np.tile(range(3), (STRANGERS, 1)), axis=1), shape)
    stranger = rng.normal(0, of_both, (1, STRANGERS, 1))
    model, who, trial = (axis.ravel() for axis in np.indices(shape))
    tables = []
    for _ in range(2):
        own = rng.normal(0, of_cohort, (cohorts, 1, 1)) + rng.normal(0, of_system, stranger.shape)
        own = own + rng.normal(0, of_model, (cohorts, STRANGERS, 1)) + rng.normal(size=shape)
        wrong = (truth + rng.integers(1, 3, shape)) % 3
        said = np.where(0.4 + stranger + own > 0, truth, wrong)
        columns = {"model": model, "subject": who, "clip": 3 * who + trial}
        names = {"truth": truth, "prediction": said}
        named = {k: np.array(CLASSES)[x.ravel()] for k, x in names.items()}
        tables.append(pd.DataFrame(columns | named))
    return tables


def coverage(asked) -> dict[str, pd.DataFrame]:
    """Share of the intervals that hold the true difference, and their mean length."""
    rows = []
    for name, luck in LUCK.items():
        for cohorts in COHORTS:
            rng, found = np.random.default_rng([asked.seed, cohorts]), []
            for k in range(QUESTIONS):
                one, other = answers(rng, cohorts, luck)
                how = {"n_resamples": RESAMPLES, "seed": k, "minus": other}
                found.append(bootstrap_interval(one, CLASSES, **how).loc["uf1"])
            found = pd.DataFrame(found)
            holds = ((found["low"] <= 0) & (found["high"] >= 0)).mean()
            length = (found["high"] - found["low"]).mean()
            rows.append((name, cohorts, QUESTIONS, holds, length))
    columns = ["luck", "cohorts", "questions", "holds", "length"]
    return {"coverage": pd.DataFrame(rows, columns=columns)}


if __name__ == "__main__":
    main(__doc__, coverage, ["numpy"], {"seed": {"type": int, "default": 0}})
