"""A photo on a simulated head: it looks like the photo, and moves as the truth says."""

import pickle

import cv2
import numpy as np
import pytest
import torch

from meps_lab.recordings.find import fetch
from meps_lab.simulate.face.clip import FaceClip
from meps_lab.simulate.face.identity import Identity
from meps_lab.simulate.face.texture import Texture, texture_from_photo
from meps_lib.errors import MepsError
from meps_lib.video.alignment import align_face
from meps_lib.video.clips import Clip

WHO = Identity()


def grey(frame):
    rgb = (frame.permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)


def simulated_photo(who=WHO, size=192):
    colour, _ = FaceClip(who, (12,), np.zeros((1, 1)), size=size).render()
    return (colour[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)


@pytest.fixture(scope="module")
def photo():
    path = fetch("face_video")
    video = cv2.VideoCapture(str(path))
    frames = [cv2.cvtColor(video.read()[1], cv2.COLOR_BGR2RGB) for _ in range(8)]
    return align_face(Clip(np.stack(frames), 30.0, path), size=192).frames[0]


def test_a_picture_of_a_simulated_face_gives_that_face_back():
    picture = simulated_photo()
    texture = texture_from_photo(picture)
    assert texture.mouth_y == pytest.approx(WHO.mouth_y, abs=3.0)
    (again,), _ = FaceClip(WHO, (12,), np.zeros((1, 1)), size=96, texture=texture).render()
    small = cv2.resize(picture, (96, 96), interpolation=cv2.INTER_AREA) / 255.0
    error = np.abs(again.permute(1, 2, 0).numpy() - small)[20:88, 20:76]
    assert error.mean() < 0.03


def test_a_photo_stays_itself_and_is_lit_by_the_lamp(photo):
    texture = texture_from_photo(photo)
    clip = FaceClip(WHO, (12,), np.zeros((2, 1)), size=96, texture=texture, gain=np.array([1, 0.5]))
    (plain, dim), depth = clip.render()
    small = cv2.resize(photo, (96, 96), interpolation=cv2.INTER_AREA) / 255.0
    face = np.s_[24:60, 30:66]  # brows to cheeks, where next to nothing is moved
    alike = np.corrcoef(grey(plain)[face].ravel(), (small.mean(2))[face].ravel())[0, 1]
    assert alike > 0.9
    bright = plain < 0.9
    ratio = (dim / plain)[bright & (plain > 0.1)]
    assert ratio.median() == pytest.approx(0.5 ** (1 / 2.2), abs=0.01)
    own = FaceClip(WHO, (12,), np.zeros((2, 1)), size=96).render()[1]
    inside = np.s_[..., 40:70, 38:58]
    assert (depth - own)[inside].abs().max() < 8  # the form is the head's, not the photo's


def test_the_true_flow_holds_for_a_photo(photo):
    texture = texture_from_photo(photo)
    rows = np.array([[0.0, 0.0], [0.45, 0.45]])
    clip = FaceClip(WHO, (1, 4), rows, size=128, texture=texture)
    (a, b), _ = clip.render()
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    dis.setFinestScale(0)
    true, found = clip.flow(0, 1).numpy(), dis.calc(grey(a), grey(b), None).transpose(2, 0, 1)
    moving = np.hypot(*true) > 0.5
    assert moving.sum() > 200
    assert np.hypot(*(found - true))[moving].mean() < 0.5 * np.hypot(*true)[moving].mean()


def test_a_texture_pickles_with_its_clip():
    texture = texture_from_photo(simulated_photo(size=64))
    clip = FaceClip(WHO, (12,), np.ones((1, 1)), size=32, texture=texture)
    again = pickle.loads(pickle.dumps(clip))
    assert torch.equal(clip.render()[0], again.render()[0])


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((64, 48, 3), np.uint8),
        np.zeros((64, 64), np.uint8),
        np.zeros((64, 64, 3)),
        np.zeros((16, 16, 3), np.uint8),
        "photo.png",
        None,
        [[1], [1, 2]],
    ],
)
def test_what_is_no_photo_is_refused(wrong):
    with pytest.raises(MepsError, match="photo must be"):
        texture_from_photo(wrong)


@pytest.mark.parametrize("mouth", [0.2, 0.96, np.nan, "a", WHO, True])
def test_a_mouth_that_is_not_below_the_eyes_is_refused(mouth):
    with pytest.raises(MepsError, match="mouth=.* expected a number, 0.5 to 0.95 of the height"):
        texture_from_photo(np.zeros((64, 64, 3), np.uint8), mouth=mouth)


GREY = np.full((64, 64, 3), 128, np.uint8)


@pytest.mark.parametrize(
    ("rgb", "mouth_y", "says"),
    [
        (GREY / 255.0, 37.0, "rgb must be.*float64"),
        (GREY[..., 0], 37.0, r"rgb must be.*\(64, 64\)"),
        (None, 37.0, "rgb must be.*NoneType"),
        (GREY, np.nan, "mouth_y=nan; .* mm, below the eyes"),
        (GREY, -40.0, "mouth_y=-40"),
        (GREY, "37", "mouth_y='37'"),
    ],
)
def test_a_texture_made_by_hand_is_checked(rgb, mouth_y, says):
    assert Texture(GREY, 37).mouth_y == 37.0
    with pytest.raises(MepsError, match=says):
        Texture(rgb, mouth_y)


def test_a_texture_does_not_change_with_the_photo_it_was_made_from():
    photo = GREY.copy()
    by_hand, by_name = Texture(photo, 37.0), texture_from_photo(photo, mouth=0.7)
    photo[:] = 0
    assert (by_hand.rgb == 128).all() and (by_name.rgb == 128).all()
