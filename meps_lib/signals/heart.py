"""Beats and heart rate, from the ECG or from the pulse."""

import warnings

import neurokit2 as nk
import numpy as np

from meps_lib.signals.cleaning import clean, require_rate
from meps_lib.signals.recording import Recording

PLAUSIBLE_BPM = (35.0, 220.0)  # CHOICE: wider than healthy adults at rest and in exercise


def peaks(recording: Recording, name: str = "ECG") -> np.ndarray:
    """Sample positions of the R peaks of an ECG, or of the pulse peaks of a PPG.

    Parameters
    ----------
    recording : Recording
        Cleaned first when it is not yet.
    name : str
        ``"ECG"`` or ``"PPG"``.

    Returns
    -------
    array of int, shape (n_beats,)
        Empty when there is no beat.

    Raises
    ------
    MepsError
        When the channel is missing or is neither ECG nor PPG, under one second of signal, at a
        rate too low for it, and as `clean`.

    References
    ----------
    NeuroKit2's gradient method for ECG; Elgendi et al. (2013) for PPG.

    Examples
    --------
    >>> wave = nk.ecg_simulate(duration=10, sampling_rate=200, heart_rate=60, random_state=0)
    >>> beats = peaks(Recording(wave[None], ("ECG",), ("mV",), sfreq=200))
    >>> round(float(np.diff(beats).mean() / 200), 2)  # seconds from beat to beat
    1.0
    """
    find = {"ECG": _r_peaks, "PPG": _pulse_peaks}
    one = recording.pick(name)
    if name not in find:
        raise recording.error(f"beats are found in ECG or PPG, got channel {name!r}")
    if one.duration < 1:
        raise recording.error(
            f"{one.duration:.2f} s of {name}, too short to find beats in; cut a longer window with "
            "context=, or find them in the whole recording"
        )
    require_rate(one, name)
    x = clean(one).signals[0]
    if np.ptp(x) == 0:
        raise recording.error(f"channel {name} is constant at {x[0]:g}: no beats in it")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # WHY: NeuroKit2 averages over no peaks when there are none
        return np.asarray(find[name](x, recording.sfreq), dtype=int)


def _r_peaks(x: np.ndarray, sfreq: float) -> np.ndarray:
    return nk.ecg_findpeaks(x, sampling_rate=sfreq)["ECG_R_Peaks"]


def _pulse_peaks(x: np.ndarray, sfreq: float) -> np.ndarray:
    return nk.ppg_findpeaks(x, sampling_rate=sfreq)["PPG_Peaks"]


def heart_rate(
    recording: Recording, name: str = "ECG", check: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Heart rate from beat to beat.

    Parameters
    ----------
    recording : Recording
        Cleaned first when it is not yet.
    name : str
        ``"ECG"`` or ``"PPG"``.
    check : bool
        Refuse what no heart does. False gives the numbers all the same, to look at them.

    Returns
    -------
    times : array, shape (n_beats - 1,)
        Time (s) on the recording's clock of each beat but the first.
    rates : array, shape (n_beats - 1,)
        Beats a minute, from the interval that ends there.

    Raises
    ------
    MepsError
        With fewer than two beats; and, unless `check` is False, when the median rate lies outside
        35 to 220 beats a minute or more than half of five or more intervals differ from the one
        before by over 20 %: the sampling rate is wrong, or what was found are not beats. A rate
        that is wrong by a small factor may still look like a heart.

    Examples
    --------
    >>> wave = nk.ecg_simulate(duration=20, sampling_rate=200, heart_rate=75, random_state=0)
    >>> times, rates = heart_rate(Recording(wave[None], ("ECG",), ("mV",), sfreq=200))
    >>> round(float(rates.mean()))
    75
    """
    beats = peaks(recording, name)
    if len(beats) < 2:
        raise recording.error(
            f"{recording.duration:.2f} s of {name} hold {len(beats)} beats; a heart rate needs "
            "two or more: cut a longer window with context="
        )
    intervals = np.diff(beats) / recording.sfreq
    rates = 60 / intervals
    low, high = PLAUSIBLE_BPM
    jumps = np.abs(np.diff(intervals)) / intervals[:-1] > 0.2  # Malik's criterion of ectopic beats
    if check and not low <= np.median(rates) <= high:
        raise recording.error(
            f"median heart rate {np.median(rates):.0f} beats a minute from {name} at "
            f"{recording.sfreq:g} Hz; expected {low:g} to {high:g}: is the sampling rate right?"
        )
    if check and len(intervals) >= 5 and jumps.mean() > 0.5:
        raise recording.error(
            f"{jumps.mean():.0%} of the beat-to-beat intervals of {name} jump by over 20 %: the "
            "signal shows no clear beats, or its sampling rate is wrong; look at it, and pass "
            "check=False to go on"
        )
    return recording.start + beats[1:] / recording.sfreq, rates
