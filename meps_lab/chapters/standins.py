"""Simulated stand-ins for the real signals, for a reader who is offline.

`open_signals` is what chapters call: the real recording where it can be had, else a stand-in of
the same channels, rates and length under a visible notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import neurokit2 as nk
import numpy as np

from meps_lab.recordings.find import fetch_or_notice
from meps_lib.errors import MepsError
from meps_lib.signals import Recording, load, resample

PICTURE_ONSETS = (10.24, 49.57, 92.24, 129.84)  # s, as in the real recording


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
    recording = replace(STANDINS[name](np.random.default_rng(0)), source=f"{name} (simulated)")
    default = [one for one in recording.names if not one.startswith("ACC")]
    recording = recording.pick(*(channels or default))
    known = dict(zip(recording.names, recording.units, strict=True)) | dict(units or {})
    return replace(recording, units=tuple(known.values()))


def _rest(rng: np.random.Generator) -> Recording:
    return _record({"ECG": _ecg(300, 100), "PPG": _ppg(300, 100), "RSP": _rsp(300, 100)}, 100)


def _pictures(rng: np.random.Generator) -> Recording:
    times = np.arange(15_000) / 100
    seen = np.any([(times >= t) & (times < t + 3) for t in PICTURE_ONSETS], axis=0)
    eda = 13 + 0.5 * np.sin(times / 40) + 0.002 * rng.normal(size=times.size)
    for onset in (12.4, 68.0, 131.3):  # one after the first picture, one unprompted, one after
        since = np.clip(times - onset, 0, None)  # the last: rises in a second, decays in five
        eda += 3 * (np.exp(-since / 4) - np.exp(-since / 0.7))
    signals = {"ECG": _ecg(150, 100), "EDA": eda, "Photosensor": np.where(seen, 0.0, 5.0)}
    return _record({**signals, "RSP": _rsp(150, 100)}, 100)


def _wristband(rng: np.random.Generator) -> Recording:
    times = np.arange(9998) / 64
    motion = 100 * nk.signal_filter(rng.normal(size=9998), 64, 0.5, 8, order=2)
    eda = 0.08 + 0.005 * np.cumsum(rng.normal(size=9998)) / 100
    signals = {"EDA": eda, "PPG": motion, "SKT": 32 + times / 300, "ACC_X": motion / 5}
    return _record(signals, 64, EDA="uS", SKT="degrees C", ACC_X="1/64 g")


def _eeg(alpha: float) -> Callable[[np.random.Generator], Recording]:
    def make(rng: np.random.Generator) -> Recording:
        times = np.arange(30_000) / 125
        pink = nk.signal_filter(np.cumsum(rng.normal(size=30_000)), 125, 0.5, 40, order=2)
        x = 500 + 150 * pink / pink.std() + alpha * np.sin(2 * np.pi * 10 * times)
        return _record({"EEG": np.round(x).clip(0, 1010)}, 125)

    return make


def _counts(name: str, wave: Callable[[float, int], np.ndarray], seconds: float):
    def make(rng: np.random.Generator) -> Recording:
        x = wave(seconds, 1000)
        counts = np.round(2048 + 500 * (x - x.mean()) / np.ptp(x))
        return _record({name: counts}, 1000, **{name: "12-bit counts"})

    return make


def _record(signals: Mapping[str, np.ndarray], sfreq: float, **units: str) -> Recording:
    rows = np.stack(list(signals.values()))
    stated = tuple(units.get(name, "not stated") for name in signals)
    return Recording(rows, tuple(signals), stated, sfreq, start=0.0)


def _ecg(seconds: float, sfreq: int) -> np.ndarray:
    return nk.ecg_simulate(seconds, sampling_rate=sfreq, heart_rate=65, random_state=0)


def _ppg(seconds: float, sfreq: int) -> np.ndarray:
    return nk.ppg_simulate(seconds, sampling_rate=sfreq, heart_rate=65, random_state=0)


def _rsp(seconds: float, sfreq: int) -> np.ndarray:
    return nk.rsp_simulate(seconds, sampling_rate=sfreq, random_state=0)


def _eda(seconds: float, sfreq: int) -> np.ndarray:
    slow = nk.eda_simulate(seconds, sampling_rate=100, scr_number=6, random_state=0)
    return resample(_record({"EDA": slow}, 100), sfreq).signals[0]


STANDINS: dict[str, Callable[[np.random.Generator], Recording]] = {
    "neurokit_eventrelated": _pictures,
    "neurokit_resting": _rest,
    "biosppy_ecg": _counts("ECG", _ecg, 15),
    "biosppy_ppg": _counts("PPG", _ppg, 20),
    "biosppy_eda": _counts("EDA", _eda, 150),
    "biosppy_resp": _counts("RSP", _rsp, 60),
    "biosppy_eeg_closed": _eeg(alpha=60.0),
    "biosppy_eeg_open": _eeg(alpha=20.0),
    "empatica_e4": _wristband,
}
