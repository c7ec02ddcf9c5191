"""What a dial may be set to, and in which one form a setting is kept.

Equal settings are made equal to the letter (30 and 30.0, a list and a tuple), since the letters
name the folder that a cohort is kept in.
"""

from collections.abc import Callable
from dataclasses import field
from math import isfinite
from typing import Any

from meps_lab.simulate.body.physiology import SIGNALS
from meps_lab.simulate.checks import check_kind, check_names
from meps_lib.arguments import number, one_of, whole
from meps_lib.errors import MepsError
from meps_lib.labels import EMOTIONS

FRAMES = (3, 1000)  # fewest and most of a clip
BALANCED_NAMES = (*EMOTIONS, "negative", "positive")


def setting(default: Any, keep: Callable[[str, Any], Any]) -> Any:
    """A field of `Scenario`; `keep` takes its name and what it was set to, and gives what is kept.

    It raises a `MepsError` that names the dial if that is none of what it may be set to.
    """
    return field(default=default, metadata={"keep": keep})


def dial(default: float | None, low: float, high: float, unit: str = "") -> Any:
    """A number within a range; without a unit it is a share, a probability or a factor.

    Only whole ones are taken where the default is whole or None, and None where that is it.
    """
    check, kind = (number, float) if isinstance(default, float) else (whole, int)

    def keep(name: str, value: Any) -> float | None:
        if value is None and default is None:
            return None
        check(name, value, low, high, f" {unit}" if unit else "")
        return kind(value) + 0  # and -0.0 is 0.0

    return setting(default, keep)


def choice(*names: str) -> Any:
    """One of some names, of which the first is the default."""

    def keep(name: str, value: Any) -> str:
        check_kind(name, value, str, f"one of {', '.join(names)}")
        one_of(name, value, names)
        return str(value)

    return setting(names[0], keep)


def signals_of(name: str, value: Any) -> tuple[str, ...]:
    """Names of signals as a tuple; refuses one that is unknown or there twice, and none at all."""
    names = check_names(name, value, SIGNALS)
    if not names:
        raise MepsError(f"{name} names none; give one or more of {', '.join(SIGNALS)}")
    return names


def balance_of(name: str, value: Any) -> tuple[tuple[str, float], ...]:
    """Pairs (class or emotion, weight) as tuples; refuses anything else."""
    try:
        pairs = tuple((str(one), float(weight)) for one, weight in value)
    except (TypeError, ValueError, OverflowError):
        pairs = ((repr(value), 0.0),)
    names = [one for one, _ in pairs]
    if (
        not set(names) <= set(BALANCED_NAMES)
        or len(set(names)) < len(names)
        or not all(isfinite(weight) and weight > 0 for _, weight in pairs)
    ):
        raise MepsError(
            f"{name} must be pairs (name, weight above 0), each name once and one of "
            f"{', '.join(BALANCED_NAMES)}; got {value!r}"
        )
    return pairs
