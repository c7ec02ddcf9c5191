"""What the truth of simulated people is worth, and how sure that is: the ceilings of chapter 4.

A hundred people a preset, and the answers of the classifier behind `meps_lab.simulate.ceiling` to
each of their trials. `python -m benchmarks.judges.ceilings` prints the scores with intervals over
people; with --keep it writes them where `meps_lab.results.kept("ceilings")` reads them.
"""

from __future__ import annotations

import argparse
import os
from time import process_time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd

from benchmarks.keep import keep, made_by
from meps_lab.simulate import CohortDataset, Scenario, ceiling_answers, simulate_cohort
from meps_lib.protocol import bootstrap_interval

PRESETS = dict.fromkeys(("ideal", "default", "early_apex", "silent_face", "silent_body"), "three")
PRESETS |= {"casme3_c": "four", "mmme": "seven-mmme"}
PEOPLE, TRIALS, OTHERS = 100, 8, 60
ERRORS = (0, 1, 2)  # seeds of the measurement error
PAIRS = (("both", "face"), ("both", "body"))  # of which the difference is kept as well


def answers(cohort: CohortDataset) -> dict[str, pd.DataFrame]:
    """What the classifier of face, of body and of both says of each trial, a model an error."""
    return dict([*ceiling_answers(cohort, ERRORS, OTHERS).groupby("part", sort=False)])


def ceilings_table(seed: int = 0, people: int = PEOPLE) -> pd.DataFrame:
    """The UAR of each preset's classifiers, and what the second sense adds to the first.

    Parameters
    ----------
    seed : int
        Draws the people who are tested.
    people : int
        How many, `TRIALS` trials each.

    Returns
    -------
    pandas.DataFrame
        Columns preset, part, guessing, score, low, high: a row for face, body and both, and one
        for each paired difference of `PAIRS`. The 95 % intervals are over people and over
        measurement errors; who taught the classifier is not drawn anew.
    """
    rows = []
    for preset, classes in PRESETS.items():
        cohort = simulate_cohort(people, TRIALS, classes, seed, Scenario.preset(preset))
        said, guessing = answers(cohort), 1 / len(cohort.classes)
        parts = {name: (table, None) for name, table in said.items()}
        parts |= {f"{a} - {b}": (said[a], said[b]) for a, b in PAIRS}
        for part, (table, minus) in parts.items():
            found = bootstrap_interval(table, cohort.classes, minus=minus).loc["uar"]
            rows.append({"preset": preset, "part": part, "guessing": guessing, **found})
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="write the table beside the package")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    start = process_time()
    table = ceilings_table(asked.seed)
    seconds = round(process_time() - start)
    print(table.to_string(index=False, float_format="{:.3f}".format))
    print(f"{seconds} s of CPU, seed {asked.seed}")
    if asked.keep:
        command = "python -m benchmarks.judges.ceilings --keep"
        command += f" --seed {asked.seed}" * (asked.seed != 0)
        more = {"seed": asked.seed, "seconds": seconds, "people": PEOPLE, "trials": TRIALS}
        keep("ceilings", table, made_by(command, ("torch", "scikit-learn"), **more))


if __name__ == "__main__":
    main()
