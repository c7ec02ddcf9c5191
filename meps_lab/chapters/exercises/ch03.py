"""Checks of chapter 3: weights, recall, attention."""

import numpy as np
from scipy.special import softmax
from scipy.stats import norm
from sklearn.metrics import recall_score

from meps_lab.chapters.exercises.checking import exercise


@exercise("03.1", correct="the density is the normal one, and the weights sum to one")
def frame_weights(learner):
    """SciPy's density over [-3, 3], for an even and an odd number of frames."""
    for n in (5, 8):
        got = np.asarray(learner(n), dtype=float)
        if got.shape != (n,):
            return f"{n} frames should give {n} weights, got an array of shape {got.shape}"
        if not np.isclose(got.sum(), 1, atol=1e-6):
            return (
                f"the weights of {n} frames sum to {got.sum():.7g}, not to 1: divide by their sum"
            )
        density = norm.pdf(np.linspace(-3, 3, n))
        want = density / density.sum()
        if not np.allclose(got, want, atol=1e-5):
            return (
                f"the first of {n} weights should be {want[0]:.4f}, got {got[0]:.4f}: z runs from "
                "-3 to 3, first and last frame included, and the density is exp(-z**2 / 2)"
            )
    return None


@exercise("03.2", correct="recall divides by the row, so truth and prediction may not be swapped")
def uar(learner):
    """scikit-learn's macro recall on two confusion matrices."""
    for counts in (np.array([[195, 39, 16], [36, 68, 5], [12, 7, 64]]), np.array([[8, 2], [5, 5]])):
        truth, guess = (np.repeat(i.ravel(), counts.ravel()) for i in np.indices(counts.shape))
        want = recall_score(truth, guess, average="macro")
        got = np.asarray(learner(counts.copy()), dtype=float)
        if got.shape:
            return f"give one number, the mean of the recalls, not a list or array of {got.size}"
        if np.isclose(got, want, atol=1e-6):
            continue
        hint = "divide the diagonal by the sums of the rows, and average"
        if np.isclose(got, recall_score(guess, truth, average="macro"), atol=1e-6):
            hint = "that is the mean precision: divide by the rows, which are the truth"
        elif np.isclose(got, np.trace(counts) / counts.sum(), atol=1e-6):
            hint = "that is the accuracy: take the recall of each class first, then their mean"
        return f"expected {want:.4f} for {counts.tolist()}, got {got:.4f}: {hint}"
    return None


@exercise("03.3", correct="and over one key the weight is 1, whatever the guide says")
def attention_weights(learner):
    """SciPy's softmax over several numbers of tokens and dimensions, and the single key."""
    rng = np.random.default_rng(0)
    for n, d in ((3, 4), (6, 2), (1, 4), (4, 9)):
        guide, content = 3 * rng.standard_normal(d), rng.standard_normal((n, d))
        want = softmax(content @ guide / np.sqrt(d))
        got = np.asarray(learner(guide, content), dtype=float)
        if got.shape != (n,):
            return f"{n} content tokens should give {n} weights, got shape {got.shape}"
        if np.allclose(got, want, atol=1e-5):
            continue
        if np.allclose(got, softmax(content @ guide), atol=1e-5):
            return "the logits should be divided by the square root of d"
        if not np.isclose(got.sum(), 1, atol=1e-4):
            return f"the {n} weights sum to {got.sum():.4g}: divide each by the sum of all"
        return f"the largest of {n} weights should be {want.max():.4f}, got {got.max():.4f}"
    return None
