"""Pictures of results: which classes are taken for which, and how much a score varies by seed."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from meps_lib.errors import MepsError
from meps_lib.plots.style import BLUE, CARD, GRID, INK, PALETTE, SEQUENTIAL, SLATE


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
    told = dict(annot=counts, fmt="d", xticklabels=classes, yticklabels=classes)
    look = dict(vmin=0, vmax=1, cmap=SEQUENTIAL, linewidths=1, linecolor=GRID, square=True)
    bar = dict(label="share of the true class", shrink=0.9)
    sns.heatmap(share, **told, **look, cbar_kws=bar, ax=axis)
    for text, part in zip(axis.texts, share.flat, strict=True):
        text.set_color(CARD if part > 0.55 else INK)  # WHY: seaborn writes white from 0.35 on
    axis.tick_params(length=0, labelrotation=0)
    axis.set(xlabel="estimate", ylabel="truth")
    return figure


def plot_scores(
    scores: Mapping[str, Sequence[float]], metric: str, chance: float | None = None
) -> Figure:
    """Draw one score of several systems: every seed a dot, their mean a bar, their range a line.

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
    seeds = pd.Series({name: list(values) for name, values in scores.items()}).explode()
    inks = [PALETTE.get(name, BLUE) for name in scores]
    drawn = dict(x=seeds.to_numpy(float), y=seeds.index, hue=seeds.index, palette=inks)
    drawn |= dict(legend=False, orient="h", ax=axis)
    sns.stripplot(**drawn, size=7, alpha=0.6, jitter=False)
    mean = dict(marker="|", markersize=20, markeredgewidth=3, linestyle="none")
    sns.pointplot(**drawn, **mean, errorbar=("pi", 100), err_kws=dict(linewidth=1.2))
    if chance is not None:
        axis.axvline(chance, color=SLATE, linestyle=(0, (4, 3)), linewidth=1)
        above = axis.get_xaxis_transform()
        axis.text(chance, 1.02, "majority vote", transform=above, ha="center", fontsize=9)
    axis.set(xlim=(0, 1), xlabel=metric, ylabel="")
    return figure
