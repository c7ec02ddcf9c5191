"""Pictures against what was written, and against Pillow: whole, or an error."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from meps_lib.errors import MepsError
from meps_lib.video.clips import read_clip
from meps_lib.video.depth_files import read_depth_picture
from meps_lib.video.pictures import (
    is_picture,
    natural,
    picture_size,
    read_colour,
    read_picture,
)

KINDS = {".jpg": np.uint8, ".png": np.uint16, ".tif": np.uint8, ".bmp": np.uint8}


def scene(dtype=np.uint8, shape=(48, 72)):
    rng = np.random.default_rng(0)
    smooth = cv2.GaussianBlur(rng.random(shape), (0, 0), 2)
    top = np.iinfo(dtype).max
    return cv2.normalize(smooth, None, 1, top, cv2.NORM_MINMAX).astype(dtype)


def encoded(ending):
    return cv2.imencode(ending, scene(KINDS[ending]))[1].tobytes()


@pytest.mark.parametrize("ending", KINDS)
def test_values_are_those_that_pillow_reads(tmp_path, ending):
    path = tmp_path / f"a{ending}"
    path.write_bytes(encoded(ending))
    got = read_picture(path, cv2.IMREAD_UNCHANGED)
    with Image.open(path) as image:
        want = np.asarray(image).astype(int)
        assert picture_size(path) == image.size == (72, 48)
    assert got.dtype == KINDS[ending]
    # Two builds of libjpeg may round differently, by one level.
    assert abs(got.astype(int) - want).max() <= (ending == ".jpg")


@pytest.mark.parametrize("ending", KINDS)
@pytest.mark.parametrize("left", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_picture_is_an_error_wherever_it_was_cut(tmp_path, ending, left):
    path, data = tmp_path / f"a{ending}", encoded(ending)
    path.write_bytes(data[: int(left * len(data))])
    with pytest.raises(MepsError, match=rf"a{ending}: (truncated|cannot be decoded).*copy it"):
        read_picture(path, cv2.IMREAD_UNCHANGED)


def test_the_cut_is_seen_where_opencv_sees_none(tmp_path, monkeypatch):
    data = encoded(".jpg")
    path = tmp_path / "a.jpg"
    path.write_bytes(data[: len(data) // 2])
    # What OpenCV makes of it as a file, in any version that fills the rest: a picture.
    filled = np.full((48, 72), 128, np.uint8)
    monkeypatch.setattr(cv2, "imdecode", lambda *_: filled)
    with pytest.raises(MepsError, match="truncated"):
        read_picture(path, cv2.IMREAD_UNCHANGED)


def test_a_jpeg_with_bytes_after_its_end_is_whole(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(".jpg") + b"note of the camera")
    assert read_picture(path, cv2.IMREAD_UNCHANGED).shape == (48, 72)


def test_colour_is_red_first_and_grey_becomes_three_channels(tmp_path):
    Image.new("RGB", (5, 4), (250, 120, 10)).save(tmp_path / "rgb.png")
    assert read_colour(tmp_path / "rgb.png")[0, 0].tolist() == [250, 120, 10]
    Image.fromarray(scene()).save(tmp_path / "grey.tif")
    got = read_colour(tmp_path / "grey.tif")
    assert (got == scene()[..., None]).all() and got.shape == (48, 72, 3)


def test_sixteen_bits_are_no_colour(tmp_path):
    cv2.imwrite(str(tmp_path / "d.png"), scene(np.uint16))
    with pytest.raises(MepsError, match=r"d\.png: uint16 pixels; expected 8 bits.*depth folder"):
        read_colour(tmp_path / "d.png")


def test_a_picture_larger_than_memory_is_refused(tmp_path):
    # A header may claim any size: 65,000 x 65,000 pixels in 60 bytes.
    head = io.BytesIO()
    Image.new("L", (8, 8)).save(head, "BMP")
    data = bytearray(head.getvalue())
    data[18:26] = (65000).to_bytes(4, "little") * 2
    (tmp_path / "huge.bmp").write_bytes(data)
    with pytest.raises(MepsError, match=r"huge\.bmp"):
        read_colour(tmp_path / "huge.bmp")


def empty_png(side, bits=8, colours=False):
    """A PNG of zeros, of any size in little memory: rows are compressed one by one."""
    row = bytes(1 + side * bits // 8 * (3 if colours else 1))
    pack = zlib.compressobj(9)
    rows = b"".join([*(pack.compress(row) for _ in range(side)), pack.flush()])
    head = struct.pack(">IIBBBBB", side, side, bits, 2 if colours else 0, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", rows), (b"IEND", b"")]
    told = [
        struct.pack(">I", len(x)) + n + x + struct.pack(">I", zlib.crc32(n + x)) for n, x in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(told)


BOMBS = {
    "grey.png": empty_png(8000),
    "depth.png": empty_png(7200, bits=16),
    "colour.png": empty_png(14_000, colours=True),  # beyond the limit of Pillow, which is higher
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_picture_is_measured_before_it_is_decoded(tmp_path, monkeypatch, name):
    (tmp_path / name).write_bytes(BOMBS[name])
    assert len(BOMBS[name]) < 1_000_000
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("it was decoded"))
    n = {"grey.png": "64,000,000", "depth.png": "51,840,000", "colour.png": "196,000,000"}[name]
    for read in (read_colour, picture_size, read_depth_picture):
        with pytest.raises(MepsError, match=f"{name}: {n} pixels in one picture; expected at most"):
            read(tmp_path / name)
    (tmp_path / "2.png").write_bytes(BOMBS[name])
    with pytest.raises(MepsError, match="pixels in one picture"):
        (tmp_path / name).rename(tmp_path / "1.png")
        read_clip(tmp_path, fps=30)


def test_the_largest_video_of_today_is_small_enough(tmp_path):
    cv2.imwrite(str(tmp_path / "8k.jpg"), np.zeros((4320, 7680), np.uint8))
    assert picture_size(tmp_path / "8k.jpg") == (7680, 4320)
    assert read_picture(tmp_path / "8k.jpg", cv2.IMREAD_UNCHANGED).shape == (4320, 7680)


def test_names():
    names = ["1.JPG", "a.jpeg", "x.Tiff", "._1.jpg", ".jpg", "Thumbs.db", "1.jpg.part", "jpg"]
    assert [n for n in names if is_picture(n)] == ["1.JPG", "a.jpeg", "x.Tiff"]
    assert sorted(["f10", "F9", "f²", "f01"], key=natural) == ["f01", "F9", "f10", "f²"]


@given(st.lists(st.text(), max_size=6))
def test_any_names_can_be_sorted(names):
    assert sorted(sorted(names, key=natural)) == sorted(names)


@settings(max_examples=150)
@given(
    st.sampled_from(sorted(KINDS)),
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=8),
    st.floats(0, 1),
)
def test_damaged_bytes_are_a_picture_or_our_error(tmp_path_factory, ending, damage, left):
    data = bytearray(encoded(ending))
    for at, value in damage:
        data[int(at * len(data))] = value
    path = tmp_path_factory.getbasetemp() / f"fuzz{ending}"
    path.write_bytes(data[: int(left * len(data)) + 1])
    for read in (read_colour, picture_size, lambda p: read_picture(p, cv2.IMREAD_UNCHANGED)):
        try:
            assert read(path) is not None
        except MepsError as error:
            assert path.name in str(error)
