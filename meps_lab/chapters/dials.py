"""Dials of the simulator under a slider: what one of them does to what a sensor sees."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from scipy.ndimage import uniform_filter
from scipy.optimize import linear_sum_assignment

from meps_lab.chapters.views import as_image, express
from meps_lab.simulate.body import Artefacts, Body, record
from meps_lab.simulate.face import FaceClip, Identity
from meps_lab.simulate.face.sensor import sense_depth
from meps_lab.simulate.timing import draw_apex, time_course
from meps_lib.layers.fusion import normal_weights
from meps_lib.plots.charts import plot_signals
from meps_lib.plots.style import PALETTE, SLATE
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
    """
    clip = express(who, aus, level, size)
    colour, depth = clip.render()
    true = clip.flow(0, 1).numpy()
    estimate = optical_flow(colour[0], colour[1], "dis")
    skin = ~depth[0, 0].isnan().numpy()
    longest = np.hypot(*express(who, aus, 1.0, size).flow(0, 1).numpy())[skin].max()
    step = size // 20
    rows, columns = np.mgrid[step // 2 : size : step, step // 2 : size : step]
    arrow = dict(angles="xy", scale_units="xy", scale=longest / (3.0 * step), width=0.009)
    figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.75))
    axes[0].imshow(as_image(colour[1]))
    axes[0].set_title(f"intensity {level:g}")
    for axis, flow, name in zip(axes[1:], (true, estimate), ("truth", "estimate"), strict=True):
        length = np.hypot(*flow)
        axis.imshow(length, vmin=0, vmax=longest)  # one scale for all intensities
        moves = length[rows, columns] > 0.04 * longest  # no dots where nothing moves
        at = rows[moves], columns[moves]
        axis.quiver(*at[::-1], *flow[:, *at], color=PALETTE["estimate"], **arrow)
        axis.contour(skin, [0.5], colors=SLATE, linewidths=0.8)
        axis.set_title(f"{name}: up to {length[skin].max():.1f} px")
    axes[2].set_xlabel(f"mean error {np.hypot(*(estimate - true))[skin].mean():.2f} px")
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
    """
    # WHY: a finder needs to see what comes before and after a beat, so that the middle is judged.
    rng, artefacts = np.random.default_rng(seed), Artefacts().scaled(scale)
    told = record(body, rng, duration_s=14.0, signals=("ECG", "PPG"), artefacts=artefacts)
    recording = Recording(told.ps, told.names, told.units, 200.0, start=-2.0)
    found = {name: peaks(recording, name) / recording.sfreq - 2 for name in recording.names}
    figure = plot_signals(recording, marks=found)
    truths = told.beat_times - 2, told.pulse_times - 2
    for axis, name, true in zip(figure.axes, told.names, truths, strict=True):
        seen, true = (one[(one >= 0) & (one <= 10)] for one in (found[name], true))
        hits, invented = found_and_invented(seen, true, tolerance)
        axis.set_title(f"{name}: {hits} of {len(true)} beats found, {invented} invented")
        middle = recording.channel(name)[(recording.times >= 0) & (recording.times <= 10)]
        margin = 0.05 * np.ptp(middle)
        axis.set(xlim=(0, 10), ylim=(middle.min() - margin, middle.max() + margin))
        for when in true:
            axis.axvline(when, color=SLATE, linestyle=(0, (2, 3)), linewidth=1)
    return figure


def found_and_invented(found: np.ndarray, true: np.ndarray, tolerance: float) -> tuple[int, int]:
    """Count the true times (s) that were found, and the findings that are none.

    As many as can be are paired, a true one with one finding within the tolerance (s).

    Examples
    --------
    >>> found_and_invented([1.0, 1.01, 2.5], [1.0, 2.0], 0.02)
    (1, 2)
    """
    far = np.abs(np.subtract.outer(true, found)) > tolerance
    hits = int((~far)[linear_sum_assignment(far)].sum())
    return hits, len(found) - hits


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
    figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.5))
    top = np.nanquantile(change[0], 0.999)
    names = (
        f"truth: up to {top:.1f} mm",
        f"one pixel: ± {np.nanstd(change[1] - change[0]):.1f} mm",
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
