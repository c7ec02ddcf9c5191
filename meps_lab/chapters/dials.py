"""Dials of the simulator under a slider: what one of them does to what a sensor sees."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from scipy.ndimage import uniform_filter

from meps_lab.chapters.views import as_image, express
from meps_lab.simulate.body.artefacts import Artefacts
from meps_lab.simulate.body.physiology import Body, record
from meps_lab.simulate.face.clip import FaceClip
from meps_lab.simulate.face.identity import Identity
from meps_lab.simulate.face.sensor import sense_depth
from meps_lab.simulate.timing import draw_apex, time_course
from meps_lib.layers.fusion import normal_weights
from meps_lib.plots.style import INK, PALETTE, SLATE
from meps_lib.signals import Recording, peaks
from meps_lib.video.flow import optical_flow


def view_action_unit(who: Identity, aus: Sequence[int], level: float, size: int = 128) -> Figure:
    """Draw a face that moves, where its skin truly goes, and where DIS says that it goes.

    Parameters
    ----------
    who : Identity
    aus : sequence of int
        Action units.
    level : float
        Intensity, 0 neutral .. 1 full.
    size : int
        Pixels a side.

    Returns
    -------
    Figure
        The titles give the longest displacement; the last one the mean end-point error too.

    Examples
    --------
    >>> len(view_action_unit(Identity(), (12,), 0.5, size=64).axes)
    3
    """
    clip = express(who, aus, level, size)
    colour, depth = clip.render()
    true = clip.flow(0, 1).numpy()
    estimate = optical_flow(colour[0], colour[1], "dis")
    skin = ~depth[0, 0].isnan().numpy()
    error = np.hypot(*(estimate - true))[skin].mean()
    figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.75))
    axes[0].imshow(as_image(colour[1]))
    axes[0].set_title(f"intensity {level:g}")
    longest = np.hypot(*express(who, aus, 1.0, size).flow(0, 1).numpy())[skin].max()
    step = size // 20
    places = np.arange(step // 2, size, step)
    at = np.ix_(places, places)
    for axis, (u, v), name in zip(axes[1:], (true, estimate), ("truth", "estimate"), strict=True):
        axis.imshow(np.hypot(u, v), vmin=0, vmax=longest)  # one scale for all intensities
        moves = np.hypot(u[at], v[at]) > 0.04 * longest  # no dots where nothing moves
        columns, rows = (axes[moves] for axes in np.meshgrid(places, places))
        axis.quiver(
            columns, rows, u[rows, columns], v[rows, columns], angles="xy", scale_units="xy",
            scale=longest / (3.0 * step), width=0.009, color=PALETTE["estimate"],
        )  # fmt: skip
        axis.contour(skin, [0.5], colors=SLATE, linewidths=0.8)
        axis.set_title(f"{name}: up to {np.hypot(u, v)[skin].max():.1f} px")
    axes[2].set_xlabel(f"mean error {error:.2f} px")
    for axis in axes:
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
        axis.grid(False)
    return figure


def view_noise(body: Body, scale: float, tolerance: float = 0.04, seed: int = 0) -> Figure:
    """Draw ten seconds of ECG and PPG under a noise, with the true beats and those found.

    Parameters
    ----------
    body : Body
    scale : float
        Factor on all artefacts: 0 clean, 1 the default.
    tolerance : float
        Seconds within which a found beat is a true one.
    seed : int
        The heart beats alike at every scale, so that only the noise differs.

    Returns
    -------
    Figure
        The titles count what was found and what was invented.

    Examples
    --------
    >>> len(view_noise(Body(), 0.0).axes)
    2
    """
    # WHY: a finder needs to see what comes before and after a beat, so that the middle is judged.
    told = record(
        body, np.random.default_rng(seed), duration_s=14.0, signals=("ECG", "PPG"),
        artefacts=Artefacts().scaled(scale),
    )  # fmt: skip
    recording = Recording(told.ps, told.names, told.units, 200.0, start=-2.0)
    figure, axes = plt.subplots(2, 1, sharex=True, figsize=(7.2, 3.7))
    truths = {"ECG": told.beat_times - 2, "PPG": told.pulse_times - 2}
    for axis, (name, true) in zip(axes, truths.items(), strict=True):
        found = peaks(recording, name) / recording.sfreq - 2
        true, found = (one[(one >= 0) & (one <= 10)] for one in (true, found))
        hits, invented = found_and_invented(found, true, tolerance)
        signal = recording.channel(name)
        middle = signal[(recording.times >= 0) & (recording.times <= 10)]
        margin = 0.05 * np.ptp(middle)
        axis.set_ylim(middle.min() - margin, middle.max() + margin)
        axis.plot(recording.times, signal, color=PALETTE[name], linewidth=1)
        for when in true:
            axis.axvline(when, color=SLATE, linestyle=(0, (2, 3)), linewidth=1)
        axis.plot(found, np.interp(found, recording.times, signal), "o", color=INK, ms=4)
        axis.set(ylabel=f"{name} ({recording.unit(name)})")
        axis.set_title(f"{name}: {hits} of {len(true)} beats found, {invented} invented")
    axes[1].set(xlabel="time (s)", xlim=(0, 10))
    return figure


def found_and_invented(
    found: np.ndarray, true: np.ndarray, tolerance: float
) -> tuple[int, int]:  # fmt: skip
    """Count the true events that were found, and the findings that are none.

    Every true event takes the nearest finding within the tolerance, once.

    Parameters
    ----------
    found, true : array
        Times (s).
    tolerance : float
        Seconds.

    Returns
    -------
    found, invented : int

    Examples
    --------
    >>> found_and_invented([1.0, 1.01, 2.5], [1.0, 2.0], 0.02)
    (1, 2)
    """
    left, hits = sorted(found), 0
    for when in sorted(true):
        near = min(left, key=lambda one: abs(one - when), default=None)
        if near is not None and abs(near - when) <= tolerance:
            left.remove(near)
            hits += 1
    return hits, len(left)


def view_depth(clip: FaceClip, noise_mm: float, half: int = 5, seed: int = 0) -> Figure:
    """Draw how far a face comes nearer, in truth and through a depth sensor.

    Parameters
    ----------
    clip : FaceClip
        The change from the first frame to the last is shown.
    noise_mm : float
        Standard deviation of the range of one pixel at 700 mm.
    half : int
        Half the side, in pixels, of the square that is averaged where most moves.
    seed : int

    Returns
    -------
    Figure
        True and measured change; the third panel is the measured one, each pixel replaced by
        the mean of the square around it.

    Examples
    --------
    >>> len(view_depth(express(Identity(), (6, 12), 0.4), 1.0).axes)
    4
    """
    depth = clip.render()[1]
    seen = sense_depth(depth, np.random.default_rng(seed), noise_mm, holes=0.5)
    change = [(d[0, 0] - d[-1, 0]).numpy() for d in (depth, seen)]  # towards the camera
    missing = np.isnan(change[1])
    size = 2 * half + 1
    told = uniform_filter(np.where(missing, 0, change[1]), size) / np.maximum(
        uniform_filter((~missing).astype(float), size), 1e-9
    )
    change.append(np.where(np.isnan(change[0]), np.nan, told))
    spread = np.nanstd(change[1] - change[0])
    figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.5))
    top = np.nanquantile(change[0], 0.999)
    names = (
        f"truth: up to {top:.1f} mm",
        f"one pixel: ± {spread:.1f} mm",
        f"mean of {size} × {size}: ± {np.nanstd(change[2] - change[0]):.1f} mm",
    )
    for axis, picture_mm, name in zip(axes, change, names, strict=True):
        drawn = axis.imshow(picture_mm, cmap="RdBu", vmin=-3, vmax=3)
        axis.set_title(name)
        axis.set_axis_off()
    figure.colorbar(drawn, ax=axes, label="towards the camera (mm)", shrink=0.75)
    return figure


def view_apex(name: str, n: int = 2000, n_frames: int = 31, seed: int = 0) -> Figure:
    """Draw where apexes fall, and what weights around the middle of the clip make of it.

    Parameters
    ----------
    name : str
        A distribution of `meps_lab.simulate.timing.draw_apex`.
    n : int
        Clips drawn.
    n_frames : int
        Frames of each clip.
    seed : int

    Returns
    -------
    Figure
        Left a histogram with its quartiles, right the mean course of the clips and the weights.

    Examples
    --------
    >>> len(view_apex("middle", n=50).axes)
    2
    """
    rng = np.random.default_rng(seed)
    apexes = np.array([draw_apex(rng, name) for _ in range(n)])
    inside = np.clip(apexes * (n_frames - 1), 0.5, n_frames - 1.5)
    course = np.mean([time_course(n_frames, apex) for apex in inside], axis=0)
    weights = normal_weights(n_frames).numpy()
    middle = np.mean((apexes >= 0.4) & (apexes <= 0.6))
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 2.8))
    axes[0].hist(apexes, np.linspace(0, 1, 26), color=PALETTE["ME"])
    for quartile in np.quantile(apexes, (0.25, 0.5, 0.75)):
        axes[0].axvline(quartile, color=PALETTE["truth"], linestyle=":")
    axes[0].axvspan(0.4, 0.6, color=SLATE, alpha=0.15, linewidth=0)
    axes[0].set(title=f"{middle:.0%} in the middle fifth", xlabel="apex (share of the clip)")
    axes[0].set(ylabel=f"clips of {n}", xlim=(0, 1))
    place = np.linspace(0, 1, n_frames)
    axes[1].plot(place, course, color=PALETTE["ME"], label="mean movement")
    scaled = weights / weights.max()
    axes[1].plot(place, scaled, "--", color=PALETTE["estimate"], label="weights of S1")
    axes[1].set(title=f"weights see {weights @ course:.0%}", xlabel="share of the clip")
    axes[1].set(ylim=(0, 1.3), xlim=(0, 1))
    axes[1].legend(loc="upper center", ncols=2, fontsize=8.5, columnspacing=1)
    return figure
