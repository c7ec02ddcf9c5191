"""Windows are exact to the sample, rates change without aliasing, clocks meet."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meps_lib.errors import MepsError
from meps_lib.signals import Recording, join, load, resample, window


def one(x, sfreq, **fields):
    return Recording(np.asarray(x, float)[None], ("EDA",), ("uS",), sfreq, **fields)


@given(
    first=st.integers(0, 500),
    before=st.integers(0, 200),
    length=st.integers(1, 300),
    after=st.integers(0, 100),
    sfreq=st.sampled_from([4, 64, 100, 125, 1000, 29.97]),
)
def test_window_cuts_exactly_the_samples_asked_for(first, before, length, after, sfreq):
    recording = one(np.arange(1200), sfreq)  # every sample is its own position
    start = (first + before) / sfreq
    cut = window(recording, start, start + length / sfreq, (before / sfreq, after / sfreq))
    np.testing.assert_array_equal(cut.signals[0], np.arange(first, first + before + length + after))
    assert np.isclose(cut.start, -before / sfreq, atol=1e-9)


def test_windows_of_equal_length_have_equal_shapes():
    recording = one(np.zeros(1000), 64)
    starts = np.random.default_rng(0).uniform(1, 10, 200)
    assert {window(recording, t, t + 0.377, (0.5, 0.5)).n_samples for t in starts} == {88}


def test_window_clock_is_zero_where_the_window_starts():
    cut = window(one(np.arange(1000), 100), 4.0, 5.0, (2.0, 1.0))
    assert cut.signals[0, np.argmin(np.abs(cut.times))] == 400


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((1.0, 2.0, (1.5, 0.0)), "-0.5 to 2 s .* leaves the recording, which runs from 0 to 10 s"),
        ((9.0, 10.0, (0.0, 0.1)), "leaves the recording"),
        ((5.0, 5.0), "empty"),
        ((5.0, 4.0, (2.0, 2.0)), "empty"),
        ((5.0, 6.0, (-1.0, 0.0)), "context"),
    ],
)
def test_windows_that_cannot_be_cut(args, message):
    with pytest.raises(MepsError, match=message):
        window(one(np.arange(1000), 100, source="rest.csv"), *args)


def sine(frequency, sfreq, seconds=20):
    return np.sin(2 * np.pi * frequency * np.arange(round(seconds * sfreq)) / sfreq)


@pytest.mark.parametrize(("old", "new"), [(1000, 100), (100, 1000), (125, 100), (64, 50)])
def test_resampling_keeps_a_sine_that_both_rates_can_carry(old, new):
    ours = resample(one(sine(3, old), old), new)
    inside = slice(new, -new)  # a second from either edge
    np.testing.assert_allclose(ours.signals[0][inside], sine(3, new)[inside], atol=0.01)
    assert (ours.sfreq, ours.n_samples) == (new, 20 * new)


def test_resampling_removes_what_the_new_rate_cannot_carry():
    fast = one(sine(80, 1000), 1000)
    every_tenth = fast.signals[0, ::10]  # folds 80 Hz onto 20 Hz, at full height
    assert np.abs(every_tenth).max() > 0.9
    assert np.abs(resample(fast, 100).signals[0, 100:-100]).max() < 0.005


def test_resampling_keeps_the_level_up_to_the_edges():
    slow = resample(one(np.linspace(13, 14, 2000), 1000), 100)
    np.testing.assert_allclose(slow.signals[0], np.linspace(13, 14, 2000)[::10], atol=0.01)


@pytest.mark.parametrize("sfreq", [0, -5, 0.09, np.nan, np.inf, 1e9])
def test_impossible_rates(sfreq):
    with pytest.raises(MepsError, match="cannot resample"):
        resample(one(np.arange(100), 100), sfreq)


@pytest.mark.parametrize("old", [499.31, 256.021, 499.83, 100 * np.pi, 333.333333])
@pytest.mark.parametrize("new", [64, 1000.7])
@pytest.mark.parametrize("minutes", [0.2, 30])
def test_rates_that_are_no_round_fraction_keep_their_time(old, new, minutes):
    """A sine of 1 Hz is a sine of 1 Hz to its end: a tenth of a sample is a phase of 0.1 / new."""
    seconds = 60 * minutes
    ours = resample(one(sine(1, old, seconds), old), new)
    assert abs(ours.n_samples - seconds * new) < 1.5
    end = slice(-round(4 * new), -round(2 * new))  # whole periods, away from the edge
    turn = np.exp(-2j * np.pi * np.arange(ours.n_samples)[end] / new)
    late = (np.angle((ours.signals[0][end] * turn).sum()) + np.pi / 2) / (2 * np.pi)  # s
    assert abs(late * new) < 0.1


def test_half_a_thousand_hertz_in_truth():
    """5000 samples at 499.31 Hz last 10.014 s: 640.9 samples of 64 Hz."""
    found = resample(one(np.sin(np.arange(5000) / 50), 499.31), 64)
    assert found.n_samples in (640, 641)
    times = np.arange(found.n_samples)[64:-64] / 64
    np.testing.assert_allclose(found.signals[0, 64:-64], np.sin(times * 499.31 / 50), atol=5e-3)


def test_joined_recordings_agree_about_the_time():
    """The same slow wave, sampled by two devices that start at different times."""
    parts = []
    for name, sfreq, start, seconds in (("EDA", 4, 1.0, 60), ("PPG", 64, 3.5, 40)):
        times = start + np.arange(seconds * sfreq) / sfreq
        wave = np.sin(2 * np.pi * 0.2 * times)
        parts.append(Recording(wave[None], (name,), ("a.u.",), sfreq, start=start))
    both = join(parts)
    assert (both.names, both.sfreq, both.start) == (("EDA", "PPG"), 64, 3.5)
    assert both.n_samples == 40 * 64
    inside = slice(0, -3 * 64)
    np.testing.assert_allclose(both.signals[0][inside], both.signals[1][inside], atol=0.02)


def test_recordings_without_common_time():
    with pytest.raises(MepsError, match="share no time"):
        join([one(np.zeros(100), 10), Recording(np.zeros((1, 9)), ("PPG",), ("",), 3, start=99)])
    with pytest.raises(MepsError, match="nothing to join"):
        join([])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"signals": np.zeros(5)}, "shape"),
        ({"signals": np.zeros((2, 0))}, "shape"),
        ({"names": ("EDA",)}, "2 channels, 1 names"),
        ({"units": ("uS", "mV", "")}, "3 units"),
        ({"names": ("EDA", "EDA")}, "its own name"),
        ({"sfreq": np.nan}, "sampling rate nan Hz; expected 0.1 to 1e"),
        ({"sfreq": 1e9}, "sampling rate 1000000000.0 Hz; expected 0.1 to 1e"),
        ({"sfreq": 0.01}, "sampling rate 0.01 Hz"),
        (
            {"signals": [[0, 1], [2, np.nan]]},
            r"channel ECG: sample 1 \(0\.100 s\) is nan, 1 in all",
        ),
    ],
)
def test_recordings_that_are_none(fields, message):
    good = {"signals": np.zeros((2, 9)), "names": ("EDA", "ECG"), "units": ("uS", "mV")}
    with pytest.raises(MepsError, match=f"^rest.csv: .*{message}"):
        Recording(**(good | {"sfreq": 10, "source": "rest.csv"} | fields))


def test_channels_keep_their_units_in_whatever_order_they_are_picked():
    rows = np.arange(12.0).reshape(3, 4)
    whole = Recording(rows, ("EDA", "ECG", "SKT"), ("uS", "mV", "degrees C"), 10, start=2.0)
    part = whole.pick("SKT", "EDA")
    assert (part.names, part.units) == (("SKT", "EDA"), ("degrees C", "uS"))
    np.testing.assert_array_equal(part.signals, rows[[2, 0]])
    assert (part.unit("EDA"), part.start) == ("uS", 2.0)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"signals": [["a", "b"]]}, "expected numbers of shape"),
        ({"signals": [[1 + 2j, 3]]}, "expected numbers of shape"),
        ({"signals": [[1, 2], [3]]}, "expected numbers of shape"),
        ({"signals": [[1, None]]}, "expected numbers of shape"),
        ({"sfreq": None}, "sfreq=None; expected a number"),
        ({"sfreq": True}, "sfreq=True; expected a number"),
        ({"start": "0"}, "start='0'; expected a number"),
        ({"start": np.nan}, "start=nan s; expected the time of the first sample"),
    ],
)
def test_what_is_no_number_is_no_recording(changed, message):
    right = {"signals": [[1, 2]], "names": ("EDA",), "units": ("uS",), "sfreq": np.float32(4)}
    assert Recording(**right).signals.dtype == np.float64
    with pytest.raises(MepsError, match=f"^skin.csv: .*{message}"):
        Recording(**right | {"source": "skin.csv"} | changed)


def test_recordings_of_two_days_say_when_they_were(tmp_path):
    """Unix times of ten digits, a day and a bit apart, each 100 s long."""
    for name, start in (("EDA", 1_700_000_000), ("BVP", 1_700_100_000)):
        (tmp_path / f"{name}.csv").write_text(f"{start}.0\n4.0\n" + "1\n2\n" * 200)
    with pytest.raises(MepsError, match=r"EDA.csv 1700000000 to 1700000100 s; .*1700100000 to"):
        load(tmp_path, channels=("EDA", "PPG"))
