"""Filters: what must go goes, what must stay stays, and the order clean-then-cut matters."""

import numpy as np
import pytest

from meps_lib.errors import MepsError
from meps_lib.signals import Recording, clean, resample, window


def one(name, x, sfreq):
    return Recording(np.asarray(x, float)[None], (name,), ("a.u.",), sfreq, "rest.csv")


def gain(name, frequency, sfreq=1000):
    """How much of a sine is left in the middle of a cleaned recording."""
    times = np.arange(20 * sfreq) / sfreq
    wave = np.sin(2 * np.pi * frequency * times)
    middle = slice(5 * sfreq, -5 * sfreq)
    return np.std(clean(one(name, wave, sfreq)).signals[0, middle]) / np.std(wave[middle])


@pytest.mark.parametrize(
    ("name", "stays", "goes"),
    [
        *[("ECG", 10, 0.05), ("ECG", 10, 50), ("EEG", 10, 0.1), ("EEG", 10, 90)],
        *[("PPG", 1.5, 40), ("PPG", 1.5, 0.1), ("EDA", 0.3, 10), ("RSP", 0.3, 10)],
        ("SKT", 0.05, 4),
    ],
)
def test_each_kind_keeps_its_own_frequencies(name, stays, goes):
    assert gain(name, stays) > 0.8
    assert gain(name, goes) < 0.1


def test_clean_then_cut_not_cut_then_clean(eda):
    """The truth is the noiseless signal; filtering a short window bends its edges."""
    truth, noisy = eda(noise=0).signals[0], eda(noise=0.05)
    span = slice(2400, 2700)
    before = window(clean(noisy), 24.0, 27.0).signals[0]
    after = clean(window(noisy, 24.0, 27.0)).signals[0]
    edge = np.r_[0:20, 280:300]
    error = [np.abs(x - truth[span])[edge].mean() for x in (before, after)]
    assert error[0] < error[1]


def test_cleaning_twice_is_cleaning_once(ecg):
    once = clean(ecg())
    assert once.cleaned and clean(once) is once


def test_other_channels_pass_unchanged(real):
    raw = real("neurokit_eventrelated")
    np.testing.assert_array_equal(clean(raw).channel("Photosensor"), raw.channel("Photosensor"))
    assert not np.array_equal(clean(raw).channel("ECG"), raw.channel("ECG"))


def test_slow_sensors_are_left_as_they_are(real):
    """At 4 Hz there is nothing above the cut-off of 3 Hz."""
    slow = resample(real("empatica_e4").pick("EDA"), 4)
    np.testing.assert_array_equal(clean(slow).signals, slow.signals)


@pytest.mark.parametrize("name", ["ECG", "PPG", "EDA", "RSP", "SKT", "EEG"])
def test_constant_signals(name):
    with pytest.raises(MepsError, match=f"^rest.csv: channel {name} is constant at 3"):
        clean(one(name, np.full(5000, 3.0), 500))


@pytest.mark.parametrize(("name", "sfreq"), [("ECG", 25), ("PPG", 10), ("RSP", 4), ("EEG", 50)])
def test_rates_too_low(name, sfreq):
    with pytest.raises(MepsError, match=f"channel {name} at {sfreq} Hz; expected at least"):
        clean(one(name, np.random.default_rng(0).normal(size=500), sfreq))


def test_too_short_to_filter():
    with pytest.raises(MepsError, match="clean the whole recording first"):
        clean(one("ECG", np.arange(80), 200))


@pytest.mark.parametrize(("name", "sfreq", "n"), [("SKT", 4, 12), ("RSP", 7, 14), ("EDA", 7, 14)])
def test_too_few_samples_to_filter(name, sfreq, n):
    with pytest.raises(MepsError, match=f"^rest.csv: .*{n} samples.*too short to filter"):
        clean(one(name, np.arange(n), sfreq))
    clean(one(name, np.arange(16), sfreq))  # enough


def test_powerline_names_the_mains_that_goes():
    times = np.arange(10_000) / 1000
    for mains, other in ((50, 60), (60, 50)):
        hum = one("ECG", np.sin(2 * np.pi * mains * times), 1000)
        left = [clean(hum, powerline=f).signals[0, 2000:-2000].std() for f in (mains, other)]
        assert left[0] < left[1] / 2
    with pytest.raises(MepsError, match="powerline=0; expected 50 or 60"):
        clean(hum, powerline=0)
