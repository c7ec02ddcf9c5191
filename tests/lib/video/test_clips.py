"""Reading: what a file holds comes out whole, or an error says what is wrong with it."""

import struct

import cv2
import numpy as np
import pytest

from meps_lab.recordings.find import SHIPPED
from meps_lib.errors import MepsError
from meps_lib.video.clips import read_clip
from meps_lib.video.containers import is_whole
from meps_lib.video.depth_files import read_depth
from meps_lib.video.sources import FrameCountWarning


def write_video(path, frames, fps=30.0, codec="MJPG"):
    height, width = (frames[0].shape if len(frames) else (48, 64, 3))[:2]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), fps, (width, height))
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()
    return path


@pytest.fixture
def frames():
    """Twenty RGB frames, each of one colour that tells its number."""
    out = np.zeros((20, 48, 64, 3), np.uint8)
    out[..., 0] = 10 * np.arange(20)[:, None, None]
    out[..., 2] = 200
    return out


def test_a_lossless_video_comes_out_as_it_went_in(tmp_path, frames):
    clip = read_clip(write_video(tmp_path / "a.avi", frames, codec="FFV1"))
    assert clip.frames.dtype == np.uint8
    assert clip.frames.shape == frames.shape
    assert np.abs(clip.frames.astype(int) - frames).max() <= 2  # RGB to YUV and back
    assert (clip.fps, clip.start, len(clip)) == (30.0, 0, 20)


def test_a_folder_is_read_in_natural_order(tmp_path, frames):
    for k, frame in enumerate(frames):
        cv2.imwrite(str(tmp_path / f"img{k + 1}.png"), frame[..., ::-1])  # 2 before 10
    (tmp_path / "notes.txt").write_text("not a frame")
    clip = read_clip(tmp_path)
    assert np.array_equal(clip.frames, frames)
    assert clip.fps is None
    assert read_clip(tmp_path, fps=200).fps == 200


def test_a_part_of_a_clip_knows_where_it_was(tmp_path, frames):
    part = read_clip(write_video(tmp_path / "a.avi", frames, codec="FFV1"))[4:12][2:]
    assert (len(part), part.start) == (6, 6)
    with pytest.raises(MepsError, match="at least one frame"):
        part[6:]


@pytest.mark.parametrize(
    ("name", "shape", "fps"),
    [
        ("face_video/single_face.mp4", (72, 360, 640, 3), 30.0),
        ("face_video/face_noface.mov", (169, 540, 960, 3), 26.4),
        ("rgbd/Sample.avi", (196, 200, 128, 3), 30.0),
    ],
)
def test_real_recordings_have_the_published_size(name, shape, fps):
    clip = read_clip(SHIPPED / name)
    assert clip.frames.shape == shape
    assert clip.fps == pytest.approx(fps, abs=0.01)


def test_colours_are_red_first():
    image = read_clip(SHIPPED / "face_video/single_face.mp4").frames[0]
    red, green, blue = image[140:250, 260:340].reshape(-1, 3).mean(axis=0)  # the face
    assert red > green > blue


@pytest.mark.parametrize(("codec", "name"), [("MJPG", "a.avi"), ("FFV1", "b.avi")])
def test_a_truncated_file_says_how_many_frames_are_left(tmp_path, frames, codec, name):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, frames.shape, dtype=np.uint8)
    path = write_video(tmp_path / name, noise, codec=codec)
    path.write_bytes(path.read_bytes()[: int(0.6 * path.stat().st_size)])
    with pytest.raises(MepsError, match=r"truncated: 1\d of 20 promised frames decode"):
        read_clip(path)
    with pytest.warns(UserWarning, match="truncated"):
        kept = read_clip(path, keep_truncated=True)
    assert 10 <= len(kept) < 20


def test_an_mp4_cut_before_its_index_is_an_error(tmp_path, frames):
    path = write_video(tmp_path / "a.mp4", frames, codec="mp4v")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(MepsError, match=r"a\.mp4: not a video .* cut before its index"):
        read_clip(path)


def test_files_that_are_no_clip(tmp_path):
    with pytest.raises(MepsError, match=r"none\.mp4: no such file"):
        read_clip(tmp_path / "none.mp4")
    (tmp_path / "zero.mp4").write_bytes(b"")
    with pytest.raises(MepsError, match="0 bytes"):
        read_clip(tmp_path / "zero.mp4")
    (tmp_path / "text.mp4").write_text("hello")
    with pytest.raises(MepsError, match="not a video"):
        read_clip(tmp_path / "text.mp4")
    with pytest.raises(MepsError, match="without a frame"):
        read_clip(write_video(tmp_path / "empty.avi", []))
    cv2.imwrite(str(tmp_path / "one.jpg"), np.zeros((40, 40, 3), np.uint8))
    with pytest.raises(MepsError, match="a single image.*is a motion"):
        read_clip(tmp_path / "one.jpg")
    with pytest.raises(MepsError, match="1 image.*at least two"):
        read_clip(tmp_path)


