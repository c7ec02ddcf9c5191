"""Crops: scikit-image's resize and where a real face's eyes land."""

from pathlib import Path

import numpy as np
import pytest
from skimage.transform import resize
from skimage.transform import warp as sk_warp

from meps_lab.datasets.readers.crops import (
    LOOKED_AT,
    each_picture,
    face_crop,
    spread,
    whole_picture,
)
from meps_lab.recordings.find import fetch
from meps_lib.errors import MepsError
from meps_lib.video.alignment import EYES, face_transforms, warp
from meps_lib.video.clips import Clip, read_clip
from meps_lib.video.faces import find_face
from meps_lib.video.follow import FaceLostWarning


def gradient(height, width):
    y, x = np.mgrid[:height, :width]
    waves = 0.5 + 0.25 * np.sin(x * 9 / width) + 0.2 * np.cos(y * 7 / height)
    return waves.astype(np.float32)


@pytest.mark.parametrize("shape", [(64, 64), (90, 160), (360, 640), (480, 360), (40, 50)])
def test_the_whole_picture_is_squeezed_as_scikit_image_does(shape):
    picture = gradient(*shape)
    got = warp(picture, whole_picture(*shape, 64), 64)
    want = resize(picture, (64, 64), order=1, anti_aliasing=False, mode="edge")
    assert abs(got - want).max() < 0.01
    # Half a pixel aside is seen.
    shifted = whole_picture(*shape, 64)
    shifted[0, 2] += 0.5
    assert abs(warp(picture, shifted, 64) - want).max() > 0.01


def test_a_picture_of_the_size_of_the_crop_is_not_touched():
    picture = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    assert (warp(picture, whole_picture(64, 64, 64), 64) == picture).all()


def test_frames_looked_at_are_spread_over_the_clip():
    paths = [Path(f"{k}.jpg") for k in range(200)]
    some = spread(paths)
    assert (some[0], some[-1], len(some)) == (paths[0], paths[-1], LOOKED_AT)
    assert spread(paths[:3]) == paths[:3]


@pytest.fixture(scope="module")
def face():
    return read_clip(fetch("face_video")).frames


def names(n):
    return [Path(f"clip/{k}.jpg") for k in range(n)]


def test_the_eyes_of_a_real_face_land_in_their_places(face):
    frames = face[::9]
    matrix = face_crop(frames, names(len(frames)), 128)
    eyes = [f.eyes for f in (find_face(warp(frame, matrix, 128)) for frame in frames) if f]
    eyes = np.median([pair for pair in eyes if pair], axis=0)
    assert abs(eyes - np.array(EYES) * 128).max() < 4
    # scikit-image puts the same pixels there.
    full = np.vstack([matrix, [0, 0, 1]])
    want = sk_warp(gradient(360, 640), np.linalg.inv(full), output_shape=(128, 128), order=1)
    got = warp(gradient(360, 640), matrix, 128)
    assert abs(got - want)[2:-2, 2:-2].max() < 0.02


def test_nine_frames_place_the_face_as_all_of_them_do(face):
    clip = Clip(face[:36], 30.0, "clip")
    _, matrices = face_transforms(clip, 128)
    paths = names(36)
    looked = spread(paths)
    matrix = face_crop([face[paths.index(p)] for p in looked], looked, 128)
    corners = np.array([[x, y, 1] for x in (230, 350) for y in (90, 250)]).T
    assert abs(matrix @ corners - matrices[0] @ corners).max() < 1.5  # pixels of the crop


def test_frames_without_a_face_are_named_and_none_is_an_error(face):
    wall = np.full_like(face[0], 90)
    with pytest.warns(FaceLostWarning, match=r"clip: no face found in 1\.jpg, of 3 frames"):
        matrix = face_crop([face[0], wall, face[9]], names(3), 128)
    assert np.allclose(matrix, face_crop([face[0], face[9]], names(2), 128))
    with pytest.raises(MepsError, match=r"clip: no face in any of 2 frames .*crop='frame'"):
        face_crop([wall, wall], names(2), 128)


def test_pictures_of_another_size_are_named():
    sizes = {"0.jpg": (4, 6), "1.jpg": (4, 6), "2.jpg": (6, 4)}
    paths = [Path(name) for name in sizes]
    read = each_picture(paths, lambda path: np.zeros(sizes[path.name]), 4, 6)
    assert next(read).shape == (4, 6)
    with pytest.raises(MepsError, match=r"2\.jpg: 4 x 6 pixels, .* first frame has 6 x 4"):
        list(read)
