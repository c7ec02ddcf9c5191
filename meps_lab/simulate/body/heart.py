"""One breath and one heart: respiration, the train of beats, the ECG and the pulse wave.

The breath sways the heart rate; the rate, integrated, gives the beats; the same beats draw
the ECG and, a pulse transit time later, the PPG.

References
----------
ECG: McSharry, Clifford, Tarassenko & Smith (IEEE Trans. Biomed. Eng. 50, 2003), a sum of
Gaussians around each beat. Beats: integral pulse frequency modulation, Mateo & Laguna (IEEE
Trans. Biomed. Eng. 47, 2000). Slow variability: Task Force (Circulation 93, 1996).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from meps_lab.simulate.body import clock
from meps_lab.simulate.body.event import Body, Event
from meps_lab.simulate.body.noise import Streams

SLOWEST, FASTEST = 30.0, 200.0  # beats a minute

# Centre (s from the R peak), width (s) and height (mV) of the waves of one beat at 60 a
# minute, lead II. Rates move P and T with the square root of the beat's length.
WAVES = {
    "P": (-0.17, 0.022, 0.12),
    "Q": (-0.030, 0.008, -0.10),
    "R": (0.0, 0.010, 1.10),
    "S": (0.030, 0.009, -0.22),
    "T": (0.27, 0.045, 0.28),
}
# Systolic and dicrotic wave: delay (s), width (s), height (a.u.); between them, the notch.
PULSE = ((0.0, 0.075, 1.0), (0.24, 0.085, 0.38))
RISE, FALL = 0.75, 1.2  # a pulse rises faster than it falls: factors on the widths


class Breath(NamedTuple):
    """The breath on the slow clock."""

    phase: np.ndarray  # rad, never falls; 0 (and 2 pi, ...) where an inspiration ends
    depth: np.ndarray  # a.u.


class Beats(NamedTuple):
    """The beats from two seconds before a recording to three after it."""

    times: np.ndarray  # s, R peaks
    lengths: np.ndarray  # s, from the beat before


def breathe(body: Body, events: Sequence[Event], streams: Streams, duration_s: float) -> Breath:
    """One breath for the heart and the chest belt; events change its rate and depth.

    Parameters
    ----------
    body : Body
    events : sequence of Event
        With responses as large as this body's.
    streams : Streams
    duration_s : float
    """
    rng = streams("breath")
    faster = clock.course("breathing", events, duration_s)
    rate = 1 + 0.06 * clock.sway(rng, 0.03, duration_s) + faster
    phase = rng.uniform() + clock.integral(body.breathing_hz * np.clip(rate, 0.3, 3.0))
    deeper = clock.course("breath_depth", events, duration_s)
    depth = 1 + 0.08 * clock.sway(rng, 0.05, duration_s) + deeper
    return Breath(2 * np.pi * phase, body.breath_depth * np.maximum(depth, 0.1))


def beat(
    body: Body, events: Sequence[Event], breath: Breath, streams: Streams, duration_s: float
) -> Beats:
    """The train of beats: a beat falls wherever the integrated rate passes a whole number.

    The rate rises as one breathes in (respiratory sinus arrhythmia), sways at a tenth of a
    hertz and more slowly, and answers events: slower first, then faster.
    """
    rng = streams("heart")
    sway = body.rsa * breath.depth * np.cos(breath.phase)
    sway += body.heart_sway * (
        clock.sway(rng, 0.1, duration_s) + 2 * clock.sway(rng, 0.01, duration_s)
    )
    rate = body.heart_rate * (1 + sway)
    up, down = (clock.course(f"heart_{how}", events, duration_s) for how in ("speeding", "slowing"))
    rate += up - down
    phase = clock.integral(np.clip(rate, SLOWEST, FASTEST) / 60) + rng.uniform()
    counted = np.arange(np.ceil(phase[0]), np.floor(phase[-1]) + 1)
    times = np.interp(counted, phase, np.arange(len(rate)) / clock.TICKS_PER_S - clock.BEFORE_S)
    lengths = np.diff(times)
    return Beats(times, np.concatenate([lengths[:1], lengths]))


def pulse_waves(
    body: Body, events: Sequence[Event], beats: Beats, streams: Streams, duration_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Systolic peaks (s) at the finger, and how tall each is while events narrow its vessels."""
    times = beats.times + body.transit_s
    times += streams("transit").normal(0, 0.003, len(times))
    narrow = clock.course("vasoconstriction", events, duration_s)
    last = duration_s + clock.AFTER_S
    return times, 1 - np.clip(clock.read(narrow, np.clip(times, -clock.BEFORE_S, last)), 0, 0.95)


def ecg(t: np.ndarray, beats: Beats) -> np.ndarray:
    """Lead II of these beats, mV, at rising times `t` (s).

    Waves of one kind lie so far apart that a sample feels the nearest of each kind only.
    """
    out = np.zeros_like(t)
    for name, (centre, width, height) in WAVES.items():
        stretch = np.sqrt(beats.lengths) if name in "PT" else np.ones_like(beats.lengths)
        at = beats.times + centre * stretch
        counts = _counts(t, (at[1:] + at[:-1]) / 2)
        z = t - np.repeat(at, counts)
        z *= np.repeat(np.sqrt(0.5) / (width * stretch), counts)
        out += height * np.exp(-np.square(z, out=z), out=z)
    return out


def ppg(t: np.ndarray, times: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Pulse waves with systolic peaks at `times` (s), a.u., at rising times `t` (s).

    A sample feels the end of the wave before it and the beginning of the wave after it.
    """
    out = np.zeros_like(t)
    times = np.concatenate([[-np.inf], times, [np.inf]])
    heights = np.concatenate([[0.0], heights, [0.0]])
    for delay, width, share in PULSE:
        counts = _counts(t, times[1:-1] + delay)
        for k, factor in ((slice(None, -1), FALL), (slice(1, None), RISE)):
            z = t - np.repeat(times[k] + delay, counts)
            z *= np.sqrt(0.5) / (width * factor)
            wave = np.exp(-np.square(z, out=z), out=z)
            out += np.multiply(wave, np.repeat(share * heights[k], counts), out=wave)
    return out


def _counts(t: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """How many of the rising times `t` lie before, between and after rising `edges`."""
    at = np.concatenate([[0], t.searchsorted(edges), [len(t)]])
    return at[1:] - at[:-1]
