"""What a very good instrument would report of a trial: the evidence that a ceiling rests on.

The peak of each action unit, the skin conductance response, the change of heart rate, of the
pulse, of the breath, of alpha. Each comes from the trial's truth with a small measurement error;
no picture is analysed, and no waveform but the clean one.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from meps_lab.simulate.body.brain import BANDS
from meps_lab.simulate.cohort import CohortDataset
from meps_lab.simulate.face.muscles import PULLS
from meps_lib.errors import MepsError

# Standard deviations of the measurement error. CHOICE: ours. WHY: a tenth of what the quantity
# does in a typical trial, which an expert coder or a careful analysis may reach.
AU_ERROR = 0.06
BODY_ERRORS = {
    "scr": 0.03,  # uS
    "early rate": 0.5,  # beats a minute
    "late rate": 0.5,
    "pulse": 0.03,  # ln
    "breath": 0.03,  # ln
    "temperature": 0.01,  # K
    "asymmetry": 0.1,  # ln ratio of alpha power, F4 to F3
    "alpha": 0.1,  # ln ratio of alpha power at the back, in the response to at rest
}
FRONT, BACK = ("F3", "F4"), ("P3", "Pz", "P4", "O1", "O2")  # in every montage
SITES = (*FRONT, *BACK)
# Shortest rest (s from the window's start) that holds some beats, a pulse, most of a breath.
# Where the event leaves less before it, the rest reaches into what precedes the response.
_REST_S = {"beats": 2.5, "PPG": 1.2, "RSP": 2.5, "SKT": 1.0}
_UNITS = tuple(sorted(PULLS))


class Evidence(NamedTuple):
    """What the features of one trial are made from."""

    truth: dict[str, Any]
    modalities: frozenset[str]
    names: tuple[str, ...]  # signals, rows of truth["clean_ps"]
    sfreq: float  # Hz
    event_s: float  # s from the window's start
    eeg_names: tuple[str, ...]
    eeg_sfreq: float  # Hz


def face_features(trial: Evidence, rng: np.random.Generator) -> np.ndarray:
    """Peak of each action unit; NaN where the trial has no frames."""
    truth, row = trial.truth, np.zeros(len(_UNITS))
    if len(truth["aus"]):
        peak = np.asarray(truth["au_intensity"]).max(axis=0)
        row[[_UNITS.index(au) for au in truth["aus"]]] = peak
    row += rng.normal(0, AU_ERROR, len(row))
    return row if trial.modalities & {"colour", "depth"} else np.full(len(row), np.nan)


def body_features(trial: Evidence, rng: np.random.Generator) -> np.ndarray:
    """Responses named in `BODY_ERRORS`; NaN where nothing was recorded that shows them."""
    truth, event = trial.truth, trial.event_s
    error = dict(zip(BODY_ERRORS, rng.normal(0, list(BODY_ERRORS.values())), strict=True))
    out = dict.fromkeys(BODY_ERRORS, np.nan)
    names = trial.names if "ps" in trial.modalities else ()
    if "EDA" in names:
        onset, size = np.asarray(truth["scr_onsets"]), np.asarray(truth["scr_amplitudes"])
        near = (onset > event + 0.5) & (onset < event + 3.5)
        out["scr"] = np.log(size[near].sum() + abs(error["scr"]) + 0.02)
    if {"ECG", "PPG"} & set(names):
        rest, early, late = _heart_rates(np.asarray(truth["beat_times"]), event)
        out["early rate"] = early - rest + error["early rate"]
        out["late rate"] = late - rest + error["late rate"]
    if "PPG" in names:
        out["pulse"] = _change(trial, "PPG", np.ptp, np.log) + error["pulse"]
    if "RSP" in names:
        out["breath"] = _change(trial, "RSP", np.ptp, np.log) + error["breath"]
    if "SKT" in names:
        out["temperature"] = _change(trial, "SKT", np.mean) + error["temperature"]
    if "eeg" in trial.modalities:
        alpha = np.asarray(truth["band_power"])[_channels(trial, FRONT), list(BANDS).index("alpha")]
        out["asymmetry"] = np.log(alpha[1] / alpha[0]) + error["asymmetry"]
        out["alpha"] = _alpha_change(trial) + error["alpha"]
    return np.array(list(out.values()))


def _heart_rates(beats: np.ndarray, event: float) -> list[float]:
    """Mean heart rate at rest, while it slows, and while it speeds up; NaN if unseen."""
    at, rate = beats[1:], 60 / np.diff(beats)
    windows = (
        (0.0, max(event, _REST_S["beats"])),
        (event + 0.5, event + 2.2),
        (event + 3.0, event + 6.0),
    )
    inside = [rate[(at >= a) & (at < b)] for a, b in windows]
    return [float(r.mean()) if len(r) else np.nan for r in inside]


def _change(trial: Evidence, name: str, measure, scale=float) -> float:
    """How a signal around its response differs from the signal at rest."""
    x = np.asarray(trial.truth["clean_ps"])[trial.names.index(name)]
    rest = slice(0, round(max(trial.event_s, _REST_S[name]) * trial.sfreq))
    later = slice(*(round((trial.event_s + dt) * trial.sfreq) for dt in (2.5, 5.5)))
    if len(x[later]) < 2:
        return np.nan
    return float(scale(measure(x[later])) - scale(measure(x[rest])))


def _alpha_change(trial: Evidence) -> float:
    """Ln ratio of the power of alpha at the back, just after the event to all other times."""
    x = np.asarray(trial.truth["clean_eeg"], float)[_channels(trial, BACK)]
    f, length_s = np.fft.rfftfreq(x.shape[1], 1 / trial.eeg_sfreq), x.shape[1] / trial.eeg_sfreq
    low, high = BANDS["alpha"]
    # The inverse of the band's own frequencies is its envelope, at as many instants as needed.
    envelope = np.fft.ifft(np.fft.rfft(x)[:, (f >= low) & (f < high)])
    power = np.square(np.abs(envelope)).mean(axis=0)
    since = np.arange(len(power)) / len(power) * length_s - trial.event_s
    near = (since > 0.5) & (since < 3.0)
    if not near.any() or near.all():
        return np.nan
    return float(np.log(power[near].mean() / power[~near].mean()))


def _channels(trial: Evidence, channels: Sequence[str]) -> list[int]:
    return [trial.eeg_names.index(name) for name in channels]


def evidence_of(dataset) -> Iterator[Evidence]:
    for k in range(len(dataset)):
        if isinstance(dataset, CohortDataset):
            dials = dataset.scenario
            truth, has = dataset.truth(k, SITES if dials.eeg != "none" else ()), dataset.kept(k)
            ps = (dials.signals, dials.ps_sfreq, dials.ps_before_s)
            yield Evidence(truth, frozenset(has), *ps, SITES, dials.eeg_sfreq)
            continue
        trial = dataset[k]
        if not {"au_intensity", "beat_times", "clean_ps"} <= set(trial.truth):
            raise MepsError(
                f"trial {trial.clip!r} carries no simulated truth, so its ceiling is not known"
            )
        before_s = -(trial.ps_start if "ps" in trial.modalities else trial.eeg_start)
        ps = (trial.ps_names, trial.ps_sfreq or 1.0, before_s)
        eeg = (trial.eeg_names, trial.eeg_sfreq or 1.0)
        yield Evidence(trial.truth, frozenset(trial.modalities), *ps, *eeg)
