"""One rate for all: polyphase resampling, and joining recordings of different rates."""

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import numpy as np
from scipy.signal import resample_poly

from meps_lib.errors import MepsError
from meps_lib.signals.recording import RATES, Recording

LATE = 0.05  # samples that the last one may be off when a ratio of rates is rounded


def resample(recording: Recording, sfreq: float) -> Recording:
    """Bring a recording to another rate, without aliasing.

    SciPy's polyphase filter removes what the new rate cannot carry before it drops samples. Any
    two rates will do: their ratio is rounded to integers that put the last sample less than a
    twentieth of a sample off. A marker channel (a photosensor, a trigger line) is smeared by this:
    find the events first.

    Parameters
    ----------
    recording : Recording
        C channels, L samples.
    sfreq : float
        New rate in Hz.

    Returns
    -------
    Recording
        ceil(L * new / old) samples; the first keeps its time.

    Raises
    ------
    MepsError
        When the rate lies outside 0.1 to 1,000,000 Hz, or the two are too far apart, or the
        recording too long, for such integers.

    Examples
    --------
    >>> fast = Recording(np.zeros((1, 1000)), ("ECG",), ("mV",), sfreq=1000)
    >>> resample(fast, 200).signals.shape
    (1, 200)
    """
    low, high = RATES
    if not low <= sfreq <= high:
        raise recording.error(f"cannot resample to {sfreq} Hz; give {low:g} to {high:g} Hz")
    if sfreq == recording.sfreq:
        return recording
    try:
        signals = polyphase(recording.signals, recording.sfreq, sfreq)
    except MepsError as error:
        raise recording.error(str(error)) from None
    return replace(recording, signals=signals, sfreq=float(sfreq))


def polyphase(signals: np.ndarray, old: float, new: float) -> np.ndarray:
    """Resample the rows of an array (C, L) from one rate in Hz to another; see `resample`."""
    small, n_samples = min(new / old, old / new), signals.shape[1] * new / old
    for largest in (10_000, 1_000_000):  # WHY: the filter is as long as the larger integer
        ratio = Fraction(small).limit_denominator(largest)
        if ratio and abs(float(ratio) / small - 1) * n_samples < LATE:
            break
    else:
        raise MepsError(f"cannot resample {old} Hz to {new} Hz: too far apart, or too many samples")
    ratio = ratio if new < old else 1 / ratio
    # WHY: padtype "line" continues the signal's own level; with SciPy's default of zeros a skin
    # conductance of 13 uS would fall towards 0 at both ends.
    return resample_poly(signals, ratio.numerator, ratio.denominator, axis=1, padtype="line")


def join(recordings: Iterable[Recording], sfreq: float | None = None) -> Recording:
    """Bring recordings of different rates and starts to one rate and their common time.

    Parameters
    ----------
    recordings : iterable of Recording
        With different channel names, on the same clock.
    sfreq : float, optional
        Rate of the result in Hz; default: the highest among them.

    Returns
    -------
    Recording
        From the latest start to the earliest end; channels in the order given.

    Raises
    ------
    MepsError
        When there is nothing to join, or the recordings share no time.

    Examples
    --------
    >>> slow = Recording(np.zeros((1, 40)), ("EDA",), ("uS",), sfreq=4, start=1.0)
    >>> fast = Recording(np.zeros((1, 640)), ("PPG",), ("not stated",), sfreq=64)
    >>> both = join([slow, fast])
    >>> both.names, both.sfreq, both.start, both.n_samples
    (('EDA', 'PPG'), 64, 1.0, 576)
    """
    parts = list(recordings)
    if not parts:
        raise MepsError("nothing to join: got no recording")
    sfreq = sfreq or max(part.sfreq for part in parts)
    start = max(part.start for part in parts)
    stop = min(part.start + part.duration for part in parts)
    n_samples = int(np.floor((stop - start) * sfreq + 1e-6))
    if n_samples < 1:
        spans = "; ".join(
            f"{p.source} {p.start:.12g} to {p.start + p.duration:.12g} s" for p in parts
        )
        raise MepsError(f"the recordings share no time ({spans}); check their start times")
    rows = []
    for part in parts:
        first = round((start - part.start) * sfreq)
        rows.append(resample(part, sfreq).signals[:, first : first + n_samples])
    n_samples = min(row.shape[1] for row in rows)
    return Recording(
        signals=np.concatenate([row[:, :n_samples] for row in rows]),
        names=sum((part.names for part in parts), ()),
        units=sum((part.units for part in parts), ()),
        sfreq=sfreq,
        source=" + ".join(part.source for part in parts),
        start=start,
        cleaned=all(part.cleaned for part in parts),
    )
