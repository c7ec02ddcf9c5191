"""Pictures of results: which classes are taken for which, and what a score is worth."""

from collections.abc import Sequence
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


def plot_intervals(rows: pd.DataFrame, metric: str = "UF1", difference: bool = False) -> Figure:
    """Draw scores with their intervals, each between its own floor and its own ceiling.

    Parameters
    ----------
    rows : DataFrame
        One row a system, drawn from top to bottom. Columns name, score, low, high; floor and
        ceiling where they are known, or NaN. With a column group, each group has its own axis.
    metric : str
        Name of the score, for the axis.
    difference : bool
        The rows are differences of scores: the axis is free, and a line stands at 0.

    Raises
    ------
    MepsError
        When there is no row, a column is missing, or a score or an interval is no number.

    Examples
    --------
    >>> rows = pd.DataFrame({"name": ["PS"], "score": [0.5], "low": [0.4], "high": [0.6]})
    >>> plot_intervals(rows).axes[0].get_xlabel()
    'UF1'
    """
    needed = ("name", "score", "low", "high")
    if missing := [c for c in needed if c not in rows]:
        raise MepsError(f"the rows lack {', '.join(missing)}; expected {', '.join(needed)}")
    right = np.isfinite(rows[["score", "low", "high"]]).all(axis=1) & (rows["low"] <= rows["high"])
    if rows.empty or not right.all():
        bad = rows[~right].head(1).to_dict("records") or "no row"
        raise MepsError(f"got {bad}; expected one row or more, score finite and low <= high")
    parts = dict(list(rows.groupby("group", sort=False))) if "group" in rows else {"": rows}
    size, heights = (6.0, 1.0 + 0.4 * (len(rows) + len(parts))), [len(p) for p in parts.values()]
    grid = dict(sharex=True, squeeze=False, height_ratios=heights, layout="constrained")
    figure, axes = plt.subplots(len(parts), figsize=size, **grid)
    for axis, (title, part) in zip(axes.flat, parts.items(), strict=True):
        y, inks = np.arange(len(part)), [PALETTE.get(name, BLUE) for name in part["name"]]
        edges = part.reindex(columns=["floor", "ceiling"])
        axis.hlines(y, *edges.to_numpy(float).T, color=GRID, linewidth=11)  # what can be won
        for (name, at), ink in zip(edges.items(), (SLATE, INK), strict=True):
            axis.plot(at, y, "|", color=ink, markersize=13, markeredgewidth=2, label=name)
        axis.hlines(y, part["low"], part["high"], color=inks, linewidth=2.5)
        dots = dict(legend=False, s=60, zorder=3, ax=axis)
        sns.scatterplot(x=part["score"], y=y, c=inks, **dots)
        for x, at in zip(part["score"], y, strict=True):
            above = dict(xytext=(0, 6), textcoords="offset points", ha="center", fontsize=8.5)
            told = f"{x:{'+' if difference else ''}.2f}".replace("-", "−")
            axis.annotate(told, (x, at), **above)
        axis.set(title=title, xlabel="", ylabel="", ylim=(len(part) - 0.5, -0.7))
        axis.set_yticks(y, part["name"])
        axis.grid(visible=False, axis="y")
        if difference:
            axis.axvline(0, color=INK, linewidth=1)
    axis.set(xlabel=metric, **({} if difference else {"xlim": (0, 1)}))
    marks = [m for m in axes[0, 0].get_lines() if m.get_label() in ("floor", "ceiling")]
    if marks := [m for m in marks if np.isfinite(m.get_xdata()).any()]:
        figure.legend(handles=marks, loc="outside upper right", ncols=2, fontsize=9)
    return figure
