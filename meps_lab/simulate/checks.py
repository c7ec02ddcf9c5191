"""Refusals: what every argument of a recording is checked against, named in the message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from meps_lib.errors import MepsError


def check_kind(name: str, value: object, kind: type, hint: str) -> None:
    """Refuse what is no `kind`; the hint says where to get one."""
    if not isinstance(value, kind):
        raise MepsError(f"{name} must be a {kind.__name__} ({hint}), got {value!r:.80}")


def check_names(name: str, values: object, known: Sequence[str]) -> tuple[str, ...]:
    """Names as a tuple; refuse one that is not known, or given twice."""
    names = tuple(map(str, check_list(name, values)))
    for one in names:
        if one not in known:
            raise MepsError(f"{name}: unknown {one!r}; known are {', '.join(known)}")
    if len(set(names)) < len(names):
        raise MepsError(f"{name} names one twice: {', '.join(names)}")
    return names


def check_list(name: str, values: object) -> list:
    """All values, also of a generator; refuse a text, and what is no sequence."""
    if not isinstance(values, Iterable) or isinstance(values, str):
        raise MepsError(f"{name} must be a sequence, got {values!r}")
    return list(values)


def check_spans(name: str, values: object) -> np.ndarray:
    """Starts and ends (s), shape (m, 2); refuse an end that is not after its start.

    Examples
    --------
    >>> check_spans("lids", [(0.1, 0.4)]).shape, check_spans("lids", []).shape
    ((1, 2), (0, 2))
    """
    try:
        spans = np.asarray(values, float)
    except (TypeError, ValueError):
        spans = np.full(1, np.nan)
    spans = spans.reshape(-1, 2) if spans.size == 0 else spans
    pairs = spans.ndim == 2 and spans.shape[1] == 2
    if not (pairs and np.isfinite(spans).all() and np.all(np.diff(spans) > 0)):
        raise MepsError(
            f"{name} must be pairs of a start and a later end (s), shape (m, 2), got {values!r}"
        )
    return spans
