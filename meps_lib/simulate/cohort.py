"""A cohort of simulated people: trials with colour, depth and physiology, and their truth.

An emotion is a point in valence and arousal and a set of action units. The face shows the
action units, so it tells valence well and arousal badly; the body follows arousal and
hardly knows valence. In some trials the face leaks next to nothing.

Every trial has its own generator, keyed by cohort seed, subject and trial number: trial k
of a subject is the same whatever else is drawn, in any order and any process.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.utils.data import Dataset

from meps_lib.errors import MepsError
from meps_lib.labels import EMOTION_AUS, ClassSet, class_set
from meps_lib.simulate.face import FaceClip
from meps_lib.simulate.identity import Identity
from meps_lib.simulate.muscles import PULLS, time_course
from meps_lib.simulate.physiology import NAMES, UNITS, Body, record
from meps_lib.simulate.scenario import Scenario
from meps_lib.simulate.sensor import sense_colour, sense_depth
from meps_lib.trial import Trial

# Valence -1..1 and arousal 0..1. CHOICE: the order follows the circumplex (Russell, J. Pers.
# Soc. Psychol. 39, 1980), the values are ours. WHY: they are set so that face and body each
# leave something for the other to say, which is what the scenarios are there to show.
AFFECT: dict[str, tuple[float, float]] = {
    "anger": (-0.6, 0.55),
    "contempt": (-0.5, 0.30),
    "disgust": (-0.7, 0.40),
    "fear": (-0.7, 0.65),
    "happiness": (0.8, 0.40),
    "repression": (-0.3, 0.30),
    "sadness": (-0.6, 0.20),
    "surprise": (0.1, 0.95),
    "others": (0.0, 0.10),
}
# How often each emotion stands for its class: clips of CAS(ME)^3 Part A (Li et al., 2023);
# contempt, which that set lacks, as in MMME against its disgust.
_WEIGHT = {"anger": 64, "contempt": 69, "disgust": 250, "fear": 86, "sadness": 57}
_INDEX_STREAM, _SUBJECT_STREAM, _TRIAL_STREAM = 0, 1, 2


@dataclass(frozen=True)
class Subject:
    """Who a simulated person is: face, body, and how much of either shows."""

    who: Identity
    body: Body
    expressivity: float
    light: tuple[float, float, float]


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
        self, n_subjects: int, trials_per_subject: int, classes: ClassSet, seed: int,
        scenario: Scenario,
    ) -> None:  # fmt: skip
        self.classes = classes.classes
        self.scenario = scenario
        self.seed = seed
        self.trials_per_subject = trials_per_subject
        rows = [
            {"subject": f"sim-{s + 1:02d}", "clip": f"sim-{s + 1:02d}_{j + 1:02d}", **what}
            for s in range(n_subjects)
            for j, what in enumerate(_programme(seed, s, trials_per_subject, classes))
        ]
        self.index = pd.DataFrame(rows, columns=["subject", "clip", "label", "emotion"])

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, k: int) -> Trial:
        k = operator.index(k)
        if not -len(self) <= k < len(self):
            raise IndexError(f"trial {k} of a cohort of {len(self)}")
        k %= len(self)
        subject, number = divmod(k, self.trials_per_subject)
        person = draw_subject(self.seed, subject, self.scenario)
        rng = np.random.default_rng([self.seed, _TRIAL_STREAM, subject, number])
        row = self.index.iloc[k]
        return _trial(person, row.to_dict(), rng, self.scenario)


def simulate_cohort(
    n_subjects: int = 12,
    trials_per_subject: int = 8,
    classes: str | Iterable[str] = "three",
    seed: int = 0,
    scenario: Scenario | None = None,
) -> CohortDataset:
    """Simulate people who hide what they feel.

    Parameters
    ----------
    n_subjects : int
        At least 2: one subject has nobody to be left out from.
    trials_per_subject : int
        At least the number of classes. Classes are balanced within each subject as far as
        the number allows, in a shuffled order.
    classes : str or iterable of str
        "three", "four", "seven", "seven-mmme", or emotion names.
    seed : int
        Same seed, same cohort, to the bit.
    scenario : Scenario, optional
        The dials; the defaults if None.

    Returns
    -------
    CohortDataset
        `Trial`s with colour, depth, EDA, ECG, PPG and a `truth`: apex, au_intensity, aus,
        flow(a, b), clean_depth, beat_times, pulse_times, scr_onsets, scr_amplitudes,
        scr_evoked, clean_ps, valence, arousal, emotion, shown (by the face), leaked.

    Raises
    ------
    MepsError
        If a number is out of range, or an emotion or class set is unknown.

    Examples
    --------
    >>> cohort = simulate_cohort(n_subjects=2, trials_per_subject=3, seed=1)
    >>> cohort[0].colour.shape, cohort[0].ps_names
    (torch.Size([16, 3, 64, 64]), ('EDA', 'ECG', 'PPG'))
    """
    chosen = class_set(classes)
    for name, value, least in (
        ("n_subjects", n_subjects, 2),
        ("trials_per_subject", trials_per_subject, 1),
        ("seed", seed, 0),
    ):
        if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
            raise MepsError(f"{name} must be a whole number of at least {least}, got {value!r}")
    if trials_per_subject < len(chosen.classes):
        raise MepsError(
            f"trials_per_subject is {trials_per_subject}, fewer than the {len(chosen.classes)} "
            f"classes of {chosen.name!r}; give at least {len(chosen.classes)}"
        )
    if scenario is not None and not isinstance(scenario, Scenario):
        raise MepsError(
            f"scenario must be a Scenario or None, got {scenario!r}; "
            "for a named one use Scenario.preset(name)"
        )
    return CohortDataset(
        int(n_subjects), int(trials_per_subject), chosen, int(seed), scenario or Scenario()
    )


@lru_cache(maxsize=256)
def draw_subject(seed: int, subject: int, scenario: Scenario) -> Subject:
    """One person of a cohort; the same for every trial and every size of the cohort."""
    rng = np.random.default_rng([seed, _SUBJECT_STREAM, subject])
    who = Identity.draw(rng)
    body = Body.draw(rng, scenario.subject_spread)
    expressivity = float(np.exp(rng.normal(0, scenario.subject_spread)))
    side = rng.choice([-1.0, 1.0]) * rng.uniform(0.15, 0.5)
    return Subject(who, body, expressivity, (side, -rng.uniform(0.4, 0.7), 0.75))


def _programme(seed: int, subject: int, n: int, classes: ClassSet) -> list[dict[str, str]]:
    """Label and emotion of each trial: shuffled blocks that hold every class once."""
    out = []
    rng = np.random.default_rng([seed, _INDEX_STREAM, subject])
    while len(out) < n:
        for label in rng.permutation(classes.classes):
            emotions = classes.emotions_of(str(label))
            weight = np.array([_WEIGHT.get(e, 100) for e in emotions], float)
            emotion = str(rng.choice(emotions, p=weight / weight.sum()))
            out.append({"label": str(label), "emotion": emotion})
    return out[:n]


def _expression(
    emotion: str, person: Subject, rng: np.random.Generator, dials: Scenario
) -> tuple[str, tuple[int, ...], np.ndarray, bool]:
    """The emotion that the face shows, its action units, their apex intensities, and
    whether the face leaked at all."""
    shown = emotion
    if rng.random() < dials.blend_share:  # like valence, whatever the arousal; or itself
        names = [e for e in AFFECT if e != "others"]
        near = np.exp([-(((AFFECT[e][0] - AFFECT[emotion][0]) / 0.5) ** 2) for e in names])
        shown = str(rng.choice(names, p=near / near.sum()))
    full = EMOTION_AUS[shown] or tuple(rng.choice(sorted(PULLS), 2, replace=False).tolist())
    luck = rng.random(len(full))
    part = luck < dials.au_share
    part[np.argmin(luck)] = True  # at least one takes part
    leaked = bool(rng.random() < dials.leak_share)
    level = dials.me_intensity * person.expressivity * np.exp(rng.normal(0, dials.me_spread))
    shows = 1.0 if leaked else 0.1
    each = level * shows * np.exp(rng.normal(0, 0.2, len(full))) * part
    strays = [au for au in sorted(PULLS) if au not in full]
    stray, weak = int(rng.choice(strays)), 0.4 * shows * dials.me_intensity * rng.uniform(0.5, 1)
    if rng.random() < dials.stray_au:
        full, each = (*full, stray), np.append(each, weak)
    return shown, full, np.clip(each, 0, 1), leaked


def _trial(
    person: Subject, row: dict[str, Any], rng: np.random.Generator, dials: Scenario
) -> Trial:
    emotion = row["emotion"]
    valence, arousal = AFFECT[emotion]
    arousal = float(np.clip(arousal + dials.arousal_spread * rng.normal(), 0, 1.2))
    face_rng, noise_rng, body_rng = rng.spawn(3)
    shown, aus, peak, leaked = _expression(emotion, person, face_rng, dials)
    last = dials.n_frames - 1
    apex = face_rng.normal(dials.apex_position, dials.apex_spread) * last
    apex = float(np.clip(apex, 1.0, last - 1.0))
    course = time_course(dials.n_frames, apex)
    drift = face_rng.normal(0, 1, 4) * [1, 1, 0.004, 1] * dials.head_drift_mm
    ramp = np.linspace(0, 1, dials.n_frames)[:, None] ** face_rng.uniform(0.7, 1.5)
    start = face_rng.normal(0, 1, 4) * [3.0, 3.0, 0.02, 8.0]
    # Contempt is the one expression that is one-sided by definition.
    lateral = face_rng.uniform(-0.3, 0.3)
    if shown == "contempt":
        lateral = 0.9 * np.sign(lateral)
    clip = FaceClip(
        who=person.who, aus=aus, intensity=course[:, None] * peak, pose=start + ramp * drift,
        lateral=float(lateral), light=person.light, size=dials.size,
    )  # fmt: skip
    colour, clean_depth = clip.render()
    colour = sense_colour(colour, noise_rng, dials.frame_noise)
    body = record(
        person.body, body_rng, arousal=arousal * dials.arousal_gain, valence=valence,
        event_s=dials.ps_before_s, duration_s=dials.ps_duration_s, sfreq=dials.ps_sfreq,
        noise=dials.ps_noise,
    )  # fmt: skip
    return Trial(
        label=row["label"], subject=row["subject"], clip=row["clip"],
        colour=colour,
        depth=sense_depth(clean_depth, noise_rng, dials.depth_noise_mm, dials.depth_holes),
        fps=float(dials.fps),
        ps=torch.from_numpy(body.ps.astype(np.float32)),
        ps_names=NAMES, ps_units=UNITS, ps_sfreq=float(dials.ps_sfreq),
        ps_start=-float(dials.ps_before_s),
        onset=0, apex=int(course.argmax()), offset=last,
        truth={
            "emotion": emotion, "valence": valence, "arousal": arousal,
            "shown": shown, "leaked": leaked,
            "apex": apex, "aus": aus, "au_intensity": clip.intensity, "flow": clip,
            "clean_depth": clean_depth, "clean_ps": torch.from_numpy(body.clean_ps).float(),
            "beat_times": body.beat_times, "pulse_times": body.pulse_times,
            "scr_onsets": body.scr_onsets, "scr_amplitudes": body.scr_amplitudes,
            "scr_evoked": body.scr_evoked,
        },
    )  # fmt: skip
