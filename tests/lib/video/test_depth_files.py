"""Depth from files: zeros are missing; another unit or order of bytes is told."""

import cv2
import numpy as np
import pytest
from PIL import Image

from meps_lab.recordings.find import SHIPPED
from meps_lib.errors import MepsError
from meps_lib.video.depth_files import read_depth, read_depth_picture


def test_sixteen_bits_survive_and_zero_is_missing(tmp_path):
    frames = np.full((3, 20, 24), 812, np.uint16)
    frames[1, 4, 5], frames[2, 0, 0] = 0, 40000
    for k, frame in enumerate(frames):
        cv2.imwrite(str(tmp_path / f"{k}.png"), frame)
    depth = read_depth(tmp_path)
    assert depth.dtype == np.float32
    assert np.isnan(depth[1, 4, 5])
    assert np.isnan(depth).sum() == 1
    assert (depth[0, 0, 0], depth[2, 0, 0]) == (812, 40000)
    assert read_depth(tmp_path, scale=0.5)[0, 0, 0] == 406


def test_a_colour_folder_is_refused(tmp_path):
    for k in range(2):
        cv2.imwrite(str(tmp_path / f"{k}.png"), np.zeros((20, 24, 3), np.uint8))
    with pytest.raises(MepsError, match="one-channel depth"):
        read_depth(tmp_path)


def test_the_real_depth_video_has_holes_and_they_become_nan():
    path = SHIPPED / "rgbd/Sample.avi"
    grey = read_depth(path, scale=1)
    smeared = read_depth(path, scale=1, missing=20)
    assert grey.shape == (196, 200, 128)
    assert 0.0005 < np.isnan(grey).mean() < 0.002  # 4,930 zeros of 5 million pixels
    assert np.isnan(smeared).sum() > 2 * np.isnan(grey).sum()
    assert np.nanmin(smeared) > 20


def write_video(path, colour):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 30, (64, 48))
    for _ in range(3):
        writer.write(np.full((48, 64, 3), colour, np.uint8))
    writer.release()
    return path


def test_a_colour_video_is_no_depth_and_a_grey_one_needs_its_scale(tmp_path):
    with pytest.raises(MepsError, match=r"a\.avi: colours in frame 0"):
        read_depth(write_video(tmp_path / "a.avi", (60, 90, 180)), scale=1)
    grey = write_video(tmp_path / "b.avi", (100, 100, 100))
    with pytest.raises(MepsError, match="8-bit depth is grey levels.*depth_scale="):
        read_depth(grey)
    assert np.allclose(read_depth(grey, scale=8), 800, atol=16)
    with pytest.raises(MepsError, match="scale=0; expected"):
        read_depth(grey, scale=0)


def test_one_picture_has_the_unit_that_is_said_and_holes(tmp_path):
    levels = np.full((6, 8), 1700, np.uint16)
    levels[2, 3] = 0
    cv2.imwrite(str(tmp_path / "d.png"), levels)
    for unit in (1.0, 0.5):
        depth = read_depth_picture(tmp_path / "d.png", unit)
        assert np.argwhere(np.isnan(depth)).tolist() == [[2, 3]]
        assert np.unique(depth[~np.isnan(depth)]).tolist() == [1700 * unit]


def room(face_mm, wall_mm=900, shape=(60, 80)):
    """A face before a wall, mm; its own depth is a few centimetres."""
    depth = np.full(shape, wall_mm, np.uint16)
    depth[15:45, 25:55] = face_mm + np.arange(30)[:, None]
    return depth


def write(folder, *frames):
    folder.mkdir(exist_ok=True)
    for k, frame in enumerate(frames):
        cv2.imwrite(str(folder / f"{k}.png"), frame)
    return folder


SWAPPED = {
    "a face at 0.7 m": room(700),
    "a desk at 0.45 m": room(450, 610),
    "a room of 4 m": room(1300, 4021),
    "a slope": np.linspace(500, 1500, 4800).reshape(60, 80).astype(np.uint16),
}


@pytest.mark.parametrize("depth", SWAPPED.values(), ids=SWAPPED)
def test_swapped_bytes_are_told_wherever_depth_is_read(tmp_path, depth):
    folder = write(tmp_path / "d", depth, depth.byteswap())
    assert read_depth_picture(folder / "0.png").max() == depth.max()
    told = r"1\b.*: depth of .* expected 200 to 10000 mm .* two bytes swapped, .* median is "
    for read in (lambda: read_depth_picture(folder / "1.png"), lambda: read_depth(folder)):
        with pytest.raises(MepsError, match=told + f"{np.median(depth):g}"):
            read()


@pytest.mark.parametrize(
    ("factor", "unit"),
    [(0.001, "metres"), (0.1, "centimetres"), (20, "tenths of a millimetre"), (20, "1/8 mm")],
)
def test_another_unit_is_told(tmp_path, factor, unit):
    path = write(tmp_path / "d", (room(1300, 1500) * factor).round().astype(np.uint16)) / "0.png"
    with pytest.raises(MepsError, match=f"it would fit .*in {unit}, where"):
        read_depth_picture(path)


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_the_last_number_of_16_bits_is_none_in_32_either(tmp_path, kind):
    depth = room(700).astype(kind)
    depth[:20] = 65535
    for k in range(2):
        Image.fromarray(depth).save(tmp_path / f"{k}.tiff")
    got = read_depth(tmp_path)
    assert np.isnan(got[:, :20]).all() and np.nanmax(got) == 900


def test_swapped_bytes_are_told_in_levels_of_another_size(tmp_path):
    folder = write(tmp_path / "d", *[(4 * room(700, 1000)).byteswap()] * 2)
    with pytest.raises(MepsError, match="two bytes swapped, where the median is 1000"):
        read_depth(folder, scale=0.25)
    with pytest.raises(MepsError, match="two bytes swapped, where the median is 1000"):
        read_depth_picture(folder / "0.png", 0.25)


def test_zeros_and_the_last_number_are_no_distance(tmp_path):
    depth = room(700)
    depth[:20], depth[50:] = 0, 65535
    folder = write(tmp_path / "d", depth, depth)
    for got in (read_depth_picture(folder / "0.png"), read_depth(folder)[1]):
        assert np.isnan(got[:20]).all() and np.isnan(got[50:]).all()
        assert not np.isnan(got[20:50]).any() and np.nanmax(got) == 900
    with pytest.raises(MepsError, match="without a measured pixel"):
        write(tmp_path / "d", np.full((8, 8), 65535, np.uint16))
        read_depth_picture(folder / "0.png")


def test_reflections_at_any_distance_are_no_other_unit(tmp_path):
    depth = room(700)
    rng = np.random.default_rng(0)
    far = rng.random(depth.shape) < 0.3
    depth[far] = rng.integers(10_001, 65_535, far.sum())
    got = read_depth_picture(write(tmp_path / "d", depth) / "0.png")
    assert (got[far] > 10_000).all()


def test_the_frame_in_another_order_is_named_among_good_ones(tmp_path):
    good = [room(700 + k) for k in range(6)]
    good[4] = good[4].byteswap()
    with pytest.raises(MepsError, match="frame 4: depth of"):
        read_depth(write(tmp_path / "d", *good))
