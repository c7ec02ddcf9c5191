"""What an argument may be."""

from __future__ import annotations

from numbers import Integral

from meps_lib.errors import MepsError


def whole(name: str, value: object, low: int, high: int | None = None, why: str = "") -> None:
    """Refuse what is not a whole number between two others, both included.

    True and False are none, although Python counts with them.

    Examples
    --------
    >>> whole("seed", 3, 0)
    >>> whole("seed", True, 0)
    Traceback (most recent call last):
    meps_lib.errors.MepsError: seed=True; expected a whole number, 0 or more
    """
    right = isinstance(value, Integral) and not isinstance(value, bool) and value >= low
    if not right or (high is not None and value > high):
        span = f"{low} or more" if high is None else f"{low} to {high}"
        raise MepsError(f"{name}={value!r}; expected a whole number, {span}{why}")
