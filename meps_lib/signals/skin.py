"""Skin conductance responses: the rises that follow an arousing event by a second or more."""

import warnings

import neurokit2 as nk
import numpy as np
import pandas as pd
from scipy.signal import find_peaks

from meps_lib.signals.cleaning import MIN_SAMPLES, clean, too_short
from meps_lib.signals.recording import Recording, SignalWarning

# CHOICE: a slower rise is drift of the level (ledger: scr-threshold). WHY: responses take 1 to 3 s.
LONGEST_RISE = 5.0  # s
# CHOICE: from a fifth to four fifths of the rise. WHY: the fastest response of the real recordings
# takes 0.26 s, and the filter spreads a jump of the contact over 0.16 s.
SHORTEST_RISE = 0.2  # s
HALF_RECOVERY = (0.4, 3.0)  # s; CHOICE: a faster rise counts if it then recovers as skin does
FLAT = 0.05  # CHOICE: a rise has begun where its slope exceeds a twentieth of the steepest


def refuse_resistance(recording: Recording) -> None:
    """Raise `MepsError` where EDA is in ohms, in which a response is a fall."""
    unit = recording.unit("EDA")
    if unit.lower().endswith(("ohm", "ohms", "ω")):  # the small letter of Ω
        raise recording.error(
            f"EDA is in {unit}, which is resistance and falls where conductance rises; convert it: "
            "uS is 1,000,000 / ohm"
        )


def skin_conductance_responses(
    recording: Recording, min_amplitude: float | None = None
) -> pd.DataFrame:
    """Skin conductance responses, scored from trough to peak.

    A response is a peak of the trace below 1 Hz that stands `min_amplitude` or more above its
    onset, and its onset lies 5 s or less before it. The onset is read from the trace below 3 Hz:
    the foot of the rise, where it leaves the ground. A rise that was under way when the
    recording began, or has no peak before it ends, is left out. So is one that the trace below 3 Hz
    does not have, which is the filter's ringing before a large response, and one that is faster
    than skin and stays or falls at once: where the contact of an electrode jumps, a
    `SignalWarning` says when. Below 4 Hz a jump cannot always be told from a response.

    Parameters
    ----------
    recording : Recording
        With channel EDA; cleaned first when it is not yet.
    min_amplitude : float, optional
        Smallest rise that counts, in the channel's unit; 0.05 when that unit is uS.

    Returns
    -------
    DataFrame
        One row a response: ``onset`` and ``peak`` (s, on the recording's clock), ``amplitude``
        (onset to peak, in the channel's unit), ``rise_time`` (s). Empty when there is none.
        ``attrs["jumps"]`` lists the onsets (s) of what was too fast.

    Raises
    ------
    MepsError
        Without `min_amplitude` when the unit is not uS; when it is one of resistance; under two
        seconds of signal; as `clean`.

    References
    ----------
    Boucsein et al. (2012) for the smallest amplitude. ledger: scr-threshold

    Examples
    --------
    >>> wave = nk.eda_simulate(duration=30, sampling_rate=100, scr_number=3, random_state=0)
    >>> found = skin_conductance_responses(Recording(wave[None], ("EDA",), ("uS",), sfreq=100))
    >>> len(found), list(found)
    (3, ['onset', 'peak', 'amplitude', 'rise_time'])
    """
    if recording.duration < 2:
        raise recording.error(
            f"{recording.duration:.2f} s of signal; a skin conductance response takes a second or "
            "more to rise: cut a longer window with context="
        )
    refuse_resistance(recording)
    eda = clean(recording.pick("EDA"))
    if min_amplitude is None:
        if eda.units[0] != "uS":
            raise recording.error(
                f"EDA is in {eda.units[0]}, not in uS: pass min_amplitude= in that unit, or "
                'state the unit when you know it: load(..., units={"EDA": "uS"})'
            )
        min_amplitude = 0.05
    sharp = x = eda.signals[0]
    if eda.n_samples < MIN_SAMPLES:
        raise too_short(eda, f"{MIN_SAMPLES} samples")
    if eda.sfreq > 2:
        # WHY: a response takes a second or more to rise; faster ripples would break it into steps.
        x = nk.signal_filter(x, sampling_rate=eda.sfreq, highcut=1, order=4)
    rows, jumps = [], []
    # WHY: slower sampling cannot show a shorter rise; a jump within two samples takes 1.2 of them.
    shortest = np.clip(1.4 / eda.sfreq, SHORTEST_RISE, 0.35)
    for before, peak in _rises(x, min_amplitude):
        onset = _onset(sharp, x, max(before, peak - round(LONGEST_RISE * eda.sfreq)), peak)
        if onset is not None and (amplitude := x[peak] - sharp[onset]) >= min_amplitude:
            times = eda.start + np.array([onset, peak]) / eda.sfreq
            rise = _rise(sharp[onset : peak + 1], amplitude, eda.sfreq)
            if rise >= shortest or (rise < shortest and _recovers(sharp, onset, peak, eda.sfreq)):
                rows.append((*times, amplitude, (peak - onset) / eda.sfreq))
            elif rise < shortest:
                jumps.append(float(times[0]))
    if jumps:
        at = ", ".join(f"{time:.2f}" for time in jumps)
        text = f"EDA rises faster than skin at {at} s: jumps of the contact, left out"
        warnings.warn(f"{eda.source}: {text}", SignalWarning, stacklevel=2)
    found = pd.DataFrame(rows, columns=["onset", "peak", "amplitude", "rise_time"], dtype=float)
    found.attrs["jumps"] = jumps
    return found


