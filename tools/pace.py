"""How fast this machine works just now, against the one on which chapters' minutes were declared.

A busy machine, or an old one, takes more CPU time for the same work: cores share their caches and
their clock. A fixed loop of convolutions, run beside a chapter, slows down with it.
"""

from __future__ import annotations

import time

import numpy as np

# CPU time of the loop where the minutes of the chapters were measured, nothing else running.
REFERENCE_S = 0.018
_SIGNAL = np.sin(np.arange(20_000.0))
_KERNEL = np.hanning(200)


def pace() -> float:
    """CPU time of a fixed loop over that on the reference: 2 is a machine half as fast.

    It takes some 20 ms, and counts the calling thread alone.

    Examples
    --------
    >>> 0 < pace() < 100
    True
    """
    start = time.thread_time()
    for _ in range(50):
        np.convolve(_SIGNAL, _KERNEL, mode="same")
    return (time.thread_time() - start) / REFERENCE_S
