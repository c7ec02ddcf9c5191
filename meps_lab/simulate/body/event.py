"""One person at rest, and what happens to them: all that the parts of a body are told."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import numpy as np

from meps_lab.simulate.body.responses import Response
from meps_lab.simulate.checks import check_kind
from meps_lib.arguments import number

_MOST_RESPONSIVE = 20.0


def _between(default: float, low: float, high: float) -> float:
    return field(default=default, metadata={"between": (low, high)})


@dataclass(frozen=True)
class Body:
    """One person's resting state.

    Raises
    ------
    MepsError
        If a value is out of its range; the message names it.
    """

    heart_rate: float = _between(68.0, 35, 150)  # beats a minute
    # Respiratory sinus arrhythmia, fraction of that rate at a breath depth of 1: a deeper breath
    # sways the heart more, by `breath_depth`.
    rsa: float = _between(0.05, 0, 0.3)
    breathing_hz: float = _between(0.25, 0.05, 1)
    r_height: float = _between(1.0, 0, 10)  # factor on the ECG
    pulse_height: float = _between(1.0, 0, 10)  # factor on the PPG
    transit_s: float = _between(0.26, 0.05, 0.6)  # R peak to systolic peak
    tonic_us: float = _between(5.0, 0, 60)  # skin conductance level
    responsiveness: float = _between(1.0, 0, _MOST_RESPONSIVE)  # factor on all responses
    heart_sway: float = _between(0.015, 0, 0.1)  # slow variability, fraction of the heart rate
    breath_depth: float = _between(1.0, 0, 10)
    skin_temperature: float = _between(33.0, 15, 40)  # degrees Celsius, of a finger
    alpha: float = _between(1.0, 0, 10)  # factor on the amplitude of the alpha rhythm
    alpha_hz: float = _between(10.0, 8, 13)

    def __post_init__(self) -> None:
        for f in fields(self):
            number(f"Body.{f.name}", getattr(self, f.name), *f.metadata["between"])

    @classmethod
    def draw(cls, rng: np.random.Generator, spread: float) -> Body:
        """A random person; `spread` is the log standard deviation of responsiveness.

        No body answers more than 20 times as much as the average: who would is held there,
        at a spread of 1 about one person in 700, at 2 one in 15.
        """
        (more,) = rng.spawn(1)
        return cls(
            heart_rate=float(np.clip(rng.normal(70, 7), 54, 92)),
            rsa=rng.uniform(0.02, 0.07),
            breathing_hz=rng.uniform(0.20, 0.32),
            r_height=rng.uniform(0.7, 1.3),
            pulse_height=rng.uniform(0.7, 1.4),
            transit_s=rng.uniform(0.22, 0.30),
            tonic_us=rng.uniform(2.0, 9.0),
            responsiveness=float(min(np.exp(rng.normal(0, spread)), _MOST_RESPONSIVE)),
            heart_sway=more.uniform(0.01, 0.025),
            breath_depth=more.uniform(0.7, 1.4),
            skin_temperature=float(np.clip(more.normal(32.5, 1.5), 27, 36)),
            alpha=float(np.exp(more.normal(0, 0.3))),
            alpha_hz=float(np.clip(more.normal(10, 0.8), 8.5, 12)),
        )


@dataclass(frozen=True)
class Event:
    """Something happens, and the body answers."""

    time_s: float  # s from the start of the recording; before 0 is allowed
    response: Response

    def __post_init__(self) -> None:
        number("Event.time_s", self.time_s, -1e6, 1e6)
        check_kind("Event.response", self.response, Response, "responses.respond() makes one")
