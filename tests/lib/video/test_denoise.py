"""Depth is denoised against planted noise, edges and a head that moves; holes stay holes."""

import numpy as np
import pytest
import torch
from scipy.ndimage import generic_filter

from meps_lib.errors import MepsError
from meps_lib.video.denoise import (
    DEPTH_STEPS,
    joint_bilateral,
    remove_head,
    single_pixels,
    temporal_median,
)

T, H, W = 7, 12, 10
NAN = float("nan")


@pytest.fixture
def clip():
    """A slope with an edge and holes that move, under noise: noisy, true, colour."""
    rng = torch.Generator().manual_seed(3)
    true = (700 + torch.arange(W) * 0.2 + 60.0 * (torch.arange(W) >= W // 2)).expand(T, 1, H, W)
    noisy = true + torch.randn(T, 1, H, W, generator=rng)
    noisy = torch.where(torch.rand(T, 1, H, W, generator=rng) < 0.15, NAN, noisy)
    shade = 0.2 + 0.6 * (torch.arange(W) >= W // 2)
    return noisy, true, shade.expand(T, 3, H, W).clone()


def error(x, true):
    return (x - true).abs().nanmean().item()


@pytest.mark.parametrize("step", DEPTH_STEPS)
def test_shape_type_and_holes(step, clip):
    noisy, _, colour = clip
    before = noisy.clone()
    out = DEPTH_STEPS[step](noisy, colour)
    assert out.shape == noisy.shape and out.dtype == noisy.dtype
    assert torch.equal(noisy.nan_to_num(), before.nan_to_num())  # what was given is left alone
    if step != "median":  # which fills what other frames have seen
        assert out.isnan()[noisy.isnan()].all()


def test_the_median_is_that_of_scipy_and_fills_only_what_was_seen_nearby(clip):
    noisy, true, _ = clip
    out = temporal_median(noisy)
    course = noisy[:, 0, 4, 3].double().numpy()
    want = generic_filter(course, np.nanmedian, size=5, mode="constant", cval=np.nan)
    assert out[:, 0, 4, 3].numpy() == pytest.approx(want, abs=1e-3)
    assert error(out, true) < 0.7 * error(noisy, true)
    gone = noisy.clone()
    gone[:, 0, 2, 2] = NAN
    assert temporal_median(gone)[:, 0, 2, 2].isnan().all()


def test_along_colour_noise_falls_and_the_edge_stays(clip):
    noisy, true, colour = clip
    out = joint_bilateral(noisy, colour)
    assert error(out, true) < 0.5 * error(noisy, true)
    # With one colour for all it is a plain mean, and the edge of 60 mm leaks.
    blurred = joint_bilateral(noisy, torch.full_like(colour, 0.5))
    edge = (..., slice(W // 2 - 1, W // 2 + 1))
    assert error(blurred[edge], true[edge]) > 5 * error(out[edge], true[edge])
    y, x = 5, 2  # by hand, where all neighbours are of one colour
    want = noisy[0, 0, y - 2 : y + 3, x - 2 : x + 3].nanmean()
    assert out[0, 0, y, x].item() == pytest.approx(want.item(), abs=1e-3)


@pytest.mark.parametrize("colour", [None, torch.zeros(T, 3, H, W + 1), torch.zeros(T - 1, 3, H, W)])
def test_without_its_colour_there_is_no_way_along_it(clip, colour):
    with pytest.raises(MepsError, match="colour frames of the same size"):
        joint_bilateral(clip[0], colour)


def test_a_head_that_nods_is_taken_off_and_what_moves_by_itself_is_not(clip):
    noisy, true, _ = clip
    rows, columns = torch.linspace(-1, 1, H)[:, None], torch.linspace(-1, 1, W)
    plane = torch.stack([k * (2 + 3 * rows + columns) for k in torch.arange(T)])[:, None]
    bump = torch.zeros(T, 1, H, W)
    bump[1:, 0, 3:5, 3:5] = 4.0  # a cheek, four pixels of 120
    moved = torch.where(noisy.isnan(), NAN, true + plane + bump)
    out = remove_head(moved)
    assert error(out, true + bump) < 0.05 < error(moved, true + bump)
    assert torch.equal(out[0].nan_to_num(), moved[0].nan_to_num())


def test_one_pixel_of_four_is_kept(clip):
    noisy, _, _ = clip
    out = single_pixels(noisy)
    assert torch.equal(out[..., ::2, ::2].nan_to_num(), noisy[..., ::2, ::2].nan_to_num())
    assert (~out.isnan()).sum() == (~noisy[..., ::2, ::2].isnan()).sum()
