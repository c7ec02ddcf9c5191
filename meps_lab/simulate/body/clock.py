"""The slow clock: what changes slowly is drawn at fifty ticks a second, whatever the sampling.

It begins before a recording and ends after it, so that no beat is cut, and a recording at
another rate is of the same heart.
"""

from collections.abc import Sequence

import numpy as np

from meps_lab.simulate.body.event import Event
from meps_lab.simulate.body.noise import wander
from meps_lab.simulate.body.responses import EFFECTS

TICKS_PER_S = 50.0
BEFORE_S, AFTER_S = 2.0, 3.0  # s, margins


def ticks(duration_s: float) -> int:
    """How many ticks there are in a recording and its margins."""
    return int(np.ceil((BEFORE_S + duration_s + AFTER_S) * TICKS_PER_S)) + 1


def read(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """A course on the clock, read at `times` (s) within the recording and its margins.

    Between two ticks it is a straight line.
    """
    at = (times + BEFORE_S) * TICKS_PER_S
    before = np.minimum(at.astype(int), len(values) - 2)
    low = values[before]
    return low + (values[before + 1] - low) * (at - before)


def integral(rate: np.ndarray) -> np.ndarray:
    """Integral of a course from the first tick on, by the trapezium rule."""
    out = np.zeros_like(rate)
    np.cumsum((rate[1:] + rate[:-1]) / (2 * TICKS_PER_S), out=out[1:])
    return out


def sway(rng: np.random.Generator, hz: float, duration_s: float) -> np.ndarray:
    """Slow drift of unit variance around `hz`, on the clock."""
    return wander(rng, hz, ticks(duration_s), TICKS_PER_S)


def course(effect: str, events: Sequence[Event], duration_s: float) -> np.ndarray:
    """The course of one effect of all events, on the clock.

    `responses.EFFECTS` tells its time course. Each event is added where it acts, so that an hour
    with many events costs little memory.
    """
    out = np.zeros(ticks(duration_s))
    peak_s, width_s = EFFECTS[effect].peak_s, EFFECTS[effect].width_s
    for event in events:
        size = getattr(event.response, effect)
        event_s = event.time_s + BEFORE_S
        first = max(0, int(np.ceil(event_s * TICKS_PER_S)))
        last = min(len(out), int((event_s + peak_s + 16 * width_s) * TICKS_PER_S))
        if size and first < last:  # beyond, less than a millionth is left
            dt = np.arange(first, last) / TICKS_PER_S - event_s
            out[first:last] += size * hump(dt, peak_s, width_s)
    return out


def hump(dt: np.ndarray, peak_s: float, width_s: float) -> np.ndarray:
    """A bump of height 1 that leaves 0 smoothly at `dt` = 0: a gamma density, rescaled.

    Parameters
    ----------
    dt : ndarray
        Time since the event, s; up to it the bump is exactly 0.
    peak_s, width_s : float
        Time of the peak, and about the standard deviation, s.

    Examples
    --------
    >>> hump(np.array([-1.0, 0.0, 4.2]), 4.2, 1.5).tolist()
    [0.0, 0.0, 1.0]
    """
    x = np.maximum(dt, 0) / peak_s
    return (x * np.exp(1 - x)) ** ((peak_s / width_s) ** 2)
