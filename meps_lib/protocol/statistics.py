"""What a score is worth: the floor beside it, and its interval over subjects.

Trials of one subject resemble each other, so subjects are what is resampled, never trials: 442
clips of 68 people are 68 draws.
"""

from collections.abc import Sequence
from numbers import Real

import numpy as np
import pandas as pd

from meps_lib.arguments import whole
from meps_lib.errors import MepsError
from meps_lib.protocol.confusion import class_names, confusions
from meps_lib.protocol.metrics import Scores, check_columns, check_table, rates, score

METRICS = ("accuracy", "uf1", "uar")


def bootstrap_interval(
    table: pd.DataFrame,
    classes: Sequence[str],
    level: float = 0.95,
    n_resamples: int = 5000,
    seed: int = 0,
    minus: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Percentile intervals of the pooled scores over subjects, drawn with replacement.

    Parameters
    ----------
    table : DataFrame
        Columns subject, truth, prediction: the pooled predictions of one seed. With a column model,
        those of several trained models of the same trials (column clip): the score is their mean,
        and models are drawn with replacement as well.
    classes : sequence of str
        As for `score`.
    level : float
        Share of such intervals that should hold the true score. Fewer do when subjects are few:
        of 600 simulated cohorts each, with classes of 60, 30 and 10 %, .87 to .89 of the 95 %
        intervals did with 8 subjects, .92 to .93 with 20, .93 to .95 with 30.
        With models there are two samples, and it depends on whose luck is larger: of 300 made-up
        questions each, with 100 subjects, .71 held with 2 models, .83 with 4, .90 with 8 and .95
        with 16 where models differ much; where subjects do, .98 to 1 (benchmarks/coverage.py).
    n_resamples, seed : int
        How many cohorts are drawn, and what draws them.
    minus : DataFrame, optional
        Predictions of another system for the same trials: the intervals are those of the
        difference. It is paired: both are scored on the same drawn subjects and models.

    Returns
    -------
    DataFrame
        Index accuracy, uf1, uar; columns score, low, high.

    Raises
    ------
    MepsError
        If there are fewer than two subjects, an argument is out of range, or two models were not
        tested on the same trials.

    Notes
    -----
    CHOICE: a class that a drawn cohort lacks counts there as 0. WHY: that is how `score` counts
    it. Where few subjects show a class, this draws UF1 and UAR, and the low end most, downwards;
    the score itself may then be the high end.

    References
    ----------
    Efron, B., Tibshirani, R. An introduction to the bootstrap, 1993, chapter 13. Without
    the column model only who is tested is drawn anew, and the luck of the training stays as it is.
    """
    if not isinstance(level, Real) or not 0 < level < 1:
        raise MepsError(f"level={level!r}; expected a number between 0 and 1, such as 0.95")
    whole("n_resamples", n_resamples, 100)
    whole("seed", seed, 0)
    counts = [by_model(t, classes) for t in (table, minus) if t is not None]
    if minus is not None:
        for each in (table, minus):
            check_columns(each, ("subject", "clip"))
        check_same_trials(*(t.drop_duplicates(["subject", "clip"]) for t in (table, minus)))
        if len(counts[0]) != len(counts[1]):
            raise MepsError(f"{len(counts[0])} models minus {len(counts[1])}; expected as many")
    m, n, k, _ = counts[0].shape
    if n < 2:
        raise MepsError(f"{n} subject; expected two or more to draw from")
    rng = np.random.default_rng(seed)
    # How often each subject is drawn says all: a cohort's matrix is the sum of its subjects'.
    who = rng.multinomial(n, np.full(n, 1 / n), size=n_resamples)
    which = rng.multinomial(m, np.full(m, 1 / m), size=n_resamples).T / m
    observed = [rates(c.sum(axis=1)) for c in counts]
    cohorts = [rates(np.stack([np.tensordot(who, x, 1) for x in c])) for c in counts]
    ends, rows = [(1 - level) / 2, (1 + level) / 2], {}
    for metric in METRICS:
        seen, *others = (getattr(r, metric).mean() for r in observed)
        drawn, *those = ((getattr(r, metric) * which).sum(axis=0) for r in cohorts)
        rows[metric] = (seen - sum(others), *np.quantile(drawn - sum(those), ends))
    return pd.DataFrame.from_dict(rows, "index", columns=["score", "low", "high"])


def by_model(table: pd.DataFrame, classes: Sequence[str]) -> np.ndarray:
    """A confusion matrix a model and subject, models in sorted order: (M, S, K, K)."""
    if several := "model" in table:
        check_columns(table, ["model"])
    first, *others = [part for _, part in table.groupby("model")] if several else [table]
    check_table(first, ("subject", "truth", "prediction"))
    for other in others:
        check_same_trials(first, other)
    return np.stack([_by_subject(part, classes) for part in (first, *others)])


def _by_subject(table: pd.DataFrame, classes: Sequence[str]) -> np.ndarray:
    """A confusion matrix a subject, in sorted order: (S, K, K)."""
    codes = pd.factorize(table["subject"], sort=True)[0]
    return confusions(table["truth"], table["prediction"], classes, codes)


def check_same_trials(first: pd.DataFrame, second: pd.DataFrame) -> None:
    """Refuse two tables unless they hold the same trials, in whatever order."""
    keys = ["subject", "clip", "truth"]
    for table in (first, second):
        check_table(table, (*keys, "prediction"))
    one, two = (set(zip(*(t[k].tolist() for k in keys), strict=True)) for t in (first, second))
    for which, alone in (("first", one - two), ("second", two - one)):
        if alone:
            subject, clip, truth = min(alone, key=repr)
            raise MepsError(
                f"clip {clip!r} of {subject!r}, truth {truth!r}, is in the {which} table only "
                f"({len(alone)} such); compare predictions of the same trials"
            )


def majority_predictions(table: pd.DataFrame, classes: Sequence[str]) -> pd.Series:
    """The commonest class among the subjects whom each fold does not test, a row of the table.

    Read from the column "majority", which `meps_lab.experiments.run` writes; without it, counted
    over the other folds' trials, which comes to the same where every trial is tested once.
    """
    if "majority" in table:
        return table["majority"]
    classes = class_names(classes)
    check_table(table, ("fold", "truth"))
    if table["fold"].nunique() < 2:
        raise MepsError("one fold and no column majority: nothing says who else there is")
    folds, truth = pd.factorize(table["fold"])[0], table["truth"]
    counts = confusions(truth, truth, classes, folds).diagonal(axis1=1, axis2=2)
    commonest = (counts.sum(axis=0) - counts).argmax(axis=1)
    return pd.Series(np.array(classes, dtype=object)[commonest[folds]], table.index)


def majority(table: pd.DataFrame, classes: Sequence[str]) -> Scores:
    """What always answering the commonest class of the subjects not tested scores: the floor.

    The tested subjects are not counted, so the floor is as honest as the model; those of
    training and validation are. Of several seeds the first is taken.
    """
    if "seed" in table:
        check_columns(table, ["seed"])
        table = table[table["seed"] == table["seed"].min()]
    check_table(table, ["truth"])
    return score(table["truth"], majority_predictions(table, classes), classes)
