"""`Recording`: signals on one clock, and the window that is cut from it.

Changing the rate is in `rates`, reading files in `files`, what the signals mean in
`heart`, `skin` and `eeg`.
"""

from dataclasses import dataclass, replace
from numbers import Real

import numpy as np

from meps_lib.errors import MepsError

# CHOICE: no sensor of the body is slower or faster.
RATES = (0.1, 1e6)  # Hz


class SignalWarning(UserWarning):
    """What was read or found is in doubt."""


@dataclass(frozen=True, eq=False, repr=False)
class Recording:
    """Signals that were sampled together: C channels, L samples, one sampling rate.

    Parameters
    ----------
    signals : array, shape (C, L)
        Converted to float64. Every sample must be finite.
    names : tuple of str
        One name a channel; the standard ones are EDA, ECG, PPG, RSP, SKT and EEG.
    units : tuple of str
        One unit a channel, as the source states it: ``"uS"``, ``"12-bit counts"``,
        ``"not stated"``. Nothing is ever converted behind your back.
    sfreq : float
        Sampling rate in Hz, 0.1 to 1,000,000.
    source : str
        The file, or how the signals were made; errors name it.
    start : float
        Time (s) of the first sample on the recording's own clock: 0, unless the file states a
        clock time (Empatica: Unix time) or `window` has set it.
    cleaned : bool
        Set by `meps_lib.signals.clean`, so that nothing is filtered twice.

    Raises
    ------
    MepsError
        On samples that are no real numbers, shapes that do not fit, a rate outside 0.1 to 1,000,000
        Hz, repeated names, or a sample that is not finite: the message names the channel and the
        first such sample.

    Examples
    --------
    >>> Recording(np.ones((1, 50)), ("EDA",), ("uS",), sfreq=25.0).duration
    2.0
    """

    signals: np.ndarray
    names: tuple[str, ...]
    units: tuple[str, ...]
    sfreq: float
    source: str = "memory"
    start: float = 0.0
    cleaned: bool = False

    def __post_init__(self) -> None:
        try:  # text, complex numbers and rows of unlike lengths are refused
            signals = np.asarray(self.signals).astype(np.float64, casting="same_kind", copy=False)
        except (TypeError, ValueError) as error:
            raise self.error(f"{error}; expected numbers of shape (channels, samples)") from None
        object.__setattr__(self, "signals", signals)
        object.__setattr__(self, "names", tuple(self.names))
        object.__setattr__(self, "units", tuple(self.units))
        if signals.ndim != 2 or 0 in signals.shape:
            raise self.error(f"signals of shape {signals.shape}; expected (channels, samples)")
        if not len(signals) == len(self.names) == len(self.units):
            raise self.error(
                f"{len(signals)} channels, {len(self.names)} names, {len(self.units)} units; "
                "give one name and one unit a channel"
            )
        if len(set(self.names)) < len(self.names):
            raise self.error(f"channel names {self.names}; give each channel its own name")
        for name in ("sfreq", "start"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Real):
                raise self.error(f"{name}={value!r}; expected a number")
        if not np.isfinite(self.start):
            raise self.error(f"start={self.start} s; expected the time of the first sample")
        if not RATES[0] <= self.sfreq <= RATES[1]:
            low, high = RATES
            raise self.error(f"sampling rate {self.sfreq} Hz; expected {low:g} to {high:g} Hz")
        bad = ~np.isfinite(signals)
        if bad.any():
            row, sample = np.argwhere(bad)[0]
            raise self.error(
                f"channel {self.names[row]}: sample {sample} ({sample / self.sfreq:.3f} s) is "
                f"{signals[row, sample]}, {bad[row].sum()} in all are not finite; cut the "
                "recording there, drop the channel, or fill the gap yourself and say how"
            )

    def __repr__(self) -> str:
        named = ", ".join(f"{n} ({u})" for n, u in zip(self.names, self.units, strict=True))
        return f"Recording of {self.duration:g} s at {self.sfreq:g} Hz:\n  {named}"

    def error(self, message: str) -> MepsError:
        """An error about this recording; its message starts with the source."""
        return MepsError(f"{self.source}: {message}")

    @property
    def n_samples(self) -> int:
        """L, the number of samples in each channel."""
        return self.signals.shape[1]

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.n_samples / self.sfreq

    @property
    def times(self) -> np.ndarray:
        """Time (s) of each sample on the recording's clock, shape (L,)."""
        return self.start + np.arange(self.n_samples) / self.sfreq

    def channel(self, name: str) -> np.ndarray:
        """One channel's samples, shape (L,)."""
        return self.signals[self._index(name)]

    def unit(self, name: str) -> str:
        """One channel's unit."""
        return self.units[self._index(name)]

    def pick(self, *names: str) -> "Recording":
        """The recording with these channels only, in this order."""
        rows = [self._index(name) for name in names]
        units = tuple(self.units[row] for row in rows)
        return replace(self, signals=self.signals[rows], names=names, units=units)

    def _index(self, name: str) -> int:
        if name not in self.names:
            raise self.error(f"no channel {name!r}; it has {', '.join(self.names)}")
        return self.names.index(name)


def window(
    recording: Recording, start: float, stop: float, context: tuple[float, float] = (0.0, 0.0)
) -> Recording:
    """Cut out [start, stop) with context on either side.

    A micro-expression lasts less than a heart beat and less than a skin conductance response, so
    a window that is aligned with it needs context. Clean the whole recording first, then cut:
    a filter that starts inside the window distorts its edges.

    Parameters
    ----------
    recording : Recording
        C channels, L samples.
    start, stop : float
        Seconds from the recording's first sample.
    context : (float, float)
        Seconds to add before `start` and after `stop`.

    Returns
    -------
    Recording
        The sample nearest to ``start - context[0]`` is the first, and there are
        ``round((stop - start + sum(context)) * sfreq)`` samples, so that windows of equal length
        have equal shapes. Its clock is 0 at `start`: context before it has negative times.

    Raises
    ------
    MepsError
        When the window is empty, the context negative, or the window leaves the recording.

    References
    ----------
    ledger: ps-window

    Examples
    --------
    >>> whole = Recording(np.arange(1000.0)[None], ("EDA",), ("uS",), sfreq=100)
    >>> cut = window(whole, 4.0, 4.4, context=(2.0, 1.0))
    >>> cut.n_samples, cut.start, float(cut.signals[0, 0])
    (340, -2.0, 200.0)
    """
    before, after = context
    if not np.isfinite([start, stop, before, after]).all():
        raise recording.error(f"a window from {start} to {stop} s; give finite numbers of seconds")
    if before < 0 or after < 0:
        raise recording.error(f"context {context} s; give seconds before and after, 0 or more")
    n_samples = round((before + stop - start + after) * recording.sfreq)
    first = round((start - before) * recording.sfreq)
    if stop < start or n_samples < 1:
        raise recording.error(
            f"the window {start:g} to {stop:g} s is empty; stop must follow start"
        )
    if first < 0 or first + n_samples > recording.n_samples:
        raise recording.error(
            f"the window {start - before:g} to {stop + after:g} s (context included) leaves the "
            f"recording, which runs from 0 to {recording.duration:g} s; move it or ask for less "
            "context"
        )
    signals = recording.signals[:, first : first + n_samples].copy()
    return replace(recording, signals=signals, start=first / recording.sfreq - start)
