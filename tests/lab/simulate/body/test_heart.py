"""One breath, one heart: against NeuroKit2, the Hilbert transform, norms and plain sums."""

import neurokit2 as nk
import numpy as np
import pytest
from scipy.signal import find_peaks, hilbert

from meps_lab.simulate.body import clock, heart
from meps_lab.simulate.body.artefacts import Artefacts
from meps_lab.simulate.body.physiology import Body, Event, record
from meps_lab.simulate.body.responses import EFFECTS, Response, respond

SFREQ = 200
CLEAN = Artefacts.none()


def body(k):
    return Body.draw(np.random.default_rng([1, k]), spread=0.2)


def minute(k, **kwargs):
    """A minute of somebody, with an event."""
    settings = {"duration_s": 60.0, "signals": ("ECG", "PPG", "RSP"), "artefacts": CLEAN} | kwargs
    event = Event(30.0, respond("surprise"))
    return record(body(k), np.random.default_rng([2, k]), [event], **settings)


def share_found(true, found, within, last):
    true = true[(true > 0.5) & (true < last - 0.5)]
    return np.mean(np.abs(np.asarray(found)[:, None] - true).min(axis=0) <= within)


def test_neurokit_finds_the_beats_and_the_pulses_and_one_heart_rate():
    beats, pulses = [], []
    for k in range(4):
        e = minute(k)
        _, info = nk.ecg_peaks(nk.ecg_clean(e.ps[0], sampling_rate=SFREQ), sampling_rate=SFREQ)
        r = info["ECG_R_Peaks"] / SFREQ
        clean = nk.ppg_clean(e.ps[1], sampling_rate=SFREQ)
        p = nk.ppg_findpeaks(clean, sampling_rate=SFREQ)["PPG_Peaks"] / SFREQ
        beats.append(share_found(e.beat_times, r, 0.02, 60))
        pulses.append(share_found(e.pulse_times, p, 0.04, 60))
        assert 60 / np.diff(r).mean() == pytest.approx(60 / np.diff(p).mean(), abs=1)
    assert np.mean(beats) >= 0.99
    assert np.mean(pulses) >= 0.95


def test_variability_at_rest_is_that_of_adults():
    found = []
    for k in range(30):
        e = record(body(k), np.random.default_rng(k), duration_s=300.0, signals=())
        hrv = nk.hrv_time({"ECG_R_Peaks": np.round(1000 * e.beat_times).astype(int)}, 1000)
        found.append([hrv["HRV_SDNN"][0], hrv["HRV_RMSSD"][0]])
    sdnn, rmssd = np.mean(found, axis=0)
    # Five-minute norms in Shaffer & Ginsberg (2017), after Nunan et al. (2010): means of 50 and
    # 42 ms, from 32 to 93 and from 19 to 75 ms between studies.
    assert 32 < sdnn < 93
    assert 19 < rmssd < 75


def test_the_breath_phase_is_the_phase_of_the_breath():
    for k in range(4):
        e = minute(k)
        ours, theirs = e.breath_phase, np.angle(hilbert(e.clean_ps[2]))
        gap = np.angle(np.exp(1j * (ours - theirs)))[5 * SFREQ : -5 * SFREQ]
        assert np.abs(gap).max() < 0.35 and np.abs(gap.mean()) < 0.05
        assert ours.min() >= -np.pi and ours.max() <= np.pi


def test_the_heart_quickens_as_one_breathes_in():
    e = record(
        Body(rsa=0.06, heart_sway=0.0), np.random.default_rng(0), duration_s=120.0, signals=("RSP",)
    )
    rate = 60 / np.diff(e.beat_times)
    middle = (e.beat_times[1:] + e.beat_times[:-1]) / 2
    chest = np.interp(middle, np.arange(len(e.clean_ps[0])) / SFREQ, e.clean_ps[0])
    assert np.corrcoef(rate, chest)[0, 1] > 0.97  # one breath, in the belt and in the heart
    turn = np.exp(-1j * np.unwrap(e.breath_phase)[np.round(middle * SFREQ).astype(int)])
    lag = np.angle(((rate - rate.mean()) * turn).mean())
    assert abs(lag) < 0.1  # rad


def test_a_deeper_breath_sways_the_heart_more():
    """The dial says by how much at a depth of 1."""
    swing = []
    for depth in (0.5, 1.0, 2.0):
        still = Body(rsa=0.04, heart_sway=0.0, breath_depth=depth)
        beats = record(still, np.random.default_rng(0), duration_s=300.0, signals=()).beat_times
        rate = 60 / np.diff(beats)
        swing.append(np.sqrt(2) * rate.std() / rate.mean())
    np.testing.assert_allclose(swing, np.array([0.5, 1.0, 2.0]) * 0.04, rtol=0.15)


def test_breathing_rate_is_a_dial():
    for hz in (0.15, 0.4):
        e = record(
            Body(breathing_hz=hz), np.random.default_rng(3), duration_s=120.0, signals=("RSP",)
        )
        _, info = nk.rsp_peaks(nk.rsp_clean(e.ps[0], sampling_rate=SFREQ), sampling_rate=SFREQ)
        assert len(info["RSP_Peaks"]) / 120 == pytest.approx(hz, rel=0.12)


