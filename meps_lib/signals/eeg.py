"""Band power of the EEG, and the one rhythm that a closed eye makes visible: alpha."""

import numpy as np
from scipy.signal import welch

from meps_lib.signals.recording import Recording

ALPHA = (8.0, 13.0)  # Hz


def spectrum(recording: Recording, seconds: float = 4.0) -> tuple[np.ndarray, np.ndarray]:
    """Power spectral density of every channel, by Welch's method.

    Parameters
    ----------
    recording : Recording
        C channels, L samples.
    seconds : float
        Length of the Hann windows, half overlapping; their inverse is the resolution in Hz.

    Returns
    -------
    frequencies : array, shape (F,)
        In Hz, from 0 to half the sampling rate.
    density : array, shape (C, F)
        In the channel's unit squared, per Hz.

    Raises
    ------
    MepsError
        When the recording is shorter than one window, or a channel is constant.
    """
    if not seconds * recording.sfreq >= 2:
        raise recording.error(f"windows of seconds={seconds}; expected two samples or more")
    if recording.duration < seconds:
        raise recording.error(
            f"{recording.duration:g} s of signal, expected at least one window of {seconds:g} s; "
            "take a longer recording or pass seconds="
        )
    for name, row in zip(recording.names, recording.signals, strict=True):
        if np.ptp(row) == 0:
            raise recording.error(f"channel {name} is constant at {row[0]:g}; check the electrode")
    n_samples = round(seconds * recording.sfreq)
    return welch(recording.signals, recording.sfreq, nperseg=n_samples)


def band_power(recording: Recording, band: tuple[float, float], seconds: float = 4.0) -> np.ndarray:
    """Power of every channel within a band of frequencies.

    Parameters
    ----------
    recording : Recording
        C channels, L samples.
    band : (float, float)
        Lower and upper limit in Hz, below half the sampling rate.
    seconds : float
        Length of the Welch windows.

    Returns
    -------
    array, shape (C,)
        In the channel's unit squared: the variance that falls into the band.

    Raises
    ------
    MepsError
        As `spectrum`, and when the band does not fit under half the sampling rate.

    Examples
    --------
    A sine of amplitude A has the power A ** 2 / 2, all of it at its frequency:

    >>> sine = 3.0 * np.sin(2 * np.pi * 10 * np.arange(2500) / 125)
    >>> recording = Recording(sine[None], ("EEG",), ("uV",), sfreq=125)
    >>> bool(np.isclose(band_power(recording, (8, 13))[0], 4.5, rtol=1e-3))
    True
    """
    low, high = band
    if not 0 <= low < high <= recording.sfreq / 2:
        raise recording.error(
            f"band {low:g} to {high:g} Hz at a rate of {recording.sfreq:g} Hz; expected two rising "
            f"limits up to {recording.sfreq / 2:g} Hz"
        )
    frequencies, density = spectrum(recording, seconds)
    inside = (frequencies >= low) & (frequencies < high)
    if not inside.any():
        raise recording.error(
            f"no frequency between {low:g} and {high:g} Hz: windows of {seconds:g} s resolve "
            f"{1 / seconds:g} Hz; take a wider band or longer windows"
        )
    return density[:, inside].sum(axis=1) * (frequencies[1] - frequencies[0])


def alpha_power(recording: Recording, seconds: float = 4.0) -> np.ndarray:
    """Power between 8 and 13 Hz, which rises over the back of the head when the eyes close.

    Parameters
    ----------
    recording : Recording
        C channels of EEG, L samples.
    seconds : float
        Length of the Welch windows.

    Returns
    -------
    array, shape (C,)
        In the channel's unit squared.

    References
    ----------
    Band limits as in the EEG stream of S2 (ledger: eeg-bands).

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=(1, 5000))
    >>> calm = Recording(noise, ("EEG",), ("uV",), sfreq=125)
    >>> bool(np.isclose(alpha_power(calm)[0], 5 / 62.5, rtol=0.15))  # white: its share of the band
    True
    """
    return band_power(recording, ALPHA, seconds)
