"""Crops of depth: the authors' rule of cleaning on numbers done by hand, and smaller pictures."""

import numpy as np
import pytest
import torch

from meps_lib.errors import MepsError
from meps_lib.video.depth_crops import clean_depth, crop_depth, shrink_depth


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


def test_a_face_ends_before_40_cm_behind_its_nearest_point():
    frame = np.full((10, 10), 800.0)
    frame[0, :3] = 1199.0, 1200.0, 1150.0
    cleaned = clean_depth(frame, n_sigma=99.0)
    assert np.flatnonzero(np.isnan(cleaned)).tolist() == [1]


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


def test_a_face_stands_nearer_than_a_wall_may():
    """Seven metres are a wall; a crop of a face at that distance is in another unit."""
    crop = np.full((60, 80), 7100, np.float32)
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
