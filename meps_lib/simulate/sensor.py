"""What a colour camera and a depth sensor make of a true picture and a true range."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from meps_lib.simulate.face import DISTANCE_MM, VIEW_MM


def sense_colour(colour: Tensor, rng: np.random.Generator, noise: float) -> Tensor:
    """Add noise of standard deviation `noise` to a picture in [0, 1], and clip it."""
    grain = rng.standard_normal(colour.shape, dtype=np.float32)
    return (colour + noise * torch.from_numpy(grain)).clamp(0, 1)


def sense_depth(depth: Tensor, rng: np.random.Generator, noise_mm: float, holes: float) -> Tensor:
    """What a depth sensor makes of the true range.

    Parameters
    ----------
    depth : Tensor, shape (T, 1, H, W)
        True range in mm, NaN where nothing is in reach.
    rng : numpy Generator
    noise_mm : float
        Standard deviation of the range noise at 700 mm; it grows with the square of range.
    holes : float
        Share of pixels lost where the surface turns away; a hundredth of it anywhere.

    Returns
    -------
    Tensor, shape (T, 1, H, W)
        Whole millimetres, NaN in holes.
    """
    near = torch.nan_to_num(depth, nan=2 * DISTANCE_MM)
    padded = pad(near, (1, 1, 1, 1), mode="replicate")
    slope = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]).abs()
    slope = slope + (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]).abs()
    slope = slope / (2 * VIEW_MM / depth.shape[-1])
    lost = holes * (0.01 + ((slope - 1.5) / 2).clamp(0, 1))
    noise = torch.from_numpy(rng.standard_normal(depth.shape, dtype=np.float32))
    luck = torch.from_numpy(rng.random(depth.shape, dtype=np.float32))
    seen = (depth + noise_mm * (depth / DISTANCE_MM) ** 2 * noise).round()
    return seen.masked_fill(luck < lost, torch.nan)
