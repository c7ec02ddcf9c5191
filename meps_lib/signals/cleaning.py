"""Remove what is not the signal: one filter a kind, from NeuroKit2."""

from dataclasses import replace

import neurokit2 as nk
import numpy as np

from meps_lib.errors import MepsError
from meps_lib.signals.recording import Recording

# CHOICE: a lowest rate for each kind. WHY: below it NeuroKit2's filters do not exist (PPG, RSP)
# or the QRS complex is no longer sampled (ECG). EDA and SKT are slow enough for any rate.
MIN_SFREQ = {"ECG": 50.0, "PPG": 20.0, "RSP": 7.0, "EEG": 100.0}
LOW_PASS = {"EDA": 3.0, "SKT": 0.5}  # cut-off in Hz
MIN_SAMPLES = 16  # what SciPy's padding of the filters for slow signals needs


def too_short(recording: Recording, expected: str) -> MepsError:
    """The error about a recording that no filter can run over."""
    return recording.error(
        f"{recording.duration:g} s of signal ({recording.n_samples} samples), too short to filter; "
        f"expected {expected} or more: clean the whole recording first, then cut it"
    )


def clean(recording: Recording, powerline: float = 50.0) -> Recording:
    """Remove what is not the signal, each kind by its own filter.

    ECG: high-pass 0.5 Hz, and a moving average over one period of the mains, which removes it but
    also lowers the R peaks (a peak of 1.10 mV to about 0.78 mV at 1000 Hz); PPG: 0.5 to 8 Hz; EDA:
    below 3 Hz; RSP: 0.05 to 3 Hz (all as in NeuroKit2); SKT: below 0.5 Hz; EEG: 1 to 40 Hz.
    Channels of another name, such as a photosensor, pass unchanged. Clean the whole recording,
    then cut it with `window`.

    Parameters
    ----------
    recording : Recording
        C channels, L samples, at least two seconds.
    powerline : float
        Mains frequency in Hz: 50, or 60 as in North America.

    Returns
    -------
    Recording
        The same shape and units, marked as cleaned; a cleaned recording is returned as it is.

    Raises
    ------
    MepsError
        When a channel is constant, the recording too short, its rate too low for its kind, or
        `powerline` neither 50 nor 60.

    References
    ----------
    Makowski et al. (2021), NeuroKit2. ledger: signal-cleaning

    Examples
    --------
    >>> wave = nk.eda_simulate(duration=10, sampling_rate=50, random_state=0)
    >>> clean(Recording(wave[None], ("EDA",), ("uS",), sfreq=50)).cleaned
    True
    """
    if powerline not in (50, 60):
        raise recording.error(f"powerline={powerline!r}; expected 50 or 60 (Hz)")
    if recording.cleaned:
        return recording
    if recording.duration < 2:
        raise too_short(recording, "2 s")
    rows = [
        _clean_channel(recording, name, row, powerline)
        for name, row in zip(recording.names, recording.signals, strict=True)
    ]
    return replace(recording, signals=np.stack(rows), cleaned=True)


def _clean_channel(recording: Recording, kind: str, x: np.ndarray, powerline: float) -> np.ndarray:
    if kind not in MIN_SFREQ and kind not in LOW_PASS:
        return x
    if np.ptp(x) == 0:
        raise recording.error(
            f"channel {kind} is constant at {x[0]:g}; check the sensor or drop the channel"
        )
    require_rate(recording, kind)
    if recording.n_samples < MIN_SAMPLES:
        raise too_short(recording, f"{MIN_SAMPLES} samples")
    return filter_channel(x, kind, recording.sfreq, powerline)


def filter_channel(x: np.ndarray, kind: str, sfreq: float, powerline: float = 50.0) -> np.ndarray:
    """The filter of each kind of signal, without the checks of `clean`; shape (L,) to (L,)."""
    if kind == "ECG":
        return nk.ecg_clean(x, sampling_rate=sfreq, powerline=powerline)
    if kind == "PPG":  # 0.5 to 8 Hz
        return nk.ppg_clean(x, sampling_rate=sfreq)
    if kind == "RSP":  # 0.05 to 3 Hz
        return nk.rsp_clean(x, sampling_rate=sfreq)
    if kind == "EEG":
        return nk.signal_filter(x, sfreq, lowcut=1, highcut=40, order=4)
    cut_off = LOW_PASS[kind]  # EDA 3 Hz, SKT 0.5 Hz
    if sfreq <= 2 * cut_off:
        return x  # nothing faster was sampled
    return nk.signal_filter(x, sfreq, highcut=cut_off, order=4)


def require_rate(recording: Recording, kind: str) -> None:
    """Raise `MepsError` when the rate is too low for what is to be seen in this kind of signal."""
    if recording.sfreq < MIN_SFREQ.get(kind, 0):
        raise recording.error(
            f"channel {kind} at {recording.sfreq:g} Hz; expected at least {MIN_SFREQ[kind]:g} Hz: "
            "is the sampling rate right?"
        )
