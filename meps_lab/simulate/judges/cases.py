"""Recordings to be judged, and how a true time is matched with a found one.

A true time counts as found if a found time lies within the window that each judge states, and
one found time serves one true time. What lies within half a second of a recording's ends does
not count: filters ring there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from meps_lab.simulate.body.artefacts import Artefacts
from meps_lab.simulate.body.physiology import Body, Episode, Event, record
from meps_lab.simulate.body.responses import respond
from meps_lib.errors import MepsError
from meps_lib.labels import EMOTIONS

SFREQ = 200.0  # Hz
EDGE_S = 0.5


@dataclass(frozen=True)
class Case:
    """One recorded body and what happened to it."""

    body: Body
    events: tuple[Event, ...]
    episode: Episode
    duration_s: float

    def signal(self, name: str, clean: bool = False) -> np.ndarray:
        """One signal, shape (L,), as the sensor gives it or without its artefacts."""
        rows = self.episode.clean_ps if clean else self.episode.ps
        return rows[self.episode.names.index(name)]


def record_cases(
    seed: int = 0,
    n: int = 12,
    *,
    duration_s: float = 10.0,
    every_s: float | None = None,
    noise: float = 1.0,
    signals: Sequence[str] = ("EDA", "ECG", "PPG", "RSP"),
    **kwargs: object,
) -> list[Case]:
    """Record `n` different bodies, each answering an emotion at the third second.

    Parameters
    ----------
    seed, n : int
    duration_s : float
    every_s : float, optional
        Time between further events; one event if None, none at all (rest) if 0.
    noise : float
        Factor on all artefacts.
    signals : sequence of str
    **kwargs
        Passed to `record`.

    Returns
    -------
    list of Case
    """
    cases = []
    for k in range(n):
        body = Body.draw(np.random.default_rng([seed, 1, k]), 0.2)
        response = respond(EMOTIONS[k % len(EMOTIONS)], arousal=0.3 + 0.7 * k / max(1, n - 1))
        times = [] if every_s == 0 else np.arange(3.0, duration_s - 4, every_s or duration_s)
        events = tuple(Event(float(t), response) for t in times)
        episode = record(
            body, np.random.default_rng([seed, 2, k]), events, duration_s=duration_s,
            sfreq=SFREQ, signals=tuple(signals), artefacts=Artefacts().scaled(noise), **kwargs,
        )  # fmt: skip
        cases.append(Case(body, events, episode, duration_s))
    return cases


def match(true: np.ndarray, found: np.ndarray, within_s: float) -> np.ndarray:
    """Which true times have been found, one found time serving one true time.

    Parameters
    ----------
    true, found : ndarray
        Times in s.
    within_s : float
        Largest distance of a pair, s.

    Returns
    -------
    ndarray of bool, shape (len(true),)

    Examples
    --------
    >>> match(np.array([1.0, 1.01, 5.0]), np.array([1.02]), 0.03).tolist()
    [True, False, False]
    """
    hit = np.zeros(len(true), bool)
    found = np.sort(np.asarray(found, float))
    j = 0
    for i in np.argsort(true):  # the earliest that still reaches; windows are all alike
        while j < len(found) and found[j] < true[i] - within_s:
            j += 1
        if j < len(found) and found[j] <= true[i] + within_s:
            hit[i] = True
            j += 1
    return hit


def share_found(
    cases: Sequence[Case], pair: Callable[[Case], tuple[np.ndarray, np.ndarray]], within_s: float
) -> float:
    """Share of true times with a found time, over all cases; `pair` gives true and found.

    Raises
    ------
    MepsError
        If nothing was there to be found.
    """
    hits = []
    for case in cases:
        true, found = pair(case)
        inside = (true >= EDGE_S) & (true < case.duration_s - EDGE_S)
        hits.append(match(true, found, within_s)[inside])
    hit = np.concatenate(hits) if hits else np.array([])
    if not len(hit):
        raise MepsError("nothing to be found in these recordings; record longer or more of them")
    return float(hit.mean())
