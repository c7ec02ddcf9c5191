"""Electrocardiogram, pulse wave and skin conductance around one event, with their truth.

One heart beats once: the same train of beats draws the ECG and, a pulse transit time
later, the PPG. The event slows and then speeds the heart, tightens the vessels of the
skin and, one to three seconds on, opens sweat glands; all in proportion to arousal.

References
----------
ECG: McSharry, Clifford, Tarassenko & Smith (IEEE Trans. Biomed. Eng. 50, 2003), sums of
Gaussians around each beat. Beats: integral pulse frequency modulation, Mateo & Laguna
(IEEE Trans. Biomed. Eng. 47, 2000). Skin conductance responses: the difference of two
exponentials ("Bateman"), Alexander et al. (J. Neurosci. Methods 146, 2005).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

NAMES = ("EDA", "ECG", "PPG")
UNITS = ("uS", "mV", "a.u.")

# Centre (s from the R peak), width (s) and height (mV) of the waves of one beat at 60 a
# minute, lead II. Rates move P and T with the square root of the beat's length.
_WAVES = {
    "P": (-0.17, 0.022, 0.12),
    "Q": (-0.030, 0.008, -0.10),
    "R": (0.0, 0.010, 1.10),
    "S": (0.030, 0.009, -0.22),
    "T": (0.27, 0.045, 0.28),
}
# Systolic and dicrotic wave: delay (s), width (s), height (a.u.).
_PULSE = ((0.0, 0.075, 1.0), (0.24, 0.085, 0.38))
_RISE_S, _DECAY_S = 0.75, 2.0  # time constants of a skin conductance response


@dataclass(frozen=True)
class Body:
    """One person's resting state."""

    heart_rate: float = 68.0  # beats a minute
    rsa: float = 0.05  # respiratory sinus arrhythmia, fraction of the heart rate
    breathing_hz: float = 0.25
    r_height: float = 1.0  # factor on the ECG
    pulse_height: float = 1.0  # factor on the PPG
    transit_s: float = 0.26  # R peak to systolic peak
    tonic_us: float = 5.0  # skin conductance level
    responsiveness: float = 1.0  # factor on responses to arousal

    @classmethod
    def draw(cls, rng: np.random.Generator, spread: float) -> Body:
        """A random person; `spread` is the log standard deviation of responsiveness."""
        return cls(
            heart_rate=float(np.clip(rng.normal(70, 7), 54, 92)),
            rsa=rng.uniform(0.02, 0.07),
            breathing_hz=rng.uniform(0.20, 0.32),
            r_height=rng.uniform(0.7, 1.3),
            pulse_height=rng.uniform(0.7, 1.4),
            transit_s=rng.uniform(0.22, 0.30),
            tonic_us=rng.uniform(2.0, 9.0),
            responsiveness=float(np.exp(rng.normal(0, spread))),
        )


class Episode(NamedTuple):
    """Signals (3, L) in the order of `NAMES`, and what made them; times from the start."""

    ps: np.ndarray
    clean_ps: np.ndarray
    beat_times: np.ndarray  # s, R peaks inside the window
    pulse_times: np.ndarray  # s, systolic peaks inside the window
    scr_onsets: np.ndarray  # s
    scr_amplitudes: np.ndarray  # uS
    scr_evoked: np.ndarray  # bool: answers the event, rather than spontaneous


def record(
    body: Body,
    rng: np.random.Generator,
    *,
    arousal: float,
    valence: float = 0.0,
    event_s: float = 3.0,
    duration_s: float = 10.0,
    sfreq: float = 200.0,
    noise: float = 1.0,
) -> Episode:
    """Record one person around one event.

    Parameters
    ----------
    body : Body
    rng : numpy Generator
    arousal : float
        0 no response .. 1 strong.
    valence : float
        -1 .. 1; unpleasant events slow the heart a little more.
    event_s : float
        Time of the event (onset of the micro-expression) in the window, s.
    duration_s, sfreq : float
        Length in s, rate in Hz.
    noise : float
        Factor on sensor noise, wander, mains hum and spontaneous responses; 0 is clean.

    Returns
    -------
    Episode

    Examples
    --------
    >>> r = record(Body(), np.random.default_rng(0), arousal=0.8)
    >>> r.ps.shape
    (3, 2000)
    """
    t = np.arange(round(duration_s * sfreq)) / sfreq
    drive = max(0.0, arousal) * body.responsiveness
    beats, lengths = beat_train(body, rng, drive, valence, event_s, duration_s)
    eda, onsets, amplitudes, evoked = _skin(body, rng, drive, event_s, t, noise)
    ecg = body.r_height * _ecg(t, beats, lengths)
    # Sympathetic tone narrows the vessels of the skin for some seconds after the event.
    pulses = beats + body.transit_s + rng.normal(0, 0.003, len(beats))
    narrow = 1 - 0.35 * np.tanh(1.3 * drive) * _hump(pulses - event_s, 3.8, 1.8)
    ppg = body.pulse_height * _ppg(t, pulses, narrow)
    clean = np.stack([eda, ecg, ppg])

    wander = np.stack([_wander(rng, t, f) for f in (0.05, 0.3, 0.25)])
    hum = np.sin(2 * np.pi * (50 * t + rng.uniform()))
    hiss = rng.standard_normal(clean.shape)
    scale = np.array([[0.010, 0.015, 0.015], [0.03, 0.06, 0.08], [0.0, 0.015, 0.0]])
    dirt = scale[0, :, None] * hiss + scale[1, :, None] * wander + scale[2, :, None] * hum
    inside = [(x >= 0) & (x < duration_s) for x in (beats, pulses)]
    return Episode(
        clean + noise * dirt, clean, beats[inside[0]], pulses[inside[1]],
        onsets, amplitudes, evoked,
    )  # fmt: skip


