"""From a recording of a whole session to the peripheral signals of one clip.

Clean first, then cut: a filter that starts inside a window distorts its edges. Many clips
share one recording, so what was read and what was cleaned are kept for the next clip.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import torch

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.cache.stamps import Stamp, settled, stamp_of
from meps_lib.errors import MepsError
from meps_lib.signals import Recording, clean, window

T = TypeVar("T")
STANDARD = ("EDA", "ECG", "PPG", "RSP", "SKT")
# CHOICE: two. WHY: clips come subject by subject, and an hour of five signals at 1000 Hz is 144 MB.
_KEPT = 2


def read_once(
    path: Path, read: Callable[..., T], *options: object, beside: Sequence[Path] = ()
) -> T:
    """``read(path, *options)``, or what it returned before if no file has changed since.

    Parameters
    ----------
    path : Path
    read : callable
        A function of a module (one made anew at each call is never found again). What it returns is
        shared, so nobody may write into it.
    options : hashable
        Further arguments.
    beside : sequence of Path
        The other files that `read` opens, such as a header.

    Raises
    ------
    MepsError
        If one of the files is not there; and what `read` raises.
    """
    files = (path, *beside)
    stamp = stamp_of(files)
    return (_read_once if settled(stamp) else _read_once.__wrapped__)(files, stamp, read, options)


@lru_cache(maxsize=_KEPT)
def _read_once(files: tuple[Path, ...], stamp: Stamp, read: Callable[..., T], options: tuple) -> T:
    return read(files[0], *options)


def expression_window(recording: Recording, onset_s: float, config: LoadConfig) -> dict:
    """Signals around the onset of an expression.

    Parameters
    ----------
    recording : Recording
        Of the whole session. Take it from `read_once`: then it is cleaned once, not once a clip.
    onset_s : float
        Of the expression, seconds from the recording's first sample.
    config : LoadConfig
        Its `ps_names`, `ps_window` and `clean`.

    Returns
    -------
    dict
        ps (float32, shape (C, L)), ps_names, ps_units, ps_sfreq and ps_start, as `Trial` takes
        them: the clip's first frame is the onset, so `ps_start` is about ``-ps_window[0]``.

    Raises
    ------
    MepsError
        If the window leaves the recording, a channel is not there, or none of those that are
        is a standard one.

    Examples
    --------
    >>> import numpy as np
    >>> wave = np.sin(np.arange(3000) / 20)[None]
    >>> session = Recording(wave, ("EDA",), ("uS",), sfreq=100)
    >>> cut = expression_window(session, 12.0, LoadConfig())
    >>> cut["ps"].shape, cut["ps_names"], cut["ps_start"]
    (torch.Size([1, 1000]), ('EDA',), -3.0)
    """
    around = config.ps_window
    samples_around(onset_s, around, recording.sfreq, recording.n_samples, recording.source)
    return _trial_fields(window(_ready(recording, config), onset_s, onset_s, around))


def samples_around(
    onset_s: float, around: tuple[float, float], sfreq: float, n_samples: int, source: object
) -> tuple[int, int]:
    """Which samples a window around an onset is made of: the first, and how many.

    The onset is in seconds from the recording's first sample, `around` in seconds before and after
    it; `source` is what the error names.

    Raises
    ------
    MepsError
        If the window leaves the recording.

    Examples
    --------
    >>> samples_around(12.0, (3.0, 7.0), 1000.0, 60_000, "sub01.mat")
    (9000, 10000)
    """
    start, stop = onset_s - around[0], onset_s + around[1]
    first, n = round(start * sfreq), round(sum(around) * sfreq)
    if first < 0 or first + n > n_samples:
        hint = "ask for a shorter window before or after the onset, or leave the clip out"
        if not 0 <= onset_s < n_samples / sfreq:
            hint = "the recording is shorter than the clip: is it whole, and the right one?"
        raise MepsError(
            f"{source}: an expression at {onset_s:.3f} s needs signals from {start:.3f} to "
            f"{stop:.3f} s; the recording runs from 0 to {n_samples / sfreq:g} s: {hint}"
        )
    return first, n


def segment_window(recording: Recording, start_s: float, stop_s: float, config: LoadConfig) -> dict:
    """Signals from one time to another, for a segment of a film or of a condition.

    All is as with `expression_window`, but there is no onset: both times are in seconds from the
    recording's first sample, and `ps_start` is 0, but for the rest of a sample.
    """
    return _trial_fields(window(_ready(recording, config), start_s, stop_s))


def _ready(recording: Recording, config: LoadConfig) -> Recording:
    names = config.ps_names or tuple(n for n in STANDARD if n in recording.names)
    if not names:
        raise recording.error(
            f"none of {', '.join(STANDARD)}; it has {', '.join(recording.names)}: say which to "
            "take with ps_names"
        )
    return _picked(recording, names, config.clean)


@lru_cache(maxsize=_KEPT)
def _picked(recording: Recording, names: tuple[str, ...], cleaned: bool) -> Recording:
    # A recording is found again by being the same object: two that share a file never mix.
    picked = recording.pick(*names)
    return clean(picked) if cleaned else picked


def _trial_fields(cut: Recording) -> dict:
    return {
        "ps": torch.from_numpy(cut.signals).float(),
        "ps_names": cut.names,
        "ps_units": cut.units,
        "ps_sfreq": float(cut.sfreq),
        "ps_start": float(cut.start),
    }
