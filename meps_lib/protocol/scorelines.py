"""Scores of an experiment in lines for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from meps_lib.protocol.metrics import Scores, by_set, check_columns, check_table, score
from meps_lib.protocol.statistics import METRICS, bootstrap_interval, majority_predictions


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
            s, floor = (score(part["truth"], part[c], classes) for c in ("prediction", "majority"))
            n = f"n={s.n}" + f" of {asked.get(name)} clips" * (asked.get(name, s.n) != s.n)
            lines.append(_line(f"seed {number}", name, s, n, part, classes, seed))
            lines.append(_line("  majority", name, floor, n))
    return "\n".join(lines)


def _line(
    what: str, name: str, s: Scores, n: str,
    part: pd.DataFrame | None = None, classes: Sequence[str] = (), seed: int = 0,
) -> str:  # fmt: skip
    """One line of scores; with the predictions themselves, each score with its interval."""
    cells = {m: f"{getattr(s, m):.3f}" for m in METRICS}
    if part is not None:
        n += f" of {part['subject'].nunique()} subjects"
        if part["subject"].nunique() > 1:
            ends = bootstrap_interval(part, classes, seed=seed)
            cells = {m: f"{cells[m]} [{ends.low[m]:.3f}, {ends.high[m]:.3f}]" for m in METRICS}
    where = "" if name == "all" else f"  {name}"
    texts = [f"{label} {cells[m]:<20}" for m, label in _LABELS.items()]
    return f"{what + where:<22}{'  '.join([*texts, n])}"


_LABELS = {"accuracy": "accuracy", "uf1": "UF1", "uar": "UAR"}
