"""A trigger line: which codes it carried, when, and the one that marks a clip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from meps_lib.errors import MepsError

# CHOICE: a code that stands for less is no code. WHY: bits do not all switch at the same sample,
# and what stands between two states is a number that nobody sent.
SETTLED_S = 0.005


def runs(codes: np.ndarray, sfreq: float) -> list[tuple[int, int]]:
    """Where a line takes a code other than 0, and which.

    Parameters
    ----------
    codes : ndarray of int, shape (L,)
        0 at rest.
    sfreq : float
        Hz.

    Returns
    -------
    list of (int, int)
        First sample and code of every stretch that lasts at least `SETTLED_S`.

    Examples
    --------
    >>> line = np.repeat([0, 1, 101, 0, 148], [50, 1, 100, 20, 100])
    >>> runs(line, 1000.0)
    [(51, 101), (171, 148)]
    """
    starts = np.flatnonzero(np.diff(codes, prepend=0))
    lasts = np.diff(starts, append=len(codes))
    settled = (lasts >= SETTLED_S * sfreq) & (codes[starts] != 0)
    return [(int(s), int(codes[s])) for s in starts[settled]]


def sample_of(events: Sequence[tuple[int, int]], marker: int, sfreq: float, source: object) -> int:
    """The sample at which a clip's marker rises.

    Parameters
    ----------
    events : sequence of (int, int)
        Sample and code, as from `runs`.
    marker : int
    sfreq : float
        Hz, for the message.
    source : object
        What errors name.

    Raises
    ------
    MepsError
        If the marker is not among the codes, or is there twice.
    """
    found = [sample for sample, code in events if code == marker]
    if len(found) == 1:
        return found[0]
    if not found:
        codes = sorted({code for _, code in events})
        got = f"found codes {', '.join(map(str, codes))}" if codes else "the trigger line is silent"
        raise MepsError(
            f"{source}: no marker {marker}; {got}: is it another subject's recording, or the "
            "Marker in the table wrong?"
        )
    times = ", ".join(f"{sample / sfreq:.3f}" for sample in found)
    raise MepsError(
        f"{source}: marker {marker} occurs {len(found)} times, at {times} s; which of them is "
        "the clip cannot be told: cut the recording, or leave the clip out"
    )
