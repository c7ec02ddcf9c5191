"""`meps_lib.protocol.metrics.score` against scikit-learn on the same predictions, as a ratio.

Both give accuracy, macro F1, macro recall, recall and F1 of each class, and the confusion matrix.
Prints scikit-learn's median processor time divided by ours, for 442 predictions (MEGC2019) and for
100,000, as positions and as text. Where ours is the slower one, the exit status is 1.
"""

from __future__ import annotations

from statistics import median
from time import process_time
from timeit import repeat

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from meps_lib.protocol.metrics import score

CLASSES = ("negative", "positive", "surprise")
RUNS = {442: 100, 100_000: 3}  # predictions: calls in one timing
FORMS = {"positions": np.asarray, "text": lambda k: pd.Series(np.array(CLASSES, dtype=object)[k])}


def peer(truth, guess, names):
    """The same with scikit-learn, in as few calls as it takes."""
    _, recall, f1, _ = precision_recall_fscore_support(truth, guess, labels=names, zero_division=0)
    confusion = confusion_matrix(truth, guess, labels=names)
    return accuracy_score(truth, guess), f1.mean(), recall.mean(), recall, f1, confusion


def main() -> int:
    slower = False
    rng = np.random.default_rng(0)
    for n, number in RUNS.items():
        positions = rng.integers(0, 3, (2, n))
        for form, make in FORMS.items():
            truth, guess = map(make, positions)
            names = CLASSES if form == "text" else range(3)
            ours, theirs = score(truth, guess, CLASSES), peer(truth, guess, names)
            assert np.allclose((ours.accuracy, ours.uf1, ours.uar), theirs[:3])
            our_time, their_time = (
                median(repeat(call, timer=process_time, number=number, repeat=5)) / number
                for call in (
                    lambda t=truth, g=guess: score(t, g, CLASSES),
                    lambda t=truth, g=guess, k=names: peer(t, g, k),
                )
            )
            slower |= our_time > their_time
            print(
                f"{n:>7} predictions as {form:<9}: {1000 * our_time:6.3f} ms; "
                f"scikit-learn takes {their_time / our_time:.1f} times as long"
            )
    return int(slower)


if __name__ == "__main__":
    raise SystemExit(main())
