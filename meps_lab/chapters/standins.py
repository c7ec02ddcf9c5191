"""The real recordings by name, and simulated ones for a reader whose own file is not at hand.

`open_signals` and `open_clip` are what chapters call: the recording where it can be had, else a
stand-in of the same channels, rates and length under a visible notice.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
from torch import Tensor

from meps_lab.recordings.find import fetch_or_notice
from meps_lab.simulate.body import SIGNALS, Artefacts, Body, Event, record, respond
from meps_lab.simulate.face import FaceClip, Identity
from meps_lab.simulate.face.sensor import sense_depth
from meps_lib.errors import MepsError
from meps_lib.signals import Recording, load
from meps_lib.video.clips import Clip, read_clip
from meps_lib.video.sources import RateWarning

PICTURE_ONSETS = (10.24, 49.57, 92.24, 129.84)  # s, as in the real recording


class Like(NamedTuple):
    """What a stand-in shares with the real recording, and the body that it is simulated from."""

    sfreq: float  # Hz
    duration_s: float
    names: str  # of the channels
    units: tuple[str, ...] = ()  # not stated for the others
    body: Body = Body()
    artefacts: Artefacts = Artefacts()


COUNTS = ("12-bit counts",)
_E4_UNITS = ("uS", "not stated", "degrees C", "1/64 g")
_E4_BODY = Body(tonic_us=0.1, pulse_height=0.1)
STANDINS: dict[str, Like] = {
    "neurokit_eventrelated": Like(100, 150, "ECG EDA Photosensor RSP", body=Body(heart_rate=65.0)),
    "neurokit_resting": Like(100, 300, "ECG PPG RSP"),
    "biosppy_ecg": Like(1000, 15, "ECG", COUNTS),
    "biosppy_ppg": Like(1000, 20, "PPG", COUNTS),
    "biosppy_eda": Like(1000, 150, "EDA", COUNTS),
    "biosppy_resp": Like(1000, 60, "RSP", COUNTS),
    "biosppy_eeg_closed": Like(125, 240, "EEG", body=Body(alpha=1.0)),
    "biosppy_eeg_open": Like(125, 240, "EEG", body=Body(alpha=0.5)),
    # A moving arm, and too little pulse to be found, as in the real one.
    "empatica_e4": Like(
        64, 156, "EDA PPG SKT ACC_X", _E4_UNITS, _E4_BODY, Artefacts(motion_per_min=30)
    ),
}
VIDEOS = ("face_video", "face_leaves_video", "rgbd_depth_video")


def open_signals(
    name: str, units: Mapping[str, str] | None = None, channels: Sequence[str] | None = None
) -> Recording:
    """Load a real recording of signals by its name, or simulate one like it.

    Parameters
    ----------
    name : str
        A key of `STANDINS`, all of which are names in `meps_lab.recordings.find.NAMES`.
    units, channels : optional
        As in `meps_lib.signals.load`.

    Returns
    -------
    Recording
        Its ``source`` is the name, and ends in ``(simulated)`` for a stand-in.

    Raises
    ------
    MepsError
        When `name` is no recording of signals.

    Examples
    --------
    >>> open_signals("neurokit_resting").names  # doctest: +SKIP
    ('ECG', 'PPG', 'RSP')
    """
    if name not in STANDINS:
        raise MepsError(f"no signals are called {name!r}; there are: {', '.join(STANDINS)}")
    path = fetch_or_notice(name, "simulated signals")
    if path is not None:
        return replace(load(path, units=units, channels=channels), source=name)
    recording = _simulated(STANDINS[name], units or {}, f"{name} (simulated)")
    return recording.pick(*(channels or [n for n in recording.names if n != "ACC_X"]))


def open_clip(name: str) -> Clip:
    """Read a real video by its name, or simulate one in which the same happens.

    Parameters
    ----------
    name : str
        One of `VIDEOS`, all of which are names in `meps_lab.recordings.find.NAMES`.

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
    if name not in VIDEOS:
        raise MepsError(f"no video is called {name!r}; there are: {', '.join(VIDEOS)}")
    path = fetch_or_notice(name, "a simulated clip")
    if path is not None:
        with warnings.catch_warnings():  # whose rate varies is known, and no page counts on it
            warnings.simplefilter("ignore", RateWarning)
            return replace(read_clip(path), source=name)
    frames = _depth_film() if name == "rgbd_depth_video" else _smile()
    if name == "face_leaves_video":  # after frame 71
        frames = np.concatenate([frames, np.full((97, *frames.shape[1:]), 128, np.uint8)])
    return Clip(frames, 30.0, f"{name} (simulated)")


def _simulated(like: Like, units: Mapping[str, str], source: str) -> Recording:
    """One body; with a photosensor it sees pictures, of which the first and the last move it."""
    names = like.names.split()
    stated = dict(zip_longest(names, like.units, fillvalue="not stated")) | dict(units)
    times = np.arange(round(like.duration_s * like.sfreq)) / like.sfreq
    onsets = np.array(PICTURE_ONSETS if "Photosensor" in names else ())
    rng, events = np.random.default_rng(0), [Event(t, respond("fear")) for t in onsets[::3]]
    how = {"duration_s": like.duration_s, "sfreq": like.sfreq, "signals": SIGNALS}
    how |= {"eeg_names": ("O1",) * ("EEG" in names), "eeg_sfreq": like.sfreq}
    told = record(like.body, rng, events, artefacts=like.artefacts, **how)
    made = dict(zip(SIGNALS, told.ps, strict=True))
    since = times - onsets[:, None]
    made["Photosensor"] = np.where(((since >= 0) & (since < 3)).any(axis=0), 0.0, 5.0)
    made["ACC_X"] = 20 * (told.ps - told.clean_ps)[SIGNALS.index("PPG")]  # what shakes the pulse
    if told.eeg is not None:
        made["EEG"] = np.clip(500 + 10 * told.eeg[0], 0, 1010).round()
    rows = np.stack([made[name] for name in names])
    if like.units == COUNTS:
        rows = np.round(2048 + 500 * (rows - rows.mean()) / np.ptp(rows))
    return Recording(rows, tuple(names), tuple(stated.values()), like.sfreq, source, start=0.0)


def _happy(level: np.ndarray, size: int) -> tuple[Tensor, Tensor]:
    """Colour and depth of a smile that is so strong in each frame."""
    return FaceClip(Identity(), (6, 12), level[:, None] * np.ones(2), size=size).render()


def _smile() -> np.ndarray:
    """A neutral face that smiles from frame 14 to 24 and goes on smiling."""
    colour, _ = _happy(np.interp(np.arange(72), [14, 24], [0, 0.8]), 192)
    return np.round(255 * colour.permute(0, 2, 3, 1).numpy()).astype(np.uint8)


def _depth_film() -> np.ndarray:
    """Depth as an 8-bit picture: a head before a wall, each frame scaled on its own."""
    rng = np.random.default_rng(0)
    _, true = _happy(np.abs(np.arange(196) % 30 - 15) / 15, 128)
    seen = sense_depth(true, rng, 1.0, holes=0.9).nan_to_num(0).masked_fill(true.isnan(), 1100)
    seen = np.pad(seen[:, 0].numpy(), ((0, 0), (72, 0), (0, 0)), constant_values=1100)  # a wall
    levels = np.round(seen / 1100 * rng.uniform(215, 250, (196, 1, 1)))
    return np.repeat(levels[..., None], 3, axis=-1).astype(np.uint8)
