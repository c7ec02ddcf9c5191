"""Refusals: what numbers and names `meps_lib.arguments` does not refuse, named in the message."""

from collections.abc import Iterable, Sequence

import numpy as np

from meps_lib.arguments import one_of
from meps_lib.errors import MepsError

_ROUNDING = 1e-9  # what interpolation may add to the end of a range; it is cut off


def check_kind(name: str, value: object, kind: type, hint: str) -> None:
    """Refuse what is no `kind`; the hint says where to get one."""
    if not isinstance(value, kind):
        raise MepsError(f"{name} must be a {kind.__name__} ({hint}), got {value!r:.80}")


def check_names(name: str, values: object, known: Sequence[str]) -> tuple[str, ...]:
    """Names as a tuple; refuse one that is not known, or given twice."""
    names = tuple(map(str, check_list(name, values)))
    for one in names:
        one_of(f"each of {name}", one, known)
    if len(set(names)) < len(names):
        raise MepsError(f"{name} names one twice: {', '.join(names)}")
    return names


def check_list(name: str, values: object) -> list:
    """All values, also of a generator; refuse a text, and what is no sequence."""
    if not isinstance(values, Iterable) or isinstance(values, str):
        raise MepsError(f"{name} must be a sequence, got {values!r}")
    return list(values)


def check_array(
    name: str, value: object, shape: tuple, what: str, low=-1e100, high: float = 1e100
) -> np.ndarray:
    """A copy as float64, so that what the caller does to `value` later does not change it.

    A letter in the shape stands for any number. `low` is one, or one a column.

    Examples
    --------
    >>> check_array("lids", [(0.1, 0.4)], ("m", 2), "s").shape
    (1, 2)
    """
    try:
        found = np.array(value)
    except (TypeError, ValueError, RuntimeError):  # ragged lists; tensors of a GPU
        found = np.array(None)
    if found.shape == (0,) and isinstance(shape[0], str):
        found = found.reshape(0, *shape[1:])  # an empty list has as many columns as one likes
    numbers = found.dtype.kind in "biuf"
    fits = found.ndim == len(shape) and all(
        isinstance(wanted, str) or n == wanted for n, wanted in zip(found.shape, shape, strict=True)
    )
    if not numbers or not fits:
        got = f"shape {found.shape}" if numbers else f"{type(value).__name__} {value!r:.80}"
        wanted = str(shape).replace("'", "")
        raise MepsError(f"{name} must be numbers of shape {wanted}, {what}; got {got}")
    found = found.astype(float, copy=False)
    wrong = np.argwhere(~((found >= np.subtract(low, _ROUNDING)) & (found <= high + _ROUNDING)))
    if len(wrong):
        at = tuple(wrong[0].tolist())
        least = np.broadcast_to(low, found.shape)[at]
        raise MepsError(
            f"{name} must be from {least:g} to {high:g}, got {found[at]:g} at "
            f"{name.split()[-1]}{list(at)} ({len(wrong)} such); {what}"
        )
    return found.clip(low, high)
