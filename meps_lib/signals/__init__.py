"""Physiological signals: read, clean, resample, cut, and say in numbers what they show.

NeuroKit2 and SciPy do the work; this package adds units, seconds instead of samples, and errors
that name what is wrong with a recording.
"""

from meps_lib.signals.cleaning import clean, filter_channel
from meps_lib.signals.eeg import alpha_power, band_power, spectrum
from meps_lib.signals.files import load
from meps_lib.signals.heart import heart_rate, peaks
from meps_lib.signals.rates import join, resample
from meps_lib.signals.recording import Recording, SignalWarning, window
from meps_lib.signals.skin import skin_conductance_responses
from meps_lib.signals.summary import features

__all__ = [
    "Recording",
    "SignalWarning",
    "load",
    "clean",
    "filter_channel",
    "resample",
    "join",
    "window",
    "peaks",
    "heart_rate",
    "skin_conductance_responses",
    "features",
    "spectrum",
    "band_power",
    "alpha_power",
]
