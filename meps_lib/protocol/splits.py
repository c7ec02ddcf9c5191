"""Who is trained on, who chooses the epoch, who is tested: disjoint subjects."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from meps_lib.arguments import whole
from meps_lib.errors import MepsError


@dataclass(frozen=True)
class Split:
    """One fold: subjects, never trials, and no subject in two roles.

    The constructor asserts that the roles are disjoint and somebody trains and is tested. Nobody
    needs to validate where the last epoch is kept.
    """

    fold: int  # 0 to 999,999,999; the seed of its training is made of it
    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    unused: tuple[str, ...] = ()  # those that take no part, named so that nobody is forgotten

    def __post_init__(self) -> None:
        whole("fold", self.fold, 0, 999_999_999)
        roles = {"train": self.train, "validation": self.validation, "test": self.test}
        for name, subjects in roles.items():
            if not subjects and name != "validation":
                raise MepsError(f"fold {self.fold}: no {name} subjects; use more subjects")
        roles["unused"] = self.unused
        counts = Counter(s for subjects in roles.values() for s in subjects)
        if twice := sorted(s for s, n in counts.items() if n > 1):
            raise MepsError(f"fold {self.fold}: subjects {', '.join(twice)} have two roles")


def loso(subjects: Sequence[str], n_validation: int = 2, seed: int = 0) -> Iterator[Split]:
    """Leave one subject out; validation subjects come from the remaining ones.

    Parameters
    ----------
    subjects : sequence of str
        Subject of each trial, repeats and order allowed.
    n_validation : int
        How many of the other subjects choose the epoch; 0 where the last is kept.
    seed : int
        Draws the validation subjects.

    Yields
    ------
    Split
        One a subject, in sorted order.

    Raises
    ------
    MepsError
        If fewer than ``n_validation + 2`` subjects are there, one is no text (a missing one
        included), or a number is not whole or out of range.

    Examples
    --------
    >>> [s.test for s in loso(["a", "b", "c", "d", "a"], n_validation=1)]
    [('a',), ('b',), ('c',), ('d',)]
    """
    names = _distinct(subjects)
    yield from _folds(names, [(name,) for name in names], n_validation, seed)


def grouped_kfold(
    subjects: Sequence[str], n_folds: int = 5, n_validation: int = 2, seed: int = 0
) -> Iterator[Split]:
    """K folds of whole subjects, for when one fold a subject is too slow.

    Parameters, errors and order are as for `loso`; `n_folds` lies between 2 and the
    number of subjects, which are dealt to the folds in a seeded random order.
    """
    names = _distinct(subjects)
    whole("n_folds", n_folds, 2, len(names), ", the number of subjects")
    whole("seed", seed, 0, LAST_SEED)
    order = np.random.default_rng([seed, 0]).permutation(len(names))
    tests = [tuple(sorted(names[i] for i in order[k::n_folds])) for k in range(n_folds)]
    yield from _folds(names, tests, n_validation, seed)


def composite(
    subjects: Sequence[str], data_sets: Sequence[str], n_validation: int = 2, seed: int = 0
) -> Iterator[Split]:
    """Leave one subject out of several data sets put together, as MEGC2019 does.

    It is `loso` over the subjects of all sets, each of which trains for the others: one fold a
    subject, 68 for MEGC2019. Scores of a single set are cut out of the same predictions
    (`meps_lib.protocol.metrics.score_by_set`).

    Parameters
    ----------
    subjects, data_sets : sequence of str
        Subject and data set of each trial.
    n_validation, seed : int
        As for `loso`.

    Raises
    ------
    MepsError
        As `loso` and `check_subjects` say.

    References
    ----------
    See, J. et al. MEGC 2019, FG 2019.
    """
    check_subjects(subjects, data_sets)
    yield from loso(subjects, n_validation, seed)


def cross_data_set(
    subjects: Sequence[str],
    data_sets: Sequence[str],
    train_on: str | None,
    test_on: str,
    n_validation: int = 2,
    seed: int = 0,
) -> Iterator[Split]:
    """Train and validate on subjects of one data set, test on all subjects of another.

    Parameters
    ----------
    subjects, data_sets : sequence of str
        Subject and data set of each trial; subjects of a third set are `unused`.
    train_on : str or None
        A data set; or each of the others in turn, a fold each, in sorted order.
    test_on : str
        Another.
    n_validation : int
        How many subjects of the set that trains choose the epoch.
    seed : int
        Draws them.

    Raises
    ------
    MepsError
        If a set is not there, both are the same, or `check_subjects` refuses the subjects.

    Examples
    --------
    >>> split, = cross_data_set("abcde", "11122", train_on="1", test_on="2", n_validation=1)
    >>> len(split.train), len(split.validation), split.test
    (2, 1, ('d', 'e'))
    """
    check_subjects(subjects, data_sets)
    there = sorted(set(data_sets))
    for name, value in (("train_on", train_on), ("test_on", test_on)):
        if value not in there and (value is not None or name == "test_on"):
            raise MepsError(f"{name}={value!r}; the data sets here are {', '.join(there)}")
    sources = [name for name in there if name != test_on] if train_on is None else [train_on]
    if sources in ([test_on], []):
        raise MepsError(f"train_on and test_on are both {test_on!r}; expected two data sets")
    home = dict(zip(subjects, data_sets, strict=True))
    test = tuple(sorted(s for s in home if home[s] == test_on))
    for fold, source in enumerate(sources):
        names = sorted(s for s in home if home[s] == source)
        others = tuple(sorted(s for s in home if home[s] not in (source, test_on)))
        (split,) = _folds([*names, *test], [test], n_validation, seed)
        yield replace(split, fold=fold, unused=others)


def check_subjects(subjects: Sequence[str], data_sets: Sequence[str]) -> None:
    """Refuse a subject identifier that occurs in two data sets.

    Subject 1 of one set is not subject 1 of another, and would be left out, or drawn for an
    interval, together with a stranger.

    Raises
    ------
    MepsError
        Naming the subject and the sets, or the row in which a name is missing or no text.
    """
    for what, values in (("subjects", subjects), ("data_sets", data_sets)):
        _distinct(values, what)
    if len(subjects) != len(data_sets):
        raise MepsError(
            f"{len(subjects)} subjects but {len(data_sets)} data sets; one each a trial"
        )
    home: dict[str, str] = {}
    for subject, data_set in zip(subjects, data_sets, strict=True):
        if home.setdefault(subject, data_set) != data_set:
            raise MepsError(
                f"subject {subject!r} occurs in {home[subject]} and in {data_set}; prefix subjects "
                f"with their data set, such as {home[subject]}_{subject}"
            )


LAST_SEED = 2**32 - 1  # with room for a fold's number in what torch takes as a seed


def _distinct(values: Sequence[str], what: str = "subjects") -> list[str]:
    """The different names, sorted. A number, NaN, or "s1 " beside "s1" would be another person."""
    for row, value in enumerate(values):
        text = isinstance(value, str) and value != ""
        if not text or (value.strip() != value and value.strip() in list(values)):
            hint = "expected text, a name in one spelling; mend it or drop the row"
            raise MepsError(f"{what}, row {row}: {value!r}; {hint}")
    return sorted(set(values))


def _folds(
    names: list[str], tests: list[tuple[str, ...]], n_validation: int, seed: int
) -> Iterator[Split]:
    whole("n_validation", n_validation, 0)
    whole("seed", seed, 0, LAST_SEED)
    need = max(map(len, tests), default=1) + n_validation + 1
    if len(names) < need:
        raise MepsError(
            f"{len(names)} subjects; expected at least {need}, to leave one to train on beside "
            f"{n_validation} for validation and the test subjects"
        )
    for fold, test in enumerate(tests):
        rest = [n for n in names if n not in test]
        # One generator a fold: a fold's validation subjects do not depend on other folds. The
        # first is taken: [seed, 0], the same as seed alone, deals the folds of `grouped_kfold`.
        rng = np.random.default_rng([seed, 1 + fold])
        chosen = set(rng.choice(len(rest), n_validation, replace=False).tolist())
        yield Split(
            fold=fold,
            train=tuple(n for i, n in enumerate(rest) if i not in chosen),
            validation=tuple(n for i, n in enumerate(rest) if i in chosen),
            test=tuple(test),
        )
