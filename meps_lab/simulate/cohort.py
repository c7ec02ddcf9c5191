"""A cohort of simulated people: trials with colour, depth and physiology, and their truth.

Every trial has its own generators, keyed by cohort seed, subject and trial number: trial k
of a subject is the same whatever else is drawn, in any order and any process. Nothing is
drawn before it is asked for, so a cohort of any size takes the memory of its index.
"""

import operator
import os
from collections.abc import Iterable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from torch import Tensor
from torch.utils.data import Dataset

from meps_lab.simulate.body.brain import MONTAGE_19, MONTAGE_62
from meps_lab.simulate.body.physiology import Episode
from meps_lab.simulate.body.responses import AFFECT
from meps_lab.simulate.cache import Cache
from meps_lab.simulate.checks import check_kind
from meps_lab.simulate.laboratory import as_float, measure, record_video, truth_of
from meps_lab.simulate.people import Subject, draw_subject
from meps_lab.simulate.plan import Plan, make_plan
from meps_lab.simulate.programme import emotion_weights, programme
from meps_lab.simulate.scenario import Scenario
from meps_lab.simulate.timing import apex_frame
from meps_lib.arguments import whole
from meps_lib.errors import MepsError
from meps_lib.labels import ClassSet, class_set
from meps_lib.trial import Trial

__all__ = ["AFFECT", "CohortDataset", "Plan", "Subject", "simulate_cohort"]

MONTAGES = {"none": (), "10-20": MONTAGE_19, "62": MONTAGE_62}
_FILMED = ("colour", "depth", "clean_depth")  # what takes long to make, and a cache keeps
_WAVES = ("eeg", "clean_eeg", "band_power")  # and this, with EEG
_TRIAL_STREAM, _SENSOR_STREAM, _BODY_STREAM, _GAP_STREAM = 2, 5, 6, 8


class TrialNumberError(MepsError, TypeError):
    """A trial was asked for by something that is no whole number."""


