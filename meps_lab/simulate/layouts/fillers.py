"""Channels that real files have and the simulator does not model: muscle and acceleration.

They are noise with bursts, seeded, in the right units and of the usual size, and carry
nothing about emotion: columns to be read, not to be learnt from.
"""

import numpy as np

_REST_UV, _BURST_UV = 3.0, 25.0
_EMG_PER_MIN, _MOVES_PER_MIN = 4.0, 2.0  # bursts
_BURST_S = (0.3, 2.0)  # shortest and longest
_LEAN_G, _MOVE_G, _SENSOR_G = 0.02, 0.05, 0.003


def emg(rng: np.random.Generator, n: int, sfreq: float) -> np.ndarray:
    """A surface electromyogram that means nothing: noise whose size rises in bursts.

    Returns
    -------
    ndarray, shape (n,)
        uV, at `sfreq` Hz.

    Examples
    --------
    >>> emg(np.random.default_rng(0), 700, 700.0).shape
    (700,)
    """
    return rng.standard_normal(n) * (_REST_UV + _BURST_UV * _bursts(rng, n, sfreq, _EMG_PER_MIN))


def acceleration(rng: np.random.Generator, n: int, sfreq: float) -> np.ndarray:
    """Acceleration of somebody who sits: gravity, slow leaning and a few movements.

    Returns
    -------
    ndarray, shape (n, 3)
        g, at `sfreq` Hz; at rest about 1 in length.
    """
    t = np.arange(n)[:, None] / sfreq
    down = rng.normal([0.85, -0.05, -0.25], 0.1)
    lean, shake = (
        np.sin(2 * np.pi * (rng.uniform(*hz, 3) * t + rng.uniform(size=3)))
        for hz in ((0.01, 0.05), (1, 4))
    )
    moving = _bursts(rng, n, sfreq, _MOVES_PER_MIN)[:, None]
    hiss = rng.standard_normal((n, 3))
    out = down / np.linalg.norm(down) + _LEAN_G * lean + _MOVE_G * moving * shake
    return out + _SENSOR_G * hiss


def _bursts(rng: np.random.Generator, n: int, sfreq: float, per_min: float) -> np.ndarray:
    """0 at rest, up to 1 in each of a Poisson number of smooth bursts."""
    out = np.zeros(n)
    for _ in range(rng.poisson(per_min * n / sfreq / 60)):
        length = max(2, round(rng.uniform(*_BURST_S) * sfreq))
        start = int(rng.integers(0, n))
        piece = out[start : start + length]
        piece += rng.uniform(0.3, 1.0) * np.hanning(length)[: len(piece)]
    return np.minimum(out, 1.0)
