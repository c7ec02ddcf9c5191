"""Judges of the simulated skin conductance: NeuroKit2's decomposition."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from meps_lab.simulate.judges.cases import SFREQ, Case, share_found
from meps_lib.errors import MepsError

LEAST_US = 0.05
PEAK_S = 1.18  # s from a response's onset to its peak, when nothing overlaps it


def responses(eda: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Onsets and peaks (s) of the responses in NeuroKit2's phasic part of the EDA.

    CHOICE: the smallest kept is a hundredth of the largest. WHY: by default NeuroKit2 drops
    what is below a tenth, so that one response of 1 uS hides all those of .05 to .1 uS.
    """
    import neurokit2 as nk

    clean = nk.eda_clean(eda, sampling_rate=SFREQ)
    phasic = nk.eda_phasic(clean, sampling_rate=SFREQ)["EDA_Phasic"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "no peaks" is an answer
        info = nk.eda_peaks(phasic, sampling_rate=SFREQ, amplitude_min=0.01)[1]
    onsets, peaks = (np.asarray(info[k], float) / SFREQ for k in ("SCR_Onsets", "SCR_Peaks"))
    return onsets, peaks


def scrs_found(cases: Sequence[Case], clean: bool = True, within_s: float = 1.0) -> float:
    """Share of the true responses above .05 uS, evoked or spontaneous, that NeuroKit2 finds.

    A response is found if a found peak lies within 1 s of its onset + 1.18 s. Two that begin
    within a second of each other rise as one and count as one, at the larger's onset. One
    whose peak falls outside the recording does not count.
    """

    def pair(c: Case) -> tuple[np.ndarray, np.ndarray]:
        e = c.episode
        true = rises(e.scr_onsets, e.scr_amplitudes) + PEAK_S
        return true, responses(c.signal("EDA", clean))[1]

    return share_found(cases, pair, within_s)


def rises(onsets: np.ndarray, amplitudes: np.ndarray, apart_s: float = 1.0) -> np.ndarray:
    """Onsets of the responses above .05 uS that can be told apart.

    Examples
    --------
    >>> rises(np.array([1.0, 1.4, 5.0]), np.array([0.1, 0.6, 0.2])).tolist()
    [1.4, 5.0]
    """
    onsets, amplitudes = (x[amplitudes > LEAST_US] for x in (onsets, amplitudes))
    groups = np.split(np.arange(len(onsets)), np.flatnonzero(np.diff(onsets) >= apart_s) + 1)
    return np.array([onsets[g[amplitudes[g].argmax()]] for g in groups if len(g)])


def latency_in_range(cases: Sequence[Case], low_s: float = 1.0, high_s: float = 3.0) -> float:
    """Share of evoked responses above .05 uS that NeuroKit2 sees begin 1-3 s after the event.

    Of each event the found response nearest to the true one is timed; a quarter of a second is
    granted at either end, as NeuroKit2 puts the onset where its filtered signal turns.
    """
    inside = []
    for c in cases:
        e = c.episode
        true = e.scr_onsets[e.scr_evoked & (e.scr_amplitudes > LEAST_US)]
        found = responses(c.signal("EDA", clean=True))[0]
        found = found[np.isfinite(found)]
        for onset in true:
            event = max(v.time_s for v in c.events if v.time_s <= onset)
            latency = found[np.abs(found - onset).argmin()] - event if len(found) else np.nan
            inside.append(low_s - 0.25 <= latency <= high_s + 0.25)
    if not inside:
        raise MepsError("no response was evoked in these recordings; give them events")
    return float(np.mean(inside))
