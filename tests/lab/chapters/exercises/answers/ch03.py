"""Chapter 3: right answers written otherwise, and plausible wrong ones with their hint."""

import numpy as np
import torch
from scipy.special import softmax

from meps_lib.layers.fusion import normal_weights


def by_steps(n_frames):
    z = [-3 + 6 * k / (n_frames - 1) for k in range(n_frames)]
    density = [np.exp(-(one**2) / 2) for one in z]
    return [one / sum(density) for one in density]


def row_by_row(confusion):
    return sum(row[k] / sum(row) for k, row in enumerate(confusion)) / len(confusion)


def as_the_equation_says(guide, content):
    logits = guide @ content.T / np.sqrt(guide.shape[0])
    return np.exp(logits) / np.exp(logits).sum()


def by_the_number_of_tokens(guide, content):
    return softmax(content @ guide / np.sqrt(len(content)))


RIGHT = {
    "03.1": [by_steps, lambda n: normal_weights(n).numpy()],
    "03.2": [
        row_by_row,
        lambda c: (c.diagonal() / c.sum(axis=1)).mean(),
        lambda c: (torch.from_numpy(c).diagonal() / torch.from_numpy(c).sum(dim=1)).mean(),
    ],
    "03.3": [as_the_equation_says, lambda g, x: softmax(x @ g / np.sqrt(len(g)))],
}

WRONG = {
    "03.1": [
        (lambda n: np.exp(-(np.linspace(-3, 3, n) ** 2) / 2), "divide by their sum"),
        (lambda n: normal_weights(n, reading="z-score").numpy(), "z runs from"),
        (lambda n: np.full(n, 1 / n), "z runs from"),
        (lambda n: normal_weights(5).numpy(), "8 frames should give 8 weights"),
    ],
    "03.2": [
        (lambda c: (c.diagonal() / c.sum(axis=0)).mean(), "precision"),
        (lambda c: np.trace(c) / c.sum(), "accuracy"),
        (lambda c: 0.724979, "expected"),
        (lambda c: c.diagonal().mean() / c.sum(), "sums of the rows"),
        (lambda c: list(c.diagonal() / c.sum(axis=1)), "not a list or array of 3"),
        (lambda c: torch.tensor([0.5]), "give one number"),
    ],
    "03.3": [
        (lambda g, x: softmax(x @ g), "square root"),
        (lambda g, x: softmax(x @ g / len(g)), "should be"),
        (by_the_number_of_tokens, "should be"),
        (lambda g, x: softmax(x @ g / 2), "should be"),
        (lambda g, x: np.full(len(x), 1 / len(x)), "should be"),
        (lambda g, x: x @ g / np.sqrt(len(g)), "divide each by the sum"),
    ],
}
