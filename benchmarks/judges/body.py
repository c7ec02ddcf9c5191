"""What NeuroKit2 and SciPy find in the simulated signals, against what was put in.

A true time counts as found if a found time lies within the window that its judge states, and
one found time serves one true time. What lies within half a second of a recording's ends does
not count: filters ring there.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import neurokit2 as nk
import numpy as np
from scipy.signal import welch
from scipy.stats import spearmanr

from meps_lab.simulate.body.artefacts import Artefacts
from meps_lab.simulate.body.physiology import BANDS, Body, Episode, Event, record
from meps_lab.simulate.body.responses import respond
from meps_lib.errors import MepsError
from meps_lib.labels import EMOTIONS

SFREQ, EEG_SFREQ = 200.0, 250.0  # Hz
_EDGE_S = 0.5
_PEAKS = {"ECG": "ECG_R_Peaks", "PPG": "PPG_Peaks", "RSP": "RSP_Peaks"}  # as NeuroKit2 calls them
_WITHIN_S = {"ECG": 0.02, "PPG": 0.04}
_LEAST_US = 0.05  # skin responses below are not asked about
_PEAK_S = 1.18  # s from a skin response's onset to its peak, when nothing overlaps it
_BACK, _FRONT = ("P3", "P4", "O1", "O2"), ("F3", "F4")
_ALPHA = list(BANDS).index("alpha")


@dataclass(frozen=True)
class Case:
    """One recorded body and what happened to it."""

    events: tuple[Event, ...]
    episode: Episode

    def signal(self, name: str, clean: bool = False) -> np.ndarray:
        """One signal, shape (L,), as the sensor gives it or without its artefacts."""
        rows = self.episode.clean_ps if clean else self.episode.ps
        return rows[self.episode.names.index(name)]

    def peaks(self, name: str, clean: bool = False) -> np.ndarray:
        """Times (s) of the peaks that NeuroKit2 finds in the ECG, the PPG or the RSP."""
        cleaned, find = (getattr(nk, f"{name.lower()}_{do}") for do in ("clean", "findpeaks"))
        found = find(cleaned(self.signal(name, clean), sampling_rate=SFREQ), sampling_rate=SFREQ)
        return np.asarray(found[_PEAKS[name]]) / SFREQ


def record_cases(
    seed: int, n: int, duration_s: float = 10.0, every_s: float | None = None, noise: float = 1.0
) -> list[Case]:
    """Record `n` different bodies, each answering an emotion at the third second.

    Further events follow every `every_s`; one event if None, none at all (rest) if 0.
    `noise` is a factor on all artefacts.
    """
    cases = []
    for k in range(n):
        response = respond(EMOTIONS[k % len(EMOTIONS)], arousal=0.3 + 0.7 * k / max(1, n - 1))
        times = [] if every_s == 0 else np.arange(3.0, duration_s - 4, every_s or duration_s)
        events = tuple(Event(float(t), response) for t in times)
        body = Body.draw(np.random.default_rng([seed, 1, k]), 0.2)
        how = {"sfreq": SFREQ, "signals": ("EDA", "ECG", "PPG", "RSP")}
        how |= {"duration_s": duration_s, "artefacts": Artefacts().scaled(noise)}
        cases.append(Case(events, record(body, np.random.default_rng([seed, 2, k]), events, **how)))
    return cases


def match(true: np.ndarray, found: np.ndarray, within_s: float) -> np.ndarray:
    """Which true times (s) have been found, one found time serving one true time.

    Examples
    --------
    >>> match(np.array([1.0, 1.01, 5.0]), np.array([1.02]), 0.03).tolist()
    [True, False, False]
    """
    hit, found, j = np.zeros(len(true), bool), np.sort(found), 0
    for i in np.argsort(true):  # the earliest that still reaches; windows are all alike
        while j < len(found) and found[j] < true[i] - within_s:
            j += 1
        if j < len(found) and found[j] <= true[i] + within_s:
            hit[i] = True
            j += 1
    return hit


def beats_found(cases: Sequence[Case], name: str, clean: bool = True) -> float:
    """Share of the true R peaks (ECG, to 20 ms) or systolic peaks (PPG, to 40 ms) found."""
    true = {"ECG": "beat_times", "PPG": "pulse_times"}[name]
    pairs = [(getattr(c.episode, true), c.peaks(name, clean)) for c in cases]
    return _share_found(cases, pairs, _WITHIN_S[name])


def order_by_noise(name: str, seed: int, n: int) -> float:
    """Spearman's rank correlation of that share with the noise; -1: falls at every step.

    The bodies and their beats are the same at every level.
    """
    levels, shares = (0, 30, 60, 120), []
    for k in levels:
        shares.append(beats_found(record_cases(seed, n, noise=k), name, clean=False))
    return float(spearmanr(levels, shares).statistic)


def heart_rate_difference(cases: Sequence[Case]) -> float:
    """Largest difference of the mean heart rate in ECG and PPG, beats a minute.

    Record 30 s or more: in ten the one beat that only one of the two shows at an end weighs.
    """
    rates = [[60 / np.diff(c.peaks(name)).mean() for name in ("ECG", "PPG")] for c in cases]
    return float(np.abs(np.diff(rates)).max())


def rsa_off_breath(cases: Sequence[Case]) -> float:
    """Median distance of the heart rate's respiratory peak from the breathing rate, Hz.

    The peak is that of Welch's spectrum of the RR intervals, resampled to 4 Hz, from .12 to
    .5 Hz.
    """
    off = []
    for c in cases:
        beats, breaths = c.peaks("ECG"), c.peaks("RSP")
        even = np.arange(beats[1], beats[-1], 0.25)
        intervals = np.interp(even, beats[1:], np.diff(beats))
        hz, power = welch(intervals, 4.0, nperseg=min(len(even), 160), nfft=2048)
        band = (hz > 0.12) & (hz < 0.5)
        off.append(abs(hz[band][power[band].argmax()] - 1 / np.diff(breaths).mean()))
    return float(np.median(off))


def variability(cases: Sequence[Case]) -> list[float]:
    """Median over bodies of NeuroKit2's mean interval, SDNN and RMSSD, in ms."""
    samples = [np.round(c.peaks("ECG") * SFREQ).astype(int) for c in cases]
    rows = [nk.hrv_time(s, sampling_rate=SFREQ).iloc[0] for s in samples]
    return np.median([r[["HRV_MeanNN", "HRV_SDNN", "HRV_RMSSD"]] for r in rows], axis=0).tolist()