def test_a_folder_with_a_bad_frame_names_it(tmp_path):
    for k in range(3):
        cv2.imwrite(str(tmp_path / f"{k}.png"), np.zeros((40, 40, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "3.png"), np.zeros((40, 44, 3), np.uint8))
    with pytest.raises(MepsError, match=r"3\.png: size"):
        read_clip(tmp_path)
    (tmp_path / "3.png").write_bytes(b"broken")
    with pytest.raises(MepsError, match=r"3\.png: cannot be decoded"):
        read_clip(tmp_path)


@pytest.mark.parametrize("fps", [0.0, -30.0, 90000.0, float("nan"), float("inf")])
def test_an_implausible_rate_is_refused(tmp_path, frames, fps):
    path = write_video(tmp_path / "a.avi", frames)
    with pytest.raises(MepsError, match=r"a\.avi: a frame rate of .* is implausible"):
        read_clip(path, fps=fps)


def test_the_rate_of_the_container_is_checked_too(tmp_path, frames):
    path = write_video(tmp_path / "a.avi", frames, fps=0.5)
    with pytest.raises(MepsError, match="0.5 Hz is implausible"):
        read_clip(path)
    assert read_clip(path, fps=25).fps == 25


def test_a_clip_that_would_fill_the_memory_is_refused(tmp_path, frames, monkeypatch):
    monkeypatch.setattr("meps_lib.video.sources.MAX_BYTES", 5 * frames[0].nbytes)
    with pytest.raises(MepsError, match="GiB decoded"):
        read_clip(write_video(tmp_path / "a.avi", frames))


def test_a_whole_file_whose_count_is_an_estimate_is_read_under_a_warning(tmp_path, frames):
    """Matroska's count is length times rate: sound that goes on after the picture raises it."""
    path = write_video(tmp_path / "a.mkv", frames)
    content = bytearray(path.read_bytes())
    at = content.find(b"\x44\x89\x88") + 3  # Duration, a double of milliseconds
    content[at : at + 8] = struct.pack(">d", 1000.0)  # 30 frames at 30 Hz; there are 20
    path.write_bytes(content)
    with pytest.warns(FrameCountWarning, match="20 of 30 .*whole.*estimate"):
        assert len(read_clip(path)) == 20
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(MepsError, match="truncated.*keep_truncated=True.*estimate"):
        read_clip(path)


@pytest.mark.parametrize("name", ["a.avi", "a.mkv", "a.mp4", "a.mov"])
def test_a_cut_is_seen_in_every_container(tmp_path, frames, name):
    codec = "MJPG" if name < "a.mov" and "mp4" not in name else "mp4v"
    path = write_video(tmp_path / name, frames, codec=codec)
    whole = path.read_bytes()
    assert is_whole(path)
    for part in (whole[:-1], whole[: len(whole) // 2], whole[:-2000] + bytes(2000)):
        path.write_bytes(part)
        assert not is_whole(path)


def test_sixteen_bit_colour_is_refused_by_name(tmp_path):
    for k in range(2):
        cv2.imwrite(str(tmp_path / f"{k}.png"), np.full((20, 24, 3), 300, np.uint16))
    with pytest.raises(MepsError, match=r"0\.png: uint16 pixels; expected 8 bits"):
        read_clip(tmp_path)


def test_a_folder_that_would_fill_the_memory_is_refused(tmp_path, frames, monkeypatch):
    for k in range(3):
        cv2.imwrite(str(tmp_path / f"{k}.png"), frames[k])
    monkeypatch.setattr("meps_lib.video.sources.MAX_BYTES", 2 * frames[0].nbytes)
    with pytest.raises(MepsError, match="GiB decoded .3 frames"):
        read_clip(tmp_path)


def test_one_frame_is_asked_for_by_frames(tmp_path, frames):
    clip = read_clip(write_video(tmp_path / "a.avi", frames))
    with pytest.raises(MepsError, match=r"clip\[0\].*clip\.frames\[k\]"):
        clip[0]


FOLDERS = {
    "three in the middle": (
        [*range(7), *range(10, 20)],
        "{k:03d}.png",
        "frame 7 and 2 more of 0 to 19",
    ),
    "the second one": ([1, 3, 4, 5], "img{k}.png", "frame 2 of 1 to 5"),
    "every second one": ([0, 2, 4, 6], "f_{k:04d}.png", "frame 1 and 2 more of 0 to 6"),
    "far apart": ([8, 9, 4000], "{k}.png", "frame 10 and 3989 more of 8 to 4000"),
    "before a word": ([0, 1, 3], "{k:04d}-depth.png", "frame 2 of 0 to 3"),
    "before an ending of its own": ([7, 8, 10], "frame-{k:06d}.depth.png", "frame 9 of 7 to 10"),
    "before a time": ([0, 1, 3], "{k}_at_{k}33ms.png", "frame 2 of 0 to 3"),
    "behind a time": ([0, 1, 3], "17000{k}33_{k}.png", "frame 2 of 0 to 3"),
    "before a size": ([0, 1, 3], "s02_{k}_640x480.png", "frame 2 of 0 to 3"),
}


@pytest.mark.parametrize("case", FOLDERS)
def test_a_gap_in_a_folder_is_told_in_colour_and_in_depth(tmp_path, case):
    numbers, name, told = FOLDERS[case]
    for k in numbers:
        cv2.imwrite(str(tmp_path / name.format(k=k)), np.full((20, 24), 900, np.uint16))
    for read in (lambda: read_clip(tmp_path, fps=30), lambda: read_depth(tmp_path)):
        with pytest.raises(MepsError, match=f"{told} missing; there are {len(numbers)} frames"):
            read()


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["img000.jpg", "img000.png", "img001.jpg"], r"'img000\.jpg' and 'img000\.png'"),
        (["1.png", "2.png", "01.png"], r"'01\.png' and '1\.png'"),
        (["left1.png", "right1.png", "left2.png"], r"'left1\.png' and 'right1\.png'"),
        (["first.png", "last.png", "last.bmp"], r"'last\.bmp' and 'last\.png'"),
    ],
)
def test_two_pictures_for_one_frame_are_told(tmp_path, names, told):
    for name in names:
        cv2.imwrite(str(tmp_path / name), np.zeros((20, 24, 3), np.uint8))
    with pytest.raises(MepsError, match=f"{told} are one frame"):
        read_clip(tmp_path, fps=30)


