"""Following a face: by hand, on rows of boxes, and on clips with somebody else in them."""

import warnings

import cv2
import numpy as np
import pytest

from meps_lab.recordings.find import SHIPPED
from meps_lib.errors import MepsError
from meps_lib.video.clips import read_clip
from meps_lib.video.faces import Face, find_faces, lying
from meps_lib.video.follow import FaceLostWarning, follow, tracks_of

HERE, THERE = Face((50, 50, 80, 80), None), Face((300, 50, 80, 80), None)
LARGER = Face((300, 50, 120, 120), None)
IN = {"h": [HERE], "t": [THERE], ".": [], "b": [THERE, HERE], "L": [LARGER], "B": [LARGER, HERE]}


def run_of(pattern, min_frames=3, start=0, like=None):
    """`follow` on a row of faces: h = here, t = there, b = both, L and B: there is larger."""
    first, stop, faces = follow([IN[c] for c in pattern], "demo.mp4", start, min_frames, like)
    assert len(faces) == stop - first
    return first, stop


def test_a_face_that_stays_gives_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run_of("hhhhhh") == (0, 6)


@pytest.mark.parametrize(
    ("pattern", "run", "message"),
    [
        ("hhhhh......", (0, 5), "in frames 5-10; kept frames 0-4"),
        ("hh....hhhhh", (6, 11), "no face in frames 2-5; .* 0-1; kept frames 6-10"),
        ("hhhh..hhhhh", (0, 11), "kept frames 4-5, where the detector missed the face"),
        ("hhhh...hhhhh", (0, 12), "kept frames 4-6, where the detector missed the face"),
        ("hhhh....hhhhh", (8, 13), "no face in frames 4-7; .* 0-3; kept frames 8-12"),
        (".hhh.hhhhh.", (1, 10), "no face in frames 0, 10; .*; kept frames 4,"),
        ("tthhhhhhhhh", (2, 11), "mp4: another face in frames 0-1; kept frames 2-10 .9 of 11"),
        ("..hhhhhhhtt", (2, 9), "no face in frames 0-1; another face in frames 9-10; kept"),
        ("hh....hhhhh", (6, 11), "the face beyond a gap in frames 0-1; kept"),
    ],
)
def test_what_is_left_out_or_trusted_is_named(pattern, run, message):
    with pytest.warns(FaceLostWarning, match=message):
        assert run_of(pattern) == run


def test_frames_are_numbered_as_in_the_source():
    with pytest.warns(FaceLostWarning, match="in frames 104-105"):
        run_of("hhhh..", start=100)


def test_too_few_frames_with_a_face_are_an_error():
    with pytest.raises(MepsError, match="stays for 2 frames.*frames 2-7.*at least 3"):
        run_of("hh......")
    with pytest.raises(MepsError, match="no face in any of 4 frames"):
        run_of("....")


@pytest.mark.parametrize(
    ("pattern", "run", "message"),
    [
        ("hhhhBBBBBBBBBBB", (0, 15), "two faces: kept the one at .90, 90., 80 pixels wide, in 15"),
        ("BBBBBBBBhhhh", (0, 12), "the other is at .360, 110., 120 pixels wide, in 8"),
        (
            "hhhhLLLLLLhhhh..hhhh",
            (10, 20),
            "another face .* 4-9; the face beyond a gap in frames 0-3;",
        ),
        (
            "LLLLLLLBBBhhhh",
            (0, 10),
            "another face in frames 10-13; .*two faces: kept the one at .360",
        ),
    ],
)
def test_who_is_there_most_is_followed_and_the_other_is_named(pattern, run, message):
    with pytest.warns(FaceLostWarning, match=message):
        assert run_of(pattern) == run


def test_of_two_that_are_there_all_the_time_the_larger_is_followed():
    with pytest.warns(FaceLostWarning, match="kept the one at .360, 110."):
        run_of("BBBBBBBB")


def test_one_may_say_who_is_to_be_followed():
    with pytest.warns(FaceLostWarning, match="kept the one at .90, 90."):
        run_of("BBBBBBBB", like=HERE)


def test_a_slip_of_the_detector_is_no_second_face():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run_of("hhhhBBBhhhhh") == (0, 12)


def test_a_face_that_moves_is_the_one_that_overlaps_where_it_was():
    """Two heads that pass a camera: no box of one is near where the other one was."""
    moving = [
        [Face((20 * k, 0, 80, 80), None), Face((500 - 20 * k, 300, 90, 90), None)]
        for k in range(20)
    ]
    left, right = tracks_of([faces[:: (-1) ** k] for k, faces in enumerate(moving)])
    boxes = {tuple(face.box[0] for face in track.values()) for track in (left, right)}
    assert boxes == {tuple(range(0, 400, 20)), tuple(range(500, 100, -20))}


@pytest.mark.parametrize("there", [range(8, 20), range(0, 9), range(6, 14)])
def test_a_larger_photograph_in_the_picture_does_not_take_over(there):
    """The person is in all 20 frames on the left; a larger face comes, leaves, or passes."""
    face = read_clip(SHIPPED / "face_video/single_face.mp4")[:20].frames
    found, seen = [], []
    for k, frame in enumerate(face):
        small = cv2.resize(frame[60:320, 180:410], None, fx=0.8, fy=0.8)
        scene = np.full((360, 640, 3), 120, np.uint8)
        scene[80 : 80 + len(small), 20 : 20 + small.shape[1]] = small
        if k in there:
            scene[:, 320:] = face[0][:, 130:450]
        found.append(find_faces(scene))
        seen.append(len(found[-1]))
    assert max(seen) == 2
    with pytest.warns(FaceLostWarning, match=f"two faces: .* in 20 of 20 .* in {len(there)}"):
        first, stop, faces = follow(found, "scene")
    assert (first, stop) == (0, 20) and all(face.box[0] < 200 for face in faces)


@pytest.mark.parametrize(("turn", "word"), [(1, " clockwise"), (3, "counter-clockwise")])
def test_a_face_that_lies_is_told_how_to_stand_up(turn, word):
    frames = read_clip(SHIPPED / "face_video/single_face.mp4").frames[:3]
    turned = [np.rot90(frame, turn) for frame in frames]  # counter-clockwise
    assert f"sideways: turn the pictures by 90 degrees{' ' if turn == 3 else ''}{word}" in lying(
        turned
    )
    assert lying(list(np.zeros((2, 90, 120, 3), np.uint8))) == ""
