"""The recording as a whole: same bits, no part disturbs another, memory, refusals."""

import tracemalloc
from dataclasses import fields

import numpy as np
import pytest
from scipy.signal import periodogram

from meps_lab.simulate.body.artefacts import Artefacts
from meps_lab.simulate.body.brain import MONTAGE_19
from meps_lab.simulate.body.physiology import (
    NAMES,
    SIGNAL_UNITS,
    SIGNALS,
    UNITS,
    Body,
    Event,
    record,
)
from meps_lab.simulate.body.responses import Response, respond
from meps_lib.errors import MepsError

EVENTS = (Event(3.0, respond("fear")), Event(7.0, respond("happiness")))
TRUTH = ("beat_times", "pulse_times", "scr_onsets", "scr_amplitudes", "scr_evoked", "breath_phase")


def episode(events=EVENTS, body=None, seed=0, **kwargs):
    return record(body or Body(), np.random.default_rng(seed), events, **kwargs)


def same(a, b, names=TRUTH):
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in names)


def test_shapes_names_and_units():
    e = episode(signals=("SKT", "ECG"), duration_s=4.0, sfreq=64.0, eeg_names=("Cz", "F3", "F4"))
    assert e.ps.shape == e.clean_ps.shape == (2, 256) and e.ps.dtype == np.float64
    assert e.names == ("SKT", "ECG") and e.units == ("degC", "mV")
    assert e.breath_phase.shape == (256,)
    assert e.eeg.shape == e.clean_eeg.shape == (3, 4000) and e.band_power.shape == (3, 5)
    plain = episode()
    assert plain.names == NAMES and plain.units == UNITS and set(SIGNAL_UNITS) == set(SIGNALS)
    assert plain.eeg is plain.clean_eeg is plain.band_power is None
    for times in (e.beat_times, e.pulse_times, e.scr_onsets):
        assert np.all((times >= 0) & (times < 4.0)) and np.all(np.diff(times) > 0)


def test_same_seed_same_bits_other_seed_others():
    kwargs = {
        "signals": SIGNALS,
        "eeg_names": MONTAGE_19,
        "artefacts": Artefacts(1, 1, 1, 50, 9, 9, 0.1),
    }
    a, b, c = (episode(seed=k, **kwargs) for k in (1, 1, 2))
    assert same(a, b, (*TRUTH, "ps", "clean_ps", "eeg", "clean_eeg", "band_power", "blink_times"))
    assert not np.array_equal(a.ps, c.ps) and not np.array_equal(a.beat_times, c.beat_times)
    rng = np.random.default_rng(1)
    first, second = (record(Body(), rng, EVENTS) for _ in range(2))
    assert not np.array_equal(first.ps, second.ps)  # one generator, two recordings


def test_a_signal_more_leaves_the_others_as_they_were():
    few, many = episode(), episode(signals=SIGNALS[::-1], eeg_names=("Cz",))
    order = [SIGNALS[::-1].index(name) for name in NAMES]
    assert np.array_equal(few.ps, many.ps[order]) and same(few, many)


@pytest.mark.parametrize("dial", [f.name for f in fields(Artefacts) if f.name != "worse"])
def test_an_artefact_leaves_the_body_as_it_was(dial):
    plain, spoilt = (
        episode(
            duration_s=60.0,
            signals=SIGNALS,
            eeg_names=("Cz",),
            eeg_sfreq=200.0,
            artefacts=Artefacts(**dials),
        )
        for dials in ({}, {dial: 0.5 if dial == "saturation" else 60.0, "worse": "ECG"})
    )
    body = ("beat_times", "pulse_times", "breath_phase", "clean_eeg", "band_power")
    assert same(plain, spoilt, body)
    rows = [k for k, name in enumerate(SIGNALS) if name != "EDA" or dial != "spontaneous"]
    assert np.array_equal(plain.clean_ps[rows], spoilt.clean_ps[rows])
    assert dial == "mains_hz" or not (same(plain, spoilt, ("ps", "eeg", "blink_times")))


def test_the_sampling_rate_is_not_the_bodys():
    slow, fast = (episode(sfreq=hz, artefacts=Artefacts.none()) for hz in (100.0, 1000.0))
    assert same(slow, fast, TRUTH[:-1])
    np.testing.assert_allclose(slow.ps, fast.ps[:, ::10], atol=1e-9)


def test_the_sampling_rate_is_not_the_brains():
    """The same power in every band, and as much muscle, whatever the rate carries beyond."""
    silent = Artefacts(sensor_noise=0.0, baseline_wander=0.0, mains=0.0, blinks=0.0)
    power, muscle = [], []
    for hz in (125.0, 500.0, 2000.0):
        e = episode(signals=(), eeg_names=("Oz", "T7"), eeg_sfreq=hz, artefacts=silent)
        power.append(e.band_power)
        f, p = periodogram((e.eeg - e.clean_eeg)[1], hz)
        muscle.append(p[(f >= 30) & (f < 47)].mean())
    for k in (1, 2):
        np.testing.assert_allclose(power[k], power[0], rtol=0.02)
        assert muscle[k] == pytest.approx(muscle[0], rel=0.05)


