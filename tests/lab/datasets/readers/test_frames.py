"""Which file is which frame: by hand, and for arbitrary names."""

import os
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from meps_lab.datasets.readers.frames import (
    frame_files,
    frames_between,
    gap_in,
    has_frames,
    numbered_by,
)
from meps_lib.errors import MepsError

# As the loaders give them.
NUMBERS = (None, r"^(\d+)$", r"^(?:reg_)?img(\d+)$", r"^\d+_(\d+)$")


def touch(folder, *names):
    for name in names:
        (folder / name).touch()
    return folder


def numbered(found):
    return {n: path.name for n, path in found.items()}


@pytest.mark.parametrize(
    "number, names, want",
    [
        (NUMBERS[1], ["10.jpg", "9.jpg", "007.JPG"], {7: "007.JPG", 9: "9.jpg", 10: "10.jpg"}),
        (NUMBERS[2], ["reg_img46.jpg", "img47.jpg"], {46: "reg_img46.jpg", 47: "img47.jpg"}),
        (NUMBERS[3], ["006_62.jpg", "006_61.jpg"], {61: "006_61.jpg", 62: "006_62.jpg"}),
        (None, ["im10.bmp", "im9.bmp", "im11.BMP"], {0: "im9.bmp", 1: "im10.bmp", 2: "im11.BMP"}),
        # The clock's second is counted before its thousandth.
        (None, ["0-1-5-40.tif", "0-0-993-39.tif"], {0: "0-0-993-39.tif", 1: "0-1-5-40.tif"}),
    ],
)
def test_numbers(tmp_path, number, names, want):
    touch(tmp_path, *names)
    assert numbered(frame_files(tmp_path, number)) == want
    assert list(frame_files(tmp_path, number)) == sorted(want)


@pytest.mark.parametrize("number", NUMBERS[:2])
def test_what_is_no_frame_is_passed_over(tmp_path, number):
    touch(tmp_path, "1.jpg", "2.jpg", "._1.jpg", ".2.jpg", "Thumbs.db", "desktop.ini", "3.jpg.part")
    (tmp_path / "4.jpg").mkdir()
    assert list(numbered(frame_files(tmp_path, number)).values()) == ["1.jpg", "2.jpg"]


def test_two_files_for_one_frame(tmp_path):
    touch(tmp_path, "1.jpg", "001.jpg")
    for number in NUMBERS[:2]:
        with pytest.raises(MepsError, match=r"'001\.jpg' and '1\.jpg' are one frame"):
            frame_files(tmp_path, number)


def test_a_frame_that_is_missing_is_named(tmp_path):
    touch(tmp_path, *(f"{n}.jpg" for n in (1, 2, 5, 6, 9)))
    files = frame_files(tmp_path, NUMBERS[1])
    assert numbered(dict(enumerate(frames_between(tmp_path, files, 5, 6)))) == {
        0: "5.jpg",
        1: "6.jpg",
    }
    for first, last, text in [
        (1, 6, "frame 3 and 1 more of 1 to 6"),
        (5, 7, "frame 7 of 5 to 7"),
        (0, 2, "frame 0 of 0 to 2"),
        (20, 22, "frame 20 and 2 more of 20 to 22"),
        (1, 10**15, "frame 3 and 999999999999994 more"),
    ]:
        with pytest.raises(MepsError, match=f"{re.escape(str(tmp_path))}: {text}.*1 to 9"):
            frames_between(tmp_path, files, first, last)


def test_pictures_are_counted_only_where_none_has_a_number(tmp_path):
    touch(tmp_path, "first.bmp", "last.bmp", "Thumbs.db")
    assert numbered_by(tmp_path) is None
    (numbered := tmp_path / "numbered").mkdir()
    touch(numbered, "image011647.bmp", "image011649.bmp", "Thumbs.db")
    assert list(frame_files(numbered, numbered_by(numbered))) == [11647, 11649]
    touch(numbered, "image011647 (1).bmp")
    with pytest.raises(MepsError, match=r"numbered: 'image011647 \(1\)\.bmp' .* 2 of the 3 "):
        numbered_by(numbered)