def shades(folder, names):
    """The order in which pictures are read that are written in that of their names here."""
    for k, name in enumerate(names):
        cv2.imwrite(str(folder / name), np.full((20, 24, 3), 10 * k, np.uint8))
    return (read_clip(folder, fps=30).frames[:, 0, 0, 0] // 10).tolist()


@pytest.mark.parametrize(
    "name",
    [
        "{k}_cam1.png",
        "f{k}_640x480.png",
        "{k}.color.png",
        "take{half}_{k}.png",
        "{k}_at_{ms}ms.png",
        "2024-05-01 12-30-{half}_{k:05d}.png",
    ],
)
def test_the_number_that_counts_is_found_among_others(tmp_path, name):
    names = [name.format(k=k, half=k // 6, ms=33 * k) for k in range(12)]
    assert shades(tmp_path, names) == list(range(12))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("{s}.{us:06d}.png", "in '1305.000000' and '1306.300000' several numbers change"),
        ("part{half}_{rest}.png", "in 'part0_0' and 'part1_5' several numbers change"),
        ("{stamp}.png", "frame 1610000000001 and .* if the numbers are times"),
        ("{twice}.png", "frame 1 and 10 more of 0 to 22 missing.* left out on purpose, number"),
    ],
)
def test_names_that_count_nothing_are_told_what_to_do(tmp_path, name, told):
    names = [
        name.format(
            half=k // 6,
            rest=k % 6,
            s=1305 + k // 10,
            us=100_000 * (k % 10) if k != 11 else 300_000,
            stamp=1610000000000 + 33 * k,
            twice=2 * k,
        )
        for k in range(12)
    ]
    with pytest.raises(MepsError, match=told) as caught:
        shades(tmp_path, names)
    assert "number them 0, 1, 2" in str(caught.value) or "pictures 0, 1, 2" in str(caught.value)


def test_a_few_frames_that_are_missing_are_no_times(tmp_path):
    with pytest.raises(MepsError, match="frame 4 of 0 to 9 missing") as caught:
        shades(tmp_path, [f"{k}.png" for k in range(10) if k != 4])
    assert "times" not in str(caught.value)


def test_frames_of_a_kind_that_is_not_read_are_told(tmp_path):
    (tmp_path / "2.webp").touch()
    (tmp_path / "notes.txt").touch()
    with pytest.raises(MepsError, match=r"'2\.webp' is of a kind that is not read .1 such bes"):
        shades(tmp_path, ["0.png", "1.png"])


def test_pictures_without_numbers_are_counted_and_a_mixture_is_told(tmp_path):
    for k, name in enumerate(("first.png", "last.png")):
        cv2.imwrite(str(tmp_path / name), np.full((20, 24, 3), k, np.uint8))
    assert read_clip(tmp_path, fps=30).frames[:, 0, 0, 0].tolist() == [0, 1]
    cv2.imwrite(str(tmp_path / "3.png"), np.zeros((20, 24, 3), np.uint8))
    with pytest.raises(MepsError, match="does not end in a frame's number; 1 of the 3"):
        read_clip(tmp_path, fps=30)
