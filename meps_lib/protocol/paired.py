"""Two systems on the same trials: how far apart they are, and whether their names could be swapped.

Trials of one subject resemble each other, so whole subjects are swapped. `permutation_test` is for
one trained model each, and one score; in `paired_comparison` each system may have been trained
several times, and has its interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from meps_lib.arguments import one_of, whole
from meps_lib.protocol.metrics import rates
from meps_lib.protocol.statistics import (
    METRICS,
    bootstrap_interval,
    by_model,
    check_same_trials,
)

_EXACT = 14  # subjects answered differently, up to whom all 2^D swaps are looked at: 16,384
_CLOSE = 1e-9  # differences this near are ties; sums of fractions do not come out equal


@dataclass(frozen=True)
class PermutationTest:
    """What `permutation_test` returns."""

    difference: float  # score of the first minus that of the second
    p: float  # two-sided; never 0, since the observed assignment is one of those counted
    n_subjects: int
    exact: bool  # all swaps were looked at, not a sample


def permutation_test(
    first: pd.DataFrame,
    second: pd.DataFrame,
    classes: Sequence[str],
    metric: str = "uf1",
    n_permutations: int = 9999,
    seed: int = 0,
) -> PermutationTest:
    """Do two models differ on the same trials, or could their names be swapped?

    If they do not differ, then whose predictions of a subject are whose is arbitrary. So all
    predictions of a subject are swapped between the two, subject by subject, and the difference
    that was seen is placed among those that come out.

    Parameters
    ----------
    first, second : DataFrame
        Columns subject, clip, truth, prediction: the pooled predictions of one seed each.
    classes : sequence of str
    metric : {"uf1", "uar", "accuracy"}
    n_permutations, seed : int
        With 14 subjects answered differently or fewer all swaps are looked at, and p is exact; with
        more, so many are drawn, and p = (1 + as extreme) / (1 + drawn).

    Raises
    ------
    MepsError
        If the two were not made on the same trials, naming the first that differs.

    References
    ----------
    Phipson, B., Smyth, G. K. Permutation p-values should never be zero, 2010.
    """
    one_of("metric", metric, METRICS)
    whole("n_permutations", n_permutations, 1)
    whole("seed", seed, 0)
    check_same_trials(first, second)
    a, b = (by_model(table, classes) for table in (first, second))
    found, n_differ = _swapped(a, b, n_permutations, seed)
    return PermutationTest(*found[metric], a.shape[1], n_differ <= _EXACT)


@dataclass(frozen=True)
class PairedComparison:
    """What `paired_comparison` returns."""

    scores: pd.DataFrame  # accuracy, uf1, uar; first, second, difference, low, high, p
    n_subjects: int
    n_differ: int  # subjects of whom the two give other counts; a swap of the others is none
    exact: bool  # all swaps were looked at, not a sample

    @property
    def smallest_p(self) -> float:
        """What p is at least, whatever the systems do: 2 of the 2^D swaps are as extreme."""
        return min(1.0, 2.0 ** (1 - self.n_differ))


def paired_comparison(
    first: pd.DataFrame,
    second: pd.DataFrame,
    classes: Sequence[str],
    level: float = 0.95,
    n_resamples: int = 5000,
    n_permutations: int = 9999,
    seed: int = 0,
) -> PairedComparison:
    """Scores of two systems, the first minus the second, with paired intervals and tests.

    Parameters
    ----------
    first, second : DataFrame
        Columns subject, clip, truth, prediction, of the same trials. With a column model, those of
        several trained models: as many in both, paired in sorted order.
    classes : sequence of str
    level, n_resamples : float, int
        Of the intervals, as for `bootstrap_interval`: subjects and models are drawn.
    n_permutations : int
        With 14 subjects answered differently or fewer all swaps are looked at, and p is exact; with
        more, so many are drawn, and p = (1 + as extreme) / (1 + drawn).
    seed : int
        Draws both.

    Returns
    -------
    PairedComparison
        p is two-sided. It asks of these trained models alone: that other seeds would have been
        luckier is in the interval, not in p. Three scores are three tests; choose one beforehand.

    Raises
    ------
    MepsError
        As `bootstrap_interval`, naming the first trial that only one of them has.

    Examples
    --------
    >>> said = {"subject": [*"ppqq"], "clip": [*"1234"], "truth": [*"abab"]}
    >>> right, wrong = (pd.DataFrame(said | {"prediction": [*x]}) for x in ("abab", "aaba"))
    >>> found = paired_comparison(right, wrong, ("a", "b"))
    >>> found.scores.loc["accuracy", ["difference", "p"]].tolist(), found.smallest_p
    ([0.75, 0.5], 0.5)
    """
    whole("n_permutations", n_permutations, 1)
    drawn = (level, n_resamples, seed)
    table = bootstrap_interval(first, classes, *drawn, minus=second)
    a, b = (by_model(t, classes) for t in (first, second))
    found, n_differ = _swapped(a, b, n_permutations, seed)
    seen, rows = [rates(counts.sum(axis=1)) for counts in (a, b)], {}
    for metric in METRICS:
        means = (float(getattr(r, metric).mean()) for r in seen)
        ends = table.loc[metric, ["score", "low", "high"]]
        rows[metric] = (*means, *ends, found[metric][1])
    columns = ["first", "second", "difference", "low", "high", "p"]
    scores = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return PairedComparison(scores, a.shape[1], n_differ, n_differ <= _EXACT)


def _swapped(
    a: np.ndarray, b: np.ndarray, n_permutations: int, seed: int
) -> tuple[dict[str, tuple[float, float]], int]:
    """Of each score the difference and its p, and how many subjects the two answer differently.

    `a` and `b` are counts of two systems, a matrix a model and subject, (M, S, K, K). The score of
    a system is the mean over its models, and a subject takes the answers of all of them along.
    """
    differ = (a != b).any(axis=(0, 2, 3))
    n = int(differ.sum())
    if exact := n <= _EXACT:
        swap = np.arange(2**n)[:, None] >> np.arange(n) & 1
    else:
        swap = np.random.default_rng(seed).integers(0, 2, (n_permutations, n))
    # (swaps, M, K, K): whole subjects move, with the answers of every model
    moved = np.einsum("sn,mnjk->smjk", swap.astype(float), (b - a)[:, differ], optimize=True)
    a, b, found = a.sum(axis=1), b.sum(axis=1), {}
    pairs = [[rates(x) for x in pair] for pair in ((a, b), (a + moved, b - moved))]
    for metric in METRICS:
        means = [[getattr(r, metric).mean(axis=-1) for r in pair] for pair in pairs]
        seen, others = (one - other for one, other in means)
        extreme = int((np.abs(others) >= abs(seen) - _CLOSE).sum())
        p = extreme / len(swap) if exact else (1 + extreme) / (1 + len(swap))
        found[metric] = float(seen), p
    return found, n
