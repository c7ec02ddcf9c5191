"""The skin: conductance (level, drift and responses) and temperature.

Sweat glands open one to three seconds after an event, and now and then for no reason that one
knows; each time conductance rises in about a second and falls in several. The same
sympathetic tone closes the vessels, and a finger cools, too slowly for ten seconds to show it.

References
----------
Shape of a response: the difference of two exponentials ("Bateman"), Alexander et al. (J.
Neurosci. Methods 146, 2005). Latency of one to three seconds and spontaneous responses of one
to three a minute at rest: Boucsein et al. (Psychophysiology 49, 2012).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.signal import lfilter

from meps_lab.simulate.body import clock
from meps_lab.simulate.body.event import Body, Event
from meps_lab.simulate.body.noise import Streams

RISE_S, DECAY_S = 0.75, 2.0  # time constants of a skin conductance response
LATENCY_S = (1.0, 3.0)  # from an event to the response's onset
SPONTANEOUS_PER_S = 0.03
_BEFORE_S = 10.0  # s before a recording from which on there are spontaneous responses
_PEAK_S = np.log(DECAY_S / RISE_S) * DECAY_S * RISE_S / (DECAY_S - RISE_S)
_TOP = np.exp(-_PEAK_S / DECAY_S) - np.exp(-_PEAK_S / RISE_S)  # height of the bare difference


class Responses(NamedTuple):
    """Skin conductance responses in order of their onsets."""

    onsets: np.ndarray  # s
    amplitudes: np.ndarray  # uS
    evoked: np.ndarray  # bool: answers an event, rather than spontaneous


def scr(t: np.ndarray, onset: float, amplitude: float) -> np.ndarray:
    """One skin conductance response, `amplitude` uS at its peak.

    Parameters
    ----------
    t : ndarray
        Times in s.
    onset : float
        s; the peak follows 1.18 s later.
    amplitude : float
        uS.

    Examples
    --------
    >>> t = np.arange(0, 10, 0.01)
    >>> y = scr(t, onset=2.0, amplitude=0.5)
    >>> round(float(y.max()), 4), round(float(t[y.argmax()]), 2)
    (0.5, 3.18)
    """
    dt = np.clip(t - onset, 0, None)
    return amplitude / _TOP * (np.exp(-dt / DECAY_S) - np.exp(-dt / RISE_S))


def sweat(
    events: Sequence[Event], streams: Streams, duration_s: float, spontaneous: float
) -> Responses:
    """Which responses there are: one for each event that evokes any, and spontaneous ones.

    Spontaneous ones begin ten seconds before the recording, five of their time constants, so
    that conductance neither rises nor falls by construction. How late and how large an event
    is answered hangs on its own time, so that no event changes the answer to another.

    Parameters
    ----------
    events : sequence of Event
        With responses as large as this body's.
    streams : Streams
    duration_s : float
    spontaneous : float
        Factor on the amplitude of spontaneous responses.

    Returns
    -------
    Responses
        Onsets from -10 s on; those before 0 have their tails in the recording.
    """
    events = [e for e in events if e.response.scr_us]
    times = np.array([float(e.time_s) for e in events])
    rngs = [streams(f"skin {time + 0.0!r}") for time in times.tolist()]
    luck = [(rng.uniform(*LATENCY_S), rng.normal(0, 0.25)) for rng in rngs]
    latencies, factors = np.array(luck).reshape(-1, 2).T
    onsets = times + latencies
    amplitudes = np.array([e.response.scr_us for e in events]) * np.exp(factors)
    if spontaneous:
        rng = streams("spontaneous")
        n = rng.poisson(SPONTANEOUS_PER_S * (_BEFORE_S + duration_s))
        onsets = np.append(onsets, rng.uniform(-_BEFORE_S, duration_s, n))
        size = spontaneous * np.exp(rng.normal(np.log(0.08), 0.4, n))
        amplitudes = np.append(amplitudes, size)
    evoked = np.arange(len(onsets)) < len(events)
    order = np.argsort(onsets, kind="stable")
    keep = order[(amplitudes[order] > 0) & (onsets[order] < duration_s)]
    return Responses(onsets[keep], amplitudes[keep], evoked[keep])


def conductance(
    body: Body, responses: Responses, streams: Streams, duration_s: float, t: np.ndarray
) -> np.ndarray:
    """Level, drift and responses, uS, at evenly spaced times `t` (s) from 0 on."""
    rng = streams("skin level")
    level = body.tonic_us * np.exp(rng.normal(0, 0.08))
    # Over ten seconds the drift is next to a straight line; over minutes it comes back.
    out = clock.read(level * (1 + 0.1 * clock.sway(rng, 0.004, duration_s)), t)
    # WHY: an exponential is a filter with one pole, so a response enters once, at the first
    # sample after its onset, and an hour of many responses costs two passes.
    first = np.searchsorted(t, responses.onsets)
    inside = first < len(t)
    first, late = first[inside], t[first[inside]] - responses.onsets[inside]
    for sign, tau in ((1.0, DECAY_S), (-1.0, RISE_S)):
        start = sign * responses.amplitudes[inside] * np.exp(-late / tau) / _TOP
        push = np.bincount(first, start, minlength=len(t))
        out += lfilter([1.0], [1.0, -np.exp(-(t[1] - t[0]) / tau)], push)
    return out


def temperature(
    body: Body, events: Sequence[Event], streams: Streams, duration_s: float, t: np.ndarray
) -> np.ndarray:
    """Temperature of the finger, degrees Celsius, at times `t` (s)."""
    drift = 0.1 * clock.sway(streams("warmth"), 0.003, duration_s)
    change = clock.course("skin_temperature", events, duration_s)
    return body.skin_temperature + clock.read(drift + change, t)