def test_a_generator_is_read_once_and_whole():
    kwargs = {"signals": SIGNALS, "eeg_names": ("Cz", "F3"), "eeg_sfreq": 200.0}
    lazy = {k: iter(v) if isinstance(v, tuple) else v for k, v in kwargs.items()}
    a, b = episode(**kwargs), episode((e for e in EVENTS), **lazy)
    assert b.names == SIGNALS and b.scr_evoked.sum() == 2
    assert same(a, b, (*TRUTH, "ps", "eeg"))


def test_two_events_at_one_time_may_change_places():
    pair = (Event(3.0, respond("fear")), Event(3.0, respond("happiness")))
    a, b = episode(pair, signals=SIGNALS), episode(pair[::-1], signals=SIGNALS)
    assert same(a, b, (*TRUTH, "ps"))


def test_blinks_lie_within_the_recording_and_are_none_where_none_are_drawn():
    for k in range(300):
        times = episode(signals=(), seed=k).blink_times
        assert np.all((times >= 0) & (times < 10.0))
    for artefacts in (Artefacts.none(), Artefacts(blinks=0.0), Artefacts(blink_per_min=0.0)):
        assert not len(episode(duration_s=60.0, artefacts=artefacts).blink_times)


def test_lids_that_are_given_are_those_recorded():
    lids = np.array([[-0.2, 0.1], [2.0, 2.3], [9.9, 10.2]])
    e = episode(signals=(), eeg_names=("Fpz",), lids=lids)
    np.testing.assert_allclose(e.blink_times, [2.1])  # down after a third; two are outside
    low = episode(signals=(), eeg_names=("Fpz",), lids=[])
    shown = (e.eeg - low.eeg)[0]
    t = np.arange(len(shown)) / 1000
    open_ = (t > 0.1) & (t < 2.0) | (t > 2.3) & (t < 9.9)
    assert not shown[open_].any() and shown[t == 2.1] == pytest.approx(shown.max())
    assert shown[t == 0.0] > 0 and shown[-1] > 0  # cut off by the ends, but there


def test_events_in_any_order_and_silent_ones():
    assert np.array_equal(episode(EVENTS).ps, episode(EVENTS[::-1]).ps)
    silent = [Event(e.time_s, respond("fear", strength=0.0)) for e in EVENTS]
    assert np.array_equal(episode(silent).ps, episode(()).ps)
    assert np.array_equal(episode(body=Body(responsiveness=0.0)).ps, episode(()).ps)


def test_a_body_that_answers_more():
    once, twice = (episode(body=Body(responsiveness=k)) for k in (1.0, 2.0))
    evoked = [e.scr_amplitudes[e.scr_evoked] for e in (once, twice)]
    np.testing.assert_allclose(evoked[1], 2 * evoked[0])


def test_memory_is_linear_in_the_recording():
    events = [Event(t, respond("surprise")) for t in np.arange(5.0, 1190.0, 6.0)]
    tracemalloc.start()
    e = episode(events, duration_s=1200.0, signals=SIGNALS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert e.scr_evoked.sum() == len(events)
    # 1,400 beats and 200 events: a matrix of samples by either would be a hundred times more.
    assert peak < 4 * (e.ps.nbytes + e.clean_ps.nbytes)


def test_drawn_people_differ_within_human_ranges():
    people = [Body.draw(np.random.default_rng(k), 0.2) for k in range(200)]
    for name in (f.name for f in fields(Body)):
        assert len({getattr(p, name) for p in people}) > 100, name
    rates = [p.heart_rate for p in people]
    assert 66 < np.mean(rates) < 74 and min(rates) >= 54 and max(rates) <= 92


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: Body(heart_rate=0), "Body.heart_rate"),
        (lambda: Body(alpha_hz=float("nan")), "Body.alpha_hz"),
        (lambda: Body(tonic_us=-1.0), "Body.tonic_us"),
        (lambda: Event(float("inf"), Response()), "Event.time_s"),
        (lambda: Event(1.0, None), "Event.response must be a Response"),
        (lambda: episode((3.0,)), "events must be a Event"),
        (lambda: episode(EVENTS[0]), "events must be a sequence"),
        (lambda: record(Body(), 0), "rng must be a Generator .*default_rng"),
        (lambda: record(None, np.random.default_rng(0)), "body must be a Body"),
        (lambda: episode(lids=[3.0, 4.0]), "lids"),
        (lambda: episode(lids=[(4.0, 3.0)]), "lids"),
        (lambda: episode(lids=[(0.0, float("inf"))]), "lids"),
        (lambda: episode(signals="ECG"), "signals must be a sequence"),
        (lambda: episode(duration_s=0.0), "duration_s"),
        (lambda: episode(sfreq=-200.0), "sfreq"),
        (lambda: episode(sfreq="200"), "sfreq"),
        (lambda: episode(signals=("ECG", "EMG")), "EMG"),
        (lambda: episode(signals=("ECG", "ECG")), "signals"),
    ],
)
def test_bad_values_are_refused_by_name(call, named):
    with pytest.raises(MepsError, match=named):
        call()
