"""Beats that were not found: jolts, a lost sensor and noise, where the true intervals are known."""

import warnings

import neurokit2 as nk
import numpy as np
import pytest

from meps_lib.errors import MepsError
from meps_lib.signals import Recording, SignalWarning, features, heart_rate, peaks

SECONDS = 120


def pulse(sfreq=64, rate=72):
    return nk.ppg_simulate(SECONDS, sampling_rate=sfreq, heart_rate=rate, random_state=3)


def jolted(x, sfreq, size, at, seconds=1 / 16):
    x, height = x.copy(), size * np.ptp(x)
    for second in at:
        x[round(second * sfreq) : round((second + seconds) * sfreq)] += height
    return x


def recorded(x, name="PPG", sfreq=64):
    return Recording(np.asarray(x)[None], (name,), ("a.u.",), sfreq, "wrist.csv")


def truth(x, name="PPG", sfreq=64):
    """Mean rate and RMSSD of all beats of the signal before anything was done to it."""
    steps = np.diff(peaks(recorded(x, name, sfreq), name)) / sfreq
    return 60 / steps.mean(), 1000 * np.sqrt(np.mean(np.diff(steps) ** 2))


JOLTS = {
    "two of 60": (64, 60, (40, 80), 1 / 16),
    "two of 100": (64, 100, (40, 80), 1 / 16),
    "two of 200, one after the other": (64, 200, (40, 41), 1 / 16),
    "downwards": (64, -100, (30, 90), 1 / 16),
    "six at 25 Hz": (25, 80, range(10, 120, 20), 1 / 25),
    "long ones": (100, 20, (25, 75), 0.5),
}


@pytest.mark.filterwarnings("ignore::meps_lib.signals.SignalWarning")
@pytest.mark.parametrize("case", JOLTS)
def test_jolts_hide_few_beats_and_change_no_number(case):
    sfreq, size, at, seconds = JOLTS[case]
    x = pulse(sfreq)
    rate, rmssd = truth(x, sfreq=sfreq)
    assert len(peaks(recorded(x, sfreq=sfreq), "PPG")) == 143
    found = features(recorded(jolted(x, sfreq, size, at, seconds), sfreq=sfreq))
    assert found["hr_mean"] == pytest.approx(rate, abs=0.5)
    assert found["rmssd"] == pytest.approx(rmssd, rel=0.1)
    lost = 3 * len(at) * 60 / rate  # s: a few beats around each jolt
    assert 1 - 2 * lost / SECONDS <= found["hr_covered"] < 1


def test_jolts_of_an_ecg():
    x = nk.ecg_simulate(SECONDS, sampling_rate=250, heart_rate=66, random_state=3)
    rate, _ = truth(x, "ECG", 250)
    found = features(recorded(jolted(x, 250, 60, (20, 70)), "ECG", 250))
    assert found["hr_mean"] == pytest.approx(rate, abs=0.3)


@pytest.mark.parametrize("left", ["flat", "noise"])
def test_a_sensor_that_was_off_for_a_third_is_said(left):
    x, off = pulse(), slice(40 * 64, 80 * 64)
    rate, rmssd = truth(x)
    x[off] = x.mean() + (
        0.05 * np.random.default_rng(0).normal(size=2560) if left == "noise" else 0
    )
    with pytest.warns(
        SignalWarning, match=r"^wrist.csv: beats of PPG cover 6\d% of 120 s; the rest"
    ):
        found = features(recorded(x))
    assert found["hr_covered"] == pytest.approx(2 / 3, abs=0.03)
    assert found["hr_mean"] == pytest.approx(rate, abs=0.7)
    assert found["rmssd"] == pytest.approx(rmssd, rel=0.1)


def test_a_recording_with_beats_in_a_small_part_is_refused():
    x = pulse()
    x[20 * 64 :] = x.mean()
    with pytest.raises(
        MepsError, match=r"^wrist.csv: beats of PPG cover \d\d% of 120 s .*half or more"
    ):
        heart_rate(recorded(x), "PPG")
    times, _ = heart_rate(recorded(x), "PPG", check=False)
    assert times[18] < 20  # and can still be looked at


def test_two_beats_in_two_minutes_are_refused(monkeypatch):
    """A plausible interval, alone: nothing in it says that the others are missing."""
    monkeypatch.setattr("meps_lib.signals.heart.peaks", lambda *_: np.array([64, 128]))
    with pytest.raises(MepsError, match=r"cover 2% of 120 s \(2 beats, 1 intervals"):
        heart_rate(recorded(pulse()), "PPG")
    short = Recording(pulse()[None, :140], ("PPG",), ("",), 64)
    assert len(heart_rate(short, "PPG")[1]) == 1  # two beats in two seconds are all there are


def test_a_missed_beat_leaves_a_hole_in_the_differences(monkeypatch):
    """Intervals of 800 and 850 ms with one of 1650 between: no difference goes across it."""
    intervals = [800, 850] * 6 + [1650] + [800, 850] * 6
    beats = 500 + np.r_[0, np.cumsum(intervals)]
    monkeypatch.setattr("meps_lib.signals.heart.peaks", lambda *_: beats)
    flat = Recording(np.zeros((1, beats[-1] + 500)), ("ECG",), ("mV",), 1000, cleaned=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # 92 % are covered
        found = features(flat)
    assert found["rmssd"] == pytest.approx(50)
    assert found["hr_mean"] == pytest.approx(60_000 / 825)
    assert len(heart_rate(flat)[1]) == 24 and len(heart_rate(flat, check=False)[1]) == 25
