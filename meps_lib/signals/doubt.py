"""Is the sampling rate the true one? What beats alone can say about it."""

import numpy as np
from scipy.signal import peak_widths

from meps_lib.signals.recording import Recording

# CHOICE: a usual value and its spread (of the natural logarithm). WHY: the interval between beats
# follows rest and effort, the QRS complex hardly does; together they tell a fast heart from a fast
# clock. The widths are those of R and pulse waves at half of their height.
INTERVAL = (60 / 72, 0.30)  # s
WIDTH = {"ECG": (0.032, 0.20), "PPG": (0.25, 0.25)}  # s
DOUBT = 2**0.5  # CHOICE: halfway between a right rate and one that is wrong by 2
# CHOICE: a share of the interval. WHY: at half its height a true wave lasts less than half of it,
# and what is between two waves lasts longer, at any rate.
UPSIDE_DOWN = 0.55
FEWEST = 5  # beats
SMEARED = 0.019  # s by which cleaning widens a narrow R wave: a mean over a period of the mains


def rate_doubt(recording: Recording, name: str, beats: np.ndarray) -> str:
    """A sentence if beats look like a heart's at another sampling rate, or upside down, else "".

    A rate that is wrong by 2 or more shows in most people, one that is wrong by less than 1.4 in
    hardly any; a pulse alone says less than an ECG. A slow heart at twice its rate may look like a
    fast one, and a bundle branch block, or beats of the ventricle, like a rate that is too low.
    Skin, temperature, breath and EEG have no such measure, and nothing is said of them.

    Parameters
    ----------
    recording : Recording
        Cleaned, with channel `name`, ECG or PPG.
    beats : array of int, shape (n_beats,)
        As `peaks` finds them.
    """
    if len(beats) < FEWEST:
        return ""
    interval = float(np.median(np.diff(beats))) / recording.sfreq
    x = recording.channel(name)
    tops = beats[(x[beats] > x[beats - 1]) & (x[beats] >= x[np.minimum(beats + 1, len(x) - 1)])]
    if len(tops) < FEWEST:
        return ""
    width = float(np.median(peak_widths(x, tops)[0])) / recording.sfreq
    if width > UPSIDE_DOWN * interval:
        return (
            f"waves of {name} last {1000 * width:.0f} ms, and one comes each "
            f"{1000 * interval:.0f} ms: is it upside down? Then turn its sign, since such "
            "waves tell less well when a beat comes"
        )
    bare = width if name == "PPG" else np.sqrt(max(width**2 - SMEARED**2, 1e-6))
    (usual, spread), (usual_width, spread_width) = INTERVAL, WIDTH[name]
    signs = np.log([usual / interval, usual_width / bare])
    factor = np.exp(np.average(signs, weights=[spread**-2, spread_width**-2]))
    if 1 / DOUBT < factor < DOUBT:
        return ""
    likely = float(f"{recording.sfreq / factor:.1g}")
    return (
        f"{name} at {recording.sfreq:g} Hz shows {60 / interval:.0f} beats a minute in waves of "
        f"{1000 * width:.0f} ms; so looks a heart at rest that was sampled at about {likely:g} Hz: "
        f"is the sampling rate right?{' Or is it upside down?' if factor < 1 else ''}"
    )
