"""Who is trained on, who chooses the epoch, who is tested: disjoint subjects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from meps_lib.errors import MepsError


@dataclass(frozen=True)
class Split:
    """One fold: subjects, never trials, and no subject in two roles.

    The constructor asserts that the three roles are disjoint and none is empty.
    """

    fold: int
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]

    def __post_init__(self) -> None:
        roles = {"train": self.train, "validation": self.validation, "test": self.test}
        for name, subjects in roles.items():
            if not subjects:
                raise MepsError(f"fold {self.fold}: no {name} subjects; use more subjects")
        names = [s for subjects in roles.values() for s in subjects]
        twice = sorted({s for s in names if names.count(s) > 1})
        if twice:
            raise MepsError(f"fold {self.fold}: subjects {', '.join(twice)} have two roles")


def loso(subjects: Sequence[str], n_validation: int = 2, seed: int = 0) -> Iterator[Split]:
    """Leave one subject out; validation subjects come from the remaining ones.

    Parameters
    ----------
    subjects : sequence of str
        Subject of each trial, repeats and order allowed.
    n_validation : int
        How many of the other subjects choose the epoch.
    seed : int
        Draws the validation subjects.

    Yields
    ------
    Split
        One a subject, in sorted order.

    Raises
    ------
    MepsError
        If fewer than ``n_validation + 2`` subjects are there.

    Examples
    --------
    >>> [s.test for s in loso(["a", "b", "c", "d", "a"], n_validation=1)]
    [('a',), ('b',), ('c',), ('d',)]
    """
    names = sorted(set(subjects))
    yield from _folds(names, [(name,) for name in names], n_validation, seed)


def grouped_kfold(
    subjects: Sequence[str], n_folds: int = 5, n_validation: int = 2, seed: int = 0
) -> Iterator[Split]:
    """K folds of whole subjects, for when one fold a subject is too slow.

    Parameters, errors and order are as for `loso`; `n_folds` lies between 2 and the
    number of subjects, which are dealt to the folds in a seeded random order.
    """
    names = sorted(set(subjects))
    if not 2 <= n_folds <= len(names):
        raise MepsError(f"n_folds={n_folds}; expected 2 to {len(names)}, the number of subjects")
    order = np.random.default_rng(seed).permutation(len(names))
    tests = [tuple(sorted(names[i] for i in order[k::n_folds])) for k in range(n_folds)]
    yield from _folds(names, tests, n_validation, seed)


def _folds(
    names: list[str], tests: list[tuple[str, ...]], n_validation: int, seed: int
) -> Iterator[Split]:
    if n_validation < 1:
        raise MepsError(f"n_validation={n_validation}; expected at least 1")
    need = max(map(len, tests)) + n_validation + 1
    if len(names) < need:
        raise MepsError(
            f"{len(names)} subjects; expected at least {need}, to leave one to train on beside "
            f"{n_validation} for validation and the test subjects"
        )
    for fold, test in enumerate(tests):
        rest = [n for n in names if n not in test]
        # One generator a fold: a fold's validation subjects do not depend on other folds.
        rng = np.random.default_rng([seed, fold])
        chosen = set(rng.choice(len(rest), n_validation, replace=False).tolist())
        yield Split(
            fold=fold,
            train=tuple(n for i, n in enumerate(rest) if i not in chosen),
            validation=tuple(n for i, n in enumerate(rest) if i in chosen),
            test=tuple(test),
        )
