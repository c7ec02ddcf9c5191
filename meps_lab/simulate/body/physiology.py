"""One person recorded around some events: the signals, and everything that made them.

Here the parts are put together: one breath and one heart (`heart`), the skin (`skin`), the
brain (`brain`), what an event does to them (`responses`), and the sensors in between
(`artefacts`).
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from meps_lab.simulate.body import clock, heart, skin
from meps_lab.simulate.body.artefacts import SENSORS, Artefacts, sense_signal
from meps_lab.simulate.body.brain import BANDS, MONTAGE_19, MONTAGE_62, electroencephalogram
from meps_lab.simulate.body.event import Body, Event
from meps_lab.simulate.body.noise import Streams
from meps_lab.simulate.body.responses import Response
from meps_lab.simulate.body.skin import scr
from meps_lab.simulate.checks import check_array, check_kind, check_list, check_names
from meps_lab.simulate.timing import blink_spans, shut_times
from meps_lib.arguments import number
from meps_lib.errors import MepsError

__all__ = ["BANDS", "MONTAGE_19", "MONTAGE_62", "NAMES", "SIGNALS", "SIGNAL_UNITS", "UNITS"]
__all__ += ["Artefacts", "Body", "Episode", "Event", "Response", "record", "scr"]

SIGNAL_UNITS = {"EDA": "uS", "ECG": "mV", "PPG": "a.u.", "RSP": "a.u.", "SKT": "degC"}
SIGNALS = tuple(SIGNAL_UNITS)
NAMES = ("EDA", "ECG", "PPG")  # recorded unless one asks for others
UNITS = tuple(SIGNAL_UNITS[name] for name in NAMES)


class Episode(NamedTuple):
    """C signals of L samples, and what made them; times in s from the start."""

    ps: np.ndarray  # (C, L) as the sensors write them
    clean_ps: np.ndarray  # (C, L) as the body made them
    names: tuple[str, ...]
    units: tuple[str, ...]
    beat_times: np.ndarray  # R peaks
    pulse_times: np.ndarray  # systolic peaks
    scr_onsets: np.ndarray
    scr_amplitudes: np.ndarray  # uS
    scr_evoked: np.ndarray  # bool: answers an event, rather than spontaneous
    breath_phase: np.ndarray  # (L,) rad, -pi .. pi; 0 where an inspiration ends
    blink_times: np.ndarray  # when the lid is down
    eeg: np.ndarray | None = None  # (E, L') uV
    clean_eeg: np.ndarray | None = None  # (E, L') without blinks, muscle, mains and noise
    band_power: np.ndarray | None = None  # (E, 5) uV^2 of the clean EEG in `BANDS`


def record(
    body: Body,
    rng: np.random.Generator,
    events: Sequence[Event] = (),
    *,
    duration_s: float = 10.0,
    sfreq: float = 200.0,
    signals: Sequence[str] = NAMES,
    eeg_names: Sequence[str] = (),
    eeg_sfreq: float = 1000.0,
    artefacts: Artefacts | None = None,
    lids: np.ndarray | None = None,
) -> Episode:
    """Record one person around any number of events.

    What happened to the body does not depend on which signals are recorded, at which rate,
    through which artefacts; every part draws from a stream of its own.

    Parameters
    ----------
    body : Body
    rng : numpy Generator
    events : sequence of Event
        In any order.
    duration_s, sfreq : float
        Length in s, rate in Hz.
    signals : sequence of str
        Any of EDA, ECG, PPG, RSP, SKT, in the order wanted.
    eeg_names : sequence of str
        EEG channels of `MONTAGE_62`; none by default.
    eeg_sfreq : float
        Their rate, Hz.
    artefacts : Artefacts, optional
        A good laboratory if None; `Artefacts.none()` for clean signals.
    lids : ndarray, shape (m, 2), optional
        Start and end of each blink, s: those that a camera sees too (`timing.blink_spans`).
        If None they are drawn here, by `Artefacts.blink_per_min`.

    Returns
    -------
    Episode

    Raises
    ------
    MepsError
        If a signal or channel is unknown or named twice, a number out of range, or an
        argument of another kind than it should be.

    Examples
    --------
    >>> from meps_lab.simulate.body.responses import respond
    >>> r = record(Body(), np.random.default_rng(0), [Event(3.0, respond("surprise"))])
    >>> r.ps.shape, r.names
    ((3, 2000), ('EDA', 'ECG', 'PPG'))
    """
    check_kind("body", body, Body, "Body() is an average one")
    check_kind("rng", rng, np.random.Generator, "np.random.default_rng(seed) makes one")
    number("duration_s", duration_s, 1, 1e6)
    number("sfreq", sfreq, 4, 1e5)
    signals = check_names("signals", signals, SIGNALS)
    eeg_names = check_names("eeg_names", eeg_names, MONTAGE_62)
    events = check_list("events", events)
    for event in events:
        check_kind("each of events", event, Event, "Event(time_s, response) makes one")
    dials = artefacts or Artefacts()
    # By the response as well, so that two events at one time may change places.
    events.sort(key=lambda e: (e.time_s, *vars(e.response).values()))
    events = [replace(e, response=e.response.scaled(body.responsiveness)) for e in events]
    streams, n = Streams(rng), round(duration_s * sfreq)
    t = np.arange(n) / sfreq
    if lids is None:
        per_min = dials.blink_per_min if dials.blinks else 0.0
        lids = blink_spans(streams("blinks"), duration_s, per_min)
    lids = check_array("lids", lids, ("m", 2), "start and end (s) of each blink")
    if (np.diff(lids) <= 0).any():
        raise MepsError(f"lids must be pairs of a start and a later end (s), got {lids.tolist()}")

    breath = heart.breathe(body, events, streams, duration_s)
    beats = heart.beat(body, events, breath, streams, duration_s)
    pulse_times, pulse_heights = heart.pulse_waves(body, events, beats, streams, duration_s)
    responses = skin.sweat(events, streams, duration_s, dials.spontaneous)
    phase = clock.read(breath.phase, t)
    make = {
        "EDA": lambda: skin.conductance(body, responses, streams, duration_s, t),
        "ECG": lambda: body.r_height * heart.ecg(t, beats),
        "PPG": lambda: body.pulse_height * heart.ppg(t, pulse_times, pulse_heights),
        "RSP": lambda: clock.read(breath.depth, t) * np.cos(phase),
        "SKT": lambda: skin.temperature(body, events, streams, duration_s, t),
    }
    clean, ps = np.empty((2, len(signals), n))
    for k, name in enumerate(signals):
        clean[k] = make[name]()
        ps[k] = sense_signal(clean[k], name, SENSORS[name], dials, streams, sfreq)
    waves = ()
    if eeg_names:
        number("eeg_sfreq", eeg_sfreq, 2 * BANDS["gamma"][1], 1e5)
        waves = electroencephalogram(
            eeg_names, body, events, dials, streams, duration_s, eeg_sfreq, lids
        )
    heard = (beats.times, pulse_times, shut_times(lids))
    beat_times, pulse_times, shut = (x[(x >= 0) & (x < duration_s)] for x in heard)
    skins = (x[responses.onsets >= 0] for x in responses)
    units = tuple(SIGNAL_UNITS[name] for name in signals)
    turned = np.remainder(phase + np.pi, 2 * np.pi) - np.pi
    return Episode(ps, clean, signals, units, beat_times, pulse_times, *skins, turned, shut, *waves)
