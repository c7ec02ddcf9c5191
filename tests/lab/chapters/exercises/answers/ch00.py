"""The ten minutes: right answers written otherwise, and plausible wrong ones with their hint."""

import numpy as np
from sklearn.metrics import f1_score


def by_trials(counts):
    """scikit-learn's, from the labels of each trial."""
    pairs = [(i, j) for (i, j), n in np.ndenumerate(counts) for _ in range(int(n))]
    truth, guess = zip(*pairs, strict=True)
    labels = range(len(counts))
    return f1_score(truth, guess, labels=labels, average="macro", zero_division=0)


def by_loop(counts):
    total = 0.0
    for k in range(len(counts)):
        both = counts[k].sum() + counts[:, k].sum()
        total += 2 * counts[k, k] / both if both else 0
    return total / len(counts)


def recall(counts):
    return np.mean(np.diag(counts) / np.maximum(counts.sum(axis=1), 1))


def of_those_present(counts):
    both = counts.sum(axis=0) + counts.sum(axis=1)
    return np.mean((2 * np.diag(counts) / np.maximum(both, 1))[both > 0])


RIGHT = {"00.1": [by_trials, by_loop]}

WRONG = {
    "00.1": [
        (lambda c: np.trace(c) / c.sum(), "that is the accuracy"),
        (recall, "its row's sum plus its column's sum"),
        (lambda c: np.mean(2 * np.diag(c) / (c.sum(axis=0) + c.sum(axis=1))), "counts as 0"),
        (of_those_present, "expected"),
        (lambda c: 2 * by_loop(c), "expected"),
    ]
}
