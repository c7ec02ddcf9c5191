"""The camera: which point of the head each pixel sees, and where a point of it lands.

A weak perspective: the whole head is scaled by its distance, not each point by its own.
"""

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from meps_lab.simulate.face.anatomy import EXTENT_MM

VIEW_MM = 205.0  # side of the square that the picture shows, at the distance of the face
VIEW_Y_MM = -4.0  # its centre
DISTANCE_MM = 700.0


def pixel_axes(size: int, device: torch.device | str | None = None) -> tuple[Tensor, Tensor]:
    """Centres of the pixels of a square picture: x of its columns, y of its rows, in mm."""
    axis = ((torch.arange(size, device=device) + 0.5) / size - 0.5) * VIEW_MM
    return axis, axis + VIEW_Y_MM


def pixel_centres(size: int) -> Tensor:
    """Points of the picture plane in mm, shape (size, size, 2)."""
    x, y = pixel_axes(size)
    y, x = torch.meshgrid(y, x, indexing="ij")
    return torch.stack([x, y], dim=-1)


def head_points(size: int, pose: Tensor) -> Tensor:
    """Points in the frame of the head that the pixels see.

    Parameters
    ----------
    size : int
        Pixels a side.
    pose : Tensor, shape (T, 4)
        Right, down (mm), roll (rad), away from the camera (mm).

    Returns
    -------
    Tensor, shape (T, size, size, 2)
        In mm. A rotated grid is still a sum of one term a row and one a column.
    """
    x, y, roll, away = pose.T[..., None]
    u, v = pixel_axes(size, pose.device)
    scale = (DISTANCE_MM + away) / DISTANCE_MM
    u, v = (u - x) * scale, (v - y) * scale
    c, s = roll.cos(), roll.sin()
    out = torch.empty(len(pose), size, size, 2, device=pose.device)
    torch.add((c * u)[:, None, :], (s * v)[:, :, None], out=out[..., 0])
    torch.add((-s * u)[:, None, :], (c * v)[:, :, None], out=out[..., 1])
    return out


def camera_points(head: Tensor, pose: Tensor) -> Tensor:
    """Where points of the head (T, H, W, 2) appear in the picture plane; undoes `head_points`."""
    x, y, roll, away = pose.T[..., None, None]
    c, s = roll.cos(), roll.sin()
    scale = DISTANCE_MM / (DISTANCE_MM + away)
    px, py = head[..., 0], head[..., 1]
    return torch.stack([(c * px - s * py) * scale + x, (s * px + c * py) * scale + y], dim=-1)


def sample(maps: Tensor, points: Tensor) -> Tensor:
    """Maps (C, N, N) or (T, C, N, N) at points (T, H, W, 2) in mm -> (T, C, H, W)."""
    maps = maps.expand(len(points), *maps.shape[-3:])
    return grid_sample(maps, points / EXTENT_MM, padding_mode="border", align_corners=False)
