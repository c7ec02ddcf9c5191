"""A long clip of one's own: searched, its strongest second used, and little of it in memory."""

import cv2
import numpy as np
import pytest

from meps_lab.cli import search as searching
from meps_lab.cli.main import main
from meps_lab.cli.search import search
from meps_lab.recordings.find import SHIPPED
from meps_lib.errors import MepsError
from meps_lib.video import FaceLostWarning, read_clip


@pytest.fixture(scope="module")
def photo():
    frame = read_clip(SHIPPED / "face_video/single_face.mp4").frames[0]
    return np.ascontiguousarray(frame[40:340, 150:450])


def film(path, photo, n, moves, fps=30, lasts=False):
    """A still face whose mouth is pulled by 4 pixels for a third of a second around `moves` (s)."""
    h, w = photo.shape[:2]
    y, x = np.mgrid[:h, :w].astype(np.float32)
    mouth = np.exp(-(((x - 0.46 * w) / (0.15 * w)) ** 2 + ((y - 0.7 * h) / (0.08 * h)) ** 2) / 2)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), fps, (w, h))
    for k in range(n):
        pull = sum(4 * np.exp(-0.5 * ((k / fps - t) / 0.07) ** 2) for t in moves)
        if lasts:
            pull += 4 / (1 + np.exp(-30 * (k / fps - 0.8)))
        where = y + (pull * mouth).astype(np.float32)
        frame = cv2.remap(photo, x, where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        writer.write(frame[..., ::-1].copy())
    writer.release()
    return path


@pytest.mark.parametrize(("fps", "at"), [(30, 2.4), (60, 1.2), (25, 3.1)])
def test_the_strongest_candidate_is_where_the_face_moved(tmp_path, photo, fps, at):
    path = film(tmp_path / "a.mp4", photo, 4 * fps, [at], fps)
    found = search(path)
    assert found.times[found.peaks[0]] == pytest.approx(at, abs=0.07)
    (first, stop), face = found.strongest
    assert first / fps <= at - 0.4 and at + 0.4 <= stop / fps and stop - first <= fps + 1
    told = found.told(path)
    assert f"--start {first} --stop {stop}" in told and "█" in told
    found.drawn().savefig(tmp_path / "curve.png")
    assert (tmp_path / "curve.png").stat().st_size > 3000
    assert face.box[0] + face.box[2] / 2 == pytest.approx(0.47 * photo.shape[1], abs=30)


def test_what_does_not_go_back_is_weaker_than_what_does(tmp_path, photo):
    found = search(film(tmp_path / "a.mp4", photo, 110, [2.6], lasts=True))
    assert found.times[found.peaks[0]] == pytest.approx(2.6, abs=0.07)


def test_candidates_are_told_apart_by_time_and_not_by_frames(tmp_path, photo, stamped):
    """A file that says 30 frames a second and has one each tenth of a second."""
    path = film(tmp_path / "a.mp4", photo, 60, [0.5, 1.0, 1.5])

    stamped(lambda ms: 3 * ms)
    found = search(path)
    at = found.times[found.peaks]
    assert np.sort(at[:3]) == pytest.approx([1.5, 3.0, 4.5], abs=0.11)
    assert np.diff(np.sort(at)).min() >= 1


def test_errors_name_the_options_of_the_command(tmp_path, photo, capsys):
    (clip := tmp_path / "clip-fps=30").mkdir()
    for k in range(9):
        cv2.imwrite(str(clip / f"{k}.png"), photo)
    for options, told in (
        ([], "has no frame rate; pass --fps\n"),
        (["--fps", "0.5"], "implausible; expected 1 to 1000 Hz; pass --fps with the rate"),
        (["--fps", "30", "--start", "5", "--stop", "5"], ": --start 5, --stop 5; expected"),
    ):
        picture = ["--picture", str(tmp_path / "x.png")]
        assert main(["predict", str(clip), *options, *picture]) == 2
        said = capsys.readouterr().err
        assert told in said and f"{clip}: " in said


def test_a_part_is_searched_by_the_frames_of_the_whole(tmp_path, photo):
    path = film(tmp_path / "a.mp4", photo, 120, [1.0, 3.0])
    found = search(path, start=60, stop=120)
    assert found.times[found.peaks[0]] == pytest.approx(3.0, abs=0.07)
    first, stop = found.parts[0]
    assert 60 <= first < 90 < stop <= 120
    assert search(path, start=60, stop=91) is None  # a second is taken as it is


def test_the_whole_is_gone_through_with_small_crops_of_the_last_half_second(
    tmp_path, photo, monkeypatch
):
    path, most = film(tmp_path / "a.mp4", photo, 150, [2.0]), []

    class Kept(searching.deque):
        def append(self, item):
            super().append(item)
            most.append(len(self))
            assert item[1].shape == (searching.SIZE, searching.SIZE, 3)

    monkeypatch.setattr(searching, "deque", Kept)
    assert search(path)
    assert len(most) == 150 and max(most) <= 10


def test_a_face_in_less_than_half_or_lying_is_refused(tmp_path, photo):
    wall = np.full_like(photo, 120)
    for name, pictures, told in (
        ("gone", [photo] * 20 + [wall] * 40, "less than half; cut the clip"),
        ("lies", [np.rot90(photo)] * 40, "no face .* sideways: .* 90 degrees clockwise"),
    ):
        (folder := tmp_path / name).mkdir()
        for k, picture in enumerate(pictures):
            cv2.imwrite(str(folder / f"{k}.png"), picture[..., ::-1])
        with pytest.raises(MepsError, match=told):
            search(folder, fps=30)


@pytest.mark.parametrize("first", [0, 40])
def test_the_face_that_was_searched_is_the_one_that_is_used(tmp_path, photo, first):
    """A larger photograph beside the person is in the picture in the strongest second."""
    from meps_lib.video import watch

    small = cv2.resize(photo, None, fx=0.7, fy=0.7)
    (folder := tmp_path / "two").mkdir()
    for k in range(75):
        scene = np.full((320, 620, 3), 120, np.uint8)
        scene[60 : 60 + len(small), 20 : 20 + small.shape[1]] = small
        if first <= k < first + 35:
            scene[:300, 310:610] = photo
        cv2.imwrite(str(folder / f"{k}.png"), scene[..., ::-1])
    found = search(folder, fps=30)
    face = found.faces[0]
    assert face.box[0] < 200
    with pytest.warns(FaceLostWarning, match="two faces"):
        watched = watch(folder, 30, first, first + 30, like=face)
    assert all(face.box[0] < 200 for face in watched.faces)
