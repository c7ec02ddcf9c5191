"""Conductance and temperature of the skin: against closed forms, plain sums and NeuroKit2."""

import neurokit2 as nk
import numpy as np
import pytest

from meps_lab.simulate.body import skin
from meps_lab.simulate.body.artefacts import Artefacts
from meps_lab.simulate.body.noise import Streams
from meps_lab.simulate.body.physiology import Body, Event, record
from meps_lab.simulate.body.responses import Response, respond

SFREQ = 200
CLEAN = Artefacts.none()


def test_one_response_has_the_amplitude_and_the_onset_it_was_given():
    t = np.arange(0, 20, 0.001)
    y = skin.scr(t, onset=2.0, amplitude=0.4)
    assert y.max() == pytest.approx(0.4, abs=1e-5)
    assert np.all(y[t <= 2.0] == 0)
    assert t[y.argmax()] - 2.0 == pytest.approx(1.177, abs=0.002)  # ln(2/.75) 2*.75/(2-.75)


def test_filtered_responses_are_the_sum_of_single_ones():
    t = np.arange(0, 60, 1 / SFREQ)
    onsets, sizes = np.array([-3.0, 0.0, 7.7777, 8.1, 59.999]), np.array([1.0, 0.2, 0.5, 0.3, 2.0])
    none = skin.Responses(*(np.zeros(0),) * 3)
    some = skin.Responses(onsets, sizes, np.ones(5, bool))
    with_, without = (
        skin.conductance(Body(), r, Streams(np.random.default_rng(0)), 60.0, t)
        for r in (some, none)
    )
    added = sum(skin.scr(t, onset, size) for onset, size in zip(onsets, sizes, strict=True))
    np.testing.assert_allclose(with_ - without, added, rtol=0, atol=1e-9)


def test_every_event_is_answered_after_one_to_three_seconds():
    times = np.arange(5.0, 600.0, 10.0)
    events = [Event(t, respond("fear")) for t in times]
    e = record(Body(), np.random.default_rng(0), events, duration_s=610.0, signals=())
    latency = e.scr_onsets[e.scr_evoked] - times
    assert latency.min() >= 1.0 and latency.max() <= 3.0
    assert latency.mean() == pytest.approx(2.0, abs=0.2) and np.ptp(latency) > 1.5
    assert np.all(np.diff(e.scr_onsets) > 0)


def test_no_event_changes_the_answer_to_another():
    event = Event(5.0, respond("fear"))

    def answer(*others):
        e = record(Body(), np.random.default_rng(0), [*others, event], duration_s=20.0, signals=())
        late = e.scr_evoked & (e.scr_onsets > 6.0) & (e.scr_onsets < 8.0)
        return e.scr_onsets[late], e.scr_amplitudes[late]

    alone = answer()
    assert len(alone[0]) == 1
    for other in (
        Event(1.0, Response()),
        Event(1.0, respond("anger")),
        Event(15.0, respond("fear")),
    ):
        assert answer(other) == alone


def test_spontaneous_responses_do_not_rise_by_construction():
    """From the first second on, their sum is its mean: rate, times size, times area of one."""
    t = np.arange(0, 10.01, 0.5)
    total = np.zeros_like(t)
    for k in range(3000):
        some = skin.sweat((), Streams(np.random.default_rng(k)), 10.5, 1.0)
        total += sum(skin.scr(t, at, size) for at, size in zip(*some[:2], strict=True))
    one = np.arange(0, 30, 0.01)
    area = skin.scr(one, 0.0, 1.0).sum() * 0.01
    size = 0.08 * np.exp(0.4**2 / 2)  # mean of the log-normal
    means = [(total[part] / 3000).mean() for part in (t < 3, t > 7)]
    np.testing.assert_allclose(means, skin.SPONTANEOUS_PER_S * size * area, rtol=0.12)
    e = record(Body(), np.random.default_rng(0), duration_s=600.0, signals=())
    assert e.scr_onsets.min() >= 0  # what began before is not among those told


def test_neurokit_finds_the_responses():
    found = expected = 0
    for k in range(3):
        rng = np.random.default_rng(k)
        times = np.arange(8.0, 290.0, 14.0) + rng.uniform(-2, 2, 21)
        events = [Event(t, respond("others", arousal=rng.uniform(0.2, 1.0))) for t in times]
        e = record(
            Body(), rng, events, duration_s=300.0, sfreq=50.0, signals=("EDA",), artefacts=CLEAN
        )
        eda = nk.eda_phasic(e.ps[0], sampling_rate=50, method="highpass")["EDA_Phasic"]
        _, info = nk.eda_peaks(eda.to_numpy(), sampling_rate=50, amplitude_min=0.03)
        onsets = info["SCR_Onsets"][~np.isnan(info["SCR_Onsets"])] / 50
        for onset in e.scr_onsets[e.scr_amplitudes > 0.05]:
            expected += 1
            found += np.abs(onsets - onset).min() < 0.5
    assert expected > 50
    assert found >= 0.9 * expected


def test_spontaneous_responses_are_a_dial():
    counts = []
    for k in (0.0, 1.0, 2.0):
        how = {"duration_s": 1200.0, "signals": (), "artefacts": Artefacts(spontaneous=k)}
        e = record(Body(), np.random.default_rng(1), **how)
        assert not e.scr_evoked.any()
        counts.append((len(e.scr_onsets), e.scr_amplitudes.sum()))
    assert counts[0] == (0, 0)
    assert counts[2][0] == counts[1][0] and counts[2][1] == pytest.approx(2 * counts[1][1])
    assert 1 <= counts[1][0] / 20 <= 3  # a minute, at rest: Boucsein et al. (2012)


def test_level_is_the_persons_and_drifts_next_to_straight_within_ten_seconds():
    e = record(Body(tonic_us=6.0), np.random.default_rng(0), signals=("EDA",), artefacts=CLEAN)
    assert e.ps[0].mean() == pytest.approx(6.0, rel=0.35)
    straight = np.polyval(np.polyfit(np.arange(2000), e.ps[0], 1), np.arange(2000))
    assert np.abs(e.ps[0] - straight).max() < 0.02  # uS
    how = {"duration_s": 2400.0, "sfreq": 10.0, "signals": ("EDA",), "artefacts": CLEAN}
    low = record(Body(tonic_us=0.5), np.random.default_rng(0), **how)
    assert low.ps[0].min() > 0


def test_a_finger_cools_slowly_and_by_as_much_as_the_response_says():
    body, how = Body(skin_temperature=33.0), {"duration_s": 60.0, "signals": ("SKT",)}
    events = ([Event(10.0, Response(skin_temperature=k))] for k in (0.0, -0.3))
    warm, cold = (
        record(body, np.random.default_rng(0), e, **how, artefacts=CLEAN).ps[0] for e in events
    )
    change = cold - warm
    assert not change[: 10 * SFREQ].any()
    assert change.min() == pytest.approx(-0.3, abs=0.001)
    assert 20 < change.argmin() / SFREQ < 35
    assert np.abs(warm - 33.0).max() < 0.5
