"""Judges of the simulated EEG: Welch's spectrum, by SciPy, of what the electrodes give.

Blinks, muscles, mains and noise are left in; the truth is the dial that was turned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from meps_lab.simulate.body.physiology import BANDS, Body, Event, record
from meps_lab.simulate.body.responses import respond

SFREQ = 250.0  # Hz
_BACK, _FRONT = ("P3", "P4", "O1", "O2"), ("F3", "F4")


def band_powers(eeg: np.ndarray, sfreq: float = SFREQ) -> np.ndarray:
    """Power of each channel in each of `BANDS` by Welch's method with 2-s windows.

    Parameters
    ----------
    eeg : ndarray, shape (E, L)
        In uV.
    sfreq : float
        Hz.

    Returns
    -------
    ndarray, shape (E, 5)
        In uV^2.
    """
    from scipy.signal import welch

    hz, density = welch(eeg, sfreq, nperseg=round(2 * sfreq))
    inside = [(hz >= low) & (hz < high) for low, high in BANDS.values()]
    return np.stack([density[:, band].sum(1) * (hz[1] - hz[0]) for band in inside], axis=1)


def alpha_ratio(powers: np.ndarray) -> float:
    """Alpha power over that of all bands, the mean over channels."""
    return float((powers[:, list(BANDS).index("alpha")] / powers.sum(1)).mean())


def alpha_follows(
    seed: int = 0, n: int = 4, levels: Sequence[float] = (0.5, 0.7, 1.0, 1.4, 2.0)
) -> float:
    """Pearson's r of the alpha ratio with ln of the dial `Body.alpha`, the worst of `n` bodies."""
    worst = 1.0
    for k in range(n):
        body = Body.draw(np.random.default_rng([seed, 5, k]), 0.2)
        ratios = [
            alpha_ratio(band_powers(_eeg(replace(body, alpha=level), seed, k, j, (), _BACK)))
            for j, level in enumerate(levels)
        ]
        worst = min(worst, np.corrcoef(np.log(levels), ratios)[0, 1])
    return float(worst)


def power_ratio(seed: int = 0, n: int = 4) -> float:
    """Welch's alpha power over the true `band_power` in alpha, the mean over bodies; 1: right."""
    ratios = []
    for k in range(n):
        body = Body.draw(np.random.default_rng([seed, 6, k]), 0.2)
        e = record(body, np.random.default_rng([seed, 7, k]), duration_s=30.0, eeg_names=_BACK,
                   eeg_sfreq=SFREQ)  # fmt: skip
        alpha = list(BANDS).index("alpha")
        ratios.append((band_powers(e.eeg)[:, alpha] / e.band_power[:, alpha]).mean())
    return float(np.mean(ratios))


def asymmetry_follows(
    seed: int = 0, n: int = 4, levels: Sequence[float] = (-1.0, -0.5, 0.0, 0.5, 1.0)
) -> float:
    """Pearson's r of the frontal alpha asymmetry with the events' valence, the worst body's.

    Asymmetry is ln alpha power at F4 minus that at F3, over a minute with an event every four
    seconds. A body's own is far from 0 by chance, so each is compared with itself: the same
    minute, but for the valence.
    """
    worst = 1.0
    for k in range(n):
        body = Body.draw(np.random.default_rng([seed, 5, k]), 0.2)
        leans = []
        for valence in levels:
            response = respond("others", arousal=0.3, valence=valence)
            events = tuple(Event(float(t), response) for t in range(0, 60, 4))
            powers = band_powers(_eeg(body, seed, k, 0, events, _FRONT, 60.0))
            left, right = powers[:, list(BANDS).index("alpha")]
            leans.append(np.log(right / left))
        worst = min(worst, np.corrcoef(levels, leans)[0, 1])
    return float(worst)


def _eeg(
    body: Body, seed: int, k: int, j: int, events: Sequence[Event], names: Sequence[str],
    duration_s: float = 30.0,
) -> np.ndarray:  # fmt: skip
    rng = np.random.default_rng([seed, 8, k, j])
    return record(
        body, rng, events, duration_s=duration_s, signals=(), eeg_names=names, eeg_sfreq=SFREQ
    ).eeg
