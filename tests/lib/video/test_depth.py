"""Depth: zeros are missing, and the authors' rule of cleaning on numbers done by hand."""

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from meps_lab.recordings.find import SHIPPED
from meps_lib.errors import MepsError
from meps_lib.video.depth import (
    clean_depth,
    crop_depth,
    read_depth,
    read_depth_picture,
    shrink_depth,
)


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


def test_the_rule_by_hand():
    """Most pixels at 800, one at 1190, one at 1250, one far wall, one hole."""
    frame = np.full((10, 11), 800.0)
    frame[0, 0], frame[0, 1], frame[0, 2], frame[0, 3] = 1190.0, 1250.0, 8000.0, 0.0
    values = frame[frame > 0]
    assert abs(8000 - values.mean()) > 3 * values.std()  # dropped by the band
    assert abs(1250 - values.mean()) < 3 * values.std()  # kept by the band, dropped by the span
    cleaned = clean_depth(frame)
    assert np.isnan(cleaned[0, 1:4]).all()
    assert np.isnan(cleaned).sum() == 3
    assert cleaned[0, 0] == 1190


def test_the_span_starts_at_the_nearest_pixel_that_the_band_left():
    frame = np.full((20, 20), 900.0)
    frame[0, 0] = 100.0  # a speck in front of the face
    frame[0, 1], frame[0, 2] = 1000.0, 900.0
    cleaned = clean_depth(frame)
    assert np.isnan(cleaned[0, 0])
    assert cleaned[0, 1] == 1000


def test_frames_are_cleaned_one_by_one_and_none_is_filled_in():
    near, far = np.full((8, 8), 700.0), np.full((8, 8), 1400.0)
    cleaned = clean_depth(np.stack([near, far]))
    assert not np.isnan(cleaned).any()  # each keeps its own: together, one would go
    holes = near.copy()
    holes[2:4, 2:4] = np.nan
    assert np.isnan(clean_depth(holes)).sum() == 4


def test_a_frame_without_depth_is_named():
    with pytest.raises(MepsError, match="depth frame 1 has no measured pixel"):
        clean_depth(np.stack([np.ones((4, 4)), np.zeros((4, 4))]))


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


def test_a_face_ends_before_40_cm_behind_its_nearest_point():
    frame = np.full((10, 10), 800.0)
    frame[0, :3] = 1199.0, 1200.0, 1150.0
    cleaned = clean_depth(frame, n_sigma=99.0)
    assert np.flatnonzero(np.isnan(cleaned)).tolist() == [1]


def test_one_picture_has_the_unit_that_is_said_and_holes(tmp_path):
    levels = np.full((6, 8), 1700, np.uint16)
    levels[2, 3] = 0
    cv2.imwrite(str(tmp_path / "d.png"), levels)
    for unit in (1.0, 0.5):
        depth = read_depth_picture(tmp_path / "d.png", unit)
        assert np.argwhere(np.isnan(depth)).tolist() == [[2, 3]]
        assert np.unique(depth[~np.isnan(depth)]).tolist() == [1700 * unit]


def test_a_smaller_picture_has_a_fraction_of_the_noise():
    """The mean of n x n pixels has a standard deviation n times smaller; one of them has all."""
    noise = torch.from_numpy(np.random.default_rng(0).normal(700, 1.0, (4, 1, 384, 384)))
    assert shrink_depth(noise, 48).std().item() == pytest.approx(1 / 8, rel=0.03)
    assert shrink_depth(noise, 128).std().item() == pytest.approx(1 / 3, rel=0.03)


def test_holes_do_not_pull_the_mean_and_only_all_of_them_make_one():
    rng = np.random.default_rng(1)
    depth = rng.uniform(600, 800, (3, 1, 60, 60))
    depth[rng.random(depth.shape) < 0.7] = np.nan
    depth[:, :, :15, :10] = np.nan
    small = shrink_depth(torch.from_numpy(depth), 12).numpy()
    blocks = depth.reshape(3, 1, 12, 5, 12, 5)
    seen = ~np.isnan(blocks).all(axis=(3, 5))
    assert (np.isnan(small) == ~seen).all() and np.isnan(small[:, :, :3, :2]).all()
    total, n = np.nansum(blocks, axis=(3, 5)), (~np.isnan(blocks)).sum(axis=(3, 5))
    np.testing.assert_allclose(small[seen], (total / np.maximum(n, 1))[seen], rtol=1e-5)


def test_a_face_is_not_mixed_with_the_wall_behind_it():
    """Cleaned first and averaged then, no pixel stands between the face and the wall."""
    y, x = np.mgrid[:240, :240]
    face = np.hypot(x - 120, y - 120) < 90
    depth = np.where(face, 700.0, 1500.0).astype(np.float32)
    depth[100:140, 60:80] = np.nan
    shrink = np.array([[0.21, 0, 3.3], [0, 0.21, 0]])
    crop = crop_depth(depth, shrink, 52)
    assert np.unique(crop[~np.isnan(crop)]).tolist() == [700]
    assert np.isnan(crop[22:28, 17:19]).all()  # the hole is still a hole
    whole = crop_depth(depth, shrink, 52, face=False)
    assert np.isnan(whole[:, :3]).all()  # outside is nothing
    assert whole[0, 30] == 1500 and whole[25, 30] == 700
    with pytest.raises(MepsError, match="7.png: depth without a measured pixel"):
        crop_depth(np.full((240, 240), np.nan, np.float32), shrink, 52, source="7.png")


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


def test_a_face_stands_nearer_than_a_wall_may():
    """Seven metres are a wall; a crop of a face at that distance is in another unit."""
    crop = room(7000, 7100).astype(np.float32)
    assert crop_depth(crop, np.eye(2, 3), 60, face=False).max() > 7000
    with pytest.raises(MepsError, match=r"9\.png: depth .* 200 to 5000 mm .*tenths of a mill"):
        crop_depth(crop, np.eye(2, 3), 60, source="9.png")
    for near, right in ((150, False), (210, True), (4900, True), (5100, False)):
        face = np.full((20, 20), near, np.float32)
        if right:
            assert (clean_depth(face) == near).all()
        else:
            with pytest.raises(MepsError, match="expected 200 to 5000 mm"):
                clean_depth(face)


def test_what_was_dropped_is_looked_at_too():
    """A picture that is no depth has a band of 400 mm as well, and little in it."""
    y, x = np.mgrid[:80, :80]
    inside = ((x - 40) / 30) ** 2 + ((y - 40) / 38) ** 2 < 1
    near = np.where(inside, 515 + y / 2, 1030 + x % 32).round().astype(np.uint16)
    assert (~np.isnan(clean_depth(near))).mean() > 0.5
    with pytest.raises(MepsError, match=r"7\.png: only \d% of what was measured .* order of bytes"):
        clean_depth(near.byteswap(), source="7.png")
    crop = np.full((10, 10), 2000.0)
    for n, right in ((22, False), (23, True)):
        crop.flat[:n] = 600
        crop[9] = 0  # what was not measured counts for nothing
        if right:
            assert np.nanmax(clean_depth(crop[None, :])) == 600
        else:
            with pytest.raises(MepsError, match="depth: only 24% .* nearest point, 600 mm; exp"):
                clean_depth(crop[None, :])
    crop.flat[:8], crop.flat[22] = 500, 2000
    assert np.isfinite(clean_depth(crop, span=50)).sum() == 8  # who asks for little gets little


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
