"""Who is simulated: a face, a body, and the habits of both.

Two people who feel the same do not show the same. At `idiosyncrasy` 0 only how much they
show differs; above it each person has action units and bodily responses of their own, which a
classifier can learn from that person's trials and from nobody else's. (What makes leaving a
subject out harder even for a simple classifier is another dial, `class_by_subject`: where people
differ in what they mostly feel, to know the face is half the answer.)

References
----------
Individual response stereotypy: Lacey, J. I. & Lacey, B. C. (Am. J. Psychol. 71, 1958).
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from meps_lab.simulate.body.physiology import Body
from meps_lab.simulate.body.responses import EFFECTS, Response
from meps_lab.simulate.face.identity import Identity
from meps_lab.simulate.face.muscles import PULLS
from meps_lab.simulate.scenario import Scenario
from meps_lib.labels import EMOTION_AUS, EMOTIONS

_SUBJECT_STREAM, _HABIT_STREAM = 1, 3
_SWAP, _APPRAISAL, _GAIN = 0.6, 0.25, 0.6  # at idiosyncrasy 1; what they are: `draw_habits`


@dataclass(frozen=True)
class Habits:
    """How a person departs from the prototypes; the defaults depart in nothing."""

    aus: dict[str, tuple[int, ...]] = field(default_factory=lambda: dict(EMOTION_AUS))
    appraisal: dict[str, float] = field(default_factory=dict)  # emotion -> added to its arousal
    gains: dict[str, float] = field(default_factory=dict)  # part of a Response -> factor

    def answer(self, response: Response) -> Response:
        """What this body makes of a response."""
        own = {name: getattr(response, name) * g for name, g in self.gains.items()}
        if "vasoconstriction" in own:
            own["vasoconstriction"] = min(own["vasoconstriction"], 0.9)
        return replace(response, **own)


@dataclass(frozen=True)
class Subject:
    """Who a simulated person is: face, body, and how much of either shows."""

    who: Identity
    body: Body
    expressivity: float
    light: tuple[float, float, float]
    habits: Habits = field(default_factory=Habits)


@lru_cache(maxsize=256)
def draw_subject(seed: int, subject: int, scenario: Scenario) -> Subject:
    """One person of a cohort; the same for every trial and every size of the cohort."""
    rng = np.random.default_rng([seed, _SUBJECT_STREAM, subject])
    who = Identity.draw(rng)
    body = Body.draw(rng, scenario.subject_spread)
    expressivity = float(np.exp(rng.normal(0, scenario.subject_spread)))
    side = rng.choice([-1.0, 1.0]) * rng.uniform(0.15, 0.5)
    light = (side, -rng.uniform(0.4, 0.7), 0.75)
    habit_rng = np.random.default_rng([seed, _HABIT_STREAM, subject])
    return Subject(who, body, expressivity, light, draw_habits(habit_rng, scenario.idiosyncrasy))


def draw_habits(rng: np.random.Generator, idiosyncrasy: float) -> Habits:
    """The habits of one person.

    Parameters
    ----------
    rng : numpy Generator
    idiosyncrasy : float
        0 gives none. At 1, each action unit of each emotion is another one with probability
        .6, an emotion's arousal is shifted by a standard deviation of .25, and each part of the
        bodily response is multiplied by its own factor of log standard deviation .6.

    Returns
    -------
    Habits
    """
    aus = {}
    for emotion in EMOTIONS:
        own = list(EMOTION_AUS[emotion])
        for k in range(len(own)):
            swap, other = rng.random() < _SWAP * idiosyncrasy, rng.permutation(sorted(PULLS))
            if swap:
                own[k] = next(int(au) for au in other if au not in own)
        aus[emotion] = tuple(own)
    appraisal = {e: float(_APPRAISAL * idiosyncrasy * rng.normal()) for e in EMOTIONS}
    gains = {p: float(np.exp(_GAIN * idiosyncrasy * rng.normal())) for p in EFFECTS}
    return Habits(aus, appraisal, gains)
