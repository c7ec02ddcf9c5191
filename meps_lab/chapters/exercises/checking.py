"""Exercises: a check takes the learner's object and answers in one line.

A chapter registers its checks in a file `chNN.py` here with `exercise`; the notebook calls
`check`. A notebook runs from top to bottom whatever the learner has written, so that nothing a
learner's object does may leave a traceback behind.
"""

from __future__ import annotations

import dis
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

from meps_lib.errors import MepsError

Verdict = str | None
"""What a check returns: None when right, else what is wrong and a hint."""


@dataclass(frozen=True)
class Exercise:
    """One registered check."""

    id: str  # "01.2": chapter 1, exercise 2
    correct: str  # the one thing to remember, printed after "correct: "
    verdict: Callable[[Any], Verdict]


_REGISTRY: dict[str, Exercise] = {}


class _NotAttempted(Exception):
    """The learner's function returned None or `...`."""


class _LearnerError(Exception):
    """The learner's function raised; the arguments are what it raised and where."""


def exercise(exercise_id: str, *, correct: str) -> Callable:
    """Register a check under an id such as ``"01.2"``.

    Parameters
    ----------
    exercise_id : str
        Two digits of the chapter, a point, the number of the exercise.
    correct : str
        What a right answer shows, in a few words; printed after "correct: ".

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
    >>> @exercise("00.1", correct="two and two")
    ... def four(learner):
    ...     return None if learner == 4 else "add one and three"
    >>> check("00.1", 4)
    correct: two and two
    >>> check("00.1", 5)
    not yet: add one and three
    >>> check("00.1", ...)
    not attempted yet
    """
    if not re.fullmatch(r"\d\d\.\d+", exercise_id):
        raise MepsError(f"exercise id {exercise_id!r}: expected one like '01.2' (chapter 1)")

    def register(verdict: Callable[[Any], Verdict]) -> Callable[[Any], Verdict]:
        known = _REGISTRY.get(exercise_id)
        # A module that is imported again brings the same function: that replaces its entry.
        name = (verdict.__module__, verdict.__qualname__)
        if known and (known.verdict.__module__, known.verdict.__qualname__) != name:
            raise MepsError(f"exercise id {exercise_id!r} is taken by {known.verdict.__name__}")
        _REGISTRY[exercise_id] = Exercise(exercise_id, correct, verdict)
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

    Notes
    -----
    An exception of the learner's code is part of the printed line and goes no further.
    """
    print(_answer(_find(exercise_id), learner))


def exercise_ids() -> list[str]:
    """List the ids of every exercise of every chapter, in order."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if re.fullmatch(r"ch\d\d", module.name):
            importlib.import_module(f"{__package__}.{module.name}")
    return sorted(_REGISTRY, key=lambda name: tuple(map(int, name.split("."))))


def _find(exercise_id: str) -> Exercise:
    if exercise_id not in _REGISTRY:
        known = exercise_ids()  # also imports the chapter that registers it
        if exercise_id not in _REGISTRY:
            raise MepsError(f"no exercise {exercise_id!r}; there are: {', '.join(known)}")
    return _REGISTRY[exercise_id]


def _answer(item: Exercise, learner: Any) -> str:
    try:  # even `isinstance` may run code of the learner's object
        if _is_open(learner):
            return "not attempted yet"
        # WHY: only plain functions are wrapped; a class, a module or a torch.nn.Module has
        # attributes that a check may want to look at.
        many = type(learner) is tuple
        subject = tuple(map(_guarded, learner)) if many else _guarded(learner)
        hint = item.verdict(subject)
    except _NotAttempted:
        return "not attempted yet"
    except _LearnerError as error:
        return f"not yet: your code raised {_describe(*error.args)}"
    except (Exception, SystemExit) as error:
        kind = type(learner).__name__
        return f"not yet: the check could not use your {kind}: {_describe(error)}"
    return f"correct: {item.correct}" if hint is None else f"not yet: {hint}"


def _guarded(part: Any) -> Any:
    return _guard(part) if isinstance(part, types.FunctionType) else part


def _is_open(learner: Any) -> bool:
    """Whether the answer, or a part of it, is still the placeholder."""
    if learner is None or learner is ...:
        return True
    if type(learner) in (tuple, list):
        return any(part is ... for part in learner)
    if type(learner) is dict:
        return any(part is ... for part in learner.values())
    # A function is run to see whether it answers; a class is open while a method is empty.
    return isinstance(learner, type) and any(map(_is_empty, vars(learner).values()))


def _is_empty(method: Any) -> bool:
    """Whether a function does nothing but return None, as ``def f(x): ...`` does."""
    if not isinstance(method, types.FunctionType):
        return False
    steps = [step for step in dis.get_instructions(method) if step.opname not in ("RESUME", "NOP")]
    return all("CONST" in step.opname or "RETURN" in step.opname for step in steps) and all(
        step.argval is None for step in steps
    )


def _guard(function: Callable) -> Callable:
    """Wrap a learner's function so that its faults are told apart from the check's."""

    @functools.wraps(function)
    def guarded(*args, **kwargs):
        try:
            result = function(*args, **kwargs)
        except (Exception, SystemExit) as error:
            raise _LearnerError(error, function.__code__.co_filename) from error
        if _is_open(result):
            raise _NotAttempted
        return result

    return guarded


def _describe(error: BaseException, cell: str | None = None) -> str:
    """Name an exception in one line, even one whose text cannot be made."""
    try:
        lines = str(error).strip().splitlines()
    except Exception:
        lines = []
    name = type(error).__name__
    text = f"{name}: {lines[0]}" if lines else name
    numbers = [
        number
        for frame, number in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_filename == cell
    ]
    return f"{text} (line {numbers[-1]} of your cell)" if numbers else text
