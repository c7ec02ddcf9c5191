"""Accuracy, UF1 and UAR of pooled predictions, as MEGC2019 defines them.

Collect the predictions of every LOSO fold first, then score once. Averaging scores
of folds is a different quantity, because many subjects show one class only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from meps_lib.errors import MepsError


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
    """

    accuracy: float
    uf1: float
    uar: float
    confusion: np.ndarray
    n: int

    def __str__(self) -> str:
        return f"accuracy {self.accuracy:.3f}  UF1 {self.uf1:.3f}  UAR {self.uar:.3f}  n={self.n}"


def score(y_true: Sequence, y_pred: Sequence, classes: Sequence[str]) -> Scores:
    """Score pooled predictions.

    Parameters
    ----------
    y_true, y_pred : sequence, length n
        Class names, or positions in `classes`.
    classes : sequence of str, length K
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
    classes = tuple(classes)
    if len(set(classes)) < len(classes) or len(classes) < 2:
        raise MepsError(f"classes must be two or more different names, got {classes}")
    truth = _positions(y_true, classes, "y_true")
    guess = _positions(y_pred, classes, "y_pred")
    if len(truth) != len(guess):
        raise MepsError(f"{len(truth)} truths but {len(guess)} predictions; give one each a trial")
    if len(truth) == 0:
        raise MepsError("no predictions to score; pool the predictions of all folds first")
    k = len(classes)
    confusion = np.bincount(truth * k + guess, minlength=k * k).reshape(k, k)
    hits = confusion.diagonal()
    in_truth, in_guess = confusion.sum(axis=1), confusion.sum(axis=0)
    f1 = 2 * hits / np.maximum(in_truth + in_guess, 1)
    recall = hits / np.maximum(in_truth, 1)
    return Scores(
        accuracy=float(hits.sum() / len(truth)),
        uf1=float(f1.mean()),
        uar=float(recall.mean()),
        confusion=confusion,
        n=len(truth),
    )


def _positions(labels: Sequence, classes: tuple[str, ...], what: str) -> np.ndarray:
    """Labels as positions in `classes`, refusing everything else by row."""
    values = np.asarray(labels)
    if values.ndim != 1:
        raise MepsError(f"{what} has shape {values.shape}; expected one label a trial")
    if np.issubdtype(values.dtype, np.integer):
        bad = (values < 0) | (values >= len(classes))
        positions = values
    else:
        positions = np.full(len(values), -1)
        for i, name in enumerate(classes):
            positions[values == name] = i
        bad = positions < 0
    if bad.any():
        row = int(bad.argmax())
        raise MepsError(
            f"{what}[{row}] is {values[row]!r}; expected one of {', '.join(classes)} "
            f"or a position 0 to {len(classes) - 1}"
        )
    return positions.astype(np.int64)
