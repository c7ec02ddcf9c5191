"""Scores of an experiment in lines for a person."""

from collections.abc import Mapping, Sequence

import pandas as pd

from meps_lib.protocol.metrics import Scores, by_set, check_columns, check_table, score
from meps_lib.protocol.statistics import bootstrap_interval, majority_predictions


def summary(
    table: pd.DataFrame,
    classes: Sequence[str],
    seed: int = 0,
    asked: Mapping[str, int] | None = None,
) -> str:
    """Lines for a person: for each seed scores with 95 % intervals, the majority beside them.

    Parameters
    ----------
    table : DataFrame
        As `meps_lab.experiments.run` returns it. With a column data_set of more than one set
        there are lines for each set as well, cut out of the same pooled predictions.
    classes : sequence of str
    seed : int
        Draws the subjects of the intervals.
    asked : mapping, optional
        How many clips there should be, "all" and by data set: where some are missing each line
        says "n of N".
    """
    asked, sets = asked or {}, ["data_set"] if "data_set" in table else []
    check_columns(table, ("seed", "subject", "truth", "prediction", *sets))
    lines = []
    for number, one in table.groupby("seed"):
        check_table(one, ("subject", "truth", "prediction"))
        one = one.assign(majority=majority_predictions(one, classes))
        several = sets and one["data_set"].nunique() > 1
        for name, part in (by_set(one) if several else {"all": one}).items():
            model, floor = (score(part["truth"], part[c], classes) for c in _COLUMNS)
            wanted = asked.get(name, model.n)
            n = f"n={model.n}" + (f" of {wanted} clips" if wanted != model.n else "")
            people, where = part["subject"].nunique(), "" if name == "all" else f"  {name}"
            ends = bootstrap_interval(part, classes, seed=seed) if people > 1 else None
            line = f"{_scores(model, ends)}  {n} of {people} subjects"
            lines += [f"{f'seed {number}{where}':<22}{line}"]
            lines += [f"{f'  majority{where}':<22}{_scores(floor)}  {n}"]
    return "\n".join(lines)


_COLUMNS = ("prediction", "majority")
_LABELS = {"accuracy": "accuracy", "uf1": "UF1", "uar": "UAR"}


def _scores(s: Scores, ends: pd.DataFrame | None = None) -> str:
    """The scores of a line, each with its interval if there is one."""
    cells = {m: f"{getattr(s, m):.3f}" for m in _LABELS}
    if ends is not None:
        cells = {m: f"{cells[m]} [{ends.low[m]:.3f}, {ends.high[m]:.3f}]" for m in _LABELS}
    return "  ".join(f"{label} {cells[m]:<20}" for m, label in _LABELS.items())
