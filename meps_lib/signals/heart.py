"""Beats and heart rate, from the ECG or from the pulse."""

import warnings

import neurokit2 as nk
import numpy as np
from scipy.ndimage import median_filter, uniform_filter1d

from meps_lib.signals.cleaning import clean, require_rate
from meps_lib.signals.doubt import FEWEST, rate_doubt
from meps_lib.signals.recording import Recording, SignalWarning

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
    # WHY: Elgendi's threshold is a mean over the whole recording, which one jolt would raise above
    # every beat. Bent down to twice a usual crest, it stays the highest place and weighs as a beat.
    n = round(3 * sfreq)  # samples in which there is a beat
    crests = [part.max() for part in np.array_split(x, max(1, len(x) // n))]
    bent = np.minimum(x, 2 * np.median(crests))
    return nk.ppg_findpeaks(bent + 1e-3 * (x - bent), sampling_rate=sfreq)["PPG_Peaks"]


def heart_rate(
    recording: Recording, name: str = "ECG", check: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Heart rate from beat to beat.

    The mean heart rate is 60 divided by the mean interval, not the mean of these rates, in which
    short intervals count too much.

    Parameters
    ----------
    recording : Recording
        Cleaned first when it is not yet.
    name : str
        ``"ECG"`` or ``"PPG"``.
    check : bool
        Leave out intervals, and refuse recordings, that no heart has. False gives all of the
        numbers, to look at them.

    Returns
    -------
    times : array, shape (n_intervals,)
        Time (s) on the recording's clock of the beat that ends an interval.
    rates : array, shape (n_intervals,)
        Beats a minute, from that interval. An interval is left out which lies outside 35 to 220
        beats a minute, differs by over 25 % from the median of the eleven around it, or lies where
        most of them jump: a beat was missed there, or is none.

    Raises
    ------
    MepsError
        With fewer than two beats; and, unless `check` is False, when the median rate lies outside
        35 to 220 beats a minute, more than half of five or more intervals differ from the one
        before by over 20 %, or what is left covers less than half of the recording: the sampling
        rate is wrong, or what was found are not beats.

    Warns
    -----
    SignalWarning
        When beats cover less than nine tenths of the recording; when they look like those of a
        heart at another sampling rate (`meps_lib.signals.doubt` says what cannot be known); when
        ECG and PPG of the recording have different rates.

    References
    ----------
    Karlsson et al. (2012), doi:10.1186/1475-925X-11-2, for judging intervals by their neighbours.

    Examples
    --------
    >>> wave = nk.ecg_simulate(duration=20, sampling_rate=200, heart_rate=75, random_state=0)
    >>> times, rates = heart_rate(Recording(wave[None], ("ECG",), ("mV",), sfreq=200))
    >>> round(float(60 / (60 / rates).mean()))
    75
    """
    beats = peaks(recording, name)
    if len(beats) < 2:
        raise recording.error(
            f"{recording.duration:.2f} s of {name} hold {len(beats)} beats; a heart rate needs "
            "two or more: cut a longer window with context="
        )
    intervals = np.diff(beats) / recording.sfreq
    times, rates = recording.start + beats[1:] / recording.sfreq, 60 / intervals
    if not check:
        return times, rates
    (low, high), doubt = PLAUSIBLE_BPM, rate_doubt(clean(recording.pick(name)), name, beats)
    jumps = np.abs(np.diff(intervals)) / intervals[:-1] > 0.2  # Malik's criterion of ectopic beats
    if not low <= np.median(rates) <= high:
        raise recording.error(
            f"median heart rate {np.median(rates):.0f} beats a minute from {name} at "
            f"{recording.sfreq:g} Hz; expected {low:g} to {high:g}: "
            f"{doubt or 'is the sampling rate right?'}"
        )
    if len(intervals) >= 5 and jumps.mean() > 0.5:
        raise recording.error(
            f"{jumps.mean():.0%} of the beat-to-beat intervals of {name} jump by over 20 %: the "
            "signal shows no clear beats, or its sampling rate is wrong; look at it, and pass "
            "check=False to go on"
        )
    strange = np.abs(intervals / median_filter(intervals, 11, mode="mirror") - 1) > 0.25
    uneven = uniform_filter1d(np.r_[False, jumps].astype(float), 11, mode="mirror") > 0.5
    sound = (low <= rates) & (rates <= high) & ~strange & ~(uneven & (len(intervals) >= 11))
    share = covered(rates[sound], recording.duration)
    if share < 0.5:
        raise recording.error(
            f"beats of {name} cover {share:.0%} of {recording.duration:g} s ({len(beats)} beats, "
            f"{sound.sum()} intervals that a heart can have); expected half or more: look at the "
            "signal, cut out a part with clear beats, or pass check=False to go on"
        )
    notes = [doubt, _other_heart(recording)]
    if share < 0.9:
        notes.append(
            f"beats of {name} cover {share:.0%} of {recording.duration:g} s; the rest is left out"
        )
    for note in filter(None, notes):
        warnings.warn(f"{recording.source}: {note}", SignalWarning, stacklevel=2)
    return times[sound], rates[sound]


def covered(rates: np.ndarray, seconds: float) -> float:
    """Share of some seconds that intervals of these rates (beats a minute) cover, 0 to 1."""
    if not len(rates):
        return 0.0
    # WHY: the first beat may come an interval after the start, the last one before the end.
    return float(min(1.0, ((60 / rates).sum() + 2 * np.median(60 / rates)) / seconds))


def _other_heart(recording: Recording) -> str:
    """A sentence if the ECG and the PPG of a recording have different rates, else ""."""
    if not {"ECG", "PPG"} <= set(recording.names):
        return ""
    found = [peaks(recording, name) for name in ("ECG", "PPG")]
    if min(map(len, found)) < FEWEST:
        return ""
    ecg, ppg = (60 * recording.sfreq / np.median(np.diff(beats)) for beats in found)
    if 0.9 < ecg / ppg < 1.1:
        return ""
    return (
        f"ECG has {ecg:.0f} beats a minute and PPG {ppg:.0f}, of one heart: the sampling rate of "
        "one of them is wrong, or its beats are not clear"
    )
