"""Accuracy, UF1 and UAR of pooled predictions, as MEGC2019 defines them.

Collect the predictions of every LOSO fold first, then score once. Averaging scores
of folds is a different quantity, because many subjects show one class only; it is here as
`per_fold_average`, and nothing else in the library calls it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from meps_lib.arguments import one_of
from meps_lib.errors import MepsError
from meps_lib.protocol.confusion import class_names, confusions


class Rates(NamedTuple):
    """What confusion matrices say; every rate is in [0, 1]."""

    accuracy: np.ndarray  # (...)
    uf1: np.ndarray  # (...)
    uar: np.ndarray  # (...)
    recall: np.ndarray  # (..., K)
    f1: np.ndarray  # (..., K)


def rates(confusion: np.ndarray, undefined: float = 0.0) -> Rates:
    """Rates of one confusion matrix, or of many at once.

    Parameters
    ----------
    confusion : ndarray of counts, shape (..., K, K)
        Rows are the truth, columns the prediction.
    undefined : float
        What 0 / 0 counts as: the recall of a class that does not occur, and the F1 of one
        that neither occurs nor is predicted. NaN leaves it out of the mean.

    Examples
    --------
    >>> rates(np.array([[2, 1], [0, 3]])).recall.round(3).tolist()
    [0.667, 1.0]
    """
    hits = confusion.diagonal(axis1=-2, axis2=-1)
    in_truth, in_guess = confusion.sum(axis=-1), confusion.sum(axis=-2)
    f1, recall = 2 * hits / np.maximum(in_truth + in_guess, 1), hits / np.maximum(in_truth, 1)
    mean = np.mean
    if undefined != 0:  # with no pair of its own a rate is 0 already
        f1 = np.where(in_truth + in_guess > 0, f1, undefined)
        recall = np.where(in_truth > 0, recall, undefined)
        mean = np.nanmean
    accuracy = hits.sum(axis=-1) / in_truth.sum(axis=-1)
    return Rates(accuracy, mean(f1, axis=-1), mean(recall, axis=-1), recall, f1)


@dataclass(frozen=True)
class Scores:
    """What `score` returns; every rate is in [0, 1].

    Parameters
    ----------
    accuracy, uf1, uar : float
        Share correct; mean F1 over the classes; mean recall over the classes.
    confusion : ndarray of int, shape (K, K)
        Rows are the truth, columns the prediction.
    n : int
        Number of predictions.
    recall, f1 : ndarray of float, shape (K,)
        Of each class.
    classes : tuple of str, or of int
        In the order of the rows.
    """

    accuracy: float
    uf1: float
    uar: float
    confusion: np.ndarray
    n: int
    recall: np.ndarray
    f1: np.ndarray
    classes: tuple

    def __str__(self) -> str:
        return f"accuracy {self.accuracy:.3f}  UF1 {self.uf1:.3f}  UAR {self.uar:.3f}  n={self.n}"

    def table(self) -> pd.DataFrame:
        """One row a class: trials, predicted, recall, f1."""
        counts = self.confusion
        columns = {"trials": counts.sum(axis=1), "predicted": counts.sum(axis=0)}
        columns |= {"recall": self.recall, "f1": self.f1}
        return pd.DataFrame(columns, index=pd.Index(self.classes, name="class"))


def score(y_true: Sequence, y_pred: Sequence, classes: Sequence[str] | Sequence[int]) -> Scores:
    """Score pooled predictions.

    Parameters
    ----------
    y_true, y_pred : sequence, length n
        Class names; where these are text, whole numbers are positions in `classes`.
    classes : sequence of str or of int, length K
        Every declared class. A class that is never predicted still counts, with F1 and
        recall 0; so does a class that never occurs. Never read this list off the data.

    Returns
    -------
    Scores
        With F1_c = 2 TP / (2 TP + FP + FN) from the pooled counts, UF1 = mean F1_c,
        UAR = mean TP / (TP + FN).

    Raises
    ------
    MepsError
        If lengths differ, nothing is given, or a label is not a declared class.

    Examples
    --------
    >>> score(["a", "a", "b"], ["a", "b", "b"], ("a", "b")).uar
    0.75

    References
    ----------
    See, J. et al. MEGC 2019, FG 2019. Ledger: protocol-pooling.
    """
    classes = class_names(classes)
    confusion = confusions(y_true, y_pred, classes)
    r = rates(confusion)
    overall = (float(r.accuracy), float(r.uf1), float(r.uar))
    return Scores(*overall, confusion, int(confusion.sum()), r.recall, r.f1, classes)


def score_by_set(table: pd.DataFrame, classes: Sequence[str]) -> dict[str, Scores]:
    """Scores of the whole composite, as "all", and of each data set in it.

    Parameters
    ----------
    table : DataFrame
        Columns truth, prediction, data_set: the pooled predictions of one seed. The parts are
        cut out of the same predictions; nothing is trained or pooled anew.
    classes : sequence of str
        As for `score`: a class that a data set does not have counts there, as 0.

    Raises
    ------
    MepsError
        If a column is missing, the table holds several seeds or a trial twice, a set is named
        "all", or `score` refuses it.
    """
    check_table(table, ("truth", "prediction", "data_set"))
    parts = by_set(table)
    return {name: score(p["truth"], p["prediction"], classes) for name, p in parts.items()}


def by_set(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The whole table as "all", and the rows of each data set."""
    sets = {str(name): part for name, part in table.groupby("data_set", observed=True)}
    if "all" in sets:
        raise MepsError(
            'a data set is named "all", as the whole composite is; give it its own name'
        )
    return {"all": table} | sets


