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
from meps_lib.plots.style import BLUE, CARD, GRID, INK, SLATE

_NEEDED = ("value", "variant", "minus", "score", "low", "high", "floor", "ceiling")
_MARKS = "osD^vPX*<>hp"
_COLOURS = 6  # of the palette; the variants after them have hollow marks on broken lines
_BROKEN = (0, (6, 1.5, 1.5, 1.5))
_ACROSS = 64  # letters that fit beside each other
_LONG = 24  # letters of a position's or a variant's name in one line
_BESIDE = 0.3  # of the way to the next place, over which the lines of all variants are spread
_EDGES = (("ceiling", "--", INK), ("floor", ":", SLATE))
_ROW, _TITLE = 0.205, 48  # inches a line of a row's name; letters beside the legend of dots


def plot_dial(
    rows: pd.DataFrame, label: str, usual: str | None = None, metric: str = "UF1"
) -> Figure:
    """Draw the scores of variants along a dial, and beside them their differences from one of them.

    Three places or more that are numbers are joined by lines, a variant a line, with the
    differences below. Fewer places show no course, and names have no order: then every place is a
    block of dots, a variant a row, with the differences at the right.

    Parameters
    ----------
    rows : DataFrame
        Of one dial, as `meps_lab.ablations.scores_of` gives them: columns value, variant, minus
        (empty for a score, else whom the difference is from), score, low, high, floor, ceiling.
        Positions stand in their order; lines have them at equal distances.
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
    >>> rows = pd.DataFrame([row | dict(value=v, variant="a") for v in ("0", "1", "3")])
    >>> plot_dial(rows, "noise (mm)").axes[-1].get_xlabel()
    'noise (mm)'
    >>> two = plot_dial(rows[:2], "noise (mm)")
    >>> [name.get_text() for name in two.axes[0].get_yticklabels()]
    ['at 0', 'a', 'at 1', 'a']
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
    draw = _as_lines if len(positions) > 2 and all(map(_is_number, positions)) else _as_dots
    return draw(scores, differences, positions, label, usual, metric)


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


def _is_number(position: object) -> bool:
    try:
        float(position)
    except (TypeError, ValueError):
        return False
    return True


def _as_lines(scores, differences, positions, label, usual, metric) -> Figure:
    """Scores above, differences below, and the places from left to right."""
    n = 1 if differences.empty else 2
    heights = [2.0, 1.3][:n]
    figure, axes = plt.subplots(
        n, figsize=(7.2, 2.1 + 1.6 * n), sharex=True, squeeze=False, height_ratios=heights
    )
    upper, lower = axes[0, 0], axes[-1, 0]
    variants = list(dict.fromkeys(scores["variant"]))
    inks = dict(zip(variants, sns.color_palette(n_colors=max(len(variants), 1)), strict=False))
    for name, style, ink in _EDGES:
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


def _lines(axis, table: pd.DataFrame, positions: Sequence, variants: list, inks: dict) -> None:
    """A line a variant, each a little beside the others, with bars from low to high."""
    step = min(0.07, _BESIDE / max(len(variants) - 1, 1))
    for k, name in enumerate(variants):
        one = table[table["variant"] == name].set_index("value").reindex(positions)
        if one["score"].isna().all():
            continue
        x = np.arange(len(positions)) + step * (k - (len(variants) - 1) / 2)
        score, low, high = one[["score", "low", "high"]].to_numpy(float).T
        look = dict(color=inks[name], marker=_MARKS[k % len(_MARKS)], markersize=5, linewidth=1.4)
        if k >= _COLOURS:
            look |= dict(linestyle=_BROKEN, markerfacecolor=CARD, markersize=6.5)
        bars = [score - low, high - score]
        axis.errorbar(x, score, bars, elinewidth=1.4, label=name, **look)


def _as_dots(scores, differences, positions, label, usual, metric) -> Figure:
    """Scores at the left, differences at the right, and a block of rows for each place."""
    rows, height = pd.concat([scores, differences]), 0.0
    n = 1 if differences.empty else 2
    figure, axes = plt.subplots(1, n, sharey=True, squeeze=False, width_ratios=[1.4, 1.0][:n])
    left, right, ticks = axes[0, 0], axes[0, -1], []
    for position in positions:
        here = rows[rows["value"] == position]
        start, block = height, _block(here["variant"], position, usual, height)
        height = block[-1][2]
        middles = {name: (top + end) / 2 for name, top, end, _ in block}
        ticks += [(middles[name], told, name is None) for name, _, _, told in block]
        for axis, minus in zip(axes[0], (False, True), strict=False):
            one = here[(here["minus"] != "") == minus]
            score, low, high = one[["score", "low", "high"]].to_numpy(float).T
            look = dict(fmt="o", color=BLUE, markersize=5, elinewidth=1.6, label=f"{position}")
            y, bars = [middles[name] for name in one["variant"]], [score - low, high - score]
            axis.errorbar(score, y, xerr=bars, **look)
            if position == usual:
                axis.axhspan(start - 0.2, height + 0.2, color=GRID, zorder=0, linewidth=0)
        edges = [
            left.plot([here[name].iloc[0]] * 2, (start, height), style, color=ink, linewidth=1.4)[0]
            for name, style, ink in _EDGES
        ]
        height += 0.4
    left.set(xlabel=metric, xlim=(0, 1), ylim=(height - 0.2, -0.2))
    left.set_yticks([at for at, _, _ in ticks], [told for _, told, _ in ticks])
    for (_, _, bold), name in zip(ticks, left.get_yticklabels(), strict=True):
        name.set_fontweight("bold" if bold else "normal")
    for axis in axes[0]:
        axis.grid(visible=False, axis="y")
        axis.tick_params(axis="y", length=0)
    if n == 2:
        right.locator_params(axis="x", nbins=4)
        right.axvline(0, color=INK, linewidth=1)
        right.set_xlabel(f"{metric} minus that of\n{fill(differences['minus'].iloc[0], _LONG)}")
    figure.set_size_inches(7.2, 1.1 + _ROW * height)
    figure.suptitle(fill(label, _TITLE), x=0.01, ha="left", fontsize=11)
    names = [name for name, _, _ in _EDGES]
    figure.legend(edges, names, loc="upper right", ncols=2, fontsize=9)
    return figure


def _block(variants: Sequence[str], position: object, usual: object, top: float) -> list[tuple]:
    """Rows of one place: variant (None for the heading), top, end, and what stands beside them."""
    head = f"at {position}" if _is_number(position) else f"{position}"
    out = []
    for name in (None, *dict.fromkeys(variants)):
        told = name if name is not None else head + ", usual" * (position == usual != "usual")
        told = fill(told, _LONG)
        end = top + told.count("\n") + 1
        out.append((name, top, end, told))
        top = end
    return out
