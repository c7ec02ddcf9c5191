"""Pictures to move through: a slider that needs no kernel, and the views that chapters give it.

The states are drawn when the notebook runs and the slider is linked to them in the browser, so
that the built page, Jupyter and Colab show the same.
"""

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
from meps_lib.plots.charts import plot_signals
from meps_lib.plots.style import BLUE, PALETTE, SEQUENTIAL
from meps_lib.signals import Recording, peaks, window
from meps_lib.video.flow import optical_flow, optical_strain, to_grey


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
    drawn = io.BytesIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    plt.close(figure)
    return image_tag(drawn.getvalue(), "svg+xml", alt, width="46rem")


def image_tag(data: bytes, kind: str, alt: str, width: str) -> str:
    """An <img> that carries its own file, as wide as the page but for a largest width."""
    if not alt.strip():
        raise MepsError("a picture without alternative text; say what one sees")
    return (
        f'<img alt="{html.escape(alt)}" style="width: 100%; max-width: {width}" '
        f'src="data:image/{kind};base64,{base64.b64encode(data).decode()}">'
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
    cut = window(recording, start, stop, (context, context)).pick("ECG", "EDA")
    beats = peaks(recording, "ECG") / recording.sfreq - start
    beats = beats[(beats >= cut.times[0]) & (beats <= cut.times[-1])]
    figure = plot_signals(cut, marks={"ECG": beats})
    change, unit = np.ptp(cut.channel("EDA")), cut.unit("EDA").replace("uS", "µS")
    figure.axes[0].set_title(f"ECG: {len(beats)} beat{'' if len(beats) == 1 else 's'}")
    figure.axes[1].set_title(f"EDA: moves by {change:.2f} {unit}")
    figure.axes[1].set_xlabel("time from the start of the event (s)")
    for axis, name in zip(figure.axes, cut.names, strict=True):
        axis.axvspan(0, stop - start, color=BLUE, alpha=0.2, linewidth=0)
        low, high = recording.channel(name).min(), recording.channel(name).max()
        margin = 0.05 * (high - low)
        axis.set_ylim(low - margin, high + margin)  # one scale for all contexts: flat looks flat
    return figure


def view_motion(
    frames: Any, at: int, curve: np.ndarray, fps: float, apex: float | None = None
) -> Figure:
    """Draw one frame of a clip, how the skin is strained in it, and where it stands in time.

    Parameters
    ----------
    frames : ndarray or Tensor
        Aligned face crops, (T, ...) with frames as `to_grey` takes them.
    at : int
        The frame to show.
    curve : ndarray, shape (T,)
        Motion from the first frame, as `motion_curve` gives it.
    fps : float
        Frames a second.
    apex : float, optional
        True apex as a frame number, drawn as a line.

    Raises
    ------
    MepsError
        If `at` is no frame of the clip, or the curve has another length.

    Examples
    --------
    >>> view_motion(np.zeros((4, 32, 32)), 2, np.arange(4.0), fps=30).axes[2].get_xlabel()
    'time (ms)'
    """
    if len(curve) != len(frames) or not 0 <= at < len(frames):
        raise MepsError(
            f"frame {at} of {len(frames)} with a curve of {len(curve)} values; expected a frame "
            "of the clip and one value a frame"
        )
    strain = optical_strain(optical_flow(frames[0], frames[at], "dis"))
    figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.5), width_ratios=[1, 1, 1.5])
    axes[0].imshow(to_grey(frames[at]), cmap="gray", vmin=0, vmax=1)
    axes[0].set_title(f"frame {at}")
    axes[1].imshow(strain, cmap=SEQUENTIAL, vmin=0, vmax=0.25)  # one scale for all frames
    axes[1].set_title("strain from the onset")
    times = 1000 * np.arange(len(curve)) / fps
    axes[2].plot(times, curve, color=BLUE)
    axes[2].plot(times[at], curve[at], "o", color=PALETTE["estimate"])
    if apex is not None:
        axes[2].axvline(1000 * apex / fps, color=PALETTE["truth"], linestyle=":")
    axes[2].set(xlabel="time (ms)", title="mean strain", ylim=(0, None))
    for axis in axes[:2]:
        axis.set_axis_off()
    return figure