def scrs_found(cases: Sequence[Case]) -> float:
    """Share of the true responses above .05 uS, evoked or spontaneous, that NeuroKit2 finds.

    A response is found if a found peak lies within 1 s of its onset + 1.18 s. Two that begin
    within a second of each other rise as one and count as one, at the larger's onset. One
    whose peak falls outside the recording does not count.
    """
    episodes = [c.episode for c in cases]
    true = [_rises(e.scr_onsets, e.scr_amplitudes) + _PEAK_S for e in episodes]
    pairs = [(t, _responses(c)[1]) for t, c in zip(true, cases, strict=True)]
    return _share_found(cases, pairs, 1.0)


def latency_in_range(cases: Sequence[Case]) -> float:
    """Share of evoked responses above .05 uS that NeuroKit2 sees begin 1-3 s after the event.

    Of each event the found response nearest to the true one is timed; a quarter of a second is
    granted at either end, as NeuroKit2 puts the onset where its filtered signal turns.
    """
    inside = []
    for c in cases:
        e, found = c.episode, _responses(c)[0]
        found = found[np.isfinite(found)]
        for onset in e.scr_onsets[e.scr_evoked & (e.scr_amplitudes > _LEAST_US)]:
            event = max(v.time_s for v in c.events if v.time_s <= onset)
            latency = found[np.abs(found - onset).argmin()] - event if len(found) else np.nan
            inside.append(0.75 <= latency <= 3.25)
    if not inside:
        raise MepsError("no response was evoked in these recordings; give them events")
    return float(np.mean(inside))


def alpha_follows(seed: int, n: int) -> float:
    """Pearson's r of the alpha ratio with ln of the dial `Body.alpha`, the worst of `n` bodies.

    The ratio is alpha power over that of all bands, the mean over channels.
    """
    worst, levels = 1.0, (0.5, 0.7, 1.0, 1.4, 2.0)
    for k in range(n):
        body = Body.draw(np.random.default_rng([seed, 5, k]), 0.2)
        ratios = []
        for j, level in enumerate(levels):
            powers, _ = _band_powers(replace(body, alpha=level), [seed, 8, k, j], _BACK)
            ratios.append((powers[:, _ALPHA] / powers.sum(1)).mean())
        worst = min(worst, np.corrcoef(np.log(levels), ratios)[0, 1])
    return float(worst)


