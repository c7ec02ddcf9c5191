"""Frames one by one and their times: as they were written, whatever a container says."""

import subprocess
import sys
import warnings
import weakref

import cv2
import numpy as np
import pytest

from meps_lib.errors import MepsError
from meps_lib.video import RateWarning, Source, load, read_clip, sources
from meps_lib.video.clips import Clip
from meps_lib.video.faces import Face


class Film:
    """An OpenCV capture of grey frames with stamps (s) of one's own; it counts what it decodes."""

    def __init__(self, stamps, fps, promised=None, size=(48, 64)):
        self.stamps, self.fps, self.size = stamps, fps, size
        self.promised = len(stamps) if promised is None else promised
        self.k, self.decoded = -1, []

    def __call__(self, path):
        self.k = -1
        return self

    def isOpened(self):
        return True

    def release(self):
        pass

    def grab(self):
        self.k += 1
        return self.k < len(self.stamps)

    def retrieve(self):
        self.decoded.append(self.k)
        return True, np.full((*self.size, 3), self.k % 256, np.uint8)

    def get(self, what):
        return {
            cv2.CAP_PROP_FPS: self.fps,
            cv2.CAP_PROP_FRAME_COUNT: self.promised,
            cv2.CAP_PROP_FRAME_HEIGHT: self.size[0],
            cv2.CAP_PROP_FRAME_WIDTH: self.size[1],
            cv2.CAP_PROP_POS_MSEC: 1000 * self.stamps[min(self.k, len(self.stamps) - 1)],
        }[what]


@pytest.fixture
def film(monkeypatch, tmp_path):
    """A function that puts a `Film` in the place of the next file that is opened."""
    path = tmp_path / "film.mp4"
    path.write_bytes(b"\0\0\0\x10ftypisom\0\0\0\0")

    def put(*args, **how):
        made = Film(*args, **how)
        monkeypatch.setattr(sources.cv2, "VideoCapture", made)
        return path, made

    return put


VARYING = {
    "a phone in the dark": np.cumsum([0, *[1 / 30] * 19, *[1 / 10] * 20]),
    "frames dropped in the middle": np.delete(np.arange(40) / 30, [12, 13, 14, 15]),
    "a burst at 120": np.cumsum([0, *[1 / 24] * 9, *[1 / 120] * 30]),
    "slower and slower": np.cumsum(np.linspace(1 / 60, 1 / 15, 40)),
}


@pytest.mark.parametrize("stamps", VARYING.values(), ids=VARYING)
def test_each_frame_keeps_its_own_time_and_a_varying_rate_is_said(film, stamps):
    path, _ = film(stamps, 30.0)
    steps = np.diff(stamps)
    told = f"varies, from {1 / steps.max():.3g} to {1 / steps.min():.3g} frames a second"
    with pytest.warns(RateWarning, match=told):
        clip = read_clip(path)
    np.testing.assert_allclose(clip.times, stamps)
    assert clip.fps == pytest.approx((len(stamps) - 1) / (stamps[-1] - stamps[0]))
    np.testing.assert_allclose(clip[5:9].times, stamps[5:9])


@pytest.mark.parametrize("fps", [24.0, 30.0, 200.0])
def test_milliseconds_of_a_steady_camera_are_no_varying_rate(film, fps):
    path, _ = film(np.round(np.arange(60) / fps, 3), fps)  # as Matroska writes them
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clip = read_clip(path)
    assert clip.fps == fps and abs(clip.times - np.arange(60) / fps).max() < 0.0006


@pytest.mark.parametrize(
    ("stamps", "told"),
    [
        (np.zeros(9), "frame 1 at 0.000 s, the one before it at 0.000 s"),
        (np.r_[0:4, 3, 5:9] / 25, "frame 4 at 0.120 s, the one before it at 0.120 s"),
        (np.r_[0:6, 2, 7:9] / 25, "frame 6 at 0.080 s, the one before it at 0.200 s"),
    ],
)
def test_stamps_that_do_not_rise_are_told_and_the_rate_counts(film, stamps, told):
    path, _ = film(stamps, 25.0)
    with pytest.warns(RateWarning, match=f"no time stamps that rise: {told}.* 25 frames a second"):
        clip = read_clip(path)
    np.testing.assert_allclose(clip.times, np.arange(9) / 25)


