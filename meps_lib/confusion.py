"""From labels to counts: who was taken for whom, in all or in each group of trials."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

import numpy as np

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
        If lengths differ, nothing is given, or a label is not a declared class.

    Examples
    --------
    >>> confusions(["a", "a", "b"], ["a", "b", "b"], ("a", "b")).tolist()
    [[1, 1], [0, 1]]
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
    if groups is None:
        return np.bincount(truth * k + guess, minlength=k * k).reshape(k, k)
    n = int(groups.max()) + 1
    return np.bincount((groups * k + truth) * k + guess, minlength=n * k * k).reshape(n, k, k)


def _positions(labels: Sequence, classes: tuple[str, ...], what: str) -> np.ndarray:
    """Labels as positions in `classes`, refusing everything else by row."""
    names = isinstance(labels, (list, tuple)) and len(labels) and isinstance(labels[0], str)
    values = np.fromiter(labels, object, len(labels)) if names else np.asarray(labels)
    if values.ndim != 1:
        raise MepsError(f"{what} has shape {values.shape}; expected one label a trial")
    if values.dtype.kind in "iu":
        positions = values
    elif values.dtype.kind == "O":
        positions = _of_objects(values, {name: k for k, name in enumerate(classes)})
    elif values.dtype.kind == "U" and len(values):
        positions = _of_text(values, np.array(classes))
    else:
        positions = np.full(len(values), -1)
    if len(values) and not (positions.min() >= 0 and positions.max() < len(classes)):
        row = int(((positions < 0) | (positions >= len(classes))).argmax())
        raise MepsError(
            f"{what}[{row}] is {values[row]!r}; expected one of {', '.join(classes)} "
            f"or a position 0 to {len(classes) - 1}"
        )
    return positions.astype(np.int32)  # half the memory of an index to touch


def _of_objects(values: np.ndarray, known: dict[str, int]) -> np.ndarray:
    """Position of each string in an object array; -1 for what is not known.

    WHY: the strings of a table are a few objects, each many times over. An object array is an
    array of their addresses, so comparing those looks each string up once, not once a row.
    Strings that are objects of their own are looked up one by one.
    """
    address = np.frombuffer(np.ascontiguousarray(values), dtype=np.intp)
    counted = np.zeros(len(values), dtype=np.int16)  # from 1; 0 is not found
    some = set(address[:64].tolist())
    for one in some if len(some) <= 2 * len(known) else ():
        here = address == one
        name = values[here.argmax()]
        if isinstance(name, str):
            counted += here * np.int16(known.get(name, -1) + 1)
    if not counted.all():
        rest = np.flatnonzero(counted == 0)
        names = [v if isinstance(v, str) else None for v in values[rest].tolist()]
        found = map(known.get, names, repeat(-1))
        counted[rest] = np.fromiter(found, np.int16, len(rest)) + 1
    return counted - 1


def _of_text(values: np.ndarray, names: np.ndarray) -> np.ndarray:
    """Position of each string in an array of NumPy's text type; -1 for what is not known.

    WHY: whole words of 64 bits, two letters each, compare twice as fast as strings do.
    """
    width = -(-max(values.itemsize, names.itemsize) // 8) * 2
    words, wanted = (
        np.ascontiguousarray(x.astype(f"U{width}", copy=False)).view(np.uint64).reshape(len(x), -1)
        for x in (values, names)
    )
    counted = np.zeros(len(values), dtype=np.int16)
    for k, name in enumerate(wanted):
        here = words[:, 0] == name[0]
        for column in range(1, words.shape[1]):
            here &= words[:, column] == name[column]
        counted += here * np.int16(k + 1)
    return counted - 1