def power_ratio(seed: int, n: int) -> float:
    """Welch's alpha power over the true `band_power` in alpha, the mean over bodies; 1: right."""
    ratios = []
    for k in range(n):
        body = Body.draw(np.random.default_rng([seed, 6, k]), 0.2)
        found, true = _band_powers(body, [seed, 7, k], _BACK)
        ratios.append((found[:, _ALPHA] / true[:, _ALPHA]).mean())
    return float(np.mean(ratios))


def asymmetry_follows(seed: int, n: int) -> float:
    """Pearson's r of the frontal alpha asymmetry with the events' valence, the worst body's.

    Asymmetry is ln alpha power at F4 minus that at F3, over a minute with an event every four
    seconds. A body's own is far from 0 by chance, so each is compared with itself: the same
    minute, but for the valence.
    """
    worst, levels = 1.0, (-1.0, -0.5, 0.0, 0.5, 1.0)
    for k in range(n):
        body = Body.draw(np.random.default_rng([seed, 5, k]), 0.2)
        leans = []
        for valence in levels:
            response = respond("others", arousal=0.3, valence=valence)
            events = [Event(float(t), response) for t in range(0, 60, 4)]
            powers, _ = _band_powers(body, [seed, 8, k, 0], _FRONT, events, 60.0)
            leans.append(np.log(powers[1, _ALPHA] / powers[0, _ALPHA]))
        worst = min(worst, np.corrcoef(levels, leans)[0, 1])
    return float(worst)


def _share_found(
    cases: Sequence[Case], pairs: Sequence[tuple[np.ndarray, np.ndarray]], within_s: float
) -> float:
    """Share of the true times with a found time, over all cases."""
    hits = []
    for c, (true, found) in zip(cases, pairs, strict=True):
        stop_s = c.episode.ps.shape[1] / SFREQ - _EDGE_S
        hits += match(true, found, within_s)[(true >= _EDGE_S) & (true < stop_s)].tolist()
    if not hits:
        raise MepsError("nothing to be found in these recordings; record longer or more of them")
    return float(np.mean(hits))


def _responses(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Onsets and peaks (s) of the responses in NeuroKit2's phasic part of the EDA.

    CHOICE: the smallest kept is a hundredth of the largest. WHY: by default NeuroKit2 drops
    what is below a tenth, so that one response of 1 uS hides all those of .05 to .1 uS.
    """
    clean = nk.eda_clean(case.signal("EDA", clean=True), sampling_rate=SFREQ)
    phasic = nk.eda_phasic(clean, sampling_rate=SFREQ)["EDA_Phasic"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "no peaks" is an answer
        info = nk.eda_peaks(phasic, sampling_rate=SFREQ, amplitude_min=0.01)[1]
    return tuple(np.asarray(info[k], float) / SFREQ for k in ("SCR_Onsets", "SCR_Peaks"))


def _rises(onsets: np.ndarray, amplitudes: np.ndarray) -> np.ndarray:
    """Onsets of the responses above .05 uS that can be told apart: a second or more.

    Examples
    --------
    >>> _rises(np.array([1.0, 1.4, 5.0]), np.array([0.1, 0.6, 0.2])).tolist()
    [1.4, 5.0]
    """
    onsets, amplitudes = (x[amplitudes > _LEAST_US] for x in (onsets, amplitudes))
    groups = np.split(np.arange(len(onsets)), np.flatnonzero(np.diff(onsets) >= 1.0) + 1)
    return np.array([onsets[g[amplitudes[g].argmax()]] for g in groups if len(g)])


def _band_powers(
    body: Body,
    key: Sequence[int],
    names: Sequence[str],
    events: Sequence[Event] = (),
    duration_s: float = 30.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Power (uV^2) of each channel in each of `BANDS`, by Welch with 2-s windows, and the true.

    Blinks, muscles, mains and noise are left in.
    """
    how = {"duration_s": duration_s, "eeg_names": names, "eeg_sfreq": EEG_SFREQ}
    e = record(body, np.random.default_rng(key), events, signals=(), **how)
    hz, density = welch(e.eeg, EEG_SFREQ, nperseg=round(2 * EEG_SFREQ))
    inside = [(hz >= low) & (hz < high) for low, high in BANDS.values()]
    powers = np.stack([density[:, band].sum(1) * (hz[1] - hz[0]) for band in inside], axis=1)
    return powers, e.band_power
