"""Physiological signals: read, clean, resample, cut, and say in numbers what they show.

NeuroKit2 and SciPy do the work; this package adds units, seconds instead of samples, and errors
that name what is wrong with a recording.

A file is imported when a name of it is asked for: NeuroKit2 and pandas take seconds to load, and a
file that holds no signals is refused without them.
"""

import lazy_loader

_NAMES = {
    "cleaning": ["clean", "filter_channel"],
    "eeg": ["alpha_power", "band_power", "spectrum"],
    "files": ["load"],
    "heart": ["heart_rate", "peaks"],
    "rates": ["join", "resample"],
    "recording": ["Recording", "SignalWarning", "window"],
    "skin": ["skin_conductance_responses"],
    "summary": ["features"],
}
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submod_attrs=_NAMES)
