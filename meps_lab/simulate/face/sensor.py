"""What a colour camera and a depth sensor make of a true picture and a true range."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from meps_lab.simulate.face.camera import DISTANCE_MM, VIEW_MM
from meps_lib.arguments import number
from meps_lib.errors import MepsError

_REGAIN = 0.1  # CHOICE: chance that the sensor sets its gain anew, a frame
_FARTHEST = np.iinfo(np.uint16).max


def sense_colour(colour: Tensor, rng: np.random.Generator, noise: float) -> Tensor:
    """Add noise of standard deviation `noise` to a picture in [0, 1], and clip it.

    Parameters
    ----------
    colour : Tensor
        Floating point, any shape.
    rng : numpy Generator
    noise : float
        0 or more.

    Returns
    -------
    Tensor, same shape

    Raises
    ------
    MepsError
        If the picture is no such tensor, or the noise out of range.

    Examples
    --------
    >>> sense_colour(torch.full((1, 3, 1, 1), 0.5), np.random.default_rng(0), 0.0).unique()
    tensor([0.5000])
    """
    _check_tensor("colour", colour, "picture values in [0, 1]")
    number("noise", noise, 0)
    grain = torch.from_numpy(rng.standard_normal(colour.shape, dtype=np.float32))
    return grain.to(colour.device).mul_(noise).add_(colour).clamp_(0, 1)


def sense_depth(
    depth: Tensor,
    rng: np.random.Generator,
    noise_mm: float,
    holes: float,
    gain_jumps: float = 0.0,
    quantum_mm: float = 1.0,
) -> Tensor:
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
    gain_jumps : float
        mm, standard deviation of the whole frame's range each time that the sensor sets its
        gain anew, in one frame of ten; between, it stays.
    quantum_mm : float
        Step of the sensor's scale, mm.

    Returns
    -------
    Tensor, shape (T, 1, H, W)
        Whole steps in mm, NaN in holes.

    Raises
    ------
    MepsError
        If the range is no such tensor, or a dial is out of range; the message names it.

    Examples
    --------
    >>> flat = torch.full((1, 1, 2, 2), 700.4)
    >>> sense_depth(flat, np.random.default_rng(0), 0.0, 0.0, quantum_mm=5.0).unique()
    tensor([700.])
    """
    _check_tensor("depth", depth, "mm, shape (T, 1, H, W)")
    if depth.ndim != 4 or depth.shape[1] != 1:
        raise MepsError(f"depth must have shape (T, 1, H, W), got {tuple(depth.shape)}")
    number("noise_mm", noise_mm, 0)
    number("holes", holes, 0, 1)
    number("gain_jumps", gain_jumps, 0)
    number("quantum_mm", quantum_mm, 1e-6, why=" mm")
    near = torch.nan_to_num(depth, nan=2 * DISTANCE_MM)
    padded = pad(near, (1, 1, 1, 1), mode="replicate")
    slope = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]).abs_()
    slope += (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]).abs_()
    # From a slope of 1.5 mm a mm on, more and more of the light fails to come back.
    lost = slope.mul_(depth.shape[-1] / (4 * VIEW_MM)).sub_(0.75).clamp_(0, 1).add_(0.01)
    noise = torch.from_numpy(rng.standard_normal(depth.shape, dtype=np.float32)).to(depth.device)
    luck = torch.from_numpy(rng.random(depth.shape, dtype=np.float32)).to(depth.device)
    seen = (depth / DISTANCE_MM).square_().mul_(noise.mul_(noise_mm)).add_(depth)
    # Drawn whether used or not: the dial does not change what else is drawn from `rng`.
    jump = gain_course(rng, len(depth), gain_jumps).astype(np.float32)
    if gain_jumps > 0:
        seen += torch.from_numpy(jump).to(depth.device)[:, None, None, None]
    seen = seen.div_(quantum_mm).round_().mul_(quantum_mm)
    return seen.masked_fill_(luck < lost.mul_(holes), torch.nan)


def gain_course(rng: np.random.Generator, n_frames: int, jumps_mm: float) -> np.ndarray:
    """What a depth sensor's gain adds to the range of each whole frame.

    Parameters
    ----------
    rng : numpy Generator
    n_frames : int
    jumps_mm : float
        mm, standard deviation of the level that the sensor takes in one frame of ten.

    Returns
    -------
    ndarray, shape (n_frames,)
        mm, 0 until the first change.

    Examples
    --------
    >>> gain_course(np.random.default_rng(0), 3, 0.0).tolist()
    [0.0, 0.0, 0.0]
    """
    levels, changes = rng.standard_normal(n_frames), rng.random(n_frames) < _REGAIN
    since = np.maximum.accumulate(np.where(changes, np.arange(n_frames), -1))
    return np.where(since < 0, 0.0, jumps_mm * levels[since])


def to_uint16(depth: Tensor) -> np.ndarray:
    """Range as sensors store it: whole mm in 16 bits, 0 = missing.

    Parameters
    ----------
    depth : Tensor
        mm, NaN = missing; any shape.

    Returns
    -------
    ndarray of uint16, same shape

    Raises
    ------
    MepsError
        If a range does not fit.

    Examples
    --------
    >>> to_uint16(torch.tensor([700.4, torch.nan])).tolist()
    [700, 0]
    """
    mm = np.rint(np.asarray(depth, dtype=np.float64))
    known = ~np.isnan(mm)
    if not ((mm[known] >= 1) & (mm[known] <= _FARTHEST)).all():
        raise MepsError(
            f"range must be 1..{_FARTHEST} mm, or NaN where it is missing, to be stored in 16 "
            f"bits; got {np.nanmin(mm):g} to {np.nanmax(mm):g} mm"
        )
    return np.where(known, mm, 0).astype(np.uint16)


def _check_tensor(name: str, value: Any, what: str) -> None:
    if not isinstance(value, Tensor) or not value.is_floating_point():
        got = value.dtype if isinstance(value, Tensor) else type(value).__name__
        raise MepsError(
            f"{name} must be a floating-point Tensor ({what}), as `FaceClip.render` gives it; got "
            f"{got}"
        )
