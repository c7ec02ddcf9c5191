"""`meps_lib.metrics.score` against scikit-learn on the same predictions, as a ratio.

Both give accuracy, macro F1, macro recall, recall and F1 of each class, and the confusion matrix.
Prints our median processor time and scikit-learn's divided by it, for 442 predictions (MEGC2019)
and for 100,000, and for each form in which labels come.
"""

from __future__ import annotations

from statistics import median
from time import process_time
from timeit import repeat

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from meps_lib.metrics import score

CLASSES = ("negative", "positive", "surprise")
FORMS = {
    "positions": lambda k: k,
    "array of text": lambda k: np.array(CLASSES)[k],
    "column of a table": lambda k: pd.Series(np.array(CLASSES, dtype=object)[k]),
    "list of text": lambda k: [CLASSES[i] for i in k],
    "list, each its own": lambda k: np.array(CLASSES)[k].tolist(),
}


def peer(truth, guess):
    """The same with scikit-learn, in as few calls as it takes."""
    names = [0, 1, 2] if isinstance(truth[0], np.integer) else list(CLASSES)
    each = precision_recall_fscore_support(truth, guess, labels=names, zero_division=0)
    recall, f1 = each[1], each[2]
    confusion = confusion_matrix(truth, guess, labels=names)
    return accuracy_score(truth, guess), f1.mean(), recall.mean(), recall, f1, confusion


def main() -> None:
    rng = np.random.default_rng(0)
    for n, number in ((442, 100), (100_000, 3)):
        positions = rng.integers(0, 3, (2, n))
        for form, make in FORMS.items():
            truth, guess = map(make, positions)
            ours, theirs = score(truth, guess, CLASSES), peer(truth, guess)
            assert np.allclose((ours.accuracy, ours.uf1, ours.uar), theirs[:3])
            times = {
                name: median(repeat(call, timer=process_time, number=number, repeat=5)) / number
                for name, call in (
                    ("ours", lambda t=truth, g=guess: score(t, g, CLASSES)),
                    ("scikit-learn", lambda t=truth, g=guess: peer(t, g)),
                )
            }
            ratio = times["scikit-learn"] / times["ours"]
            print(
                f"{n:>7} predictions, {form:<18}: {1000 * times['ours']:7.3f} ms, "
                f"scikit-learn takes {ratio:.0f} times as long"
            )


if __name__ == "__main__":
    main()
