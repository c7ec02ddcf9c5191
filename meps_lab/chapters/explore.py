"""Pictures to move through: a slider that needs no kernel, and the views that chapters give it.

The states are drawn when the notebook runs and the slider is linked to them in the browser, so
that the built page, Jupyter and Colab show the same.
"""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from meps_lib.errors import MepsError
from meps_lib.plots.style import BLUE, INK, PALETTE
from meps_lib.signals import Recording, peaks, window


def flip_through(
    draw: Callable[[Any], Figure],
    values: Sequence[Any],
    label: str,
    alt: Callable[[Any], str],
    first: int = 0,
) -> widgets.VBox:
    """Draw one figure a value and put a slider above them.

    Parameters
    ----------
    draw : callable
        Gives the figure of one value; it is closed once it is kept.
    values : sequence
        The states, in the order of the slider.
    label : str
        What the slider changes, with its unit.
    alt : callable
        Gives the alternative text of one value's figure.
    first : int
        Position of the state that is shown first.

    Returns
    -------
    VBox
        Slider and pictures. Moving the slider works without Python.

    Raises
    ------
    MepsError
        Without values or alternative text, or when `first` is no position in `values`.

    Examples
    --------
    >>> box = flip_through(lambda n: plt.figure(), [1, 2], "context (s)", "Card {}.".format)
    >>> [value for _, value in box.children[0].options]
    [1, 2]
    """
    if len(values) == 0:
        raise MepsError("flip_through got no values; give one or more states to draw")
    if not 0 <= first < len(values):
        raise MepsError(f"first={first}; expected a position from 0 to {len(values) - 1}")
    pictures = [widgets.HTML(_picture(draw(value), alt(value))) for value in values]
    slider = widgets.SelectionSlider(
        options=[(str(value), value) for value in values],
        index=first,
        description=label,
        style={"description_width": "initial"},
        layout={"width": "min(28rem, 95%)"},
    )
    # Colab has ipywidgets 7, whose nearest thing to a stack shows tabs as well.
    pages = getattr(widgets, "Stack", widgets.Tab)(children=pictures)
    pages.selected_index = first
    widgets.jslink((slider, "index"), (pages, "selected_index"))
    return widgets.VBox([slider, pages])


def _picture(figure: Figure, alt: str) -> str:
    if not alt.strip():
        raise MepsError("a figure without alternative text; say what one sees")
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    plt.close(figure)
    data = base64.b64encode(drawn.getvalue()).decode()
    return (
        f'<img alt="{html.escape(alt)}" style="width: 100%; max-width: 46rem" '
        f'src="data:image/svg+xml;base64,{data}">'
    )


def view_window(recording: Recording, start: float, stop: float, context: float) -> Figure:
    """Draw what a window around an event shows of heart and skin, with some context.

    Parameters
    ----------
    recording : Recording
        Cleaned, with ECG and EDA.
    start, stop : float
        The event, in seconds from the recording's first sample.
    context : float
        Seconds shown on either side.

    Returns
    -------
    Figure
        ECG with its R peaks above, EDA below, the event shaded; the titles say how many beats
        and how much change of skin conductance the window holds.

    Raises
    ------
    MepsError
        As `window`, when the context leaves the recording.

    Examples
    --------
    >>> import neurokit2 as nk
    >>> heart = nk.ecg_simulate(20, sampling_rate=100, heart_rate=60, random_state=0)
    >>> both = Recording(np.stack([heart, heart]), ("ECG", "EDA"), ("mV", "uS"), 100)
    >>> figure = view_window(both, 10.0, 10.4, context=2.0)
    >>> figure.axes[0].get_title(loc=plt.rcParams["axes.titlelocation"])
    'ECG: 5 beats'
    """
    cut = window(recording, start, stop, (context, context))
    beats = peaks(recording, "ECG") / recording.sfreq - start
    beats = beats[(beats >= cut.times[0]) & (beats <= cut.times[-1])]
    change = np.ptp(cut.channel("EDA"))
    units = {name: cut.unit(name).replace("uS", "µS") for name in ("ECG", "EDA")}
    titles = {
        "ECG": f"ECG: {len(beats)} beat{'' if len(beats) == 1 else 's'}",
        "EDA": f"EDA: moves by {change:.2f} {units['EDA']}",
    }
    figure, axes = plt.subplots(2, 1, sharex=True, figsize=(7.2, 3.6))
    for axis, (name, title) in zip(axes, titles.items(), strict=True):
        axis.axvspan(0, stop - start, color=BLUE, alpha=0.2, linewidth=0)
        axis.plot(cut.times, cut.channel(name), color=PALETTE[name])
        low, high = recording.channel(name).min(), recording.channel(name).max()
        margin = 0.05 * (high - low)
        axis.set_ylim(low - margin, high + margin)  # one scale for all contexts: flat looks flat
        axis.set(title=title, ylabel=f"{name} ({units[name]})")
    axes[0].plot(beats, np.interp(beats, cut.times, cut.channel("ECG")), "o", color=INK, ms=4)
    axes[1].set_xlabel("time from the start of the event (s)")
    axes[1].set_xlim(cut.times[0], cut.times[-1])
    return figure
