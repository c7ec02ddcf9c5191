"""Beats and rates against NeuroKit2's simulator, SciPy's peak finder, and a second sensor."""

import neurokit2 as nk
import numpy as np
import pytest
from scipy.signal import butter, find_peaks, sosfiltfilt

from meps_lib.errors import MepsError
from meps_lib.signals import Recording, clean, features, heart_rate, peaks, resample, window


def mean_rate(rates):
    return 60 / np.mean(60 / rates)


@pytest.mark.parametrize("rate", [48, 75, 120])
def test_simulated_heart_rates_come_back(ecg, rate):
    times, rates = heart_rate(ecg(rate))
    assert abs(mean_rate(rates) - rate) < 1.5
    np.testing.assert_allclose(rates[1:], 60 / np.diff(times), rtol=1e-6)


@pytest.mark.parametrize("name", ["neurokit_eventrelated", "neurokit_resting", "biosppy_ecg"])
def test_r_peaks_are_those_of_an_independent_detector(real, name):
    """Band-pass, square, highest points at least 0.4 s apart: SciPy alone, 50 ms tolerance."""
    recording = real(name)
    fs = recording.sfreq
    qrs = butter(2, (8, 20), "bandpass", fs=fs, output="sos")
    band = sosfiltfilt(qrs, recording.channel("ECG"))
    energy = np.convolve(band**2, np.ones(int(0.1 * fs)) / int(0.1 * fs), "same")
    theirs, _ = find_peaks(energy, distance=0.4 * fs, height=0.15 * np.percentile(energy, 99))
    ours = peaks(recording)
    gaps = np.abs(ours[:, None] - theirs[None]).min(axis=1) / fs
    assert (gaps < 0.05).mean() > 0.97
    assert abs(len(ours) - len(theirs)) <= max(1, 0.03 * len(theirs))


def test_pulse_and_ecg_see_the_same_heart(real):
    recording = real("neurokit_resting")
    by_ecg, by_pulse = (heart_rate(recording, name)[1] for name in ("ECG", "PPG"))
    assert abs(mean_rate(by_ecg) - mean_rate(by_pulse)) < 0.5
    assert abs(len(peaks(recording, "ECG")) - len(peaks(recording, "PPG"))) <= 2


def test_rate_does_not_depend_on_unit_or_sampling_rate(real):
    counts = real("biosppy_ecg")
    as_is = heart_rate(counts)[1].mean()
    scaled = Recording(counts.signals / 4096, ("ECG",), ("V",), counts.sfreq)
    assert heart_rate(scaled)[1].mean() == pytest.approx(as_is, rel=1e-3)
    assert heart_rate(resample(counts, 250))[1].mean() == pytest.approx(as_is, rel=5e-3)


@pytest.mark.parametrize(
    ("name", "factor"), [("ECG", 0.25), ("ECG", 4), ("ECG", 10), ("PPG", 4), ("PPG", 10)]
)
def test_a_wrong_rate_is_noticed(real, name, factor):
    """Samples of five minutes at 100 Hz, declared as 25, 400 or 1000 Hz."""
    at_rest = real("neurokit_resting")
    wrong = Recording(at_rest.signals, at_rest.names, at_rest.units, 100 * factor, "rest.csv")
    with pytest.raises(MepsError, match=r"^rest.csv: .*sampling rate"):
        heart_rate(wrong, name)


def test_wristband_pulse_is_refused_and_can_still_be_looked_at(real):
    wristband = real("empatica_e4")
    with pytest.raises(MepsError, match="jump by over 20 %"):
        heart_rate(wristband, "PPG")
    _, rates = heart_rate(wristband, "PPG", check=False)
    assert rates.std() > 20  # no heart at rest does that from beat to beat


def test_what_holds_no_heart_beat(ecg):
    recording = ecg()
    with pytest.raises(MepsError, match=r"0\.40 s of ECG, too short"):
        peaks(window(clean(recording), 10.0, 10.4))
    with pytest.raises(MepsError, match=r"hold 1 beats|hold 0 beats"):
        heart_rate(window(clean(ecg(40)), 10.0, 11.2))
    with pytest.raises(MepsError, match="no channel 'PPG'"):
        peaks(recording, "PPG")
    with pytest.raises(MepsError, match="ECG is constant at 0.7"):
        peaks(Recording(np.full((1, 9000), 0.7), ("ECG",), ("mV",), 200))
    with pytest.raises(MepsError, match="at least 50 Hz"):
        peaks(resample(recording, 20))
    with pytest.raises(MepsError, match="ECG or PPG, got channel 'EDA'"):
        peaks(Recording(recording.signals, ("EDA",), ("uS",), 200), "EDA")