def test_without_breath_and_sway_the_heart_is_a_clock():
    e = record(
        Body(heart_rate=72.0, rsa=0.0, heart_sway=0.0), np.random.default_rng(0), duration_s=60.0
    )
    np.testing.assert_allclose(np.diff(e.beat_times), 60 / 72, rtol=1e-9)
    assert len(e.beat_times) == 72


@pytest.mark.parametrize("name", EFFECTS)
def test_every_answer_leaves_zero_smoothly_and_reaches_its_peak(name):
    peak, width = EFFECTS[name].peak_s, EFFECTS[name].width_s
    t = np.arange(-1, peak + 10 * width, 0.001)
    y = clock.hump(t, peak, width)
    assert not y[t <= 0].any()
    assert y[np.searchsorted(t, 0.05)] < 0.01  # nothing to see a frame or two after the event
    assert np.abs(np.diff(y)).max() < 0.0015 / width  # steepest of a Gaussian: .61 / width
    assert t[y.argmax()] == pytest.approx(peak, abs=0.001) and y.max() == pytest.approx(1)


def test_answers_of_several_events_add_up():
    events = [
        Event(t, Response(heart_speeding=h)) for t, h in ((-1.0, 4.0), (5.0, 8.0), (7.0, 2.0))
    ]
    y = clock.course("heart_speeding", events, 30.0)
    t = np.arange(len(y)) / clock.TICKS_PER_S - clock.BEFORE_S
    peak, width = EFFECTS["heart_speeding"].peak_s, EFFECTS["heart_speeding"].width_s
    whole = sum(e.response.heart_speeding * clock.hump(t - e.time_s, peak, width) for e in events)
    np.testing.assert_allclose(y, whole, atol=1e-5)


def test_orienting_slows_the_heart_before_it_quickens_at_every_event():
    change = []
    still = Body(rsa=0.0, heart_sway=0.0)
    events = [Event(t, respond("others", arousal=1.0)) for t in (10.0, 40.0)]
    beats = record(still, np.random.default_rng(0), events, duration_s=60.0).beat_times
    at, rate = beats[1:], 60 / np.diff(beats)
    for event in events:
        for a, b in ((-5, 0), (1, 2.2), (3.5, 6)):
            inside = (at > event.time_s + a) & (at < event.time_s + b)
            change.append(rate[inside].mean() - still.heart_rate)
    before, slow, fast = np.reshape(change, (2, 3)).T
    assert np.abs(before).max() < 0.1
    assert slow.max() < -0.8 and fast.min() > 5


def test_vessels_narrow_after_an_event():
    events = [Event(10.0, Response(vasoconstriction=0.3))]
    how = {"duration_s": 30.0, "signals": ("PPG",), "artefacts": CLEAN}
    e = record(Body(), np.random.default_rng(0), events, **how)
    height = e.ps[0, np.round(e.pulse_times[:-1] * SFREQ).astype(int)]
    after = e.pulse_times[:-1] - 10.0
    assert height[after < 0].min() > 0.99
    assert height[(after > 3.4) & (after < 4.2)].min() == pytest.approx(0.7, abs=0.02)
    assert height[after > 15].min() > 0.99


def test_the_pulse_has_a_notch_and_follows_the_beat_by_the_transit_time():
    body, how = Body(transit_s=0.25, heart_rate=60.0), {"artefacts": CLEAN, "sfreq": 1000.0}
    e = record(body, np.random.default_rng(0), signals=("PPG",), **how)
    gaps = [p - e.beat_times[e.beat_times < p][-1] for p in e.pulse_times[1:]]
    assert np.mean(gaps) == pytest.approx(0.25, abs=0.005)
    notches, _ = find_peaks(-e.ps[0])
    for pulse in e.pulse_times[1:-2]:
        assert ((notches / 1000 > pulse + 0.1) & (notches / 1000 < pulse + 0.24)).sum() == 1


def test_waves_of_the_nearest_beat_are_the_whole_sum():
    t = np.arange(0, 12, 1 / SFREQ)
    lengths = np.tile([0.6, 1.1], 8)
    times = np.cumsum(lengths) - lengths - 1
    beats = heart.Beats(times, np.concatenate([lengths[:1], lengths[:-1]]))
    ecg, ppg = np.zeros_like(t), np.zeros_like(t)
    heights = np.linspace(1, 0.5, len(times))
    for time, before, tall in zip(*beats, heights, strict=True):
        for name, (centre, width, height) in heart.WAVES.items():
            k = np.sqrt(before) if name in "PT" else 1.0
            ecg += height * np.exp(-0.5 * ((t - time - centre * k) / (width * k)) ** 2)
        for delay, width, share in heart.PULSE:
            dt = t - time - delay
            side = np.where(dt < 0, heart.RISE, heart.FALL)
            ppg += tall * share * np.exp(-0.5 * (dt / (width * side)) ** 2)
    np.testing.assert_allclose(heart.ecg(t, beats), ecg, rtol=0, atol=1e-6)
    np.testing.assert_allclose(heart.ppg(t, times, heights), ppg, rtol=0, atol=1e-6)
