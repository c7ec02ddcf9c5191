"""What the tests of signals share: real recordings, and simulated ones by NeuroKit2."""

import neurokit2 as nk
import numpy as np
import pytest

from meps_lab.recordings import find as recordings
from meps_lib.signals import Recording, load


@pytest.fixture(scope="session")
def real():
    """A function that loads a real recording."""

    def load_real(name, **options):
        return load(recordings.fetch(name), **options)

    return load_real


@pytest.fixture(scope="session")
def ecg():
    """A function that simulates an ECG of a given heart rate."""

    def make(rate=70, seconds=30, sfreq=200, seed=0):
        x = nk.ecg_simulate(seconds, sampling_rate=sfreq, heart_rate=rate, random_state=seed)
        return Recording(x[None], ("ECG",), ("mV",), sfreq)

    return make


@pytest.fixture(scope="session")
def eda():
    """A function that makes skin conductance with responses of known onset and amplitude."""

    def make(onsets=(10.0, 25.0, 41.0), amplitude=1.0, seconds=60, sfreq=100, noise=0.002):
        times = np.arange(round(seconds * sfreq)) / sfreq
        x = 8 - 0.005 * times + noise * np.random.default_rng(0).normal(size=times.size)
        for onset in onsets:
            since = np.clip(times - onset, 0, None)
            shape = np.exp(-since / 3) - np.exp(-since / 0.7)
            x = x + amplitude * shape / 0.4948  # the maximum of shape, at 1.33 s
        return Recording(x[None], ("EDA",), ("uS",), sfreq)

    return make
