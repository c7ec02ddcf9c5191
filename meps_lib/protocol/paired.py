"""Two systems on the same trials: how far apart they are, and whether their names could be swapped.

`permutation_test` is for one trained model each. Here each system may have been trained several
times: its score is the mean over its models, and a subject takes the answers of all of them along.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from meps_lib.arguments import whole
from meps_lib.protocol.confusion import confusions
from meps_lib.protocol.metrics import rates
from meps_lib.protocol.statistics import METRICS, bootstrap_interval

_EXACT = 14  # subjects answered differently, up to whom all 2^D swaps are looked at: 16,384
_CLOSE = 1e-9  # differences this near are ties; sums of fractions do not come out equal


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
    a, b = (_counts(t, classes) for t in (first, second))
    differ = (a != b).any(axis=(0, 2, 3))
    n = int(differ.sum())
    if exact := n <= _EXACT:
        swap = np.arange(2**n)[:, None] >> np.arange(n) & 1
    else:
        swap = np.random.default_rng(seed).integers(0, 2, (n_permutations, n))
    # (swaps, M, K, K): whole subjects move, with the answers of every model
    moved = np.einsum("sn,mnjk->smjk", swap.astype(float), (b - a)[:, differ], optimize=True)
    seen = [rates(x.sum(axis=1)) for x in (a, b)]
    others = rates(a.sum(axis=1) + moved), rates(b.sum(axis=1) - moved)
    rows = {}
    for metric in METRICS:
        one, two = (float(getattr(r, metric).mean()) for r in seen)
        apart = np.subtract(*(getattr(r, metric).mean(axis=-1) for r in others))
        extreme = int((np.abs(apart) >= abs(one - two) - _CLOSE).sum())
        p = extreme / len(swap) if exact else (1 + extreme) / (1 + len(swap))
        rows[metric] = (one, two, *table.loc[metric, ["score", "low", "high"]], p)
    columns = ["first", "second", "difference", "low", "high", "p"]
    scores = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    return PairedComparison(scores, len(differ), n, exact)


def _counts(table: pd.DataFrame, classes: Sequence[str]) -> np.ndarray:
    """A confusion matrix a model and subject, both in sorted order: (M, S, K, K)."""
    parts = [part for _, part in table.groupby("model")] if "model" in table else [table]
    codes = [pd.factorize(part["subject"], sort=True)[0] for part in parts]
    pairs = zip(parts, codes, strict=True)
    return np.stack([confusions(t["truth"], t["prediction"], classes, who) for t, who in pairs])
