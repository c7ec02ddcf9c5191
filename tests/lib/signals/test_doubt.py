"""Half, right and twice the rate: real hearts, and those of two simulators."""

import warnings

import neurokit2 as nk
import numpy as np
import pytest

from meps_lab.simulate import simulate_cohort
from meps_lib.errors import MepsError
from meps_lib.signals import Recording, SignalWarning, heart_rate

REAL = [
    ("neurokit_resting", "ECG"),
    ("neurokit_resting", "PPG"),
    ("neurokit_eventrelated", "ECG"),
    ("biosppy_ecg", "ECG"),
    ("biosppy_ppg", "PPG"),
]


def told(recording, name, factor):
    """What is said of a recording whose rate is stated `factor` times too high."""
    one = recording.pick(name)
    stated = Recording(one.signals, one.names, one.units, factor * one.sfreq, "body.csv")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SignalWarning)
        try:
            heart_rate(stated, name)
        except MepsError as error:
            return [str(error)]
    return [str(one.message) for one in caught if issubclass(one.category, SignalWarning)]


@pytest.mark.parametrize("factor", [0.5, 2])
@pytest.mark.parametrize(("name", "channel"), REAL)
def test_half_and_twice_the_rate_are_doubted_and_the_true_one_is_named(real, name, channel, factor):
    recording = real(name)
    said = [text for text in told(recording, channel, factor) if "sampling rate right?" in text]
    assert len(said) == 1 and said[0].startswith("body.csv: ")
    likely = float(said[0].split("sampled at about ")[1].split(" Hz")[0])
    assert likely == pytest.approx(recording.sfreq, rel=0.35)


@pytest.mark.parametrize(("name", "channel"), REAL)
def test_the_right_rate_is_not_doubted(real, name, channel):
    assert told(real(name), channel, 1) == []


@pytest.mark.parametrize("channel", ["ECG", "PPG"])
def test_people_of_the_laboratory(channel):
    cohort = simulate_cohort(8, 3, "three", seed=5)
    for trial in (cohort[k] for k in range(0, len(cohort), 3)):
        body = Recording(trial.ps.double().numpy(), trial.ps_names, trial.ps_units, trial.ps_sfreq)
        assert told(body, channel, 1) == []
        for factor in (0.5, 2):
            assert any("sampling rate right?" in text for text in told(body, channel, factor))


def test_a_fast_heart_is_no_fast_clock():
    """150 beats a minute with QRS complexes as wide as ever: effort, and not a wrong rate."""
    beat = nk.ecg_simulate(60, sampling_rate=250, heart_rate=75, random_state=0)
    by_75 = Recording(beat[None], ("ECG",), ("mV",), 250)
    tops = np.arange(100, 15_000 - 200, 100)  # each 0.4 s
    times = np.arange(15_000)[:, None] - tops
    spikes = np.exp(-0.5 * (times / (250 * 0.014)) ** 2).sum(axis=1)  # 33 ms at half height
    fast = Recording(spikes[None], ("ECG",), ("mV",), 250)
    assert round(float(np.median(heart_rate(fast)[1]))) == 150
    assert told(fast, "ECG", 1) == []
    assert told(by_75, "ECG", 2) and told(fast, "ECG", 2)


def test_two_sensors_of_one_heart_must_agree(real):
    """The pulse as if it had come at half its rate beside an ECG at its own."""
    rest = real("neurokit_resting")
    n = rest.n_samples // 2
    slow = np.repeat(rest.channel("PPG"), 2)[: 2 * n]
    both = np.stack([rest.channel("ECG")[: 2 * n], slow])
    with pytest.warns(SignalWarning, match=r"ECG has 8\d beats a minute and PPG 4\d, of one heart"):
        heart_rate(Recording(both, ("ECG", "PPG"), ("", ""), 100))
    with warnings.catch_warnings():
        warnings.simplefilter("error", SignalWarning)
        heart_rate(rest)


def turned(recording, channel):
    return Recording(
        -recording.channel(channel)[None], (channel,), ("",), recording.sfreq, "body.csv"
    )


@pytest.mark.parametrize("factor", [0.7, 1, 1.5])
@pytest.mark.parametrize("name", ["neurokit_resting", "biosppy_ppg"])
def test_a_pulse_upside_down_is_told_at_any_rate(real, name, factor):
    """What lies between two waves is no wave, however long a sample lasts."""
    said = told(turned(real(name), "PPG"), "PPG", factor)
    assert len(said) == 1 and "one comes each" in said[0] and "is it upside down?" in said[0]


@pytest.mark.parametrize("name", ["neurokit_resting", "neurokit_eventrelated"])
def test_an_ecg_upside_down_may_be_a_wrong_rate_or_that(real, name):
    """Its waves are too wide; what is too narrow is only a wrong rate."""
    said = told(turned(real(name), "ECG"), "ECG", 1)
    assert len(said) == 1 and said[0].endswith("is the sampling rate right? Or is it upside down?")
    assert told(real(name), "ECG", 2)[0].endswith("is the sampling rate right?")
