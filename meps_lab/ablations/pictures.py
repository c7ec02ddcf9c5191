"""A picture of an ablation: what each variant scores along a dial, and what the difference is."""

from collections.abc import Sequence
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from meps_lab.ablations.scores import kept_ablation
from meps_lib.errors import MepsError
from meps_lib.plots.style import CARD, GRID, INK, SLATE

_NEEDED = ("value", "variant", "minus", "score", "low", "high", "floor", "ceiling")
_MARKS = "osD^vPX*<>hp"
_COLOURS = 6  # of the palette; the variants after them have hollow marks on broken lines
_BROKEN = (0, (6, 1.5, 1.5, 1.5))
_ACROSS = 64  # letters that fit beside each other
_LONG = 24  # letters of a position's name in one line


def plot_dial(
    rows: pd.DataFrame, label: str, usual: str | None = None, metric: str = "UF1"
) -> Figure:
    """Draw the scores of variants along a dial, and below their differences from one of them.

    Parameters
    ----------
    rows : DataFrame
        Of one dial, as `meps_lab.ablations.scores_of` gives them: columns value, variant, minus
        (empty for a score, else whom the difference is from), score, low, high, floor, ceiling.
        Positions stand in their order, at equal distances.
    label : str
        What the dial turns, with its unit.
    usual : str, optional
        The position where recordings are: it is shaded.
    metric : str
        Name of the score.

    Returns
    -------
    Figure

    Raises
    ------
    MepsError
        When a column or every row is missing, a number is not finite, a score lies outside its
        low and high, a variant stands twice at a position, or `usual` is no position.

    Examples
    --------
    >>> row = dict(score=0.5, low=0.4, high=0.6, floor=0.2, ceiling=0.8, minus="")
    >>> rows = pd.DataFrame([row | dict(value=v, variant="a") for v in ("0", "1")])
    >>> plot_dial(rows, "noise (mm)").axes[-1].get_xlabel()
    'noise (mm)'
    """
    if missing := [c for c in _NEEDED if c not in rows]:
        raise MepsError(f"the rows lack {', '.join(missing)}; expected {', '.join(_NEEDED)}")
    numbers = rows[["score", "low", "high", "floor", "ceiling"]].to_numpy(float)
    if rows.empty or not np.isfinite(numbers).all():
        raise MepsError("expected one row or more, and finite numbers in all of them")
    _refuse(rows)
    positions = list(dict.fromkeys(rows["value"]))
    if usual is not None and usual not in positions:
        raise MepsError(f"usual={usual!r}; the positions are {', '.join(map(str, positions))}")
    scores, differences = rows[rows["minus"] == ""], rows[rows["minus"] != ""]
    n = 1 if differences.empty else 2
    heights = [2.0, 1.3][:n]
    figure, axes = plt.subplots(
        n, figsize=(7.2, 2.1 + 1.6 * n), sharex=True, squeeze=False, height_ratios=heights
    )
    upper, lower = axes[0, 0], axes[-1, 0]
    variants = list(dict.fromkeys(scores["variant"]))
    inks = dict(zip(variants, sns.color_palette(n_colors=max(len(variants), 1)), strict=False))
    for name, style, ink in (("ceiling", "--", INK), ("floor", ":", SLATE)):
        edge = scores.groupby("value", sort=False)[name].first().reindex(positions)
        upper.plot(range(len(positions)), edge, style, color=ink, linewidth=1.4, label=name)
    for axis, table in zip(axes[:, 0], (scores, differences), strict=False):
        _lines(axis, table, positions, variants, inks)
        if usual is not None:
            at = positions.index(usual)
            axis.axvspan(at - 0.45, at + 0.45, color=GRID, zorder=0, linewidth=0)
    upper.set(ylabel=metric, ylim=(0, 1))
    if usual is not None:
        where = dict(xytext=(0, 3), textcoords="offset points", ha="center", fontsize=9)
        upper.annotate("usual", (positions.index(usual), 0), **where)
    if n == 2:
        lower.axhline(0, color=INK, linewidth=1)
        lower.set(ylabel=f"{metric} minus that of\n{differences['minus'].iloc[0]}")
    told = [fill(str(position), _LONG) for position in positions]
    lower.set_xticks(range(len(positions)), told)
    if _longest(told) * len(told) > _ACROSS:
        lower.tick_params(axis="x", labelrotation=90)
    lower.set(xlabel=label, xlim=(-0.5, len(positions) - 0.5))
    handles, names = upper.get_legend_handles_labels()
    names = [fill(name, _ACROSS) for name in names]
    columns = min(3, max(1, _ACROSS // (_longest(names) + 6)))  # 6 letters: a line and a gap
    figure.legend(handles, names, loc="outside upper center", ncols=columns, fontsize=9)
    return figure


def show_dial(name: str, dial: str) -> None:
    """Show one dial of a question that is kept with the book."""
    ablation, scores = kept_ablation(name)
    (one,) = [d for d in ablation.dials if d.name == dial]
    plot_dial(scores[scores["dial"] == dial], one.label, one.usual)
    plt.show()


def _refuse(rows: pd.DataFrame) -> None:
    """Rows of which no line can be drawn: a score outside its bar, or two at one place."""
    twice = rows.assign(minus=rows["minus"] != "").duplicated(["value", "variant", "minus"])
    outside = (rows["low"] > rows["score"]) | (rows["high"] < rows["score"])
    if outside.any():
        one = rows[outside].iloc[0]
        raise MepsError(
            f"position {one['value']!r}, variant {one['variant']!r}: low {one['low']:g}, score "
            f"{one['score']:g}, high {one['high']:g}; expected them in this order"
        )
    if twice.any():
        one = rows[twice].iloc[0]
        raise MepsError(
            f"position {one['value']!r}, variant {one['variant']!r} stands twice; expected one "
            "score and one difference of each, so rows of one dial and one minus"
        )


def _longest(names: Sequence[str]) -> int:
    """Letters of the longest line."""
    return max(len(line) for name in names for line in name.splitlines() or [""])


def _lines(axis, table: pd.DataFrame, positions: Sequence, variants: list, inks: dict) -> None:
    """A line a variant, each a little beside the others, with bars from low to high."""
    for k, name in enumerate(variants):
        one = table[table["variant"] == name].set_index("value").reindex(positions)
        if one["score"].isna().all():
            continue
        x = np.arange(len(positions)) + 0.07 * (k - (len(variants) - 1) / 2)
        score, low, high = one[["score", "low", "high"]].to_numpy(float).T
        look = dict(color=inks[name], marker=_MARKS[k % len(_MARKS)], markersize=5, linewidth=1.4)
        if k >= _COLOURS:
            look |= dict(linestyle=_BROKEN, markerfacecolor=CARD, markersize=6.5)
        bars = [score - low, high - score]
        axis.errorbar(x, score, bars, elinewidth=1.4, label=name, **look)
