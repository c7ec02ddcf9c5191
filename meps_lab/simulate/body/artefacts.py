"""What lies between a body and the numbers in a file: noise, wander, mains, motion, losses.

Each is a dial. Samples stay finite whatever the dials: a drop-out repeats the last value that
arrived, as loggers do, and a saturated amplifier stays at its rail.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np

from meps_lab.simulate.body.noise import Streams, spans, wander, within
from meps_lib.arguments import number, one_of

_RANGES = {  # where it is not 0 or more
    "mains_hz": (1, None, " Hz; for no hum set mains=0"),
    "saturation": (0, 0.99, " of the range"),
    "blink_per_min": (0, 60),
}
_NOT_SCALED = ("mains_hz", "blink_per_min", "worse", "worse_by")
MOTION_S = (0.5, 2.0)  # s, shortest and longest movement
DROPOUT_S = (0.2, 1.0)  # s, shortest and longest loss


@dataclass(frozen=True)
class Artefacts:
    """The dials: 1 is a good laboratory, 0 is silence.

    Raises
    ------
    MepsError
        If a dial is negative or not finite, `saturation` above .99, `blink_per_min` above 60,
        or `mains_hz` below 1; the message names it.

    Examples
    --------
    >>> Artefacts(motion_per_min=2.0).scaled(0.5).motion_per_min
    1.0
    """

    sensor_noise: float = 1.0  # factor on white noise
    baseline_wander: float = 1.0  # factor on slow drift
    mains: float = 1.0  # factor on the hum of the mains
    mains_hz: float = 50.0  # Hz
    motion_per_min: float = 0.0  # movements a minute of the hand, and as many of the trunk
    dropout_per_min: float = 0.0  # losses a minute, of each sensor on its own
    saturation: float = 0.0  # share of the clean range beyond the rails, half at each end
    spontaneous: float = 1.0  # factor on spontaneous skin conductance responses
    blinks: float = 1.0  # factor on blinks in the EEG
    blink_per_min: float = 15.0  # blinks a minute, at most 60
    muscle: float = 1.0  # factor on the muscles of the head in the EEG
    worse: str = ""  # a signal whose sensor is worse than the others'
    worse_by: float = 1.0  # factor on its noise and its drift

    def __post_init__(self) -> None:
        one_of("Artefacts.worse", self.worse, ("", *SENSORS))
        for f in fields(self):
            if f.name == "worse":
                continue
            number(f"Artefacts.{f.name}", getattr(self, f.name), *_RANGES.get(f.name, (0,)))

    @classmethod
    def none(cls) -> Artefacts:
        """Every amount 0: what arrives is what the body did."""
        return cls().scaled(0.0)

    def scaled(self, k: float) -> Artefacts:
        """Every amount times `k`; the rate of blinking and the mains' frequency stay."""
        names = [f.name for f in fields(self) if f.name not in _NOT_SCALED]
        return replace(self, **{name: k * getattr(self, name) for name in names})


class Sensor(NamedTuple):
    """What one sensor adds at dials of 1, in the unit of its signal."""

    noise: float  # standard deviation
    wander: float  # standard deviation
    wander_hz: float  # Hz
    mains: float  # height
    motion: float  # about the standard deviation while its limb moves
    limb: str  # where it sits; sensors on one limb move together


SENSORS: dict[str, Sensor] = {
    "EDA": Sensor(0.010, 0.03, 0.05, 0.0, 0.25, "hand"),  # uS
    "ECG": Sensor(0.015, 0.06, 0.30, 0.015, 0.40, "trunk"),  # mV
    "PPG": Sensor(0.015, 0.08, 0.25, 0.0, 0.60, "hand"),  # a.u.
    "RSP": Sensor(0.020, 0.08, 0.03, 0.0, 0.60, "trunk"),  # a.u.
    "SKT": Sensor(0.005, 0.01, 0.01, 0.0, 0.0, "hand"),  # degC; slow to notice a movement
    "EEG": Sensor(0.5, 6.0, 0.15, 2.0, 0.0, "head"),  # uV
}


def sense_signal(
    clean: np.ndarray, name: str, sensor: Sensor, dials: Artefacts, streams: Streams, sfreq: float
) -> np.ndarray:
    """One signal as its sensor writes it down.

    Parameters
    ----------
    clean : ndarray, shape (L,)
        What reaches the sensor.
    name : str
        Of the channel; its random numbers hang on it.
    sensor : Sensor
        Its weaknesses.
    dials : Artefacts
    streams : Streams
        Of the recording.
    sfreq : float
        Hz.

    Returns
    -------
    ndarray, shape (L,)
    """
    n, duration_s = len(clean), len(clean) / sfreq
    worse = dials.worse_by if name == dials.worse else 1.0
    out = clean.copy()
    if dials.sensor_noise:
        noise = streams(f"{name} noise").standard_normal(n)
        out += np.multiply(noise, worse * dials.sensor_noise * sensor.noise, out=noise)
    if dials.baseline_wander:
        drift = wander(streams(f"{name} wander"), sensor.wander_hz, n, sfreq)
        out += worse * dials.baseline_wander * sensor.wander * drift
    if dials.mains * sensor.mains and dials.mains_hz < sfreq / 2:  # else filtered out on the way
        cycles = dials.mains_hz / sfreq * np.arange(n) + streams("mains").uniform()
        out += dials.mains * sensor.mains * np.sin(2 * np.pi * cycles)
    if dials.motion_per_min * sensor.motion:
        moves = spans(streams(f"{sensor.limb} moves"), dials.motion_per_min, MOTION_S, duration_s)
        out += sensor.motion * _jolts(streams(f"{name} motion"), moves, n, sfreq)
    if dials.saturation:
        low, high = clean.min(), clean.max()
        cut = dials.saturation / 2 * (high - low)
        np.clip(out, low + cut, high - cut, out=out)
    if dials.dropout_per_min:
        lost = spans(streams(f"{name} lost"), dials.dropout_per_min, DROPOUT_S, duration_s)
        out = _hold(out, lost, sfreq)
    return out


def _jolts(rng: np.random.Generator, moves: np.ndarray, n: int, sfreq: float) -> np.ndarray:
    """Shaking of 1 to 6 Hz, about unit variance, through every movement; 0 between."""
    out = np.zeros(n)
    for those, t, length_s in within(moves, n, sfreq):
        swell = np.sin(np.pi * t / length_s) ** 2
        f, at = rng.uniform(1, 6, 3), rng.uniform(size=3)
        shake = np.sin(2 * np.pi * (f[:, None] * t + at[:, None])).sum(axis=0)
        out[those] += 1.3 * swell * shake
    return out


def _hold(x: np.ndarray, lost: np.ndarray, sfreq: float) -> np.ndarray:
    """Repeat the last value that arrived through every span (s) of `lost`."""
    starts, stops = np.minimum(np.ceil(lost.T * sfreq).astype(int), len(x))
    opened, closed = (np.bincount(edge, minlength=len(x) + 1) for edge in (starts, stops))
    gone = np.cumsum(opened - closed)[:-1] > 0
    gone[0] = False  # the first value has nothing before it to repeat
    return x[np.maximum.accumulate(np.where(gone, 0, np.arange(len(x))))]
