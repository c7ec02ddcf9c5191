"""How well a cohort can be told apart at all: a classifier on its truth, beside every result.

The features are what a very good instrument would report: the peak of each action unit, the
skin conductance response, the change of heart rate, of the pulse, of the breath, of alpha.
Each comes from the trial's truth with a small measurement error; no picture is analysed, and
no waveform but the clean one. The classifier learns from many other people of the same
scenario, drawn for it alone, so that the size of the cohort does not limit it. It is linear and
knows these features only, so that its score is an estimate from below: a network that scores
clearly higher deserves a second look before it deserves praise.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from meps_lab.simulate.body.brain import BANDS
from meps_lab.simulate.checks import check_list
from meps_lab.simulate.cohort import CohortDataset, simulate_cohort
from meps_lab.simulate.face.muscles import PULLS
from meps_lab.simulate.scenario import Scenario
from meps_lib.arguments import whole
from meps_lib.errors import MepsError
from meps_lib.labels import CLASS_SETS, class_set
from meps_lib.protocol.metrics import score

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
_OTHERS_SEED = 987_654_321  # of the people from whom the classifier learns
_OTHERS_TRIALS = 16  # of each


class Evidence(NamedTuple):
    """What the features of one trial are made from."""

    truth: dict[str, Any]
    modalities: frozenset[str]
    names: tuple[str, ...]  # signals, rows of truth["clean_ps"]
    sfreq: float  # Hz
    event_s: float  # s from the window's start
    eeg_names: tuple[str, ...]
    eeg_sfreq: float  # Hz


def ceiling(dataset, seeds: Sequence[int] = (0,), n_people: int = 60) -> pd.DataFrame:
    """Scores of an oracle-feature classifier on a simulated data set.

    Parameters
    ----------
    dataset
        A `CohortDataset`, of which nothing is rendered, or a folder written by ``meps
        simulate``: trials that carry a simulator's truth, and a `scenario`.
    seeds : sequence of int
        At least one. Each draws the measurement errors anew; scores are the mean over them.
    n_people : int
        Other people from whom the classifier learns, at least 2, 16 trials each.

    Returns
    -------
    DataFrame
        Rows face, body, both; columns accuracy, uf1, uar. Labels are those given, with their
        noise if there is any.

    Raises
    ------
    MepsError
        If a trial carries no truth, the dials that made it are not known, there are no
        seeds, or `n_people` or a seed is no such whole number.

    Examples
    --------
    >>> from meps_lab.simulate import simulate_cohort
    >>> table = ceiling(simulate_cohort(4, 6), n_people=6)
    >>> list(table.index), list(table.columns)
    (['face', 'body', 'both'], ['accuracy', 'uf1', 'uar'])
    """
    for seed in (seeds := check_list("seeds", seeds)) or ["nothing"]:
        whole("each of seeds", seed, 0)
    whole("n_people", n_people, 2)
    trials = list(_evidence(dataset))
    dials = getattr(dataset, "scenario", None)
    if not isinstance(dials, Scenario):
        raise MepsError("the dials that made these trials are not known, so neither is a ceiling")
    y = dataset.index["label"].to_numpy(str)
    own = _OTHERS_SEED + (getattr(dataset, "seed", None) == _OTHERS_SEED)
    models = _learnt(tuple(dataset.classes), dials, n_people, own)
    rows = {name: [] for name in models}
    for seed in seeds:
        features = _features(trials, np.random.default_rng(seed))
        for name, model in models.items():
            s = score(y, model.predict(features[name]), dataset.classes)
            rows[name].append([s.accuracy, s.uf1, s.uar])
    means = {name: np.mean(scores, axis=0) for name, scores in rows.items()}
    return pd.DataFrame.from_dict(means, orient="index", columns=["accuracy", "uf1", "uar"])


@lru_cache(maxsize=16)
def _learnt(classes: tuple[str, ...], dials: Scenario, n: int, seed: int) -> dict[str, Pipeline]:
    """The classifier of face, of body and of both, fitted to `n` people of a scenario."""
    named = next((c for c in CLASS_SETS.values() if c.classes == classes), None)
    what = named.name if named else class_set(classes).classes
    # The slowest rates: the truth does not depend on them, the time it takes does.
    slow = replace(dials, ps_sfreq=125.0, eeg_sfreq=125.0)
    others = simulate_cohort(n, max(_OTHERS_TRIALS, len(classes)), what, seed, slow)
    features = _features(_evidence(others), np.random.default_rng([seed, 1]))
    y = others.index["label"].to_numpy(str)
    return {name: oracle().fit(x, y) for name, x in features.items()}


def _features(trials, rng: np.random.Generator) -> dict[str, np.ndarray]:
    pairs = [(face_features(t, rng), body_features(t, rng)) for t in trials]
    face, body = (np.array(side) for side in zip(*pairs, strict=True))
    return {"face": face, "body": body, "both": np.hstack([face, body])}


def oracle() -> Pipeline:
    """The classifier: logistic regression, every class of equal weight, gaps set to the mean."""
    return make_pipeline(
        SimpleImputer(keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=0.5, class_weight="balanced", max_iter=500),
    )


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


def _evidence(dataset) -> Iterator[Evidence]:
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
