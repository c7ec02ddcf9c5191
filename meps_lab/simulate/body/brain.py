"""Electroencephalogram on the 10-20 montage: background, alpha, and what is not brain.

A channel is 1/f background and alpha rhythm, each partly its own and partly shared by all,
as a skull smears them. Alpha is largest over the back of the head, falls while an event
arouses, and leans to one side over the front by the event's valence. Blinks, muscles, mains
and the electrode's own noise come on top.

What is not here: sources in a volume conductor, event-related potentials, eye movements
other than blinks, sleep. The literature on frontal asymmetry is mixed (`responses.EFFECTS`).
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.fft import rfft

from meps_lab.simulate.body import clock
from meps_lab.simulate.body.artefacts import SENSORS, Artefacts, sense_signal
from meps_lab.simulate.body.event import Body, Event
from meps_lab.simulate.body.noise import Colour, Streams, spans, within
from meps_lab.simulate.timing import lid_course
from meps_lib.arguments import one_of

BANDS: dict[str, tuple[float, float]] = {
    "delta": (1.0, 4.0),
    "theta": (4.0, 8.0),
    "alpha": (8.0, 13.0),
    "beta": (13.0, 30.0),
    "gamma": (30.0, 47.0),
}
_10_20 = "Fp1 Fp2 F7 F3 Fz F4 F8 T7 C3 Cz C4 T8 P7 P3 Pz P4 P8 O1 O2"
_CAP = """
Fp1 Fpz Fp2 AF3 AF4 F7 F5 F3 F1 Fz F2 F4 F6 F8 FT7 FC5 FC3 FC1 FCz FC2 FC4 FC6 FT8
T7 C5 C3 C1 Cz C2 C4 C6 T8 TP7 CP5 CP3 CP1 CPz CP2 CP4 CP6 TP8
P7 P5 P3 P1 Pz P2 P4 P6 P8 PO7 PO5 PO3 POz PO4 PO6 PO8 CB1 O1 Oz O2 CB2
"""
MONTAGE_19, MONTAGE_62 = tuple(_10_20.split()), tuple(_CAP.split())
# Rows of the cap, front 1 to back -1.
_FRONT = {"Fp": 1.0, "AF": 0.8, "F": 0.6, "FC": 0.3, "FT": 0.3, "C": 0.0, "T": 0.0}
_ROWS = _FRONT | {"CP": -0.3, "TP": -0.3, "P": -0.6, "PO": -0.8, "O": -1.0, "CB": -1.0}
_BACKGROUND_UV, _ALPHA_UV = 9.0, 8.0  # uV rms: everywhere, and at the back
_SHARED = 0.6  # share of a rhythm's variance that all channels have in common
_ALPHA_WIDTH_HZ = 0.8
_BLINK_UV = 120.0  # at the forehead, with the lid down
_MUSCLE_UV, _TENSE_PER_MIN, _TENSE_S = 6.0, 4.0, (0.5, 3.0)


class Brainwaves(NamedTuple):
    """EEG of E channels, uV, and what made it."""

    eeg: np.ndarray  # (E, L)
    clean_eeg: np.ndarray  # (E, L), background and alpha alone
    band_power: np.ndarray  # (E, 5), uV^2 of the clean EEG in `BANDS`


def electrode_place(name: str) -> tuple[float, float]:
    """Where an electrode sits: left -1 to right 1, and back -1 to front 1.

    Raises
    ------
    MepsError
        If the name is not one of `MONTAGE_62`.

    Examples
    --------
    >>> electrode_place("F3"), electrode_place("Oz")
    ((-0.5, 0.6), (0.0, -1.0))
    """
    one_of("EEG channel", name, MONTAGE_62)
    row, number = re.fullmatch(r"([A-Za-y]+?)(z|\d)", name).groups()
    column = 0.0 if number == "z" else (int(number) + 1) // 2 / 4
    return (-column if number in "13579" else column), _ROWS[row]


def electroencephalogram(
    names: Sequence[str],
    body: Body,
    events: Sequence[Event],
    dials: Artefacts,
    streams: Streams,
    duration_s: float,
    sfreq: float,
    lids: np.ndarray,
) -> Brainwaves:
    """The EEG of one recording.

    Parameters
    ----------
    names : sequence of str
        Channels of `MONTAGE_62`. A channel is the same whichever others are recorded.
    body : Body
    events : sequence of Event
        With responses as large as this body's.
    dials : Artefacts
    streams : Streams
        Of the recording.
    duration_s : float
    sfreq : float
        Hz, above 94 so that it carries the gamma band.
    lids : ndarray, shape (m, 2)
        Start and end of each blink, s, as of `timing.blink_spans`.

    Returns
    -------
    Brainwaves
    """
    n = round(duration_s * sfreq)
    t = np.arange(n) / sfreq
    drop, lean = (
        clock.read(clock.course(effect, events, duration_s), t)
        for effect in ("alpha_drop", "frontal_asymmetry")
    )
    awake = np.sqrt(np.clip(1 - drop, 0.05, None))
    colours = (
        Colour(_background_density, n, sfreq, _POWER["background"]),
        Colour(lambda f: _alpha_density(f, body.alpha_hz), n, sfreq, _POWER["alpha"]),
    )
    muscle = Colour(_muscle_density, n, sfreq, _POWER["muscle"]) if dials.muscle else None

    def draw(name: str) -> list[np.ndarray]:  # a stream a rhythm, whatever the others take
        parts = zip(colours, ("background", "alpha"), strict=True)
        return [colour.draw(streams(f"EEG {name} {part}")) for colour, part in parts]

    shared = [np.sqrt(_SHARED) * rhythm for rhythm in draw("shared")]
    blink = lid_course(lids, t)
    tense = _tension(streams("tension"), duration_s, n, sfreq)
    clean, eeg = np.empty((2, len(names), n))
    power = np.empty((len(names), len(BANDS)))
    for k, name in enumerate(names):
        x, y = electrode_place(name)
        background, alpha = (
            all_ + np.sqrt(1 - _SHARED) * own for all_, own in zip(shared, draw(name), strict=True)
        )
        alpha *= awake * body.alpha * _ALPHA_UV * (0.25 + 0.75 * ((1 - y) / 2) ** 1.5)
        # Power at F4 over power at F3: half of the leaning to each side, none at the back.
        side = np.clip(2 * x, -1, 1) * np.clip(y / 0.6, 0, 1)
        if side and lean.any():
            alpha *= np.exp(side * lean / 4)
        clean[k] = _BACKGROUND_UV * background + alpha
        power[k] = _band_power(clean[k], sfreq)
        eeg[k] = clean[k]
        if dials.blinks:
            eeg[k] += dials.blinks * _BLINK_UV * np.exp(-3.2 * (1 - y)) * blink
        if muscle:
            height = dials.muscle * _MUSCLE_UV * (0.15 + 0.85 * max(abs(x), y) ** 4)
            eeg[k] += height * tense * muscle.draw(streams(f"EEG {name} muscle"))
        eeg[k] = sense_signal(eeg[k], f"EEG {name}", SENSORS["EEG"], dials, streams, sfreq)
    return Brainwaves(eeg, clean, power)


def _alpha_density(f: np.ndarray, peak_hz: float) -> np.ndarray:
    z = (f - peak_hz) / _ALPHA_WIDTH_HZ
    return np.where(np.abs(z) < 6, np.exp(-0.5 * z**2), 0.0)


def _background_density(f: np.ndarray) -> np.ndarray:
    """Power falls with frequency, level below 1 Hz and nothing at 0."""
    return np.where(f > 0.1, np.maximum(f, 1.0) ** -1.3, 0.0)


def _muscle_density(f: np.ndarray) -> np.ndarray:
    """Broad, from 20 Hz up, largest near 60 Hz."""
    return (f / 60) ** 4 / (1 + (f / 60) ** 4) * np.exp(-f / 60)


# Integrals of the densities up to 500 Hz, where all have the variance stated. WHY: a band of its
# own, so that the level does not depend on the rate; it is what the default of 1000 Hz carries.
_GRID_HZ = np.arange(0.005, 500, 0.01)
_POWER = {
    "background": 0.01 * _background_density(_GRID_HZ).sum(),
    "alpha": 0.01 * _alpha_density(_GRID_HZ, 10.0).sum(),  # the same wherever its peak
    "muscle": 0.01 * _muscle_density(_GRID_HZ).sum(),
}


def _band_power(x: np.ndarray, sfreq: float) -> np.ndarray:
    """Variance of `x` that lies in each of `BANDS`, uV^2: the periodogram, summed (Parseval)."""
    power = 2 * np.abs(rfft(x) / len(x)) ** 2
    edges = [np.array(limits) * len(x) / sfreq for limits in BANDS.values()]
    return np.array([power[slice(*np.ceil(e).astype(int))].sum() for e in edges])


def _tension(rng: np.random.Generator, duration_s: float, n: int, sfreq: float) -> np.ndarray:
    """How tense the head's muscles are: a little always, and now and then more."""
    out = np.full(n, 0.3)
    efforts = spans(rng, _TENSE_PER_MIN, _TENSE_S, duration_s)
    for those, t, length_s in within(efforts, n, sfreq):
        out[those] += np.sin(np.pi * t / length_s) ** 2
    return out