def test_names_that_share_a_number_and_no_more_are_counted(tmp_path):
    touch(tmp_path, "s02_first.bmp", "s02_last.bmp")
    assert numbered_by(tmp_path) is None
    (one := tmp_path / "one").mkdir()
    touch(one, "7_left.bmp", "7_right.bmp", "8_left.bmp")
    with pytest.raises(MepsError, match=r"'7_left\.bmp' and '7_right\.bmp' are one frame"):
        frame_files(one, numbered_by(one))


def test_folders_that_hold_none(tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    (tmp_path / "empty").mkdir()
    touch(tmp_path, "file")
    for name, text in [
        ("gone", "no folder of frames.*copy complete"),
        ("file", "no folder of frames"),
        ("loop", "no folder of frames"),
        ("a\0b", "no folder of frames"),
        ("empty", "no picture in it"),
    ]:
        assert not has_frames(tmp_path / name)
        with pytest.raises(MepsError, match=text):
            frame_files(tmp_path / name, None)
    assert not has_frames(touch(tmp_path / "empty", "._1.jpg", "Thumbs.db"))
    assert has_frames(touch(tmp_path / "empty", "1.TIF"))
    with pytest.raises(MepsError, match=r"no picture is called like a frame.*'1\.TIF'"):
        frame_files(tmp_path / "empty", NUMBERS[2])


name = st.one_of(
    st.from_regex(r"\A(reg_)?(img)?[0-9]{1,12}(_[0-9]{1,3})?\.(jpg|PNG|tif|db)\Z"),
    st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1).map(
        lambda text: text[:40] + ".jpg"
    ),
).filter(lambda text: text not in (".", ".."))


@settings(max_examples=100)
@given(st.lists(name, max_size=8, unique=True), st.sampled_from(NUMBERS))
@example(["1.jpg", "\u0661.jpg"], r"^(\d+)$")  # one, in Arabic digits
@example(["\u00b2.jpg", "2.jpg"], None)  # a digit to str.isdigit, not to int
def test_any_names_are_frames_or_our_error(names, number):
    with tempfile.TemporaryDirectory() as root:
        folder = touch(Path(root), *names)
        try:
            found = frame_files(folder, number)
        except MepsError as error:
            assert root in str(error)
            return
        assert has_frames(folder)
        assert list(found) == sorted(found) and len(set(found.values())) == len(found) > 0
        assert all(path.exists() and not path.name.startswith(".") for path in found.values())
        if number is None:
            assert list(found) == list(range(len(found)))
        else:
            assert all(int(re.search(number, p.stem)[1]) == n for n, p in found.items())


def test_a_frame_that_is_a_name_and_no_more_is_a_gap(tmp_path):
    for n in range(3, 8):
        (tmp_path / f"{n}.jpg").write_bytes(b"x")
    assert gap_in(tmp_path, NUMBERS[1]) == gap_in(tmp_path, NUMBERS[1], 3, 7) == ""
    (tmp_path / "5.jpg").write_bytes(b"")
    (tmp_path / "6.jpg").unlink()
    (tmp_path / "6.jpg").symlink_to(tmp_path / "nothing.jpg")
    told = "frame 5 and 1 more is an empty file, or a link to nothing"
    assert gap_in(tmp_path, NUMBERS[1], 3, 7) == told
    assert gap_in(tmp_path, None) == told.replace("5", "2")  # counted from 0
    assert gap_in(tmp_path, NUMBERS[1], 6, 7) == "frame 6 is an empty file, or a link to nothing"
    assert gap_in(tmp_path, NUMBERS[1], 3, 4) == ""
    (tmp_path / "6.jpg").unlink()
    assert gap_in(tmp_path, NUMBERS[1], 3, 7) == "frame 6 of 3 to 7 is not on disk"


def test_a_frame_whose_name_is_no_text_is_named(tmp_path):
    (tmp_path / os.fsdecode(b"img\xff_1.jpg")).write_bytes(b"x")
    with pytest.raises(MepsError, match=r"'img\\udcff_1.jpg' holds a byte that is not UTF-8"):
        frame_files(tmp_path, r"(\d+)$")
    (tmp_path / "7.jpg").write_bytes(b"x")
    assert list(frame_files(tmp_path, NUMBERS[1])) == [7]  # the other is no frame
