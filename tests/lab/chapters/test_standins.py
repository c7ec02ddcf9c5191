"""Stand-ins show the same course of events as the real recordings, under a notice."""

import os
import warnings

import numpy as np
import pytest

from meps_lab.chapters import standins
from meps_lab.recordings.find import NAMES
from meps_lib.errors import MepsError
from meps_lib.signals import alpha_power, clean, peaks, skin_conductance_responses, window
from meps_lib.video import align_face, motion_curve
from meps_lib.video.follow import FaceLostWarning

DATA = os.environ.get("MEPS_DATA")


@pytest.fixture
def offline(monkeypatch):
    """No recording is to be had; the names that were asked for."""
    asked = []
    monkeypatch.setattr(
        standins, "fetch_or_notice", lambda name, instead: asked.append((name, instead))
    )
    return asked


@pytest.mark.parametrize("name", standins.VIDEOS)
def test_a_standin_has_the_length_of_the_real_video(offline, name, monkeypatch):
    standin = standins.open_clip(name)
    assert name in NAMES
    assert offline == [(name, "a simulated clip")]
    assert standin.source == f"{name} (simulated)"
    assert standin.frames.dtype == np.uint8
    if DATA:
        monkeypatch.undo()
        real = standins.open_clip(name)
        assert real.source == name
        assert len(real) == len(standin)
        assert real.fps == pytest.approx(standin.fps, rel=0.15)


def test_the_face_smiles_when_the_real_one_does(offline):
    frames = standins.open_clip("face_video").frames[8:40:2]
    curve = motion_curve(frames)
    assert curve[:3].max() < 0.1 * curve[-1]  # neutral to frame 14
    assert curve[9:].min() > 0.8 * curve[-1]  # the smile is there from 26 on


def test_the_face_leaves_when_the_real_one_does(offline):
    clip = standins.open_clip("face_leaves_video")[60:80]
    with pytest.warns(FaceLostWarning, match="in frames 72-79; kept frames 60-71"):
        assert len(align_face(clip)) == 12
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        align_face(clip[:12])


def test_depth_has_holes_and_a_wall_that_jumps(offline):
    grey = standins.open_clip("rgbd_depth_video").frames[..., 0].astype(int)
    assert 0.001 < (grey == 0).mean() < 0.2
    assert grey.shape == (196, 200, 128)
    wall = np.median(grey[:, 5:60, 100:125], axis=(1, 2))
    assert np.ptp(wall) > 20
    assert np.abs(np.diff(wall)).max() > 5


def test_signals_are_no_video():
    with pytest.raises(MepsError, match="no video is called 'biosppy_ecg'; there are: face_video"):
        standins.open_clip("biosppy_ecg")


def test_the_heart_of_the_standin_can_be_read_by_hand(offline):
    """Chapter 1 counts these beats by half the maximum, and holds the count to the library's."""
    units = {"ECG": "mV", "EDA": "uS"}
    person = clean(standins.open_signals("neurokit_eventrelated", units=units))
    assert person.units == ("mV", "uS", "not stated", "not stated")
    six = window(person, 20.0, 26.0)
    x = six.channel("ECG")
    tall = (x[1:-1] > x[:-2]) & (x[1:-1] >= x[2:]) & (x[1:-1] > 0.5 * x.max())
    assert np.abs(1 + np.flatnonzero(tall) - peaks(six)).max() <= 1
    onsets = skin_conductance_responses(person)["onset"].to_numpy()
    answered = [((onsets > t + 1) & (onsets < t + 4)).any() for t in standins.PICTURE_ONSETS]
    assert answered[0] and answered[-1]


def test_closed_eyes_have_more_alpha(offline):
    closed, opened = map(standins.open_signals, ("biosppy_eeg_closed", "biosppy_eeg_open"))
    assert alpha_power(closed).item() > 1.5 * alpha_power(opened).item()
