"""Streams that do not disturb each other, noises of a stated colour, spans at a stated rate."""

import numpy as np
import pytest
from scipy.signal import welch

from meps_lab.simulate.body.noise import Colour, Streams, spans


def test_a_stream_hangs_on_its_name_alone():
    a, b = (Streams(np.random.default_rng(0)) for _ in range(2))
    a("other").normal(size=9)
    assert np.array_equal(a("one").normal(size=5), b("one").normal(size=5))
    assert not np.array_equal(a("one").normal(size=5), a("two").normal(size=5))
    assert np.array_equal(a("one").normal(size=5), a("one").normal(size=5))  # from its beginning
    rng = np.random.default_rng(0)
    first, second = (Streams(rng)("one").normal(size=5) for _ in range(2))
    assert not np.array_equal(first, second)


def pink(f):
    return np.where(f > 0.5, 1 / np.maximum(f, 0.5), 0.0)


@pytest.mark.parametrize("rate", [100.0, 400.0])
def test_a_stated_band_fixes_the_density_at_any_rate(rate):
    """1/f from 0.5 to 200 Hz of variance 1: its integral is a logarithm."""
    n = int(200 * rate)
    power = np.log(200 / 0.5)
    x = [Colour(pink, n, rate, power).draw(np.random.default_rng(k)) for k in range(4)]
    f, p = welch(np.array(x), rate, nperseg=int(4 * rate))
    inside = (f > 2) & (f < 40)
    density = p.mean(axis=0)[inside] * f[inside]
    assert density.mean() == pytest.approx(1 / power, rel=0.03)
    free = Colour(pink, n, rate).draw(np.random.default_rng(0))
    assert free.var() == pytest.approx(1, rel=0.05)  # else of all that the rate carries


def test_spans_come_in_order_at_their_rate():
    rng = np.random.default_rng(0)
    found = spans(rng, 20.0, (0.5, 2.0), 6000.0)
    lengths = np.diff(found)[:, 0]
    assert len(found) == pytest.approx(2000, rel=0.07)  # three standard deviations
    assert np.all(np.diff(found[:, 0]) >= 0)
    assert (
        lengths.min() >= 0.5
        and lengths.max() <= 2.0
        and lengths.mean() == pytest.approx(1.25, 0.03)
    )
