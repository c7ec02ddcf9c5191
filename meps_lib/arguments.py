"""What an argument may be."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from math import inf
from numbers import Integral, Real
from sys import float_info
from typing import Any

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
    _refuse(Integral, "a whole number", inf, name, value, low, high, why)


def number(name: str, value: object, low: float, high: float | None = None, why: str = "") -> None:
    """Refuse what is not a finite number between two others, both included.

    Examples
    --------
    >>> number("noise", 0.5, 0)
    >>> number("noise", float("nan"), 0, 1)
    Traceback (most recent call last):
    meps_lib.errors.MepsError: noise=nan; expected a number, 0 to 1
    """
    _refuse(Real, "a number", float_info.max, name, value, low, high, why)


def _refuse(kind: type, what: str, largest, name: str, value, low, high, why: str) -> None:
    right = isinstance(value, kind) and not isinstance(value, bool)
    if not right or not low <= value <= (largest if high is None else high):
        span = f"{low} or more" if high is None else f"{low} to {high}"
        raise MepsError(f"{name}={value!r}; expected {what}, {span}{why}")


def one_of(name: str, value: object, names: Sequence[str]) -> None:
    """Refuse what is none of these.

    Examples
    --------
    >>> one_of("query", "asks", ("guide", "content"))
    Traceback (most recent call last):
    meps_lib.errors.MepsError: query='asks'; expected one of guide, content
    """
    if value not in names:
        raise MepsError(f"{name}={value!r}; expected one of {', '.join(names)}")


def truth(name: str, value: object) -> None:
    """Refuse what is neither True nor False; text is true in Python, "False" too.

    Examples
    --------
    >>> truth("mirrored", "False")
    Traceback (most recent call last):
    meps_lib.errors.MepsError: mirrored='False'; expected True or False
    """
    if not isinstance(value, bool):
        raise MepsError(f"{name}={value!r}; expected True or False")


def refuse_idle(config: Any, idle: Mapping[str, str]) -> None:
    """Refuse a setting that is not at its default and decides nothing beside the others.

    Parameters
    ----------
    config : dataclass
    idle : mapping
        Names of fields that decide nothing, and why.
    """
    for field in fields(config):
        value = getattr(config, field.name)
        if field.name in idle and value != field.default:
            raise MepsError(
                f"{field.name}={value!r} is without effect: {idle[field.name]}; leave it out"
            )
