"""Finding faces on the real recordings."""

import numpy as np
import pytest

from meps_lab.recordings.find import SHIPPED
from meps_lib.errors import MepsError
from meps_lib.video.clips import read_clip
from meps_lib.video.faces import Face, find_face


@pytest.fixture(scope="module")
def clip():
    return read_clip(SHIPPED / "face_video/single_face.mp4")


def test_the_eyes_of_the_first_frame_are_where_a_person_sees_them(clip):
    face = find_face(clip.frames[0])
    assert np.allclose(face.eyes, [(258, 170), (330, 166)], atol=8)  # read off the picture
    x, y, w, h = face.box
    assert x < 258 < 330 < x + w
    assert y < 168 < 250 < y + h  # the mouth is at 250


def test_the_face_is_found_at_every_scale(clip):
    small = np.ascontiguousarray(clip.frames[0][::2, ::2])
    assert np.allclose(2 * np.array(find_face(small).eyes), find_face(clip.frames[0]).eyes, atol=6)


def test_both_eyes_are_found_in_nearly_every_frame(clip):
    faces = [find_face(f) for f in clip.frames[::6]]
    assert all(faces)
    assert sum(face.eyes is not None for face in faces) >= len(faces) - 1


def test_of_two_faces_the_larger_is_taken(clip):
    far = np.full((360, 320, 3), 128, np.uint8)
    far[100:280] = clip.frames[0][::2, ::2]
    for image, offset in ((np.hstack([far, clip.frames[0]]), 320), (clip.frames[0], 0)):
        eyes = np.array(find_face(image).eyes) - (offset, 0)
        assert np.allclose(eyes, [(258, 170), (330, 166)], atol=10)


def test_of_several_pairs_of_eyes_the_level_one_is_taken(monkeypatch):
    boxes = {"frontalface_alt2": [(0, 0, 240, 240)]}  # the eyes' own picture is 200 wide
    boxes["eye_tree_eyeglasses"] = [(45, 60, 30, 30), (125, 62, 30, 30), (120, 40, 30, 30)]

    class Cascade:
        def __init__(self, name):
            self.found = np.array(boxes[name])

        def detectMultiScale(self, *_, **__):
            return self.found

    monkeypatch.setattr("meps_lib.video.faces._cascade", Cascade)
    eyes = find_face(np.zeros((240, 240, 3), np.uint8)).eyes
    assert np.allclose(eyes, [(72, 90), (168, 92.4)])


def test_no_face_where_there_is_none():
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    assert find_face(noise) is None


@pytest.mark.parametrize("image", [np.zeros((9, 9)), np.zeros((9, 9, 3))], ids=["grey", "float"])
def test_an_image_of_another_kind_is_refused(image):
    with pytest.raises(MepsError, match=r"\(H, W, 3\) uint8"):
        find_face(image)


def test_the_largest_box_is_the_face_wherever_it_is_listed(monkeypatch):
    class Cascade:
        def __init__(self, name):
            boxes = [(5, 5, 50, 50), (60, 70, 120, 120), (190, 5, 45, 45)]
            self.found = np.array(boxes if name == "frontalface_alt2" else [])

        def detectMultiScale(self, *_, **__):
            return self.found

    monkeypatch.setattr("meps_lib.video.faces._cascade", Cascade)
    face = find_face(np.zeros((480, 480, 3), np.uint8))  # boxes are those of half the size
    assert face == Face((120.0, 140.0, 240.0, 240.0), None)
