"""Alignment: the eyes land where they should, and micro motion survives."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from meps_lab.recordings.find import SHIPPED
from meps_lab.simulate import Scenario, simulate_cohort
from meps_lib.errors import MepsError
from meps_lib.video.alignment import EYES, align_face, face_transforms, warp
from meps_lib.video.clips import Clip
from meps_lib.video.faces import find_face
from meps_lib.video.flow import optical_flow
from meps_lib.video.follow import FaceLostWarning

SIZE = 96


@pytest.fixture(scope="module")
def photo():
    image = cv2.imread(str(SHIPPED / "face_video/single_face.jpg"))
    return np.ascontiguousarray(image[..., ::-1])


def still(photo, n=8, noise=4.0, shift=None):
    """A clip of a photo under sensor noise; `shift` (n, 2) moves the picture, in pixels."""
    rng = np.random.default_rng(0)
    frames = []
    for k in range(n):
        dx, dy = (0, 0) if shift is None else shift[k]
        move = np.float64([[1, 0, dx], [0, 1, dy]])
        frame = cv2.warpAffine(photo, move, photo.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
        frames.append(np.clip(frame + rng.normal(0, noise, frame.shape), 0, 255))
    return Clip(np.stack(frames).astype(np.uint8), 30.0, "still.avi")


def motion(a, b):
    return np.hypot(*optical_flow(a, b, "dis")).mean()


def test_the_eyes_land_in_their_places(photo):
    turn = cv2.getRotationMatrix2D((280, 280), 12, 0.9)
    tilted = cv2.warpAffine(photo, turn, photo.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    crop = align_face(still(tilted, n=3), 256, min_frames=1).frames[0]
    found = find_face(np.pad(crop, ((40, 40), (40, 40), (0, 0)), mode="edge"))
    assert np.allclose(np.array(found.eyes) - 40, np.array(EYES) * 256, atol=8)


def test_simulated_faces_have_the_same_frame():
    dials = Scenario(size=192, n_frames=3)
    cohort = simulate_cohort(6, 2, ("happiness", "surprise"), scenario=dials)
    frames = [(255 * cohort[k].colour[0]).byte().permute(1, 2, 0).numpy() for k in range(0, 12, 2)]
    eyes = np.mean([find_face(f).eyes for f in frames], axis=0) / 192
    assert np.allclose(eyes, EYES, atol=0.03)


def test_the_matrix_is_the_similarity_that_opencv_finds(photo):
    clip = still(photo, n=2)
    eyes = np.median([find_face(f).eyes for f in clip.frames], axis=0)
    _, matrices = face_transforms(clip, SIZE, min_frames=1)
    judge, _ = cv2.estimateAffinePartial2D(eyes, np.array(EYES) * SIZE - 0.5)
    assert matrices.shape == (2, 2, 3)
    assert np.allclose(matrices[0], judge, atol=1e-3)
    assert np.array_equal(matrices[0], matrices[1])  # one transform for all frames


def test_aligning_frame_by_frame_makes_motion_where_none_is(photo):
    clip = still(photo)
    once = align_face(clip, SIZE).frames
    each = [align_face(clip[k : k + 1], SIZE, min_frames=1).frames[0] for k in range(len(clip))]
    moved_once = max(motion(once[0], f) for f in once[1:])
    moved_each = max(motion(each[0], f) for f in each[1:])
    assert moved_once < 0.12  # pixels of a 96-pixel crop: the noise
    assert moved_each > 3 * moved_once


def test_a_motion_of_the_mouth_survives_with_its_length(photo):
    clip = still(photo, n=3, noise=0)
    (x0, y0), (x1, _) = find_face(photo).eyes
    mouth = ((x0 + x1) / 2, y0 + 1.15 * (x1 - x0))
    y, x = np.mgrid[: photo.shape[0], : photo.shape[1]].astype(np.float32)
    bump = np.exp(-((x - mouth[0]) ** 2 + (y - mouth[1]) ** 2) / (2 * 40.0**2))
    clip.frames[2] = cv2.remap(photo, x - 3 * bump, y, cv2.INTER_CUBIC)  # 3 pixels to the right
    aligned = align_face(clip, 256, min_frames=1).frames
    _, matrices = face_transforms(clip, 256, min_frames=1)
    scale = np.sqrt(np.linalg.det(matrices[0][:, :2]))
    at = np.rint(matrices[0] @ (*mouth, 1)).astype(int)
    flow = optical_flow(aligned[0], aligned[2], "tvl1")
    u, v = flow[:, at[1] - 3 : at[1] + 4, at[0]].mean(axis=1)
    assert u == pytest.approx(3 * scale, rel=0.15)
    assert abs(v) < 0.15


def test_smoothing_follows_a_slow_drift_and_keeps_a_fast_jerk(photo):
    n = 20
    slow = np.linspace(0, 18, n)
    jerk = 3.0 * (np.arange(n) == 10)
    clip = still(photo, n, noise=0, shift=np.stack([slow, jerk], axis=1))
    kept, moving = face_transforms(clip, SIZE, smooth=0.3)
    smooth = [warp(f, m, SIZE) for f, m in zip(kept.frames, moving, strict=True)]
    fixed = [warp(f, moving[n // 2], SIZE) for f in kept.frames]
    assert motion(smooth[4], smooth[15]) < 0.5 * motion(fixed[4], fixed[15])
    scale = np.sqrt(np.linalg.det(moving[0][:, :2]))
    v = np.median(optical_flow(smooth[9], smooth[10], "dis")[1])
    assert v == pytest.approx(3 * scale, rel=0.25)


def test_smoothing_needs_a_rate(photo):
    with pytest.raises(MepsError, match="needs the frame rate"):
        align_face(replace(still(photo, n=2), fps=None), SIZE, smooth=0.5, min_frames=1)


def test_a_face_without_eyes_is_aligned_by_its_box_under_a_warning(photo, monkeypatch):
    monkeypatch.setattr("meps_lib.video.faces._find_eyes", lambda *_: None)
    with pytest.warns(FaceLostWarning, match="not its two eyes"):
        crop = align_face(still(photo, n=3), 256, min_frames=1).frames[0]
    monkeypatch.undo()
    found = find_face(np.pad(crop, ((40, 40), (40, 40), (0, 0)), mode="edge"))
    assert np.allclose(np.array(found.eyes) - 40, np.array(EYES) * 256, atol=20)


def test_a_crop_does_not_alias():
    """Stripes finer than the crop's pixels become grey, not coarser stripes."""
    stripes = np.repeat((255 * (np.arange(240) % 2)).astype(np.uint8)[None], 240, 0)
    shrink = np.array([[0.31, 0, 0], [0, 0.31, 0]])
    inside = warp(stripes, shrink, 64)[2:-2, 2:-2]
    plain = cv2.warpAffine(stripes, shrink, (64, 64))[2:-2, 2:-2]
    assert inside.std() < plain.std() / 4
    assert abs(inside.mean() - 127.5) < 2


def test_a_useless_size_is_refused(photo):
    with pytest.raises(MepsError, match="size=31"):
        align_face(still(photo), 31)


@pytest.mark.parametrize("smooth", [0, -0.5, float("nan"), float("inf")])
def test_a_useless_smoothing_is_refused(photo, smooth):
    with pytest.raises(MepsError, match="smooth=.*expected seconds above 0"):
        align_face(still(photo, n=2), SIZE, smooth=smooth, min_frames=1)


@pytest.mark.parametrize("size", [64.0, "64"])
def test_a_size_is_a_whole_number(photo, size):
    with pytest.raises(MepsError, match="expected whole numbers"):
        align_face(still(photo, n=2), size)
