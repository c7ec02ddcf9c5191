"""Skin conductance responses: known onsets, the four pictures, and NeuroKit2's own scoring."""

import neurokit2 as nk
import numpy as np
import pytest

from meps_lab.simulate.body.physiology import scr
from meps_lib.errors import MepsError
from meps_lib.signals import (
    Recording,
    SignalWarning,
    clean,
    features,
    skin_conductance_responses,
    window,
)

ONSETS = {"negative": (10.24, 129.84), "neutral": (49.57, 92.24)}  # s; data/README, NeuroKit


def test_onsets_and_amplitudes_of_known_responses(eda):
    found = skin_conductance_responses(eda(onsets=(10, 25, 41), amplitude=1.0))
    np.testing.assert_allclose(found["onset"], [10, 25, 41], atol=0.15)
    np.testing.assert_allclose(found["peak"], [11.33, 26.33, 42.33], atol=0.3)
    np.testing.assert_allclose(found["amplitude"], 1.0, rtol=0.05)


@pytest.mark.parametrize("noise", [0.0, 0.005, 0.02])
def test_onsets_are_those_of_the_simulator(noise):
    rng = np.random.default_rng(0)
    times = np.arange(0, 10, 1 / 200)
    errors = []
    for _ in range(20):
        onset, drift = rng.uniform(2, 7), rng.normal(0, 0.12)
        x = 5 + drift * times / 10 + scr(times, onset, rng.uniform(0.2, 1.5))
        x = x + noise * rng.normal(size=times.size)
        found = skin_conductance_responses(Recording(x[None], ("EDA",), ("uS",), 200))
        assert len(found) == 1
        errors.append(found["onset"][0] - onset)
    assert abs(np.mean(errors)) < 0.15 and np.abs(errors).max() < 0.2


def test_a_window_may_end_during_the_recovery(eda):
    whole = clean(eda(onsets=(10,), amplitude=3.5))
    found = skin_conductance_responses(window(whole, 5.0, 11.7))  # 0.3 s after the peak
    assert found["amplitude"].tolist() == pytest.approx([3.5], rel=0.05)
    assert len(skin_conductance_responses(window(whole, 10.5, 20.0))) == 0  # began before


def test_slow_waves_are_no_responses():
    """A sine of 0.05 Hz rises for ten seconds."""
    x = 8 + 0.1 * np.sin(2 * np.pi * 0.05 * np.arange(0, 60, 0.01))
    assert len(skin_conductance_responses(Recording(x[None], ("EDA",), ("uS",), 100))) == 0


@pytest.mark.parametrize("count", [1, 3, 6])
def test_neurokit_simulations_are_counted(count):
    x = nk.eda_simulate(60, sampling_rate=100, scr_number=count, noise=0.005, random_state=1)
    found = skin_conductance_responses(Recording(x[None], ("EDA",), ("uS",), 100))
    assert len(found) == count


def test_flat_skin_has_no_response(eda):
    found = skin_conductance_responses(eda(onsets=()))
    assert len(found) == 0 and list(found) == ["onset", "peak", "amplitude", "rise_time"]
    assert features(eda(onsets=()))["scr_amplitude"] == 0


def test_negative_pictures_and_only_they_are_followed_by_a_response(real):
    """Response window 1 to 3 s after the picture (Boucsein et al. 2012)."""
    recording = real("neurokit_eventrelated", units={"EDA": "uS"})
    onsets = skin_conductance_responses(recording)["onset"].to_numpy()
    for kind, pictures in ONSETS.items():
        for picture in pictures:
            answered = bool(((onsets >= picture + 1) & (onsets <= picture + 3)).any())
            assert answered == (kind == "negative"), (kind, picture)


def test_large_responses_are_those_of_neurokit(real):
    """NeuroKit2 finds them in the high-passed phasic component; we score trough to peak."""
    recording = real("neurokit_eventrelated", units={"EDA": "uS"})
    ours = skin_conductance_responses(recording, min_amplitude=0.5)["peak"].to_numpy()
    _, info = nk.eda_process(recording.channel("EDA"), sampling_rate=100)
    theirs = info["SCR_Peaks"][info["SCR_Amplitude"] > 0.5] / 100
    np.testing.assert_allclose(ours, theirs, atol=0.2)


def test_counts_need_a_threshold_in_counts(real):
    counts = real("biosppy_eda")
    with pytest.raises(MepsError, match="12-bit counts, not in uS: pass min_amplitude="):
        skin_conductance_responses(counts)
    found = skin_conductance_responses(counts, min_amplitude=20)
    assert len(found) >= 4
    scaled = Recording(counts.signals / 100, ("EDA",), ("percent",), counts.sfreq)
    again = skin_conductance_responses(scaled, min_amplitude=0.2)
    np.testing.assert_allclose(again["onset"], found["onset"])
    np.testing.assert_allclose(again["amplitude"], found["amplitude"] / 100)


def test_features_describe_the_time_from_the_event_on(eda):
    whole = clean(eda(onsets=(10, 25, 41), amplitude=2.0))
    found = features(window(whole, 20.0, 50.0, context=(15.0, 0.0)))  # the first is context
    assert found["scr_count"] == 2
    assert found["scr_amplitude"] == pytest.approx(4.0, rel=0.1)
    assert found["scl"] == pytest.approx(np.median(whole.channel("EDA")[2000:5000]))


