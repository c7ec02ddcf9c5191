"""A trigger line: which codes it carried, when, and the one that marks a clip."""

from collections.abc import Sequence

import numpy as np

from meps_lib.errors import MepsError

# CHOICE: a code that stands for less is no code. WHY: bits do not all switch at the same sample,
# and what stands between two states is a number that nobody sent.
SETTLED_S = 0.005


def runs(codes: np.ndarray) -> list[tuple[int, int, int]]:
    """Runs of one code in an array of shape (L,): (code, first sample, last sample).

    Examples
    --------
    >>> runs(np.array([10, 3, 3, 3, 11]))
    [(10, 0, 0), (3, 1, 3), (11, 4, 4)]
    """
    if len(codes) == 0:
        return []
    first = np.append(0, np.flatnonzero(codes[1:] != codes[:-1]) + 1)
    last = np.append(first[1:], len(codes)) - 1
    return list(zip(codes[first].tolist(), first.tolist(), last.tolist(), strict=True))


def codes_sent(codes: np.ndarray, sfreq: float) -> list[tuple[int, int]]:
    """First sample and code of every stretch of a line, shape (L,), that lasts `SETTLED_S` or more.

    At rest the line is 0, which is no code.

    Examples
    --------
    >>> line = np.repeat([0, 1, 101, 0, 148], [50, 1, 100, 20, 100])
    >>> codes_sent(line, 1000.0)
    [(51, 101), (171, 148)]
    """
    least = SETTLED_S * sfreq
    found = ((code, first, last - first + 1) for code, first, last in runs(codes))
    return [(first, code) for code, first, lasts in found if code and lasts >= least]


def samples_of(events: Sequence[tuple[int, int]], marker: int, source: object) -> list[int]:
    """The samples at which a marker rises: one, unless a clip with it was shown again.

    Raises
    ------
    MepsError
        If the marker is not among the codes of `events`, which are as from `codes_sent`.
    """
    found = sorted(sample for sample, code in events if code == marker)
    if not found:
        codes = sorted({code for _, code in events})
        got = f"found codes {', '.join(map(str, codes))}" if codes else "the trigger line is silent"
        raise MepsError(
            f"{source}: no marker {marker}; {got}: is it another subject's recording, or the "
            "Marker in the table wrong?"
        )
    return found
