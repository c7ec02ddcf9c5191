"""Check of the ten minutes: UF1 from a table of counts."""

import numpy as np
from sklearn.metrics import f1_score

from meps_lab.chapters.exercises.checking import exercise

_TABLES = (
    np.array([[195, 39, 16], [36, 68, 5], [12, 7, 64]]),
    np.array([[8, 2], [5, 5]]),
    np.array([[9, 0, 0], [3, 0, 1], [0, 0, 0]]),  # one label never guessed, one never true
    np.array([[9, 1, 0], [3, 4, 0], [0, 0, 0]]),  # and one neither
)


@exercise("00.1", correct="hits count twice, once for the truth and once for the guess")
def uf1_of(learner):
    """scikit-learn's macro F1, also of labels that are never guessed, never true, or neither."""
    for counts in _TABLES:
        truth, guess = (np.repeat(i.ravel(), counts.ravel()) for i in np.indices(counts.shape))
        labels, zero = range(len(counts)), {"zero_division": 0}
        want = f1_score(truth, guess, labels=labels, average="macro", **zero)
        got = float(learner(counts.copy()))
        if np.isclose(got, want, atol=1e-6):
            continue
        hint = "F1 of a label is twice its hits, divided by its row's sum plus its column's sum"
        if np.isclose(got, np.trace(counts) / counts.sum(), atol=1e-6):
            hint = "that is the accuracy: take the F1 of each label first, then their mean"
        elif np.isnan(got):
            hint = "a label without trials and guesses counts as 0, where 0 is divided by 0"
        return f"expected {want:.4f} for {counts.tolist()}, got {got:.4f}: {hint}"
    return None
