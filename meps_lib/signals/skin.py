"""Skin conductance responses: the rises that follow an arousing event by a second or more."""

from __future__ import annotations

import neurokit2 as nk
import numpy as np
import pandas as pd

from meps_lib.signals.cleaning import clean
from meps_lib.signals.recording import Recording


def skin_conductance_responses(
    recording: Recording, min_amplitude: float | None = None
) -> pd.DataFrame:
    """Skin conductance responses, scored from trough to peak.

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
        (trough to peak, in the channel's unit), ``rise_time`` (s). Empty when there is none.

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
    x = eda.signals[0]
    if eda.sfreq > 2:
        # WHY: a response takes a second or more to rise; faster ripples would break it into steps.
        x = nk.signal_filter(x, sampling_rate=eda.sfreq, highcut=1, order=4)
    found = nk.signal_findpeaks(x, height_min=min_amplitude)  # height = prominence
    onset, peak = (np.asarray(found[key], dtype=float) for key in ("Onsets", "Peaks"))
    seen = np.isfinite(onset)  # a response that began before the recording has no trough
    onset, peak = onset[seen].astype(int), peak[seen].astype(int)
    amplitude = x[peak] - x[onset]
    table = pd.DataFrame(
        {
            "onset": eda.start + onset / eda.sfreq,
            "peak": eda.start + peak / eda.sfreq,
            "amplitude": amplitude,
            "rise_time": (peak - onset) / eda.sfreq,
        }
    )
    return table[amplitude >= min_amplitude].reset_index(drop=True)
