"""`meps_lib.metrics.score` against scikit-learn on the same predictions, as a ratio.

Both give accuracy, macro F1, macro recall and the confusion matrix. Prints the median time of
scikit-learn divided by ours, for 442 predictions (MEGC2019) and for 100,000.
"""

from __future__ import annotations

from statistics import median
from timeit import repeat

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score

from meps_lib.metrics import score

CLASSES = ("negative", "positive", "surprise")


def peer(truth, guess):
    kw = {"labels": [0, 1, 2], "average": "macro", "zero_division": 0}
    return (
        accuracy_score(truth, guess),
        f1_score(truth, guess, **kw),
        recall_score(truth, guess, **kw),
        confusion_matrix(truth, guess, labels=[0, 1, 2]),
    )


def main() -> None:
    rng = np.random.default_rng(0)
    for n in (442, 100_000):
        truth, guess = rng.integers(0, 3, (2, n))
        times = {}
        for name, call in (
            ("ours", lambda t=truth, g=guess: score(t, g, CLASSES)),
            ("scikit-learn", lambda t=truth, g=guess: peer(t, g)),
        ):
            times[name] = median(repeat(call, number=10, repeat=7)) / 10
        ratio = times["scikit-learn"] / times["ours"]
        print(f"{n:>7} predictions: scikit-learn takes {ratio:.1f} times as long")


if __name__ == "__main__":
    main()
