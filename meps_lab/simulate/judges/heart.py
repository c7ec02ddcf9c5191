"""Judges of the simulated heart and breath: NeuroKit2 and SciPy.

None of them sees the truth before it has given its answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from meps_lab.simulate.judges.cases import SFREQ, Case, record_cases, share_found


def r_peaks(ecg: np.ndarray) -> np.ndarray:
    """Times of the R peaks that NeuroKit2 finds, s."""
    import neurokit2 as nk

    clean = nk.ecg_clean(ecg, sampling_rate=SFREQ)
    return np.asarray(nk.ecg_peaks(clean, sampling_rate=SFREQ)[1]["ECG_R_Peaks"]) / SFREQ


def pulse_peaks(ppg: np.ndarray) -> np.ndarray:
    """Times of the systolic peaks that NeuroKit2 finds, s."""
    import neurokit2 as nk

    clean = nk.ppg_clean(ppg, sampling_rate=SFREQ)
    return np.asarray(nk.ppg_findpeaks(clean, sampling_rate=SFREQ)["PPG_Peaks"]) / SFREQ


def r_peaks_found(cases: Sequence[Case], clean: bool = True, within_s: float = 0.02) -> float:
    """Share of the true R peaks that NeuroKit2 finds, to 20 ms."""
    return share_found(
        cases, lambda c: (c.episode.beat_times, r_peaks(c.signal("ECG", clean))), within_s
    )


def pulse_peaks_found(cases: Sequence[Case], clean: bool = True, within_s: float = 0.04) -> float:
    """Share of the true systolic peaks that NeuroKit2 finds, to 40 ms."""
    return share_found(
        cases, lambda c: (c.episode.pulse_times, pulse_peaks(c.signal("PPG", clean))), within_s
    )


def order_by_noise(
    judge: Callable[..., float],
    seed: int = 0,
    n: int = 8,
    levels: Sequence[float] = (0, 30, 60, 120),
) -> float:
    """Spearman's rank correlation of a judge's share with the noise; -1: falls at every step.

    The bodies and their beats are the same at every level.
    """
    from scipy.stats import spearmanr

    shares = [judge(record_cases(seed, n, noise=k), clean=False) for k in levels]
    return float(spearmanr(levels, shares).statistic)


def heart_rate_difference(cases: Sequence[Case]) -> float:
    """Largest difference of the mean heart rate in ECG and PPG, beats a minute.

    Record 30 s or more: in ten the one beat that only one of the two shows at an end weighs.
    """
    rates = [
        [60 / np.diff(p).mean() for p in (r_peaks(c.signal("ECG")), pulse_peaks(c.signal("PPG")))]
        for c in cases
    ]
    return float(np.abs(np.diff(rates)).max())


def rsa_off_breath(cases: Sequence[Case]) -> float:
    """Median distance of the heart rate's respiratory peak from the breathing rate, Hz.

    The breathing rate is what NeuroKit2 finds in the RSP; the peak is that of Welch's
    spectrum of the RR intervals, resampled to 4 Hz, from .12 to .5 Hz.
    """
    import neurokit2 as nk
    from scipy.signal import welch

    off = []
    for c in cases:
        beats = r_peaks(c.signal("ECG"))
        even = np.arange(beats[1], beats[-1], 0.25)
        intervals = np.interp(even, beats[1:], np.diff(beats))
        hz, power = welch(intervals, 4.0, nperseg=min(len(even), 160), nfft=2048)
        band = (hz > 0.12) & (hz < 0.5)
        breath = nk.rsp_clean(c.signal("RSP"), sampling_rate=SFREQ)
        peaks = nk.rsp_findpeaks(breath, sampling_rate=SFREQ)["RSP_Peaks"] / SFREQ
        off.append(abs(hz[band][power[band].argmax()] - 1 / np.diff(peaks).mean()))
    return float(np.median(off))


def variability(cases: Sequence[Case]) -> dict[str, float]:
    """Median over bodies of NeuroKit2's mean interval, SDNN and RMSSD, in ms."""
    import neurokit2 as nk

    rows = []
    for c in cases:
        peaks = np.round(r_peaks(c.signal("ECG")) * SFREQ).astype(int)
        row = nk.hrv_time(peaks, sampling_rate=SFREQ)
        rows.append([float(row[f"HRV_{name}"].iloc[0]) for name in ("MeanNN", "SDNN", "RMSSD")])
    return dict(zip(("MeanNN", "SDNN", "RMSSD"), np.median(rows, axis=0).tolist(), strict=True))
