"""Views of motion that a chapter puts under a slider."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from meps_lib.errors import MepsError
from meps_lib.plots.style import BLUE, PALETTE, SEQUENTIAL
from meps_lib.video.flow import optical_flow, optical_strain, to_grey


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

    Returns
    -------
    Figure

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