class CohortDataset(Dataset[Trial]):
    """Simulated trials, drawn when asked for.

    Attributes
    ----------
    classes : tuple of str
    index : pandas.DataFrame
        Columns subject, clip, label, emotion; one row a trial.
    scenario : Scenario
    seed : int
    """

    def __init__(
        self,
        n_subjects: int,
        trials_per_subject: int,
        classes: ClassSet,
        seed: int,
        scenario: Scenario,
        cache: Cache | None = None,
    ) -> None:
        self.classes = classes.classes
        self.scenario = scenario
        self.seed = seed
        self.trials_per_subject = trials_per_subject
        self.cache = cache
        rows = [
            {"subject": f"sim-{s + 1:02d}", "clip": f"sim-{s + 1:02d}_{j + 1:02d}", **what}
            for s in range(n_subjects)
            for j, what in enumerate(programme(seed, s, trials_per_subject, classes, scenario))
        ]
        self.index = pd.DataFrame(rows, columns=["subject", "clip", "label", "emotion"])

    def __len__(self) -> int:
        return len(self.index)

    @property
    def identity(self) -> tuple[int, tuple[str, ...], Scenario]:
        """All that decides about the trials but the source: what a cache goes by."""
        return self.seed, self.classes, self.scenario

    @property
    def eeg_names(self) -> tuple[str, ...]:
        """Channels of the montage; empty without EEG."""
        return MONTAGES[self.scenario.eeg]

    def person(self, s: int) -> Subject:
        """Subject number `s`, from 0: face, body, expressivity, light and habits."""
        s = _position(s, len(self) // self.trials_per_subject, "subject")
        return draw_subject(self.seed, s, self.scenario)

    def plan(self, k: int) -> Plan:
        """What happens in trial `k`; no picture and no signal is made."""
        k = _position(k, len(self), "trial")
        person = self.person(k // self.trials_per_subject)
        row = self.index.iloc[k].to_dict()
        return make_plan(person, row, self._rng(_TRIAL_STREAM, k), self.scenario)

    def truth(self, k: int, eeg_names: tuple[str, ...] | None = None) -> dict[str, Any]:
        """All of trial `k`'s truth that needs no picture: every key but `clean_depth`.

        `eeg_names` are the channels whose waves are made, since 62 take a while; all of the
        montage if None.
        """
        k = _position(k, len(self), "trial")
        plan = self.plan(k)
        names = self.eeg_names if eeg_names is None else eeg_names
        return truth_of(plan, self._record(k, plan, names))

    def __getitem__(self, k: int) -> Trial:
        k = _position(k, len(self), "trial")
        dials, plan = self.scenario, self.plan(k)
        kept, start = self.kept(k), -float(dials.ps_before_s)
        filmed = _FILMED * bool(kept & {"colour", "depth"})  # nobody looks at other pictures
        make, keys = partial(self._costly, k, plan), (*filmed, *_WAVES * bool(self.eeg_names))
        if not keys:
            costly = {}
        else:
            costly = make() if self.cache is None else self.cache.get(plan.clip, make, keys)
        body = self._record(k, plan, ())
        about = {"label": plan.label, "subject": plan.subject, "clip": plan.clip}
        about |= {name: costly[name] for name in ("colour", "depth", "eeg") if name in kept}
        if kept & {"colour", "depth"}:
            apex = apex_frame(plan.face.intensity, plan.apex)
            about |= {"fps": plan.fps, "onset": plan.onset, "apex": apex, "offset": plan.offset}
        if "ps" in kept:
            about |= {"ps": as_float(body.ps), "ps_names": body.names, "ps_units": body.units}
            about |= {"ps_sfreq": float(dials.ps_sfreq), "ps_start": start}
        if "eeg" in kept:
            units = ("uV",) * len(self.eeg_names)
            about |= {"eeg_names": self.eeg_names, "eeg_units": units}
            about |= {"eeg_sfreq": float(dials.eeg_sfreq), "eeg_start": start}
        more = {n: costly[n] for n in keys if n not in ("colour", "depth", "eeg")}
        return Trial(**about, truth=truth_of(plan, body) | more)

    def _record(self, k: int, plan: Plan, eeg_names: tuple[str, ...]) -> Episode:
        return measure(plan, self._rng(_BODY_STREAM, k), self.scenario, eeg_names)

    def _costly(self, k: int, plan: Plan) -> dict[str, Tensor]:
        """The tensors of trial `k` that take long to make, and that a cache keeps."""
        out = record_video(plan, self._rng(_SENSOR_STREAM, k), self.scenario)
        if self.eeg_names:
            body = self._record(k, plan, self.eeg_names)
            out["eeg"] = as_float(body.eeg)
            out |= {n: truth_of(plan, body)[n] for n in _WAVES[1:]}
        return out

    def kept(self, k: int) -> set[str]:
        """Which modalities trial `k` has; where all would be lost, the luckiest stays."""
        dials = self.scenario
        names = ["colour", "depth", "ps"] + ["eeg"] * (dials.eeg != "none")
        luck = self._rng(_GAP_STREAM, k).random(4)[: len(names)]
        missing = np.array([getattr(dials, f"missing_{n}") for n in names])
        kept = {n for n, there in zip(names, luck >= missing, strict=True) if there}
        return kept or {names[int(luck.argmax())]}

    def _rng(self, stream: int, k: int) -> np.random.Generator:
        subject, number = divmod(k, self.trials_per_subject)
        return np.random.default_rng([self.seed, stream, subject, number])


def simulate_cohort(
    n_subjects: int = 12,
    trials_per_subject: int = 8,
    classes: str | Iterable[str] = "three",
    seed: int = 0,
    scenario: Scenario | None = None,
    cache: str | os.PathLike | None = None,
) -> CohortDataset:
    """Simulate people who hide what they feel.

    Parameters
    ----------
    n_subjects : int
        At least 2: one subject has nobody to be left out from.
    trials_per_subject : int
        At least the number of classes. Unless the scenario says otherwise, classes are
        balanced within each subject as far as the number allows, in a shuffled order.
    classes : str or iterable of str
        "three", "four", "seven", "seven-mmme", or emotion names.
    seed : int
        Same seed, same cohort, to the bit.
    scenario : Scenario, optional
        The dials; the defaults if None.
    cache : path, optional
        A folder that keeps what is rendered, for the next time; nothing is kept if None.

    Returns
    -------
    CohortDataset
        `Trial`s with colour, depth, signals and, if asked for, EEG; and a `truth`: apex,
        au_intensity, aus, flow(a, b), blink, clean_ps, beat_times, pulse_times, scr_onsets,
        scr_amplitudes, scr_evoked, breath_phase, blink_times, valence, arousal, emotion, shown (by
        the face), leaked; clean_depth where it was filmed; with EEG clean_eeg and band_power.
        Times are in s from the start of the signals' window.

    Raises
    ------
    MepsError
        If a number is out of range, an emotion or class set is unknown, the class balance
        leaves a class out, or the cache is no path or cannot be written.

    Examples
    --------
    >>> cohort = simulate_cohort(n_subjects=2, trials_per_subject=3, seed=1)
    >>> cohort[0].colour.shape, cohort[0].ps_names
    (torch.Size([16, 3, 64, 64]), ('EDA', 'ECG', 'PPG'))
    """
    chosen = class_set(classes)
    whole("n_subjects", n_subjects, 2)
    whole("trials_per_subject", trials_per_subject, 1)
    whole("seed", seed, 0)
    if trials_per_subject < len(chosen.classes):
        raise MepsError(
            f"trials_per_subject is {trials_per_subject}, fewer than the {len(chosen.classes)} "
            f"classes of {chosen.name!r}; give at least {len(chosen.classes)}"
        )
    dials = Scenario() if scenario is None else scenario
    check_kind("scenario", dials, Scenario, "Scenario.preset(name) is a named one")
    emotion_weights(chosen, dials)  # refuses a balance that leaves a class out
    kept = None if cache is None else Cache.of(cache, (int(seed), chosen.classes, dials))
    return CohortDataset(int(n_subjects), int(trials_per_subject), chosen, int(seed), dials, kept)


def _position(k: Any, n: int, what: str) -> int:
    try:
        k = operator.index(k)
    except TypeError:
        raise TrialNumberError(
            f"a {what} is asked for by a whole number from 0 to {n - 1}, got {k!r}"
        ) from None
    if not -n <= k < n:
        raise IndexError(f"{what} {k} of a cohort of {n}")
    return k % n
