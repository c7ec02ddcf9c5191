"""From labels to counts: who was taken for whom, in all or in each group of trials."""

from collections.abc import Sequence
from numbers import Integral

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from meps_lib.errors import MepsError


def confusions(
    y_true: Sequence,
    y_pred: Sequence,
    classes: Sequence[str] | Sequence[int],
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """Count pairs of truth and prediction.

    Parameters
    ----------
    y_true, y_pred : sequence, length n
        Class names; where these are text, whole numbers are positions in `classes`.
    classes : sequence of str or of int, length K
        Every declared class, in the order of rows and columns.
    groups : ndarray of int, shape (n,), optional
        Group of each trial, 0 to G - 1, such as its fold or its subject.

    Returns
    -------
    ndarray of int, shape (K, K), or (G, K, K) with `groups`
        Rows are the truth, columns the prediction.

    Raises
    ------
    MepsError
        If lengths differ, nothing is given, a label is not a declared class, the classes are
        not two or more different ones, or a group is not a number from 0.

    Examples
    --------
    >>> confusions(["a", "a", "b"], ["a", "b", "b"], ("a", "b")).tolist()
    [[1, 1], [0, 1]]
    """
    classes = class_names(classes)
    truth = _positions(y_true, classes, "y_true")
    guess = _positions(y_pred, classes, "y_pred")
    if len(truth) != len(guess):
        raise MepsError(f"{len(truth)} truths but {len(guess)} predictions; give one each a trial")
    if len(truth) == 0:
        raise MepsError("no predictions to score; pool the predictions of all folds first")
    k = len(classes)
    if groups is None:
        return np.bincount(truth * k + guess, minlength=k * k).reshape(k, k)
    whole = isinstance(groups, np.ndarray) and groups.dtype.kind in "iu"
    if not whole or groups.shape != truth.shape or groups.min() < 0:
        got = f"{groups.dtype} {groups.shape}" if isinstance(groups, np.ndarray) else type(groups)
        raise MepsError(
            f"groups: got {got}; expected an array of {len(truth)} whole numbers, 0 or more, one "
            "a trial"
        )
    n = int(groups.max()) + 1
    cells = (groups.astype(np.intp) * k + truth) * k + guess
    return np.bincount(cells, minlength=n * k * k).reshape(n, k, k)


def class_names(classes: Sequence[str] | Sequence[int]) -> tuple:
    """The declared classes, refused unless they are two or more different ones in an order."""
    ordered = hasattr(classes, "__getitem__") and not isinstance(classes, str)
    names = tuple(classes) if ordered else ()
    kind = infer_dtype(names, skipna=False)
    if kind not in ("string", "integer") or len(set(names)) < max(len(names), 2):
        raise MepsError(
            f"classes={classes!r}; expected two or more different names, such as "
            "('negative', 'positive'), or as many different whole numbers"
        )
    return names


def _positions(labels: Sequence, classes: tuple, what: str) -> np.ndarray:
    """Labels as positions in `classes`, refusing everything else by row."""
    if isinstance(labels, (list, tuple)):  # WHY: NumPy would make [0, "a"] text, [True, 2] numbers
        labels = np.fromiter(labels, object, len(labels))
    labels = np.asarray(labels)
    if labels.ndim != 1:
        raise MepsError(f"{what} has shape {labels.shape}; expected one label a trial")
    kind, plain = infer_dtype(labels, skipna=False), labels
    if kind not in ("string", "integer"):  # WHY: True would be found as 1, and a list has no hash
        odd = [isinstance(x, bool) or not isinstance(x, (str, Integral)) for x in labels]
        plain = np.where(odd, None, labels)
    by_place = kind == "integer" and isinstance(classes[0], str)
    known = range(len(classes)) if by_place else classes
    found = pd.Index(known).get_indexer(plain)
    if (found < 0).any():
        row = int(np.where(pd.isna(labels), -2, found).argmin())  # an empty one is told first
        expected = f"one of {', '.join(map(str, classes))} in every row"
        if isinstance(classes[0], str):
            expected += f", or in every row a position, 0 to {len(classes) - 1}"
        raise MepsError(f"{what}[{row}] is {labels.tolist()[row]!r}; expected {expected}")
    return found
