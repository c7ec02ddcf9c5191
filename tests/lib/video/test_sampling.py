"""Frames spread over a clip: by their numbers, by their times, and around the apex."""

import numpy as np
import pytest

from meps_lib.errors import MepsError
from meps_lib.video.sampling import sample_frames


@pytest.mark.parametrize(
    ("n_total", "n", "indices"),
    [
        (9, 3, [0, 4, 8]),
        (5, 5, [0, 1, 2, 3, 4]),
        (2, 5, [0, 0, 1, 1, 1]),
        (10, 1, [4]),
        (1, 2, [0, 0]),
    ],
)
def test_sampled_frames(n_total, n, indices):
    assert sample_frames(n_total, n).tolist() == indices


def test_sampling_keeps_the_apex_and_the_order_of_time():
    for keep in range(30):
        indices = sample_frames(30, 7, keep)
        assert keep in indices
        assert (np.diff(indices) >= 0).all()
        assert len(indices) == 7


@pytest.mark.parametrize("arguments", [(0, 3), (5, 0), (5, 3, 5), (5, 3, -1)])
def test_sampling_refuses_the_impossible(arguments):
    with pytest.raises(MepsError):
        sample_frames(*arguments)


def test_frames_are_spread_evenly_over_the_time_not_over_their_numbers():
    times = np.cumsum([0, *[1 / 30] * 19, *[1 / 10] * 20])
    got = sample_frames(40, 9, times=times)
    assert abs(times[got] - np.linspace(0, times[-1], 9)).max() <= 0.05  # half a slow step
    assert np.diff(times[got]).max() < 0.41 < np.diff(times[sample_frames(40, 9)]).max()
    for n in (1, 2, 7, 10, 50):  # at one rate nothing changes
        steady = sample_frames(40, n, keep=17, times=np.arange(40) / 29.97)
        assert steady.tolist() == sample_frames(40, n, keep=17).tolist()


def test_sampling_keeps_both_ends_whatever_the_apex():
    for keep in range(30):
        indices = sample_frames(30, 7, keep)
        assert (indices[0], indices[-1]) == (0, 29) and keep in indices