def beat_train(
    body: Body,
    rng: np.random.Generator,
    drive: float,
    valence: float,
    event_s: float,
    duration_s: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Times of the beats and the time from each to the next, in s.

    The heart rate is integrated, and a beat falls wherever the integral passes a whole
    number. The train reaches two seconds past both ends, so that no wave is cut.
    """
    step = 0.002
    t = np.arange(-2.0, duration_s + 3.0, step)
    slow = _wander(rng, t, 0.1)
    breath = np.sin(2 * np.pi * (body.breathing_hz * t + rng.uniform()))
    # Bradley & Lang's triphasic answer, shortened: orienting slows, mobilisation speeds.
    slowing = (3.0 * drive + 1.0 * max(0.0, -valence) * (drive > 0)) * _hump(t - event_s, 1.3, 0.7)
    speeding = 10.0 * drive * _hump(t - event_s, 4.2, 1.5)
    rate = body.heart_rate * (1 + body.rsa * breath + 0.015 * slow) - slowing + speeding
    phase = np.cumsum(rate / 60.0) * step + rng.uniform()
    whole = np.arange(np.ceil(phase[0]), np.floor(phase[-1]) + 1)
    times = np.interp(whole, phase, t)
    return times[:-1], np.diff(times)


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
    """
    peak_s = np.log(_DECAY_S / _RISE_S) * _DECAY_S * _RISE_S / (_DECAY_S - _RISE_S)
    top = np.exp(-peak_s / _DECAY_S) - np.exp(-peak_s / _RISE_S)
    dt = np.clip(t - onset, 0, None)
    return amplitude / top * (np.exp(-dt / _DECAY_S) - np.exp(-dt / _RISE_S))


def _skin(
    body: Body, rng: np.random.Generator, drive: float, event_s: float, t: np.ndarray, noise: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Skin conductance; and onsets, amplitudes and origin of its responses."""
    end = t[-1]
    onsets = [event_s + rng.uniform(1.0, 3.0)]
    amplitudes = [0.9 * drive**1.3 * np.exp(rng.normal(0, 0.25))]
    n_spontaneous = rng.poisson(0.03 * end)
    onsets += list(rng.uniform(0, end, n_spontaneous))
    amplitudes += list(noise * np.exp(rng.normal(np.log(0.08), 0.4, n_spontaneous)))
    evoked = np.arange(len(onsets)) == 0
    onsets, amplitudes = np.array(onsets), np.array(amplitudes)
    drift = rng.normal(0, 0.12) * t / end  # uS
    eda = body.tonic_us * np.exp(rng.normal(0, 0.08)) + drift
    for onset, amplitude in zip(onsets, amplitudes, strict=True):
        eda = eda + scr(t, onset, amplitude)
    order = np.argsort(onsets)
    keep = order[(amplitudes[order] > 0) & (onsets[order] <= end)]
    return eda, onsets[keep], amplitudes[keep], evoked[keep]


def _ecg(t: np.ndarray, beats: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    out = np.zeros_like(t)
    before = np.concatenate([lengths[:1], lengths[:-1]])
    for beat, length in zip(beats, before, strict=True):
        near = _near(t, beat - 0.8, beat + 0.9)
        for name, (centre, width, height) in _WAVES.items():
            stretch = np.sqrt(length) if name in "PT" else 1.0
            dt = t[near] - (beat + centre * stretch)
            out[near] += height * np.exp(-0.5 * (dt / (width * stretch)) ** 2)
    return out


def _ppg(t: np.ndarray, pulses: np.ndarray, height: np.ndarray) -> np.ndarray:
    out = np.zeros_like(t)
    for pulse, tall in zip(pulses, height, strict=True):
        near = _near(t, pulse - 0.6, pulse + 0.9)
        for delay, width, share in _PULSE:
            dt = t[near] - (pulse + delay)
            # A pulse rises faster than it falls.
            width = np.where(dt < 0, 0.75 * width, 1.2 * width)
            out[near] += share * tall * np.exp(-0.5 * (dt / width) ** 2)
    return out


def _near(t: np.ndarray, start: float, stop: float) -> slice:
    """The samples from start to stop; beyond them, waves are below a millionth."""
    return slice(*np.searchsorted(t, (start, stop)))


def _hump(dt: np.ndarray, centre: float, width: float) -> np.ndarray:
    """Bump of height 1, exactly 0 before the event."""
    return np.where(dt > 0, np.exp(-0.5 * ((dt - centre) / width) ** 2), 0.0)


def _wander(rng: np.random.Generator, t: np.ndarray, hz: float) -> np.ndarray:
    """Slow drift of about unit variance: three sines around `hz`."""
    f = hz * rng.uniform(0.5, 1.5, 3)
    return np.sqrt(2 / 3) * np.sin(2 * np.pi * (f * t[:, None] + rng.uniform(size=3))).sum(1)
