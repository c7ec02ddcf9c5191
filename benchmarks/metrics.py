"""`meps_lib.protocol.metrics.score` against scikit-learn on the same predictions, as a ratio.

Both give accuracy, macro F1, macro recall, recall and F1 of each class, and the confusion matrix.
Prints our median processor time and scikit-learn's divided by it, for 442 predictions (MEGC2019)
and for 100,000, and for each form in which labels come. Beside it, what one look-up a label would
take: the difference is what the short cut of `protocol.confusion` for table columns is worth.

The limits, 0.1 ms for 442 predictions and 3 ms for 100,000, are held in the forms that the library
itself makes: positions, and columns of a table. A line of these that is slower says FAIL, and the
exit status is 1. Of 100,000 labels in other forms, text above all, the reading alone takes longer:
these lines say "over".
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


def folds(positions):
    """A column as `experiments.run` concatenates it: strings shared within each of 68 folds."""
    parts = np.array_split(positions, 68)
    return pd.concat([pd.Series(np.array(CLASSES).tolist(), dtype=object)[p] for p in parts])


FORMS = {
    "positions": lambda k: k,
    "list of positions": lambda k: k.tolist(),
    "column of a table": lambda k: pd.Series(np.array(CLASSES, dtype=object)[k]),
    "column of 68 folds": folds,
    "column, each its own": lambda k: pd.Series(np.array(CLASSES)[k].tolist(), dtype=object),
    "array of text": lambda k: np.array(CLASSES)[k],
    "list of text": lambda k: [CLASSES[i] for i in k],
    "list, each its own": lambda k: np.array(CLASSES)[k].tolist(),
}


HELD = ("positions", "column of a table", "column of 68 folds")
LIMITS = {442: 0.1, 100_000: 3.0}  # ms


def verdict(n: int, form: str, ms: float) -> str:
    """Whether this many predictions of this form were scored in time."""
    if ms <= LIMITS[n]:
        return "pass"
    return "FAIL" if form in HELD else "over"


def plain(labels):
    """Positions by one look-up a label."""
    known = dict(zip(CLASSES, range(3), strict=True)) | {k: k for k in range(3)}
    names = labels if isinstance(labels, list) else labels.tolist()
    return np.fromiter(map(known.__getitem__, names), np.intp, len(names))


def peer(truth, guess):
    """The same with scikit-learn, in as few calls as it takes."""
    first = next(iter(truth))
    names = list(CLASSES) if isinstance(first, str) else [0, 1, 2]
    each = precision_recall_fscore_support(truth, guess, labels=names, zero_division=0)
    recall, f1 = each[1], each[2]
    confusion = confusion_matrix(truth, guess, labels=names)
    return accuracy_score(truth, guess), f1.mean(), recall.mean(), recall, f1, confusion


def main() -> int:
    verdicts = []
    rng = np.random.default_rng(0)
    for n in LIMITS:
        number = 100 if n < 1000 else 3
        positions = rng.integers(0, 3, (2, n))
        for form, make in FORMS.items():
            truth, guess = map(make, positions)
            ours, theirs = score(truth, guess, CLASSES), peer(truth, guess)
            assert np.allclose((ours.accuracy, ours.uf1, ours.uar), theirs[:3])
            times = {
                name: median(repeat(call, timer=process_time, number=number, repeat=5)) / number
                for name, call in (
                    ("ours", lambda t=truth, g=guess: score(t, g, CLASSES)),
                    ("plain", lambda t=truth, g=guess: score(plain(t), plain(g), CLASSES)),
                    ("scikit-learn", lambda t=truth, g=guess: peer(t, g)),
                )
            }
            ratio = times["scikit-learn"] / times["ours"]
            verdicts.append(verdict(n, form, 1000 * times["ours"]))
            print(
                f"{n:>7} predictions, {form:<20}: {1000 * times['ours']:7.3f} ms {verdicts[-1]}, "
                f"one look-up each {1000 * times['plain']:7.3f} ms; scikit-learn takes "
                f"{ratio:.0f} times as long"
            )
    return int("FAIL" in verdicts)


if __name__ == "__main__":
    raise SystemExit(main())