def test_rmssd_is_that_of_neurokit(real):
    """Of the calm pulse; and the ECG agrees once its false beats are set aside."""
    recording = real("neurokit_resting")
    pulses = peaks(recording, "PPG")
    theirs = float(
        nk.hrv_time({"RRI": np.diff(pulses) * 10.0}, sampling_rate=100)["HRV_RMSSD"].iloc[0]
    )
    assert features(recording.pick("PPG"))["rmssd"] == pytest.approx(theirs, rel=1e-6)
    assert features(recording.pick("ECG"))["rmssd"] == pytest.approx(theirs, rel=0.05)
    raw = features(recording.pick("ECG"), check=False)
    by_hand = np.sqrt(np.mean(np.diff(np.diff(peaks(recording)) * 10.0) ** 2))
    assert raw["rmssd"] == pytest.approx(by_hand, rel=1e-6) and by_hand > 1.5 * theirs
    assert "hr_covered" not in raw


def test_change_of_rate_across_the_event(ecg):
    """A heart at 60 beats a minute that is at 90 after the event."""
    x = np.concatenate([ecg(60).signals, ecg(90).signals], axis=1)
    both = clean(Recording(x, ("ECG",), ("mV",), 200))
    found = features(window(both, 30.0, 45.0, context=(15.0, 0.0)))
    assert found["hr_change"] == pytest.approx(30, abs=3)
    assert found["hr_mean"] == pytest.approx(90, abs=2)
    assert "hr_change" not in features(window(both, 30.0, 45.0))  # no baseline, no change
    assert "rmssd" not in features(window(both, 30.0, 35.0))  # seven beats


def test_a_regular_beat_that_nobody_has_is_refused(ecg):
    """Steady at 24 a minute: no interval jumps, so that the rate itself has to tell."""
    slow = ecg(24)
    with pytest.raises(MepsError, match="median heart rate 2[345] .*expected 35 to 220"):
        heart_rate(slow)
    assert heart_rate(slow, check=False)[1].mean() == pytest.approx(24, abs=1)


def beating(monkeypatch, intervals):
    """A recording whose beats are known: intervals in samples of 1 ms."""
    beats = 500 + np.r_[0, np.cumsum(intervals)]
    monkeypatch.setattr("meps_lib.signals.heart.peaks", lambda *_: beats)
    flat = np.zeros((1, beats[-1] + 500))
    return Recording(flat, ("ECG",), ("mV",), 1000, source="beats.csv", cleaned=True)


def test_half_of_the_intervals_may_jump_and_a_jump_is_over_20_per_cent(monkeypatch):
    for intervals in ([800, 900] * 6, [800, 800, 800, 980] * 3):
        _, rates = heart_rate(beating(monkeypatch, intervals))
        np.testing.assert_allclose(rates, 60_000 / np.array(intervals))
    with pytest.raises(MepsError, match="^beats.csv: 100% .* jump by over 20 %"):
        heart_rate(beating(monkeypatch, [800, 1050] * 6))


def test_rmssd_is_in_milliseconds(monkeypatch):
    found = features(beating(monkeypatch, [800, 850] * 6))
    assert found["rmssd"] == pytest.approx(50)  # every step is of 50 ms
    assert "rmssd" not in features(beating(monkeypatch, [800, 850, 800]))


def test_mean_rate_is_that_of_the_intervals(monkeypatch):
    """Beats of 600 and of 720 ms: 22 in 14.52 s are 90.9 a minute; the mean of rates is 91.67."""
    found = features(beating(monkeypatch, [600, 720] * 11))
    assert found["hr_mean"] == pytest.approx(60_000 / 660)
    assert np.mean([100, 60_000 / 720]) == pytest.approx(91.67, abs=0.01)  # what it is not
    both = beating(monkeypatch, [600, 720] * 11)
    later = Recording(both.signals, both.names, both.units, 1000, start=-7.0, cleaned=True)
    assert features(later)["hr_change"] == pytest.approx(0, abs=2.5)
