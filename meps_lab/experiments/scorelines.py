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
        there are lines for each set as well, cut out of the same pooled predictions. Where each
        clip is answered by several folds, as other data sets teach in turn, each has its lines.
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
        for name, part in _parts(one, classes).items():
            model, floor = (score(part["truth"], part[c], classes) for c in _COLUMNS)
            wanted = asked.get(name, model.n)
            n = f"n={model.n}" + (f" of {wanted} clips" if wanted != model.n else "")
            people, where = part["subject"].nunique(), "" if name == "all" else f"  {name}"
            ends = bootstrap_interval(part, classes, seed=seed) if people > 1 else None
            line = f"{_scores(model, ends)}  {n} of {people} subjects"
            lines += [f"{f'seed {number}{where}':<22}{line}"]
            lines += [f"{f'  majority{where}':<22}{_scores(floor)}  {n}"]
    there = set(table["truth"])
    for name in (c for c in classes if c not in there):
        lines += [f"no clip is {name} in truth: it counts as 0 in UF1 and UAR"]
    return "\n".join(lines)


def _parts(one: pd.DataFrame, classes: Sequence[str]) -> dict[str, pd.DataFrame]:
    """A seed's answers with their majority: all, then each set; or each fold that answers all."""
    parts = {"all": one}
    if several_answer(one):
        parts = {f"fold {fold}": part for fold, part in one.groupby("fold")}
    for part in parts.values():
        check_table(part, ("subject", "truth", "prediction"))
    parts = {k: p.assign(majority=majority_predictions(p, classes)) for k, p in parts.items()}
    several = "data_set" in one and one["data_set"].nunique() > 1
    return by_set(parts["all"]) if several and "all" in parts else parts


def several_answer(table: pd.DataFrame) -> bool:
    """Whether several folds answer a clip, each once, as where other data sets teach in turn."""
    known = [c for c in ("seed", "subject", "clip") if c in table]
    if not {"subject", "clip", "fold"} <= set(table):
        return False
    once = not table.duplicated(["fold", *known]).any()
    return once and bool(table.duplicated(known).any())


_COLUMNS = ("prediction", "majority")
_LABELS = {"accuracy": "accuracy", "uf1": "UF1", "uar": "UAR"}


def _scores(s: Scores, ends: pd.DataFrame | None = None) -> str:
    """The scores of a line, each with its interval if there is one."""
    cells = {m: f"{getattr(s, m):.3f}" for m in _LABELS}
    if ends is not None:
        cells = {m: f"{cells[m]} [{ends.low[m]:.3f}, {ends.high[m]:.3f}]" for m in _LABELS}
    return "  ".join(f"{label} {cells[m]:<20}" for m, label in _LABELS.items())
