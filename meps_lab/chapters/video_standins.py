"""Simulated stand-ins for the real videos, for a reader who is offline.

`open_clip` is what chapters call: the real recording where it can be had, else a simulated
clip that shows the same course of events under a visible notice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from meps_lab.recordings.find import fetch_or_notice
from meps_lab.simulate import Scenario, simulate_cohort
from meps_lib.errors import MepsError
from meps_lib.trial import Trial
from meps_lib.video.clips import Clip, read_clip

FPS = 30.0  # Hz


def open_clip(name: str) -> Clip:
    """Read a real video by its name, or simulate one like it.

    Parameters
    ----------
    name : str
        A key of `STANDINS`, all of which are names in `meps_lab.recordings.find.NAMES`.

    Returns
    -------
    Clip
        Its ``source`` is the name, and ends in ``(simulated)`` for a stand-in.

    Raises
    ------
    MepsError
        When `name` is no video.

    Examples
    --------
    >>> len(open_clip("face_video"))  # doctest: +SKIP
    72
    """
    if name not in STANDINS:
        raise MepsError(f"no video is called {name!r}; there are: {', '.join(STANDINS)}")
    path = fetch_or_notice(name, "a simulated clip")
    if path is not None:
        return replace(read_clip(path), source=name)
    return Clip(STANDINS[name](), FPS, f"{name} (simulated)")


def _smile() -> np.ndarray:
    """A neutral face that smiles from frame 14 to 24 and goes on smiling."""
    trial = _happy(size=192)
    rise = np.interp(np.arange(72), [14, 24], [0, trial.apex]).round().astype(int)
    return _bytes(255 * trial.colour[rise].permute(0, 2, 3, 1).numpy())


def _leave() -> np.ndarray:
    """The same face, and a plain picture after frame 71."""
    smile = _smile()
    return np.concatenate([smile, np.full((97, *smile.shape[1:]), 128, np.uint8)])


def _depth() -> np.ndarray:
    """Depth as an 8-bit picture: a head before a wall, each frame scaled on its own."""
    trial = _happy(size=128)
    there_and_back = np.abs(np.arange(196) % 30 - 15)
    seen, true = (d[there_and_back, 0].numpy() for d in (trial.depth, trial.truth["clean_depth"]))
    seen = np.where(np.isnan(true), 1100.0, np.nan_to_num(seen))  # a wall at 1.1 m; 0 in holes
    seen = np.pad(seen, ((0, 0), (72, 0), (0, 0)), constant_values=1100.0)  # 200 x 128
    levels = seen / 1100 * np.random.default_rng(0).uniform(215, 250, (196, 1, 1))
    return _bytes(np.repeat(levels[..., None], 3, axis=-1))


def _happy(size: int) -> Trial:
    dials = Scenario.preset(
        "ideal", size=size, me_intensity=0.8, depth_holes=0.9, head_drift_mm=0.6
    )
    cohort = simulate_cohort(2, 2, ("happiness", "surprise"), seed=4, scenario=dials)
    return cohort[int(np.flatnonzero(cohort.index["label"] == "happiness")[0])]


def _bytes(picture: np.ndarray) -> np.ndarray:
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


STANDINS: dict[str, Callable[[], np.ndarray]] = {
    "face_video": _smile,
    "face_leaves_video": _leave,
    "rgbd_depth_video": _depth,
}