def test_skin_that_says_nothing(eda):
    with pytest.raises(MepsError, match="EDA is constant at 5"):
        skin_conductance_responses(Recording(np.full((1, 1000), 5.0), ("EDA",), ("uS",), 100))
    with pytest.raises(MepsError, match=r"0\.40 s of signal; .* context="):
        skin_conductance_responses(window(clean(eda()), 10.0, 10.4))
    with pytest.raises(MepsError, match="no channel 'EDA'"):
        skin_conductance_responses(Recording(np.eye(2), ("ECG", "PPG"), ("", ""), 1))
    with pytest.raises(MepsError, match="no ECG, PPG or EDA among SKT"):
        features(Recording(np.eye(1, 99), ("SKT",), ("degrees C",), 4))
    with pytest.raises(MepsError, match="12 samples.*too short to filter"):
        skin_conductance_responses(Recording(np.arange(12.0)[None], ("EDA",), ("uS",), 4))
    with pytest.raises(MepsError, match="before its time 0"):
        features(Recording(eda().signals, ("EDA",), ("uS",), 100, start=-90.0))


def bateman(times, onset, amplitude, rise=0.75, fall=2.0):
    """The standard shape; its slope is 0 at ln(fall / rise) rise fall / (fall - rise)."""
    top = np.log(fall / rise) * rise * fall / (fall - rise)
    height = np.exp(-top / fall) - np.exp(-top / rise)
    since = np.clip(times - onset, 0, None)
    return amplitude * (np.exp(-since / fall) - np.exp(-since / rise)) / height


def skin_of(x, sfreq):
    return Recording(np.asarray(x)[None], ("EDA",), ("uS",), sfreq, "skin.csv")


@pytest.mark.parametrize("sfreq", [4, 8, 25, 64, 1000])
@pytest.mark.parametrize("late", [0, 0.1])
@pytest.mark.parametrize("rise", [0.4, 0.75, 1.2])
def test_each_response_counts_once_at_every_rate(sfreq, late, rise):
    """Small ones, and ones before whose steep foot the filter rings: no more and no less."""
    times = np.arange(60 * sfreq) / sfreq
    true = {10 + late: 0.5, 20 + late: 6.0, 34 + late: 1.0, 46: 0.1}
    x = 5 + sum(bateman(times, onset, size, rise) for onset, size in true.items())
    found = skin_conductance_responses(skin_of(x, sfreq))
    np.testing.assert_allclose(found["onset"], list(true), atol=0.15 + 1 / sfreq)
    np.testing.assert_allclose(found["amplitude"], list(true.values()), rtol=0.15, atol=0.02)
    assert found.attrs["jumps"] == []


@pytest.mark.parametrize(
    ("sfreq", "sizes", "least"), [(4, (0.5, 4), 0.05), (4, (1, 1), 0.01), (25, (0.1, 6), 0.05)]
)
def test_ringing_before_a_large_response_is_none(sfreq, sizes, least):
    times = np.arange(60 * sfreq) / sfreq
    x = 5 + bateman(times, 10, sizes[0]) + bateman(times, 20, sizes[1])
    found = skin_conductance_responses(skin_of(x, sfreq), least)
    np.testing.assert_allclose(found["amplitude"], sizes, rtol=0.05)


def test_neurokit_counts_the_same_large_responses():
    times = np.arange(90 * 100) / 100
    onsets = [10, 30, 50, 70]
    x = 5 + sum(bateman(times, onset, 1.0) for onset in onsets)
    ours = skin_conductance_responses(skin_of(x, 100))["peak"]
    theirs = nk.eda_peaks(nk.eda_phasic(x, 100)["EDA_Phasic"].to_numpy(), 100)[1]["SCR_Peaks"] / 100
    np.testing.assert_allclose(ours, theirs, atol=0.5)


@pytest.mark.parametrize("sfreq", [4, 25, 1000])
@pytest.mark.parametrize("samples", [1, 2])
@pytest.mark.parametrize("back", ["stays", "falls at once", "falls in 20 s"])
def test_a_jump_of_the_contact_is_no_response_and_is_said(sfreq, samples, back):
    """A level that rises within one or two samples, beside a true response at 40 s."""
    times = np.arange(60 * sfreq) / sfreq
    x = 5 + 0.002 * np.random.default_rng(0).normal(size=times.size) + bateman(times, 40, 1.0)
    at = 12 * sfreq
    x[at:] += 1.0
    x[at - 1] += 0.5 * (samples == 2)
    if back != "stays":
        x[at + (max(2, sfreq // 8) if back == "falls at once" else 20 * sfreq) :] -= 1.0
    with pytest.warns(
        SignalWarning, match=r"^skin.csv: EDA rises faster than skin at 1[12]\.\d\d s"
    ):
        found = skin_conductance_responses(skin_of(x, sfreq))
    np.testing.assert_allclose(found["onset"], [40], atol=0.3)
    np.testing.assert_allclose(found.attrs["jumps"], [12], atol=0.8)


@pytest.mark.parametrize("unit", ["kOhm", "ohms", "kΩ", "MΩ"])  # Ω as a Greek letter, and as a sign
def test_resistance_is_refused(unit):
    """Two responses of 1 uS on 5 uS, as a sensor of resistance shows them: two falls."""
    times = np.arange(60 * 25) / 25
    x = 1000 / (5 + bateman(times, 10, 1.0) + bateman(times, 30, 1.0))
    for find in (lambda r: skin_conductance_responses(r, 1.0), lambda r: features(r, 1.0)):
        with pytest.raises(MepsError, match=f"EDA is in {unit}, which is resistance"):
            find(Recording(x[None], ("EDA",), (unit,), 25))
    assert len(skin_conductance_responses(skin_of(1000 / x, 25))) == 2
