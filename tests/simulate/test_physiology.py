"""The body against NeuroKit2: what the simulator says happened can be found by others."""

import neurokit2 as nk
import numpy as np
import pytest

from meps_lib.simulate.physiology import _PULSE, _WAVES, Body, _ecg, _ppg, record, scr

SFREQ = 200


def episodes(n, noise, **kwargs):
    for k in range(n):
        body = Body.draw(np.random.default_rng([1, k]), spread=0.2)
        arousal = 0.1 + 0.9 * k / n
        yield record(body, np.random.default_rng([2, k]), arousal=arousal, noise=noise, **kwargs)


def share_found(true, found, within):
    """Share of true times with a found time within so many seconds; the edges do not count."""
    true = true[(true > 0.5) & (true < 9.5)]
    return np.mean(np.abs(np.asarray(found)[:, None] - true).min(axis=0) <= within)


def test_neurokit_finds_the_true_r_peaks():
    shares = []
    for e in episodes(12, noise=0.0):
        _, info = nk.ecg_peaks(nk.ecg_clean(e.ps[1], sampling_rate=SFREQ), sampling_rate=SFREQ)
        shares.append(share_found(e.beat_times, info["ECG_R_Peaks"] / SFREQ, within=0.02))
    assert np.mean(shares) >= 0.99


def test_neurokit_finds_the_true_pulse_peaks():
    shares = []
    for e in episodes(12, noise=1.0):
        clean = nk.ppg_clean(e.ps[2], sampling_rate=SFREQ)
        info = nk.ppg_findpeaks(clean, sampling_rate=SFREQ)
        shares.append(share_found(e.pulse_times, info["PPG_Peaks"] / SFREQ, within=0.04))
    assert np.mean(shares) >= 0.95


def test_neurokit_finds_the_evoked_skin_conductance_response():
    found, expected = 0, 0
    for e in episodes(16, noise=0.0):
        signals, info = nk.eda_process(e.ps[0], sampling_rate=SFREQ)
        onsets = info["SCR_Onsets"][~np.isnan(info["SCR_Onsets"])] / SFREQ
        for onset in e.scr_onsets[e.scr_evoked & (e.scr_amplitudes > 0.1)]:
            expected += 1
            found += len(onsets) > 0 and np.abs(onsets - onset).min() < 0.5
    assert expected >= 10
    assert found >= 0.95 * expected


def test_one_response_has_the_amplitude_and_the_onset_it_was_given():
    t = np.arange(0, 20, 0.001)
    y = scr(t, onset=2.0, amplitude=0.4)
    assert y.max() == pytest.approx(0.4, abs=1e-5)
    assert np.all(y[t <= 2.0] == 0)
    assert t[y.argmax()] - 2.0 == pytest.approx(1.177, abs=0.002)  # ln(2/.75) 2*.75/(2-.75)


def test_the_pulse_follows_the_beat_by_the_transit_time():
    body = Body(transit_s=0.25)
    e = record(body, np.random.default_rng(0), arousal=0.0)
    gaps = [(p - e.beat_times[e.beat_times < p][-1]) for p in e.pulse_times[1:]]
    assert np.mean(gaps) == pytest.approx(0.25, abs=0.005)


def test_heart_rate_of_the_body_is_the_rate_of_its_beats():
    e = record(Body(heart_rate=72.0), np.random.default_rng(0), arousal=0.0, duration_s=120.0)
    assert len(e.beat_times) / 2 == pytest.approx(72, abs=1.5)


@pytest.mark.parametrize("what", ["skin", "heart", "pulse"])
def test_arousal_moves(what):
    def effect(k, arousal):
        e = record(Body(rsa=0.0), np.random.default_rng(k), arousal=arousal, noise=0.0)
        rate, at = 60 / np.diff(e.beat_times), e.beat_times[1:]
        return {
            "skin": e.scr_amplitudes.sum(),
            "heart": rate[(at > 6) & (at < 8.5)].mean() - rate[at < 3].mean(),
            "pulse": np.ptp(e.ps[2, :600]) - np.ptp(e.ps[2, 1200:1500]),
        }[what]

    calm, aroused = (np.mean([effect(k, a) for k in range(8)]) for a in (0.1, 1.0))
    smallest = {"skin": 0.3, "heart": 4.0, "pulse": 0.1}[what]
    assert aroused - calm > smallest


def test_orienting_slows_the_heart_before_it_quickens():
    beats = [
        record(Body(rsa=0.0), np.random.default_rng(k), arousal=1.0).beat_times for k in range(12)
    ]
    rate = np.concatenate([60 / np.diff(b) for b in beats])
    at = np.concatenate([b[1:] for b in beats])
    before, early, late = (
        rate[(at > a) & (at < b)].mean() for a, b in ((0, 3), (4.0, 5.0), (6.5, 8.5))
    )
    assert early < before - 1 < late


def test_no_arousal_no_answer():
    for k in range(5):
        e = record(Body(), np.random.default_rng(k), arousal=0.0, noise=0.0)
        assert len(e.scr_onsets) == 0
        assert np.ptp(np.diff(e.ps[0])) < 1e-6  # drift is a straight line


def test_latency_is_one_to_three_seconds():
    latency = np.concatenate([e.scr_onsets[e.scr_evoked] for e in episodes(60, noise=1.0)]) - 3.0
    assert latency.min() >= 1.0 and latency.max() <= 3.0
    assert np.ptp(latency) > 1.2


def test_noise_is_a_dial_and_leaves_the_beats_alone():
    quiet, loud = (next(episodes(1, noise=n)) for n in (0.0, 2.0))
    assert np.array_equal(quiet.ps, quiet.clean_ps)
    assert np.array_equal(quiet.beat_times, loud.beat_times)
    assert np.std(loud.ps - loud.clean_ps, axis=1).min() > 0.01


def test_beats_added_near_themselves_are_the_whole_sum():
    t = np.arange(0, 12, 1 / SFREQ)
    lengths = np.tile([0.6, 1.1], 8)
    beats = -1 + np.cumsum(lengths) - lengths
    ecg, ppg = np.zeros_like(t), np.zeros_like(t)
    for beat, before in zip(beats, np.concatenate([lengths[:1], lengths[:-1]]), strict=True):
        for name, (centre, width, height) in _WAVES.items():
            k = np.sqrt(before) if name in "PT" else 1.0
            ecg += height * np.exp(-0.5 * ((t - beat - centre * k) / (width * k)) ** 2)
        for delay, width, share in _PULSE:
            dt = t - beat - delay
            ppg += share * np.exp(-0.5 * (dt / (width * np.where(dt < 0, 0.75, 1.2))) ** 2)
    np.testing.assert_allclose(_ecg(t, beats, lengths), ecg, rtol=0, atol=1e-6)
    np.testing.assert_allclose(_ppg(t, beats, np.ones(len(beats))), ppg, rtol=0, atol=1e-6)
