"""EEG as S2 reads it: the power of each channel in five bands, second by second."""

from dataclasses import replace

import numpy as np

from meps_lib.signals.eeg import ALPHA, band_power
from meps_lib.signals.recording import Recording

# Hz (ledger: eeg-bands).
BANDS = {
    "delta": (1.0, 4.0),
    "theta": (4.0, 8.0),
    "alpha": ALPHA,
    "beta": (13.0, 30.0),
    "gamma": (30.0, 47.0),
}


def band_steps(recording: Recording, last_s: int = 40) -> Recording:
    """Power of each channel in each band, second by second: what the EEG stream of S2 reads.

    Parameters
    ----------
    recording : Recording
        C channels of EEG.
    last_s : int
        Seconds at most, of those that end with the recording; a part of a second before them is
        left out, and a shorter recording has fewer steps.

    Returns
    -------
    Recording
        5 C rows, "Fz delta", "Fz theta", ..., at 1 Hz: the decimal logarithm of the power in a
        window of one second. It starts with the first window.

    Raises
    ------
    MepsError
        As `band_power`, naming the second, and when there is no whole second.

    References
    ----------
    Ledger: eeg-bands.
    """
    n = round(recording.sfreq)
    first = recording.n_samples - n * min(recording.n_samples // n if n else 0, last_s)
    if first == recording.n_samples:
        raise recording.error(f"{recording.duration:g} s of EEG; expected one whole second or more")
    steps = []
    for k in range(first, recording.n_samples, n):
        at = f"{recording.source}, second from {recording.times[k]:.3f} s"
        second = replace(recording, signals=recording.signals[:, k : k + n], source=at)
        powers = [band_power(second, band, second.duration) for band in BANDS.values()]
        steps.append(np.stack(powers, axis=1).ravel())
    return replace(
        recording,
        signals=np.log10(steps).T,
        names=tuple(f"{name} {band}" for name in recording.names for band in BANDS),
        units=tuple(f"log10 ({unit})^2" for unit in recording.units for _ in BANDS),
        sfreq=1.0,
        start=float(recording.times[first]),
    )