def per_fold_average(
    table: pd.DataFrame, classes: Sequence[str], absent: Literal["zero", "one", "skip"]
) -> dict[str, float]:
    """The mean over folds of each fold's own scores: NOT the protocol, and not `score`.

    A subject with one class has no recall of the others, and whatever stands in for it decides
    the result: for the STSTNet run that pools to UF1 .721 it is .422, .519 or .701, depending on
    how absent classes are treated.

    Parameters
    ----------
    table : DataFrame
        Columns fold, truth, prediction, of one seed.
    classes : sequence of str
    absent : {"zero", "one", "skip"}
        What the rate of an absent class counts as: 0, 1, or not at all (the mean is over the
        rest). The recall of a class is absent where the fold does not have it, its F1 where the
        fold has it neither as truth nor as prediction.

    Returns
    -------
    dict
        "accuracy", "uf1", "uar".

    Examples
    --------
    >>> table = pd.DataFrame({"fold": [0, 1], "truth": ["a", "b"], "prediction": ["a", "b"]})
    >>> [per_fold_average(table, ("a", "b"), absent)["uf1"] for absent in ("zero", "one", "skip")]
    [0.5, 1.0, 1.0]
    """
    values = {"zero": 0.0, "one": 1.0, "skip": np.nan}
    one_of("absent", absent, tuple(values))
    check_table(table, ("fold", "truth", "prediction"))
    folds = pd.factorize(table["fold"])[0]
    counts = confusions(table["truth"], table["prediction"], classes, folds)
    r = rates(counts, undefined=values[absent])
    return {name: float(getattr(r, name).mean()) for name in ("accuracy", "uf1", "uar")}


def check_table(table: pd.DataFrame, columns: Sequence[str]) -> None:
    """Refuse a table of predictions that `check_columns` does, or with several seeds, or doubles.

    A trial is known by its subject and clip; a table without these columns is taken at its word.
    """
    known = [c for c in ("seed", "subject", "clip") if c in table]
    check_columns(table, dict.fromkeys((*columns, *known)))
    if "seed" in table and table["seed"].nunique() > 1:
        seeds = ", ".join(map(str, table["seed"].unique()))
        raise MepsError(f"predictions of the seeds {seeds}; give those of one seed at a time")
    if {"subject", "clip"} <= set(known):
        double = table.duplicated(["subject", "clip"])
        if double.any():
            clip, subject = (table.loc[double, c].tolist()[0] for c in ("clip", "subject"))
            raise MepsError(
                f"clip {clip!r} of {subject!r} is predicted twice "
                f"({double.sum()} such); give each trial once"
            )


def check_columns(table: pd.DataFrame, columns: Iterable[str]) -> None:
    """Refuse a table of predictions that lacks rows, a column, or a value."""
    if missing := [c for c in columns if c not in table]:
        raise MepsError(
            f"the predictions have no column {', '.join(missing)}; they have "
            f"{', '.join(map(str, table.columns))}"
        )
    if table.empty:
        raise MepsError("the table has no predictions to score; pool those of all folds first")
    for name in columns:
        if table[name].isna().any():
            row = int(table[name].isna().to_numpy().argmax())
            raise MepsError(f"predictions, row {row}, column {name}: empty; expected a value")
