"""Random courses of time, and streams of random numbers that do not disturb each other.

Every part of a recording draws from a stream that is found by name. So what one part draws,
or whether it draws at all, leaves every other part as it was, to the bit.
"""

import math
import zlib
from collections.abc import Callable, Iterator

import numpy as np
from scipy.fft import irfft, next_fast_len


class Streams:
    """Generators by name, all children of one generator.

    Parameters
    ----------
    rng : numpy Generator
        Made by `np.random.default_rng(seed)` or spawned. Each `Streams` of it is new.

    Examples
    --------
    >>> a, b = (Streams(np.random.default_rng(0)) for _ in range(2))
    >>> _ = a("ECG noise").normal(size=9)  # only one of them draws
    >>> float(a("EDA noise").normal()) == float(b("EDA noise").normal())
    True
    """

    def __init__(self, rng: np.random.Generator) -> None:
        (root,) = rng.bit_generator.seed_seq.spawn(1)
        self._entropy, self._key = root.entropy, root.spawn_key

    def __call__(self, name: str) -> np.random.Generator:
        """The generator of that name, from its beginning."""
        key = (*self._key, zlib.crc32(name.encode()))
        return np.random.default_rng(np.random.SeedSequence(self._entropy, spawn_key=key))


def wander(rng: np.random.Generator, hz: float, n: int, rate: float) -> np.ndarray:
    """Slow drift of unit variance: three sines around `hz`.

    Parameters
    ----------
    hz : float
        The sines lie between half and one and a half times this.
    n : int
        Number of samples.
    rate : float
        Samples a second.
    """
    step = 2 * np.pi * hz / rate * rng.uniform(0.5, 1.5, (3, 1))
    phase = 2 * np.pi * rng.uniform(size=(3, 1))
    # WHY: sin(a + b) from the sines of long and of short steps; a sine a sample is slow.
    block = math.isqrt(n) + 1
    long, short = step * block * np.arange(block) + phase, step * np.arange(block)
    parts = zip(np.sin(long), np.cos(short), np.cos(long), np.sin(short), strict=True)
    out = np.zeros((block, block))
    for sin_long, cos_short, cos_long, sin_short in parts:
        out += np.multiply.outer(sin_long, cos_short)
        out += np.multiply.outer(cos_long, sin_short)
    out *= np.sqrt(2 / 3)
    return out.reshape(-1)[:n]


class Colour:
    """The shape of a power spectrum, from which any number of noises can be drawn.

    Parameters
    ----------
    density : callable
        Frequencies in Hz, 0 first -> power per Hz, in any unit.
    n : int
        Number of samples.
    rate : float
        Samples a second.
    power : float, optional
        The integral of the density over a band of one's own, in which the variance is then 1,
        whatever part of it the rate carries: at another rate it is still the same noise. If
        None, the variance is 1 at this rate.

    Examples
    --------
    >>> narrow = Colour(lambda f: (f > 5) & (f < 6), n=1000, rate=100.0)
    >>> bool(0.5 < narrow.draw(np.random.default_rng(0)).std() < 1.5)
    True
    """

    def __init__(
        self,
        density: Callable[[np.ndarray], np.ndarray],
        n: int,
        rate: float,
        power: float | None = None,
    ) -> None:
        self._n, self._length = n, next_fast_len(n, real=True)
        f = np.arange(self._length // 2 + 1) * (rate / self._length)
        height = np.sqrt(np.asarray(density(f), float))
        filled = np.flatnonzero(height)
        self._band = slice(filled[0], filled[-1] + 1)
        total = np.square(height).sum() if power is None else power * self._length / rate
        # WHY: a cosine of height h has the variance h^2 / 2, and irfft divides by the length.
        scale = self._length / (2 * np.sqrt(total))
        self._height = height[self._band] * scale
        self._spectrum = np.zeros(len(f), complex)

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Gaussian noise of that colour, shape (n,)."""
        random = rng.standard_normal(2 * len(self._height)).view(complex)
        self._spectrum[self._band] = np.multiply(random, self._height, out=random)
        return irfft(self._spectrum, self._length)[: self._n]


def spans(
    rng: np.random.Generator, per_min: float, between_s: tuple[float, float], duration_s: float
) -> np.ndarray:
    """Start and end (s) of a Poisson number of spans, in order, shape (m, 2).

    Parameters
    ----------
    per_min : float
        Expected number a minute.
    between_s : (float, float)
        Shortest and longest, s.
    duration_s : float
        All start within so many seconds.
    """
    m = rng.poisson(per_min * duration_s / 60)
    start = np.sort(rng.uniform(0, duration_s, m))
    return np.stack([start, start + rng.uniform(*between_s, m)], axis=1)


def within(those: np.ndarray, n: int, sfreq: float) -> Iterator[tuple[slice, np.ndarray, float]]:
    """Of each of some spans (s): which of `n` samples lie in it, s since its start, its length."""
    for start, stop in those:
        first, last = np.ceil([start * sfreq, stop * sfreq]).astype(int)
        t = np.arange(first, min(last, n)) / sfreq - start
        yield slice(first, first + len(t)), t, stop - start
