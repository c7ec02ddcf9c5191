"""Pictures of results: which classes are taken for which, and how much a score varies by seed."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from meps_lib.errors import MepsError
from meps_lib.plots.style import BLUE, CARD, INK, PALETTE, SEQUENTIAL, SLATE


def plot_confusion(confusion: Any, classes: Sequence[str]) -> Figure:
    """Draw a confusion matrix: counts as text, the share of each true class as colour.

    Parameters
    ----------
    confusion : array of int, shape (K, K)
        Rows are the truth, columns the estimate.
    classes : sequence of str
        The K class names, in the order of the rows.

    Returns
    -------
    Figure

    Raises
    ------
    MepsError
        When the matrix is not K x K, or does not hold counts.

    Examples
    --------
    >>> plot_confusion([[8, 2], [1, 9]], ("negative", "positive")).axes[0].get_xlabel()
    'estimate'
    """
    counts = np.asarray(confusion)
    k = len(classes)
    if counts.shape != (k, k):
        raise MepsError(f"confusion has shape {counts.shape}, expected {(k, k)} for {k} classes")
    if counts.dtype.kind not in "iu" or k == 0 or counts.min() < 0:
        raise MepsError(
            f"confusion holds {counts.dtype} values; expected counts, whole numbers from 0 of type "
            "int; give the counts themselves, since the shares are worked out here"
        )
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axis = plt.subplots(figsize=(2.2 + 0.85 * k, 1.2 + 0.75 * k))
    drawn = axis.imshow(share, vmin=0, vmax=1, cmap=SEQUENTIAL)
    for (row, column), count in np.ndenumerate(counts):
        ink = CARD if share[row, column] > 0.6 else INK
        axis.text(column, row, f"{count:d}", color=ink, ha="center", va="center")
    axis.set_xticks(range(k), classes)
    axis.set_yticks(range(k), classes)
    axis.tick_params(length=0)
    axis.grid(False)
    axis.set(xlabel="estimate", ylabel="truth", frame_on=False)
    figure.colorbar(drawn, ax=axis, label="share of the true class", shrink=0.9)
    return figure


def plot_scores(
    scores: Mapping[str, Sequence[float]], metric: str, chance: float | None = None
) -> Figure:
    """Draw one score of several systems, every seed as a dot and their mean as a bar.

    Parameters
    ----------
    scores : mapping of system name to sequence of float
        One value a seed; drawn from top to bottom in the order given.
    metric : str
        Name of the score, for the axis.
    chance : float, optional
        The same score of a majority vote, drawn as a line.

    Returns
    -------
    Figure

    Raises
    ------
    MepsError
        When there is no system, or one has no score or one that is not finite.

    Examples
    --------
    >>> plot_scores({"PS": [0.4, 0.5], "ME": [0.6, 0.5]}, "UF1").axes[0].get_xlabel()
    'UF1'
    """
    if len(scores) == 0:
        raise MepsError("plot_scores got no system; give one or more with their scores")
    for name, values in scores.items():
        if len(values) == 0 or not np.isfinite(values).all():
            raise MepsError(
                f"{name!r} has the scores {list(values)}; expected one finite value a seed"
            )
    figure, axis = plt.subplots(figsize=(7.2, 1.0 + 0.5 * len(scores)))
    for row, (name, values) in enumerate(scores.items()):
        ink = PALETTE.get(name, BLUE)
        axis.plot(values, np.full(len(values), row), "o", color=ink, markersize=7, alpha=0.6)
        axis.vlines(np.mean(values), row - 0.3, row + 0.3, color=ink, linewidth=3)
    if chance is not None:
        axis.axvline(chance, color=SLATE, linestyle=(0, (4, 3)), linewidth=1)
        above = axis.get_xaxis_transform()
        axis.text(chance, 1.02, "majority vote", transform=above, ha="center", fontsize=9)
    axis.set_yticks(range(len(scores)), scores)
    axis.set(xlim=(0, 1), ylim=(len(scores) - 0.5, -0.5), xlabel=metric)
    return figure
