"""Cutting: against slices by hand, and NeuroKit2's own beats."""

import os
import time

import neurokit2 as nk
import numpy as np
import pytest

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.readers import signals_cut
from meps_lab.datasets.readers.signals_cut import (
    expression_window,
    read_once,
    samples_around,
    segment_window,
)
from meps_lib.errors import MepsError
from meps_lib.signals import Recording, clean
from meps_lib.trial import Trial

SFREQ = 200.0
RAW = LoadConfig(("ps",), clean=False)


@pytest.fixture(scope="module")
def session():
    """A minute: an ECG, and in EDA the number of each sample."""
    ecg = nk.ecg_simulate(60, sampling_rate=200, heart_rate=70, random_state=0)
    signals = np.stack([ecg, np.arange(12000.0)])
    return Recording(signals, ("ECG", "EDA"), ("mV", "uS"), SFREQ, source="sub01.mat")


def test_the_window_is_the_slice_that_one_would_cut_by_hand(session):
    cut = expression_window(session, 20.0, RAW)
    assert cut["ps_names"] == ("EDA", "ECG") and cut["ps_units"] == ("uS", "mV")
    assert cut["ps"][0].tolist() == list(range(3400, 5400))
    assert np.allclose(cut["ps"][1], session.signals[0, 3400:5400])
    assert (cut["ps_sfreq"], cut["ps_start"]) == (200.0, -3.0)
    assert Trial(label="a", subject="1", clip="c", **cut).ps.shape == (2, 2000)


def test_an_onset_between_two_samples_moves_the_clock_and_not_the_shape(session):
    cut = expression_window(session, 20.0018, RAW)
    assert cut["ps"].shape == (2, 2000) and cut["ps"][0, 0] == 3400
    assert cut["ps_start"] == pytest.approx(17.0 - 20.0018)


def test_the_whole_recording_is_cleaned_before_the_cut(session):
    cut = expression_window(session, 20.0, LoadConfig(("ps",), ps_names=("ECG",)))
    wanted = nk.ecg_clean(session.channel("ECG"), sampling_rate=200)[3400:5400]
    assert np.allclose(cut["ps"][0], wanted, atol=1e-5)
    # What a filter that starts in the window would have given.
    late = nk.ecg_clean(session.channel("ECG")[3400:5400], sampling_rate=200)
    assert np.abs(late - wanted).max() > 0.01


def test_a_stretch_starts_where_it_is_told_to(session):
    cut = segment_window(session, 10.0, 25.0, RAW)
    assert cut["ps"][0].tolist() == list(range(2000, 5000)) and cut["ps_start"] == 0.0
    with pytest.raises(MepsError, match=r"sub01\.mat.*leaves the recording"):
        segment_window(session, 50.0, 61.0, RAW)


@pytest.mark.parametrize(
    ("onset", "hint"),
    [(2.9, "shorter window"), (53.1, "shorter window"), (61.0, "shorter than the clip")],
)
def test_a_window_that_leaves_the_recording(session, onset, hint):
    with pytest.raises(MepsError, match=f"sub01.mat: an expression at {onset:.3f} s.*{hint}"):
        expression_window(session, onset, RAW)
    with pytest.raises(MepsError, match=hint):
        expression_window(session, onset, LoadConfig(("ps",)))


def test_the_window_may_touch_both_ends(session):
    assert expression_window(session, 3.0, RAW)["ps"][0, 0] == 0
    assert expression_window(session, 53.0, RAW)["ps"][0, -1] == 11999
    assert samples_around(53.0, (3.0, 7.0), SFREQ, 12000, "x") == (10000, 2000)
    for onset in (2.995, 53.005):  # a sample too far
        with pytest.raises(MepsError, match="x: an expression at"):
            samples_around(onset, (3.0, 7.0), SFREQ, 12000, "x")


def test_names_are_picked_in_the_order_asked_for(session):
    cut = expression_window(session, 20.0, LoadConfig(("ps",), ps_names=("ECG", "EDA")))
    assert cut["ps_names"] == ("ECG", "EDA")
    with pytest.raises(MepsError, match="no channel 'PPG'"):
        expression_window(session, 20.0, LoadConfig(("ps",), ps_names=("PPG",)))
    other = Recording(np.ones((1, 12000)), ("ACC",), ("g",), SFREQ, source="x.mat")
    with pytest.raises(MepsError, match=r"x\.mat: none of EDA.*it has ACC.*ps_names"):
        expression_window(other, 20.0, RAW)


def test_one_recording_is_cleaned_once_and_two_never_mix(session, monkeypatch):
    ran = []

    def counting(recording):
        ran.append(recording)
        return clean(recording)

    monkeypatch.setattr(signals_cut, "clean", counting)
    signals_cut._picked.cache_clear()
    config = LoadConfig(("ps",), ps_names=("ECG",))
    first = expression_window(session, 20.0, config)["ps"]
    assert expression_window(session, 30.0, config)["ps"].shape == first.shape
    assert len(ran) == 1
    # Another recording that says it came from the same file.
    twin = Recording(session.signals * 2, session.names, session.units, SFREQ, session.source)
    assert np.allclose(expression_window(twin, 20.0, config)["ps"], 2 * first, atol=1e-5)
    assert len(ran) == 2


def test_writing_into_a_trial_does_not_reach_the_kept_recording(session):
    for config in (RAW, LoadConfig(("ps",))):
        first = expression_window(session, 20.0, config)["ps"]
        kept = first.clone()
        first[:] = 0
        assert (expression_window(session, 20.0, config)["ps"] == kept).all()


def test_a_file_is_read_once_until_it_changes(tmp_path, later):
    ran = []
    later()

    def read(path, *options):
        ran.append(options)
        return path.read_text()

    path = written(tmp_path / "a.txt", "one")
    assert read_once(path, read) == read_once(path, read) == "one"
    assert ran == [()]
    read_once(path, read, ("ECG",))
    assert ran == [(), (("ECG",),)]
    assert read_once(written(path, "two"), read) == "two"  # size and time are as before
    with pytest.raises(MepsError, match=r"gone\.txt cannot be read: No such file"):
        read_once(tmp_path / "gone.txt", read)


def test_a_file_beside_it_counts_too(tmp_path, later):
    later()
    path, events = written(tmp_path / "a.cdt", "one"), written(tmp_path / "a.cdt.ceo", "101")

    def read(path):
        return events.is_file() and events.read_text()

    assert read_once(path, read, beside=[events]) == "101"
    assert read_once(path, read, beside=[written(events, "102")]) == "102"
    events.unlink()
    assert read_once(path, read) is False
    with pytest.raises(MepsError, match=r"a\.cdt\.ceo cannot be read"):
        read_once(path, read, beside=[events])


def test_a_file_too_young_to_be_believed_is_read_again(tmp_path):
    path = written(tmp_path / "a.txt", "one")  # it says that it is old
    ran = []
    read_once(path, ran.append), read_once(path, ran.append)
    assert len(ran) == 2


def test_what_is_kept_is_bounded(tmp_path, later):
    later()
    signals_cut._read_once.cache_clear()
    for k in range(10):
        read_once(written(tmp_path / f"{k}", "x"), str)
    assert signals_cut._read_once.cache_info().currsize == signals_cut._KEPT <= 4


def written(path, text):
    """A file that says it was written long ago, whenever it was."""
    time.sleep(0.02)  # its clock may tick that rarely
    path.write_text(text)
    os.utime(path, (1e9, 1e9))
    return path
