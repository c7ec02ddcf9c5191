"""The EEG through MNE: against the samples that were written."""

import logging
import warnings

import numpy as np
import pytest

from meps_lab.datasets.readers.curry_eeg import beside, eeg_window, header_of, read_curry
from meps_lab.simulate.body.brain import MONTAGE_62
from meps_lab.simulate.layouts.curry import write_curry
from meps_lab.simulate.layouts.mmme_signals import EEG_NAMES, OTHER_NAMES
from meps_lib.errors import MepsError
from meps_lib.trial import Trial

N = 4000
EVENTS = [(500, 101), (1500, 148)]


@pytest.fixture
def session(tmp_path):
    """Path, and the samples in uV."""
    eeg = np.random.default_rng(0).normal(0, 20, (64, N))
    others = np.random.default_rng(1).normal(0, 20, (5, N))
    others[4] = 0
    for sample, code in EVENTS:
        others[4, sample : sample + 100] = code
    path = tmp_path / "sub01.cdt"
    write_curry(path, eeg, EEG_NAMES, 1000.0, others=others, other_names=OTHER_NAMES, events=EVENTS)
    return path, eeg


def test_the_window_holds_the_samples_that_were_written(session):
    path, wanted = session
    opened = read_curry(path)
    assert not opened.raw.preload
    assert opened.events == tuple(EVENTS)
    cut = eeg_window(opened, 2.0004, (0.5, 1.0), path)
    assert cut["eeg_names"] == tuple(MONTAGE_62) and cut["eeg_units"] == ("uV",) * 62
    assert np.allclose(cut["eeg"], wanted[:62, 1500:3000], atol=1e-4)
    assert cut["eeg_sfreq"] == 1000.0 and cut["eeg_start"] == pytest.approx(-0.5004)
    assert Trial(label="a", subject="1", clip="c", **cut).modalities == ("eeg",)


def test_without_a_list_of_events_the_trigger_channel_tells(session):
    path, _ = session
    path.with_name("sub01.cdt.ceo").unlink()
    assert read_curry(path).events == tuple(EVENTS)


def test_neither_events_nor_a_trigger(tmp_path):
    path = tmp_path / "a.cdt"
    write_curry(path, np.zeros((2, 900)), ("Fz", "Cz"), 1000.0)
    path.with_name("a.cdt.ceo").unlink()
    with pytest.raises(MepsError, match=r"a\.cdt: neither events .* it has Fz, Cz"):
        read_curry(path)


def test_no_channel_on_the_scalp(tmp_path):
    path = tmp_path / "a.cdt"
    write_curry(path, np.zeros((2, 900)), ("M1", "M2"), 1000.0, events=[(5, 101)])
    with pytest.raises(MepsError, match=r"no channel on the scalp; it has M1, M2"):
        read_curry(path)


def test_a_window_that_leaves_the_recording(session):
    opened = read_curry(session[0])
    for onset, hint in ((0.4, "shorter window"), (3.5, "shorter window"), (5.0, "than the clip")):
        with pytest.raises(MepsError, match=f"sub01.cdt: an expression at {onset:.3f} s.*{hint}"):
            eeg_window(opened, onset, (0.5, 1.0), session[0])
    assert eeg_window(opened, 3.0, (3.0, 1.0), session[0])["eeg"].shape == (62, N)


def test_a_sample_that_is_not_finite(session):
    path, _ = session
    samples = np.fromfile(path, "<f4").reshape(N, 69)
    samples[2000, 9] = np.nan
    samples.tofile(path)
    opened = read_curry(path)
    with pytest.raises(MepsError, match=r"sub01\.cdt: channel Fz, sample 2000 is nan"):
        eeg_window(opened, 2.0, (0.5, 1.0), path)
    assert eeg_window(opened, 1.0, (0.5, 1.0), path)["eeg"].isfinite().all()


def test_files_that_are_missing_short_or_something_else(session):
    path, _ = session
    whole = path.read_bytes()
    for n in (0, 1, 69 * 4 * 100, len(whole) - 4):
        path.write_bytes(whole[:n])
        with pytest.raises(MepsError, match=r"sub01\.cdt cannot be read by MNE"):
            read_curry(path)
    path.write_bytes(whole)
    header = path.with_name("sub01.cdt.dpa")
    assert header_of(path) == header
    text = header.read_text()
    for spoilt in ("", "not a header", text[:300], text.replace("NumSamples", "Sample")):
        header.write_text(spoilt)
        with pytest.raises(MepsError, match=r"sub01\.cdt cannot be read by MNE"):
            read_curry(path)
    header.unlink()
    assert header_of(path) is None
    with pytest.raises(MepsError, match=r"sub01\.cdt: no sub01\.cdt\.dpa beside it"):
        read_curry(path)


def test_files_in_capitals_are_found_and_refused_with_what_to_do(session):
    path, _ = session
    for file in (path, *beside(path)):
        file.rename(file.with_name(file.name.upper()))
    shouted = path.with_name("SUB01.CDT")
    assert [p.name for p in beside(shouted)] == ["SUB01.CDT.CEO", "SUB01.CDT.DPA"]
    assert header_of(shouted).name == "SUB01.CDT.DPA"
    with pytest.raises(MepsError, match=r"SUB01\.CDT and .* only with small letters.*rename"):
        read_curry(shouted)


def test_mne_keeps_quiet_and_logging_is_as_it_was(session, capfd):
    logging.disable(logging.NOTSET)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        eeg_window(read_curry(session[0]), 2.0, (0.5, 1.0), session[0])
    assert capfd.readouterr() == ("", "")
    assert logging.root.manager.disable == logging.NOTSET
