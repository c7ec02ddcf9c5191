"""Alignment and loading where the eyes are known: no detector, no recordings, all by hand."""

import cv2
import numpy as np
import pytest
from scipy.stats import norm

from meps_lib.video import load
from meps_lib.video.alignment import EYES, face_transforms, similarity, warp
from meps_lib.video.clips import Clip
from meps_lib.video.faces import Face
from meps_lib.video.follow import FaceLostWarning
from meps_lib.video.load import load_trial_from_video

SIZE = 32
BOX = (20.0, 20.0, 60.0, 60.0)


@pytest.fixture
def detector(monkeypatch):
    """A function that says what the detector will find, frame by frame: eyes, "box" or None."""

    def say(found):
        kinds = {"box": Face(BOX, None), "none": None}
        faces = iter([kinds[f] if isinstance(f, str) else Face(BOX, f) for f in found])
        for name in ("alignment", "load"):
            found = lambda frame: [face] if (face := next(faces)) else []  # noqa: E731
            monkeypatch.setattr(f"meps_lib.video.{name}.find_faces", found)

    return say


def pair(x, y, tilt=0.0):
    return ((x, y), (x + 24.0, y + tilt))


def clip(n, fps=10.0):
    return Clip(np.zeros((n, 96, 96, 3), np.uint8), fps, "made.avi")


def first_eyes(matrices):
    """Where in the recording the crop's first eye was taken from, for each frame: (T, 2)."""
    there = np.array([*(np.array(EYES[0]) * SIZE - 0.5), 1.0])
    return np.array([cv2.invertAffineTransform(m) @ there for m in matrices])


def test_one_transform_takes_the_median_of_the_eyes_to_their_places(detector):
    """One frame of five, the first, is far off: a mean would follow it, a median does not."""
    found = [pair(60, 60, 0), *(pair(30 + dx, 40 - dx, 7) for dx in (-1, 0, 0, 1))]
    detector(found)
    _, matrices = face_transforms(clip(5), SIZE, min_frames=1)
    assert np.ptp(matrices, axis=0).max() == 0
    ends = matrices[0] @ np.array([[30, 40, 1], [54, 47, 1.0]]).T
    np.testing.assert_allclose(ends.T, np.array(EYES) * SIZE - 0.5, atol=1e-9)
    turn = matrices[0][:, :2]
    np.testing.assert_allclose(turn @ turn.T, np.linalg.det(turn) * np.eye(2), atol=1e-12)


def test_a_face_in_the_mirror_gives_the_crop_in_the_mirror():
    """Pixels are squares and their places the centres: side W mirrors x to W - 1 - x."""
    eyes = np.array([[30.0, 40.0], [54.0, 43.0]])
    mirrored = np.array([[95 - x, y] for x, y in eyes[::-1]])
    point = np.array([41.0, 66.0, 1.0])
    u, v = similarity(eyes, SIZE) @ point
    u_too, v_too = similarity(mirrored, SIZE) @ (95 - point[0], *point[1:])
    assert u_too == pytest.approx(SIZE - 1 - u) and v_too == pytest.approx(v)


@pytest.mark.parametrize("k", [2, 3, 4])
def test_a_crop_a_kth_as_large_is_the_mean_of_blocks(k):
    image = np.random.default_rng(0).integers(0, 256, (SIZE * k, SIZE * k)).astype(np.float32)
    shift = (1 / k - 1) / 2  # the centre of a block of k pixels is between them
    crop = warp(image, np.array([[1 / k, 0, shift], [0, 1 / k, shift]]), SIZE)
    blocks = image.reshape(SIZE, k, SIZE, k).mean(axis=(1, 3))
    np.testing.assert_allclose(crop, blocks, atol=0.5)


def test_smoothing_is_in_seconds(detector):
    """A head that jumps: smoothed by a Gaussian of 0.5 s, at 10 frames a second 5 frames."""
    detector([pair(30.0 + 8 * (t >= 30), 40.0) for t in range(60)])
    _, matrices = face_transforms(clip(60), SIZE, smooth=0.5)
    x, y = first_eyes(matrices).T
    np.testing.assert_allclose(x, 30 + 8 * norm.cdf((np.arange(60) - 29.5) / 5), atol=0.05)
    np.testing.assert_allclose(y, 40, atol=1e-9)


def test_eyes_that_were_not_seen_lie_between_those_that_were(detector):
    """A face of steady motion whose eyes the detector misses in frames 6 to 9."""
    detector(["box" if 6 <= t < 10 else pair(20.0 + t, 40.0) for t in range(20)])
    _, matrices = face_transforms(clip(20), SIZE, smooth=0.1)
    x, _ = first_eyes(matrices).T
    np.testing.assert_allclose(x[4:-4], 24.0 + np.arange(12), atol=0.05)


def write_folder(folder, pictures):
    folder.mkdir()
    for k, picture in enumerate(pictures):
        cv2.imwrite(str(folder / f"{k}.png"), picture)
    return folder


def test_a_trial_has_the_frames_depth_and_times_of_its_own_clip(detector, monkeypatch, tmp_path):
    """Sixteen frames; the first three are cut off, two more show no face, eleven are left."""
    n, drift = 16, np.arange(16)
    colour = np.zeros((n, 96, 96, 3), np.uint8)
    colour[..., 2] = 10 * drift[:, None, None]  # OpenCV writes blue first: red tells the frame
    depth = np.full((n, 96, 96), 3000, np.uint16)  # a wall, which is not the face
    for t in drift:  # a face that moves a pixel a frame, and is farther each time
        depth[t, 10:90, 15 + t : 75 + t] = 800 + t
        depth[t, 10:90, 45 + t : 75 + t] = 900 + t
    seen = [pair(20.0 + t, 40.0) for t in drift]
    detector(["none", "none", *seen[5:]])
    monkeypatch.setattr(load, "spot_apex", lambda crops: 5)  # of the eleven
    with pytest.warns(FaceLostWarning, match="in frames 3-4; kept frames 5-15"):
        paths = [write_folder(tmp_path / n, x) for n, x in (("colour", colour), ("depth", depth))]
        how = {"fps": 30.0, "start": 3, "smooth": 0.05, "depth": paths[1]}
        trial = load_trial_from_video(paths[0], SIZE, 4, **how)
    # Evenly 0, 3, 7, 10; the apex takes the place of the nearest, which is the second.
    frames = [5, 10, 12, 15]
    red = (255 * trial.colour[:, 0]).round()
    assert red.flatten(1).amax(dim=1).tolist() == [10 * t for t in frames]
    assert trial.apex == 1
    assert trial.start == pytest.approx(5 / 30)
    assert trial.fps == pytest.approx(3 / (10 / 30))
    for t, crop in zip(frames, trial.depth, strict=True):  # each its own, and the wall is gone
        near = crop[~crop.isnan()].round(decimals=2)
        between = (near > 800 + t) & (near < 900 + t)  # the pixels on the edge in the middle
        assert near.min() == 800 + t and near.max() == 900 + t and between.float().mean() < 0.06
    # The edge in the middle of the face stands where it stood, since the crop goes with the face.
    edges = (trial.depth[:, 0, SIZE // 2] > 850).int().argmax(dim=1)
    assert np.ptp(edges.numpy()) <= 1  # in one frame's crop it would go 4 pixels