def _recovers(x: np.ndarray, onset: int, peak: int, sfreq: float) -> bool:
    """Whether half of a rise is gone neither at once nor only after seconds."""
    first, last = HALF_RECOVERY
    fallen = x[peak : peak + round(last * sfreq)] <= (x[onset] + x[peak]) / 2
    return bool(fallen.any() and np.argmax(fallen) > first * sfreq + 1)


def _rise(x: np.ndarray, amplitude: float, sfreq: float) -> float:
    """Seconds from a fifth to four fifths of a rise; NaN when x, its trace, has no such rise."""
    at = np.arange(0, len(x) - 1, 0.01 * sfreq)
    share = (np.interp(at, np.arange(len(x)), x) - x[0]) / amplitude
    if not (share >= 0.8).any():
        return np.nan
    return 0.01 * float(np.argmax(share >= 0.8) - np.argmax(share >= 0.2))


def _rises(x: np.ndarray, min_amplitude: float) -> list[tuple[int, int]]:
    """Each large peak, with the large peak (or the first sample) before it."""
    # WHY: the prominence is the smaller of two drops. A low sample behind the end leaves the drop
    # before the peak to decide, so that a window may end during the recovery.
    padded = np.append(x, x.min() - 2 * min_amplitude)
    tops, _ = find_peaks(padded, prominence=min_amplitude)
    tops = tops[tops < len(x) - 1]  # still rising at the end: the peak was not seen
    return list(zip(np.r_[0, tops][:-1], tops, strict=True))


def _onset(sharp: np.ndarray, x: np.ndarray, first: int, peak: int) -> int | None:
    """Where the rise to a peak leaves the ground; None when it was under way at `first`."""
    if peak - first < 2:
        return None
    steepest = first + int(np.argmax(np.gradient(x[first : peak + 1])))
    # WHY: a zero-phase filter smears the sharp foot of a rise to both sides, so that the trough of
    # the smoothed trace comes a third of a second early; the less smoothed trace has the foot.
    slope = np.gradient(sharp[first : peak + 1])[: steepest - first + 1]
    flat = np.flatnonzero(slope <= FLAT * slope.max())
    return first + int(flat[-1]) if len(flat) else None
