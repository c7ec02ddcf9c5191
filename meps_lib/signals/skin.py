"""Skin conductance responses: the rises that follow an arousing event by a second or more."""

import neurokit2 as nk
import numpy as np
import pandas as pd
from scipy.signal import find_peaks

from meps_lib.signals.cleaning import MIN_SAMPLES, clean, too_short
from meps_lib.signals.recording import Recording

# CHOICE: a slower rise is drift of the level (ledger: scr-threshold). WHY: responses take 1 to 3 s.
LONGEST_RISE = 5.0  # s
FLAT = 0.05  # CHOICE: a rise has begun where its slope exceeds a twentieth of the steepest


def skin_conductance_responses(
    recording: Recording, min_amplitude: float | None = None
) -> pd.DataFrame:
    """Skin conductance responses, scored from trough to peak.

    A response is a peak of the trace below 1 Hz that stands `min_amplitude` or more above its
    onset, and its onset lies 5 s or less before it. The onset is read from the trace below 3 Hz:
    the foot of the rise, where it leaves the ground. A rise that was under way when the
    recording began, or has no peak before it ends, is left out.

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

    Raises
    ------
    MepsError
        Without `min_amplitude` when the unit is not uS; under two seconds of signal; as `clean`.

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
    rows = []
    for before, peak in _rises(x, min_amplitude):
        onset = _onset(sharp, x, max(before, peak - round(LONGEST_RISE * eda.sfreq)), peak)
        if onset is not None and (amplitude := x[peak] - sharp[onset]) >= min_amplitude:
            times = eda.start + np.array([onset, peak]) / eda.sfreq
            rows.append((*times, amplitude, (peak - onset) / eda.sfreq))
    return pd.DataFrame(rows, columns=["onset", "peak", "amplitude", "rise_time"], dtype=float)


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