def test_a_given_rate_overrides_stamps_without_a_word(film):
    path, _ = film(VARYING["a phone in the dark"], 30.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(read_clip(path, fps=50).times, np.arange(40) / 50)


def test_a_rate_of_the_container_that_its_stamps_contradict_is_not_kept(film):
    path, _ = film(np.arange(40) / 15, 30.0)
    assert read_clip(path).fps == pytest.approx(15)
    path, _ = film(np.arange(40) / 15, 90000.0)
    assert read_clip(path).fps == pytest.approx(15)


def test_a_count_that_is_length_times_rate_is_no_news(film):
    """77 frames of 1/30 s are as long as these 40, which reach the end; 60 reach farther."""
    stamps = VARYING["a phone in the dark"]
    for promised, n in ((78, 1), (120, 2)):
        path, _ = film(stamps, 30.0, promised)
        path.write_bytes(b"\0\0\0\x10ftypisom\0\0\0\1")
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            read_clip(path)
        assert len(told) == n


@pytest.mark.parametrize(
    ("part", "want"), [((0, 12), range(12)), ((5, 9), range(5, 9)), ((3, 31, 7), range(3, 31, 7))]
)
def test_what_is_not_asked_for_is_not_decoded(film, part, want):
    path, made = film(np.arange(500) / 30, 30.0)
    source = Source(path)
    assert [int(frame[0, 0, 0]) for frame in source.frames(*part)] == [k % 256 for k in want]
    assert made.decoded == list(want) and made.k <= want.stop
    np.testing.assert_allclose(source.times(), np.arange(part[0], part[1]) / 30)


def held(seen, frame):
    """How many of the frames that were seen, this one among them, are still in memory."""
    seen.append(weakref.ref(frame))
    return sum(ref() is not None for ref in seen)


def test_a_clip_of_any_length_is_gone_through_one_frame_at_a_time(film, monkeypatch):
    """Six hundred frames; the face is found in each, and no more than three are ever there."""
    path, made = film(np.arange(600) / 30, 30.0)
    seen = []
    assert max(held(seen, frame) for frame in Source(path).frames()) <= 2
    seen, most = [], []

    def detect(frame):
        most.append(held(seen, frame))
        return [Face((5.0, 5.0, 40.0, 40.0), None)]

    def cut(frame, matrix, size):
        most.append(held(seen, frame))
        return np.zeros((size, size, 3), np.uint8)

    monkeypatch.setattr(load, "find_faces", detect)
    monkeypatch.setattr(load, "warp", cut)
    monkeypatch.setattr(load, "spot_apex", lambda crops: 20)
    trial = load.load_trial_from_video(path, 32, n_frames=8)
    assert len(most) == 1200 and max(most) <= 3 and trial.n_frames == 8
    made.decoded.clear()
    load.load_trial_from_video(path, 32, stop=30)
    assert made.decoded == 2 * list(range(30))


def test_a_start_behind_the_end_is_refused(film):
    path, _ = film(np.arange(10) / 30, 30.0)
    with pytest.raises(MepsError, match="no frame from number 10 on"):
        list(Source(path).frames(10, 20))


def test_a_video_of_too_many_pixels_is_refused_before_a_frame_is_decoded(film):
    path, made = film(np.arange(3) / 30, 30.0, size=(9000, 9000))
    with pytest.raises(MepsError, match="81,000,000 pixels in one picture; expected at most"):
        read_clip(path)
    assert not made.decoded


@pytest.mark.parametrize("name", ["a.avi", "a.mkv", "a.mp4"])
def test_true_files_have_true_stamps(tmp_path, name):
    path = tmp_path / name
    codec = cv2.VideoWriter_fourcc(*("mp4v" if name == "a.mp4" else "MJPG"))
    writer = cv2.VideoWriter(str(path), codec, 20, (64, 48))
    for k in range(30):
        writer.write(np.full((48, 64, 3), 8 * k, np.uint8))
    writer.release()
    source = Source(path)
    shades = [frame.mean() / 8 for frame in source.frames(4, 25)]
    np.testing.assert_allclose(shades, np.arange(4, 25), atol=0.6)
    np.testing.assert_allclose(source.times(), np.arange(4, 25) / 20, atol=0.0011)
    assert (source.fps, source.count(), Source(path).rate()) == (20, 30, 20)


def test_a_clip_made_by_hand_has_the_times_of_its_rate():
    clip = Clip(np.zeros((6, 8, 8, 3), np.uint8), 20.0, "made", start=4)
    np.testing.assert_allclose(clip.times, np.arange(4, 10) / 20)
    np.testing.assert_allclose(clip[2:4].times, [0.3, 0.35])
    assert Clip(np.zeros((6, 8, 8, 3), np.uint8), None, "made").times is None


def test_the_readers_come_without_torch():
    heavy = ["torch", "pandas", "neurokit2", "mne", "sklearn", "skimage", "matplotlib"]
    code = f"import sys, meps_lib.video.sources; print([m for m in {heavy} if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout.strip() == "[]", found.stderr
