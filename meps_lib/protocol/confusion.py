"""From labels to counts: who was taken for whom, in all or in each group of trials."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from meps_lib.errors import MepsError


def confusions(
    y_true: Sequence,
    y_pred: Sequence,
    classes: Sequence[str],
    groups: np.ndarray | None = None,
) -> np.ndarray:
    """Count pairs of truth and prediction.

    Parameters
    ----------
    y_true, y_pred : sequence, length n
        Class names, or positions in `classes`.
    classes : sequence of str, length K
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
        not two or more different names, or a group is not a number from 0.

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


def class_names(classes: Sequence[str]) -> tuple[str, ...]:
    """The declared classes, refused unless they are two or more different names in an order.

    CHOICE: numbers are no names. WHY: a label 1 would be the class 1 as well as the second class.
    """
    ordered = hasattr(classes, "__getitem__") and not isinstance(classes, str)
    names = tuple(classes) if ordered else ()
    if not all(isinstance(n, str) for n in names) or len(set(names)) < max(len(names), 2):
        raise MepsError(
            f"classes={classes!r}; expected two or more different names, such as "
            "('negative', 'positive')"
        )
    return names


def _positions(labels: Sequence, classes: tuple[str, ...], what: str) -> np.ndarray:
    """Labels as positions in `classes`, refusing everything else by row."""
    if isinstance(labels, (list, tuple)):
        labels = np.fromiter(labels, object, len(labels))
    labels = np.asarray(labels)
    if labels.ndim != 1:
        raise MepsError(f"{what} has shape {labels.shape}; expected one label a trial")
    if labels.dtype.kind in "iu" and ((labels >= 0) & (labels < len(classes))).all():
        return labels.astype(np.intp)
    if labels.dtype.kind == "U":  # WHY: NumPy's text compares at half the cost of look-ups
        same = np.stack([labels == name for name in classes])
        if same.any(axis=0).all():
            return same.argmax(axis=0)
    known = {name: k for k, name in enumerate(classes)}
    if len(labels) and not isinstance(labels[0], str) and infer_dtype(labels) == "integer":
        known = {k: k for k in range(len(classes))}
    try:
        return _looked_up(labels, known)
    except (KeyError, TypeError):  # not a class; not even a key
        labels, kinds = labels.tolist(), (str, int, np.integer)
        row = next(k for k, x in enumerate(labels) if not isinstance(x, kinds) or x not in known)
        raise MepsError(
            f"{what}[{row}] is {labels[row]!r}; expected one of {', '.join(classes)} in every row, "
            f"or in every row a position, 0 to {len(classes) - 1}"
        ) from None


def _looked_up(labels: np.ndarray, known: dict) -> np.ndarray:
    """Position of each label, one by one, or, in a long column of a table, of each object.

    WHY: the strings of a table are a few objects, each many times over, and an object array is
    an array of their addresses. Telling 100,000 addresses apart takes pandas a quarter of the
    time of as many look-ups; benchmarks/metrics.py prints both. Short columns, and those whose
    strings are objects of their own, gain nothing.
    """
    if labels.dtype == object and len(labels) > 1000:
        address = np.frombuffer(np.ascontiguousarray(labels), dtype=np.intp)
        if len(pd.unique(address[:100])) < 50:
            codes, objects = pd.factorize(address)  # numbered in the order in which they come
            first = np.searchsorted(np.maximum.accumulate(codes), np.arange(len(objects)))
            return _looked_up(labels[first], known)[codes]
    return np.fromiter(map(known.__getitem__, labels.tolist()), np.intp, len(labels))
