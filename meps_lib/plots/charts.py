"""The few pictures that every chapter needs, in the book's style: signals, motion, clips.

Those of results stand in `meps_lib.plots.scores`.
Every helper returns the figure and leaves showing and saving to the caller. Call `use_style`
once before.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from meps_lib.errors import MepsError
from meps_lib.plots.style import BLUE, CARD, INK, PALETTE, SEQUENTIAL, SLATE, VERMILION


def plot_signals(
    recording: Any,
    events: Sequence[float] | Mapping[str, Sequence[float]] | None = None,
    marks: Mapping[str, Sequence[float]] | None = None,
) -> Figure:
    """Draw each signal of a recording on its own axis, over a common time axis.

    Parameters
    ----------
    recording : Recording
        ``signals`` (C, L), ``names``, ``units``, ``sfreq`` (Hz), ``start`` (s) are read.
    events : sequence of float, or mapping of label to sequence of float, optional
        Times (s) that concern all signals: dashed lines, labelled above the first axis.
    marks : mapping of signal name to sequence of float, optional
        Times (s) in one signal, such as its peaks: dots on its curve.

    Raises
    ------
    MepsError
        When `marks` names a signal that the recording does not have.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> wave = np.sin(np.linspace(0, 6, 100))[None]
    >>> toy = SimpleNamespace(signals=wave, names=("PPG",), units=("a.u.",), sfreq=50, start=0)
    >>> plot_signals(toy, marks={"PPG": [0.5]}).axes[0].get_ylabel()
    'PPG (a.u.)'
    """
    signals = np.atleast_2d(np.asarray(recording.signals, dtype=float))
    marks = dict(marks or {})
    if unknown := sorted(set(marks) - set(recording.names)):
        raise MepsError(
            f"marks name {unknown}, but the recording has {list(recording.names)}; "
            "use the recording's own names"
        )
    if not isinstance(events, Mapping):
        events = {"": [] if events is None else events}
    units = [unit.replace("uS", "µS").replace("uV", "µV") for unit in recording.units]
    time = recording.start + np.arange(signals.shape[1]) / recording.sfreq
    n = len(signals)
    figure, axes = plt.subplots(n, 1, sharex=True, figsize=(7.2, 0.9 + 1.35 * n), squeeze=False)
    told = zip(axes[:, 0], signals, recording.names, units, strict=True)
    for axis, signal, name, unit in told:
        axis.plot(time, signal, color=PALETTE.get(name, INK), linewidth=1.1)
        axis.set_ylabel(f"{name} ({unit})" if unit else name)
        at = np.asarray(marks.get(name, ()), dtype=float)
        axis.plot(at, np.interp(at, time, signal), "o", color=INK, markersize=3.5)
        for label, times in events.items():
            for when in np.atleast_1d(times):
                axis.axvline(when, color=SLATE, linestyle=(0, (4, 3)), linewidth=1)
                if axis is axes[0, 0]:
                    above = axis.get_xaxis_transform()
                    axis.text(when, 1.03, label, transform=above, ha="center", fontsize=9)
    figure.align_ylabels()
    axes[-1, 0].set_xlabel("time (s)")
    axes[-1, 0].set_xlim(time[0], time[-1])
    return figure


def plot_flow(image: Any, flow: Any, step: int = 8) -> Figure:
    """Draw a motion field twice: as arrows on the face, and as a map of its magnitude.

    A micro-expression may move the skin by less than a pixel: the arrows are enlarged, and the
    title says how long the longest is in truth.

    Parameters
    ----------
    image : array
        Picture under the arrows: one frame, as in `plot_frames`.
    flow : array, shape (2, H, W)
        Displacement in pixels, u to the right, v down.
    step : int
        Pixels between arrows.

    Raises
    ------
    MepsError
        When image and flow differ in size.

    Examples
    --------
    >>> shift = np.stack([np.full((16, 16), 0.5), np.zeros((16, 16))])
    >>> float(plot_flow(np.zeros((16, 16)), shift).axes[1].images[0].get_array().max())
    0.5
    """
    (u, v), picture = np.asarray(flow, dtype=float), _as_rgb(np.asarray(image)[None])[0]
    if u.shape != picture.shape[:2]:
        raise MepsError(
            f"flow is {u.shape[0]} x {u.shape[1]} pixels, but the image is {picture.shape[0]} x "
            f"{picture.shape[1]}; compute the flow on frames of the image's size"
        )
    speed = np.hypot(u, v)
    rows, columns = (np.arange(step // 2, size, step) for size in u.shape)
    at = np.ix_(rows, columns)
    longest = max(float(speed[at].max()), 1e-9)
    arrow = dict(angles="xy", scale_units="xy", scale=longest / (1.8 * step), width=0.007)
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.5))
    left.imshow(picture, alpha=0.75)
    left.quiver(columns, rows, u[at], v[at], color=VERMILION, **arrow)
    left.set_title(f"longest arrow: {longest:.2g} pixels")
    drawn = right.imshow(speed, vmin=0, cmap=SEQUENTIAL)
    figure.colorbar(drawn, ax=right, label="displacement (pixels)", shrink=0.85)
    for axis in (left, right):
        axis.set_axis_off()
    return figure


def plot_frames(
    frames: Any,
    weights: Sequence[float] | None = None,
    apex: float | None = None,
    fps: float | None = None,
    most: int = 9,
    closer: bool = False,
) -> Figure:
    """Draw a clip as a strip of frames, with an enlargement and the weight of each frame below.

    Parameters
    ----------
    frames : array
        (T, 3, H, W) in [0, 1], (T, H, W, 3) uint8, or (T, 1, H, W) such as depth, NaN = missing.
    weights : sequence of float, shape (T,), optional
        One weight a frame; all T are drawn.
    apex : float, optional
        Frame index of the apex, drawn as a line through strip and weights.
    fps : float, optional
        Frames a second; gives the time axis in ms instead of frame numbers.
    most : int
        Frames shown at most, evenly spread over the clip.
    closer : bool
        Show below the frames, three times as large, the part that differs most from the first one.

    Raises
    ------
    MepsError
        When the frames have another layout or range, the weights another length, or there is
        nothing to draw.

    Examples
    --------
    >>> clip = np.random.default_rng(0).random((3, 3, 8, 8))
    >>> len(plot_frames(clip, weights=[0.2, 0.6, 0.2]).axes[1].patches)
    3
    """
    pictures = _as_rgb(np.asarray(frames))
    total = len(pictures)
    if weights is not None and len(weights) != total:
        raise MepsError(f"got {len(weights)} weights for {total} frames; give one weight a frame")
    if total < 1 or most < 1:
        raise MepsError(f"{total} frames, most={most}; expected at least 1 of each")
    shown = min(most, total)
    which = ((np.arange(shown) + 0.5) * total / shown).astype(int)
    rows, heights = [pictures[which]], [7.0 * pictures.shape[1] / pictures.shape[2] / shown]
    if closer:
        down, right = _moving(pictures)
        rows.append(pictures[which][:, down, right])
        heights *= 2
    unit = 1000 / fps if fps else 1.0
    ends = -0.5 * unit, (total - 0.5) * unit
    heights += [] if weights is None else [1.4]
    grid = dict(sharex=True, height_ratios=heights, squeeze=False)
    figure, axes = plt.subplots(len(heights), figsize=(7.2, sum(heights) + 0.6), **grid)
    for axis, row in zip(axes[:, 0], rows, strict=False):
        axis.imshow(np.concatenate(row, axis=1), extent=(*ends, 0, 1), aspect="auto")
        axis.vlines(np.linspace(*ends, shown + 1)[1:-1], 0, 1, color=CARD, linewidth=3)
        axis.set(yticks=[], frame_on=False)
        axis.grid(False)
    if weights is not None:
        axes[-1, 0].bar(np.arange(total) * unit, weights, width=0.8 * unit, color=BLUE)
        axes[-1, 0].set_ylabel("weight")
    for axis in axes[:-1, 0]:
        axis.tick_params(bottom=False)
    for axis in axes[:, 0] if apex is not None else ():
        axis.axvline(apex * unit, color=VERMILION, linewidth=1.6)
    axes[-1, 0].xaxis.set_major_locator(mpl.ticker.MaxNLocator(9, integer=True))
    axes[-1, 0].set_xlabel("time from the first frame (ms)" if fps else "frame")
    return figure


def _moving(pictures: np.ndarray) -> tuple[slice, slice]:
    """Rows and columns of a third of the side in which frames differ most from the first one."""
    differs = np.abs(pictures - pictures[0]).mean(axis=(0, 3))
    sizes = [max(side // 3, 1) for side in differs.shape]
    means = np.lib.stride_tricks.sliding_window_view(differs, sizes).mean(axis=(2, 3))
    first = np.unravel_index(means.argmax(), means.shape)
    return tuple(slice(k, k + size) for k, size in zip(first, sizes, strict=True))


def _as_rgb(frames: np.ndarray) -> np.ndarray:
    """(T, H, W, 3) in [0, 1] from colour or one-channel frames; missing values take the card."""
    if frames.ndim == 4 and frames.shape[1] in (1, 3) and frames.shape[-1] != 3:
        frames = np.moveaxis(frames, 1, -1)
    if frames.ndim == 3:
        frames = frames[..., None]
    if frames.ndim != 4 or frames.shape[-1] not in (1, 3):
        raise MepsError(f"frames have shape {frames.shape}, expected (T, 3, H, W) or (T, 1, H, W)")
    if frames.size == 0:
        return np.empty((0, 1, 1, 3))
    if frames.shape[-1] == 3:
        if frames.dtype != np.uint8 and np.nanmax(frames) > 1 + 1e-6:
            raise MepsError(
                f"colour frames of {frames.dtype} reach {np.nanmax(frames):g}; expected values "
                "in [0, 1], or uint8 in 0-255; divide by 255 or convert with astype(np.uint8)"
            )
        return frames / 255 if frames.dtype == np.uint8 else np.clip(frames.astype(float), 0, 1)
    low, high = np.nanmin(frames), np.nanmax(frames)
    grey = np.repeat((frames - low) / max(high - low, 1e-9), 3, axis=-1)
    return np.where(np.isnan(grey), mpl.colors.to_rgb(CARD), grey)
