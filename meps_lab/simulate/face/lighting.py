"""How light falls on the face: what the normals and the hollows of its surface reflect."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

LIGHT = (-0.35, -0.55, 0.75)  # towards the light: x right, y down, z to the camera
_AMBIENT, _DIRECT = 0.35, 1.0
EYE_AMBIENT, EYE_DIRECT = 0.54, 0.4  # eyeballs and teeth are wet and shaded by what surrounds them
_HOLLOW = 1.1  # mm: how much darker a hollow is, per unit of its curvature (1/mm)
_FURROW_MM = 1.6  # mm, over which hollows are looked for
_DARKEST = 0.5  # what a hollow leaves of the light


def shade(z: Tensor, step_mm: float, light: tuple[float, float, float] = LIGHT) -> Tensor:
    """Light that a surface reflects, as a factor on its albedo.

    Lambert's law with a soft ambient term; what is concave sees less of the sky, so that
    a furrow is dark from wherever the light comes.

    Parameters
    ----------
    z : Tensor, shape (T, 1, H, W)
        Height towards the camera, mm.
    step_mm : float
        Distance between its points.
    light : tuple of float
        Direction towards the light (x right, y down, z to the camera).

    Returns
    -------
    Tensor, shape (T, 1, H, W)

    Examples
    --------
    >>> bool(shade(torch.zeros(1, 1, 3, 3), 1.0, light=(0.0, 0.0, 1.0)).eq(1.35).all())
    True
    """
    padded = pad(z, (1, 1, 1, 1), mode="replicate")
    left, right = padded[..., 1:-1, :-2], padded[..., 1:-1, 2:]
    up, down = padded[..., :-2, 1:-1], padded[..., 2:, 1:-1]
    zx = (right - left).mul_(0.5 / step_mm)
    zy = (down - up).mul_(0.5 / step_mm)
    # Laplacian over about a furrow's width: positive in furrows, negative on ridges.
    k = max(1, round(_FURROW_MM / step_mm))
    wide = padded if k == 1 else pad(z, (k, k, k, k), mode="replicate")
    hollow = (wide[..., k:-k, : -2 * k] + wide[..., k:-k, 2 * k :]).add_(wide[..., : -2 * k, k:-k])
    hollow.add_(wide[..., 2 * k :, k:-k]).sub_(z, alpha=4.0).mul_(_HOLLOW / (k * step_mm) ** 2)
    hollow.clamp_(-0.15, 1 - _DARKEST)
    lx, ly, lz = (float(v) for v in np.asarray(light) / np.linalg.norm(light))
    # The surface is z(x, y) towards the camera, so its normal is (-zx, -zy, 1).
    facing = (zx * -lx).add_(zy, alpha=-ly).add_(lz)
    length = zx.mul_(zx).addcmul_(zy, zy).add_(1.0).rsqrt_()
    out = facing.mul_(length).clamp_(min=0).mul_(_DIRECT).add_(_AMBIENT)
    return out.mul_(hollow.neg_().add_(1.0))


def exposure(skin: Tensor) -> float:
    """Gain of a camera that half adapts to the skin (3 or more, N, N), linear RGB albedo first."""
    low, high = round(0.35 * skin.shape[-1]), round(0.65 * skin.shape[-1])
    return 0.9 * (0.30 / float(skin[:3, low:high, low:high].mean())) ** 0.35


def to_srgb(linear: Tensor) -> Tensor:
    """Linear light to picture values, clipped to 0..1."""
    return linear.clamp(1e-4, 1).pow_(1 / 2.2)


def to_linear(picture: Tensor) -> Tensor:
    """Undo `to_srgb`."""
    return torch.as_tensor(picture).clamp(0, 1) ** 2.2
