"""A long recording made of stretches, each with one condition: films, stress, rest.

A micro-expression is one event; a film moves a person again and again. So each stretch holds
events some seconds apart, all of its own valence and arousal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from meps_lab.simulate.body.physiology import Episode, Event, record
from meps_lab.simulate.body.responses import respond
from meps_lab.simulate.cohort import CohortDataset
from meps_lab.simulate.laboratory import artefacts_of
from meps_lab.simulate.people import Subject
from meps_lab.simulate.scenario import Scenario

_BETWEEN_S = (3.0, 6.0)  # CHOICE: time from one event to the next, shortest and longest
PAUSE_S = 4.0  # before, between and after stretches with a name


@dataclass(frozen=True)
class Stretch:
    """Some seconds under one condition."""

    code: int  # as the data set's files number it
    name: str = ""  # class, or "" where the protocol pauses
    seconds: float = PAUSE_S
    emotion: str = "others"  # whose bodily pattern it borrows
    valence: float = 0.0
    arousal: float = 0.0


def sampled(stretches: Sequence[Stretch], what: str, sfreq: float) -> np.ndarray:
    """A field of the stretch in which each sample lies, shape (L,)."""
    lengths = [stop - start for _, start, stop in _bounds(stretches, sfreq)]
    return np.repeat([getattr(stretch, what) for stretch in stretches], lengths)


def record_stretches(
    cohort: CohortDataset,
    person: int,
    stretches: Sequence[Stretch],
    sfreq: int,
    draw_rng: np.random.Generator,
    body_rng: np.random.Generator,
) -> Episode:
    """ECG, PPG, EDA, RSP and SKT of one person through all of them."""
    who, dials = cohort.person(person), cohort.scenario
    *_, (_, _, n) = _bounds(stretches, sfreq)
    how = {"sfreq": float(sfreq), "signals": ("ECG", "PPG", "EDA", "RSP", "SKT")}
    how |= {"duration_s": n / sfreq, "artefacts": artefacts_of(dials)}
    return record(who.body, body_rng, list(_events(stretches, who, draw_rng, dials)), **how)


def true_rows(
    stretches: Sequence[Stretch], sfreq: float, beat_times: np.ndarray
) -> Iterator[tuple[Stretch, dict[str, object]]]:
    """Each stretch that has a name, and its row of the truth but for subject and clip.

    `heart_rate` is the mean of the true beats in it, in beats a minute.
    """
    for stretch, start, stop in _bounds(stretches, sfreq):
        inside = beat_times[(beat_times >= start / sfreq) & (beat_times < stop / sfreq)]
        rate = float(60 / np.diff(inside).mean()) if len(inside) > 1 else float("nan")
        if stretch.name:
            row = {"emotion": stretch.name, "class": stretch.name, "onset": start}
            row |= {"offset": stop - 1, "valence": stretch.valence, "arousal": stretch.arousal}
            yield stretch, row | {"heart_rate": rate}


def _bounds(stretches: Sequence[Stretch], sfreq: float) -> Iterator[tuple[Stretch, int, int]]:
    """Each stretch with its first sample and the one after its last."""
    ends = np.round(np.cumsum([s.seconds for s in stretches]) * sfreq).astype(int).tolist()
    return zip(stretches, [0, *ends[:-1]], ends, strict=True)


def _events(
    stretches: Sequence[Stretch], person: Subject, rng: np.random.Generator, dials: Scenario
) -> Iterator[Event]:
    """What reaches the body over the whole recording, times in s from its start."""
    for stretch, start, stop in _bounds(stretches, 1000.0):
        t = start / 1000 + rng.uniform(0.5, 2.0)
        while stretch.name and t < stop / 1000:
            arousal = max(0.0, stretch.arousal + dials.arousal_spread * rng.normal())
            response = respond(
                stretch.emotion,
                arousal=min(arousal, 1.2),
                valence=float(np.clip(stretch.valence * dials.valence_gain, -1, 1)),
                strength=dials.arousal_gain,
                specificity=dials.specificity,
            )
            yield Event(float(t), person.habits.answer(response))
            t += rng.uniform(*_BETWEEN_S)
