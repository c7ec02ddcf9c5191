"""Alpha: closed forms, and closed against open eyes by two methods that share no code."""

import mne
import numpy as np
import pytest

from meps_lib.errors import MepsError
from meps_lib.signals import Recording, alpha_power, band_power, spectrum


def one(x, sfreq=125):
    return Recording(np.atleast_2d(x), ("EEG",), ("uV",), sfreq, "eyes.txt")


def sine(frequency, amplitude, seconds=60, sfreq=125):
    return amplitude * np.sin(2 * np.pi * frequency * np.arange(seconds * sfreq) / sfreq)


def test_power_of_a_sine_is_half_its_squared_amplitude():
    x = sine(10, 3.0) + sine(20, 7.0)
    assert alpha_power(one(x))[0] == pytest.approx(4.5, rel=1e-3)
    assert band_power(one(x), (13, 30))[0] == pytest.approx(24.5, rel=1e-3)


def test_bands_add_up_to_the_variance():
    x = np.random.default_rng(0).normal(size=60_000)
    bands = [(0, 8), (8, 13), (13, 62.5)]
    total = sum(band_power(one(x), band)[0] for band in bands)
    assert total == pytest.approx(x.var(), rel=0.01)


def test_closed_eyes_have_more_alpha_by_two_methods(real):
    eyes = [real(f"biosppy_eeg_{state}") for state in ("closed", "open")]
    by_welch = alpha_power(eyes[0])[0] / alpha_power(eyes[1])[0]
    density = [
        mne.time_frequency.psd_array_multitaper(
            one.signals[0], one.sfreq, fmin=8, fmax=13, verbose=False
        )[0].mean()
        for one in eyes
    ]
    by_multitaper = density[0] / density[1]
    assert by_welch > 1.3
    assert by_multitaper == pytest.approx(by_welch, rel=0.15)


@pytest.mark.parametrize(
    ("x", "band", "message"),
    [
        (np.zeros(5000), (8, 13), "channel EEG is constant at 0"),
        (np.arange(200.0), (8, 13), "at least one window of 4 s"),
        (sine(10, 1), (30, 100), "up to 62.5 Hz"),
        (sine(10, 1), (13, 8), "rising limits"),
    ],
)
def test_what_has_no_spectrum(x, band, message):
    with pytest.raises(MepsError, match=f"^eyes.txt: .*{message}"):
        band_power(one(x), band)


def test_what_no_window_resolves():
    with pytest.raises(MepsError, match="no frequency between 10.05 and 10.2 Hz"):
        band_power(one(sine(10, 1)), (10.05, 10.2))
    with pytest.raises(MepsError, match="seconds=0"):
        spectrum(one(sine(10, 1)), seconds=0)
