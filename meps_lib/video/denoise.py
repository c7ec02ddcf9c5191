"""Ways to denoise a clip of depth before it is made smaller; only the median fills holes.

The movement of a micro-expression is about a millimetre, a sensor's noise as much or more, and a
head that drifts moves every pixel at once: three enemies, and a way against each.
"""

import warnings
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from meps_lib.errors import MepsError
from meps_lib.video.depth_crops import clean_depth

_FRAMES = 5  # CHOICE: of the median; at 30 Hz a sixth of a second, shorter than a rise
_RADIUS, _SIGMA = 2, 0.05  # CHOICE: pixels; colour, range 0..1, five times the usual noise
_ROUNDS = 3  # of the fit of a plane, each without what lies far from the last


def single_pixels(depth: Tensor, colour: Tensor | None = None) -> Tensor:
    """One pixel of every two by two: what is left if a picture is halved without a mean."""
    kept = torch.zeros_like(depth, dtype=torch.bool)
    kept[..., ::2, ::2] = True
    return torch.where(kept, depth, float("nan"))


def drop_impossible(depth: Tensor, colour: Tensor | None = None) -> Tensor:
    """What the CAS(ME)^3 authors drop: see `clean_depth`."""
    return torch.from_numpy(clean_depth(depth.numpy()))


def temporal_median(depth: Tensor, colour: Tensor | None = None) -> Tensor:
    """Each pixel the median of what was measured there in five frames around.

    Shape
    -----
    (T, 1, H, W) mm, NaN where missing -> the same; missing only where all five are.

    Examples
    --------
    >>> clip = torch.tensor([700.0, 700.0, 733.0, float("nan"), 701.0])[:, None, None, None]
    >>> temporal_median(clip).flatten().tolist()
    [700.0, 700.0, 700.5, 701.0, 717.0]
    """
    x = depth.numpy()
    T = len(x)  # frames
    around = [x[max(0, t - _FRAMES // 2) : t + _FRAMES // 2 + 1] for t in range(T)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all five missing: NaN, as it should be
        out = np.stack([np.nanmedian(several, axis=0) for several in around])
    return torch.from_numpy(out.astype(x.dtype))


def joint_bilateral(depth: Tensor, colour: Tensor | None) -> Tensor:
    """Each pixel the mean of its neighbours of like colour, five by five: edges stay edges.

    Shape
    -----
    Depth (T, 1, H, W) mm, NaN where missing, colour (T, 3, H, W) in 0..1 -> depth.

    Raises
    ------
    MepsError
        If there is no colour, or it is of another size.

    References
    ----------
    Petschnigg, G. et al. Digital photography with flash and no-flash image pairs, 2004.
    """
    if colour is None or colour.shape[-2:] != depth.shape[-2:] or len(colour) != len(depth):
        raise MepsError("depth smoothed along colour needs colour frames of the same size")
    H, W = depth.shape[-2:]
    r, seen = _RADIUS, (~depth.isnan()).double()
    values, near = pad(depth.nan_to_num(nan=0.0).double(), [r] * 4), pad(seen, [r] * 4)
    shades = pad(colour.double(), [r] * 4, mode="replicate")
    total, weight = torch.zeros_like(seen), torch.zeros_like(seen)
    for dy in range(2 * r + 1):
        for dx in range(2 * r + 1):
            here = (..., slice(dy, dy + H), slice(dx, dx + W))
            unlike = (shades[here] - colour).square().sum(dim=1, keepdim=True)
            w = near[here] * torch.exp(-unlike / (2 * _SIGMA**2))
            total, weight = total + w * values[here], weight + w
    mean = torch.where(weight > 0, total / weight, float("nan"))
    return torch.where(depth.isnan(), float("nan"), mean).to(depth.dtype)


def remove_head(depth: Tensor, colour: Tensor | None = None) -> Tensor:
    """Take off a frame's change against the first that is a plane: a head that nods or nears.

    The plane is fitted by least squares to every pixel measured in both, three times, each time
    without those farther than three standard deviations from the last one.

    Shape
    -----
    (T, 1, H, W) mm, NaN where missing -> the same.

    Examples
    --------
    >>> first = torch.rand(1, 1, 6, 6) + 700
    >>> tilted = first + torch.arange(6.0) / 3 + 2
    >>> bool((remove_head(torch.cat([first, tilted])) - first).abs().max() < 1e-3)
    True
    """
    x = depth.double().numpy()
    H, W = x.shape[-2:]
    rows, columns = np.mgrid[-1 : 1 : H * 1j, -1 : 1 : W * 1j]
    basis = np.stack([np.ones(H * W), rows.ravel(), columns.ravel()], axis=1)
    out = x.copy()
    for t in range(1, len(x)):
        change = (x[t] - x[0]).ravel()
        kept = np.isfinite(change)
        for _ in range(_ROUNDS):
            if kept.sum() < 3:  # nothing to fit a plane to
                break
            plane = basis @ np.linalg.lstsq(basis[kept], change[kept], rcond=None)[0]
            rest = np.abs(change - plane)
            out[t] = x[t] - plane.reshape(1, H, W)
            kept = np.isfinite(change) & ~(rest > 3 * rest[kept].std() + 1e-9)
    return torch.from_numpy(out).to(depth.dtype)


DEPTH_STEPS: dict[str, Callable[[Tensor, Tensor | None], Tensor]] = {
    "single": single_pixels,
    "clean": drop_impossible,
    "median": temporal_median,
    "bilateral": joint_bilateral,
    "head": remove_head,
}
