"""Exercises: a check takes the learner's object and answers in one line.

A chapter registers its checks in a file `chNN.py` here with `exercise`; the notebook calls
`check`. A notebook runs from top to bottom whatever the learner has written, so that nothing a
learner's object does may leave a traceback behind.
"""

import functools
import importlib
import pkgutil
import re
import traceback
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from meps_lab.chapters.exercises.bets import chosen_of, either
from meps_lib.errors import MepsError


@dataclass(frozen=True)
class Exercise:
    """One registered check."""

    correct: str  # the one thing to remember, printed after "correct: "
    bets: tuple  # what one may bet on beforehand; empty where there is no bet
    verdict: Callable[[Any], str | None]


_GAP = (
    "not yet: your function answers some calls and returns None for others; each needs a value "
    "(NaN is `float('nan')`)"
)
_REGISTRY: dict[str, Exercise] = {}


class _Said(Exception):
    """The line to print, found while the learner's function ran: it raised, or gave no value."""


def exercise(exercise_id: str, *, correct: str, bets: tuple = ()) -> Callable:
    """Register a check under an id such as ``"01.2"``.

    Parameters
    ----------
    exercise_id : str
        Two digits of the chapter, a point, the number of the exercise.
    correct : str
        What a right answer shows, in a few words; printed after "correct: ".
    bets : tuple of str or number
        What one may bet on beforehand. The answer is then a pair (bet, object), and a lost bet
        is no mistake.

    Returns
    -------
    callable
        A decorator for ``verdict(learner) -> str | None``: None when the answer is right,
        otherwise what is wrong and a hint.

    Raises
    ------
    MepsError
        If the id is malformed or another function has it.

    Examples
    --------
    >>> @exercise("98.1", correct="two and two")
    ... def four(learner):
    ...     return None if learner == 4 else "add one and three"
    >>> check("98.1", 4)
    correct: two and two
    >>> check("98.1", 5)
    not yet: add one and three
    >>> check("98.1", ...)
    not attempted yet
    """
    if not re.fullmatch(r"\d\d\.\d+", exercise_id):
        raise MepsError(f"exercise id {exercise_id!r}: expected one like '01.2' (chapter 1)")

    def register(verdict: Callable) -> Callable:
        known = _REGISTRY.get(exercise_id)
        # A module that is imported again brings the same function: that replaces its entry.
        name = (verdict.__module__, verdict.__qualname__)
        if known and (known.verdict.__module__, known.verdict.__qualname__) != name:
            raise MepsError(f"exercise id {exercise_id!r} is taken by {known.verdict.__name__}")
        _REGISTRY[exercise_id] = Exercise(correct, bets, verdict)
        return verdict

    return register


def check(exercise_id: str, learner: Any) -> None:
    """Print one line about the learner's answer to an exercise.

    Parameters
    ----------
    exercise_id : str
        The exercise, as its heading names it with two digits for the chapter: ``"01.2"``.
    learner : object
        The answer: a function, a value, or a tuple of values. `...` stands for "not yet".

    Raises
    ------
    MepsError
        If there is no such exercise; the message lists those there are.
    """
    if exercise_id not in _REGISTRY:
        known = exercise_ids()  # also imports the chapter that registers it
        if exercise_id not in _REGISTRY:
            raise MepsError(f"no exercise {exercise_id!r}; there are: {', '.join(known)}")
    print(_reply(_REGISTRY[exercise_id], learner))


def exercise_ids() -> list[str]:
    """List the ids of every exercise of every chapter, in order."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if re.fullmatch(r"ch\d\d", module.name):
            importlib.import_module(f"{__package__}.{module.name}")
    return sorted(_REGISTRY, key=lambda name: tuple(map(int, name.split("."))))


def is_truth(value: Any) -> bool:
    """Whether a learner's answer is True or False, of Python or NumPy; 1 and "no" are neither."""
    return isinstance(value, bool | np.bool_)


def _reply(item: Exercise, learner: Any) -> str:
    placed = None
    try:  # even a comparison may run code of the learner's object
        if item.bets and type(learner) is tuple and len(learner) == 2:
            placed, learner = learner
        if _is_open(learner):
            return "not attempted yet"
        many = type(learner) is tuple
        hint = item.verdict(tuple(map(_guard, learner)) if many else _guard(learner))
        if hint is not None:
            return f"not yet: {hint}"
        mine = chosen_of(placed, item.bets)
        if item.bets and mine is None:
            what = "is missing" if placed in (None, ...) else f"cannot be {placed!r}"
            return f"not yet: the function is right, the bet {what}: make it {either(item.bets)}"
    except _Said as said:
        return str(said)
    except (Exception, SystemExit) as error:
        kind = type(learner).__name__
        return f"not yet: the check could not use your {kind}: {_describe(error)}"
    return f"correct: {item.correct}" + (f" (you bet {mine!r})" if item.bets else "")


def _is_open(learner: Any) -> bool:
    """Whether the answer, or a part of it, is still the placeholder."""
    if type(learner) in (tuple, list):
        return any(part is ... for part in learner)
    return learner is None or learner is ...


def _guard(part: Any) -> Any:
    """Wrap a learner's function so that its faults are told apart from the check's."""
    if not isinstance(part, types.FunctionType):
        return part
    answered = False

    @functools.wraps(part)
    def guarded(*args, **kwargs):
        nonlocal answered
        try:
            result = part(*args, **kwargs)
        except (Exception, SystemExit) as error:
            told = _describe(error, part.__code__.co_filename)
            raise _Said(f"not yet: your code raised {told}") from error
        if _is_open(result):
            raise _Said(_GAP if answered else "not attempted yet")
        answered = True
        return result

    return guarded


def _describe(error: BaseException, cell: str | None = None) -> str:
    """Name an exception in one line, even one whose text cannot be made."""
    try:
        lines = str(error).strip().splitlines()
    except Exception:
        lines = []
    text = ": ".join([type(error).__name__, *lines[:1]])
    trace = traceback.walk_tb(error.__traceback__)
    numbers = [number for frame, number in trace if frame.f_code.co_filename == cell]
    return f"{text} (line {numbers[-1]} of your cell)" if numbers else text
