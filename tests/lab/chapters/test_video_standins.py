"""Stand-ins show the same course of events as the real videos, under a notice."""

import os
import warnings

import numpy as np
import pytest

from meps_lab.chapters import video_standins
from meps_lab.recordings.find import NAMES
from meps_lib.errors import MepsError
from meps_lib.video import align_face, motion_curve
from meps_lib.video.faces import FaceLostWarning

DATA = os.environ.get("MEPS_DATA")


@pytest.fixture
def offline(monkeypatch):
    """No recording is to be had; the names that were asked for."""
    asked = []
    monkeypatch.setattr(
        video_standins, "fetch_or_notice", lambda name, instead: asked.append((name, instead))
    )
    return asked


@pytest.mark.parametrize("name", video_standins.STANDINS)
def test_a_standin_has_the_length_of_the_real_video(offline, name, monkeypatch):
    standin = video_standins.open_clip(name)
    assert name in NAMES
    assert offline == [(name, "a simulated clip")]
    assert standin.source == f"{name} (simulated)"
    assert standin.frames.dtype == np.uint8
    if DATA:
        monkeypatch.undo()
        real = video_standins.open_clip(name)
        assert real.source == name
        assert len(real) == len(standin)
        assert real.fps == pytest.approx(standin.fps, rel=0.15)


def test_the_face_smiles_when_the_real_one_does(offline):
    frames = video_standins.open_clip("face_video").frames[8:40:2]
    curve = motion_curve(frames)
    assert curve[:3].max() < 0.1 * curve[-1]  # neutral to frame 14
    assert curve[9:].min() > 0.8 * curve[-1]  # the smile is there from 26 on


def test_the_face_leaves_when_the_real_one_does(offline):
    clip = video_standins.open_clip("face_leaves_video")[60:80]
    with pytest.warns(FaceLostWarning, match="in frames 72-79; kept frames 60-71"):
        assert len(align_face(clip)) == 12
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        align_face(clip[:12])


def test_depth_has_holes_and_a_wall_that_jumps(offline):
    grey = video_standins.open_clip("rgbd_depth_video").frames[..., 0].astype(int)
    assert 0.001 < (grey == 0).mean() < 0.2
    assert grey.shape == (196, 200, 128)
    wall = np.median(grey[:, 5:60, 100:125], axis=(1, 2))
    assert np.ptp(wall) > 20
    assert np.abs(np.diff(wall)).max() > 5


def test_signals_are_no_video():
    with pytest.raises(MepsError, match="no video is called 'biosppy_ecg'; there are: face_video"):
        video_standins.open_clip("biosppy_ecg")
