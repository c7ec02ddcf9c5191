"""A face clip in colour and depth from one geometry, with its true motion.

A neutral face (`anatomy`) is deformed by action units (`muscles`), lit from the normals
of the deformed surface and seen by a colour camera and a depth sensor at the same pixels.
The same look-up that paints a pixel says where that pixel goes, so the optical flow is
known exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample, pad

from meps_lib.errors import MepsError
from meps_lib.simulate.anatomy import EXTENT_MM, neutral_maps
from meps_lib.simulate.identity import Identity, landmarks
from meps_lib.simulate.muscles import fields

VIEW_MM = 205.0  # side of the square that the picture shows, at the distance of the face
VIEW_Y_MM = -4.0  # its centre
DISTANCE_MM = 700.0
_BACKGROUND = 0.22  # linear grey
_FIELD_GRID = 112  # muscle fields are smooth: 2.1 mm between points is enough


@dataclass(frozen=True, eq=False)
class FaceClip:
    """How one person's face moves over a clip, in physical units; small and picklable.

    Parameters
    ----------
    who : Identity
    aus : tuple of int
        Action units, K of them.
    intensity : ndarray, shape (T, K)
        Action unit intensity of each frame, 0 neutral .. 1 full.
    pose : ndarray, shape (T, 4), optional
        Head drift: right, down (mm), roll (rad), away from the camera (mm); still if None.
    lateral : float
        -1 only the side left in the picture moves, 0 both alike, 1 only the right.
    light : tuple of float
        Direction towards the light (x right, y down, z to the camera).
    size : int
        Pixels a side.

    Raises
    ------
    MepsError
        If the shapes disagree.

    Examples
    --------
    >>> smile = FaceClip(Identity(), (6, 12), intensity=np.array([[0.0, 0.0], [1.0, 1.0]]))
    >>> colour, depth = smile.render()
    >>> colour.shape, smile.flow(0, 1).shape
    (torch.Size([2, 3, 64, 64]), torch.Size([2, 64, 64]))
    """

    who: Identity
    aus: tuple[int, ...]
    intensity: np.ndarray
    pose: np.ndarray | None = None
    lateral: float = 0.0
    light: tuple[float, float, float] = (-0.35, -0.55, 0.75)
    size: int = 64

    def __post_init__(self) -> None:
        intensity = np.asarray(self.intensity, float)
        frames = intensity.shape[0] if intensity.ndim == 2 else 0
        pose = np.zeros((frames, 4)) if self.pose is None else np.asarray(self.pose, float)
        if intensity.shape != (frames, len(self.aus)) or pose.shape != (frames, 4):
            raise MepsError(
                f"intensity must be (T, {len(self.aus)}) and pose (T, 4) with one T, "
                f"got {intensity.shape} and {pose.shape}"
            )
        object.__setattr__(self, "intensity", intensity)
        object.__setattr__(self, "pose", pose)

    def render(self, supersample: int = 2) -> tuple[Tensor, Tensor]:
        """Picture and range of every frame, free of noise.

        Returns
        -------
        colour : Tensor, shape (T, 3, size, size)
            sRGB in [0, 1].
        depth : Tensor, shape (T, 1, size, size)
            Millimetres from the camera, NaN where there is no person.
        """
        chunks = torch.arange(len(self.pose)).split(4)  # what fits a processor's cache
        parts = [self._render(frames, supersample) for frames in chunks]
        return torch.cat([c for c, _ in parts]), torch.cat([d for _, d in parts])

    def _render(self, frames: Tensor, supersample: int) -> tuple[Tensor, Tensor]:
        maps = neutral_maps(self.who)
        head = self._head_points(_pixel_centres(self.size * supersample), frames)
        sample_mm = VIEW_MM / (self.size * supersample)
        skin_at, bulge, gap = self._look_up(head, frames, sample_mm)
        albedo, height, person, lids = _sample(maps.skin, skin_at).split([3, 1, 1, 1], dim=1)
        z = height + bulge
        uncovered = torch.maximum(lids * person, gap)
        shade = self._shade(z, sample_mm)
        exposure = 0.9 * (0.30 / _luma(maps.skin)) ** 0.35  # the camera half-adapts to the skin
        linear = albedo * (shade * exposure)
        # Few pixels show eyeballs or mouth, so only those are looked up.
        n, _, i, j = torch.nonzero(uncovered, as_tuple=True)
        inner = _sample(maps.inner, head[n, i, j][None, None])[0, :, 0].T
        inner = inner * (0.4 * shade[n, 0, i, j] + 0.54)[:, None]
        linear[n, :, i, j] = torch.lerp(linear[n, :, i, j], inner, uncovered[n, 0, i, j, None])
        linear = _BACKGROUND + person * (linear - _BACKGROUND)
        colour = avg_pool2d(linear, supersample).clamp(1e-4, 1) ** (1 / 2.2)

        away = self._pose(frames)[3][:, None]
        depth = avg_pool2d(DISTANCE_MM + away - z + 6.0 * gap, supersample)
        return colour, depth.masked_fill(avg_pool2d(person, supersample) < 0.75, torch.nan)

    def flow(self, a: int, b: int) -> Tensor:
        """True optical flow from frame `a` to frame `b`.

        Parameters
        ----------
        a, b : int
            Frames of this clip.

        Returns
        -------
        Tensor, shape (2, size, size)
            Pixels: u right, v down, at the pixels of frame `a`; 0 on the background.

        Raises
        ------
        MepsError
            If a frame does not exist.
        """
        for frame in (a, b):
            if not 0 <= frame < len(self.pose):
                raise MepsError(f"frame {frame} is outside the clip of {len(self.pose)} frames")
        pixels = _pixel_centres(self.size)
        both = torch.tensor([a, b])
        start = self._head_points(pixels, both[:1])
        skin_at, _, gap = self._look_up(start, both[:1], VIEW_MM / self.size)
        seen = _sample(neutral_maps(self.who).skin, skin_at)[:, 4:]
        below = skin_at[..., 1:] > self.who.mouth_y
        displaced, end = self._displacement(both[1:]), skin_at
        for _ in range(30):  # fixed point of p = q + d(p); d contracts
            shift = _sample(displaced, end)
            down = shift[:, 1:2] + torch.where(below.movedim(-1, 1), shift[:, 3:], 0.0)
            end = skin_at + torch.cat([shift[:, :1], down], 1).movedim(1, -1)
        # Eyeballs and teeth follow the skull only.
        still = torch.maximum(seen[:, 1:] > 0.5, gap > 0.5).movedim(1, -1)
        end = torch.where(still, start, end)
        there = self._camera_points(end, both[1:])
        move = (there - pixels) * (self.size / VIEW_MM)
        return (move.movedim(-1, 1) * (seen[:, :1] > 0.5))[0]

    __call__ = flow

    def _displacement(self, frames: Tensor) -> Tensor:
        """(N, 4, G, G): displacement in mm of each frame on the field grid."""
        weight = torch.as_tensor(self.intensity)[frames].float()[..., None, None, None]
        total = torch.zeros(len(frames), 4, _FIELD_GRID, _FIELD_GRID)
        for k, au in enumerate(self.aus):  # not a matmul: same bits on any number of threads
            total.addcmul_(weight[:, k], _field(self.who, au))
        x = _grid_axis()
        weak = 1 - abs(self.lateral) * (1 - np.sign(self.lateral) * np.tanh(x / 12.0)) / 2
        return total.mul_(torch.from_numpy(weak).float())

    def _look_up(
        self, head: Tensor, frames: Tensor, sample_mm: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Neutral skin point, bulge in mm and share of open mouth, at points of the posed head."""
        shift = _sample(self._displacement(frames), head).movedim(1, -1)
        above = head - shift[..., :2]
        below = above - pad(shift[..., 3:], (1, 0))
        lower = below[..., 1:] > self.who.mouth_y
        # A slit thinner than a sample covers a share of it, else it would flicker: from
        # the point's place in the slit, how much of the sample lies between the lips.
        top = above[..., 1:] - self.who.mouth_y
        bottom = self.who.mouth_y - below[..., 1:]
        half = sample_mm / 2
        gap = (top.clamp(-half, half) + bottom.clamp(-half, half)) / sample_mm
        gap = gap.clamp(0, 1)
        skin_at = torch.where(lower, below, above)
        return skin_at, shift[..., 2:3].movedim(-1, 1), gap.movedim(-1, 1)

    def _head_points(self, camera: Tensor, frames: Tensor) -> Tensor:
        """Points in the frame of the head, (N, H, W, 2) mm, seen at camera points (H, W, 2)."""
        x, y, roll, away = self._pose(frames)
        c, s = roll.cos(), roll.sin()
        scale = (DISTANCE_MM + away) / DISTANCE_MM
        dx, dy = (camera[..., 0] - x) * scale, (camera[..., 1] - y) * scale
        return torch.stack([c * dx + s * dy, c * dy - s * dx], dim=-1)

    def _camera_points(self, head: Tensor, frames: Tensor) -> Tensor:
        """Inverse of `_head_points`."""
        x, y, roll, away = self._pose(frames)
        c, s = roll.cos(), roll.sin()
        scale = DISTANCE_MM / (DISTANCE_MM + away)
        px, py = head[..., 0], head[..., 1]
        return torch.stack([(c * px - s * py) * scale + x, (s * px + c * py) * scale + y], dim=-1)

    def _pose(self, frames: Tensor) -> Tensor:
        return torch.as_tensor(self.pose)[frames].float().T[..., None, None]

    def _shade(self, z: Tensor, step_mm: float) -> Tensor:
        """Lambert shading with a soft ambient term."""
        padded = pad(z, (1, 1, 1, 1), mode="replicate")
        zx = (padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]) / (2 * step_mm)
        zy = (padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]) / (2 * step_mm)
        lx, ly, lz = np.asarray(self.light) / np.linalg.norm(self.light)
        # The surface is z(x, y) towards the camera, so its normal is (-zx, -zy, 1).
        facing = (lz - lx * zx - ly * zy) / (1 + zx**2 + zy**2).sqrt()
        return 0.35 + 1.0 * facing.clamp(min=0)


@lru_cache(maxsize=128)
def _field(who: Identity, au: int) -> Tensor:
    """(4, G, G): displacement by one action unit at full intensity."""
    x, y = np.meshgrid(_grid_axis(), _grid_axis())
    return torch.from_numpy(fields((au,), landmarks(who), x, y)[0])


def _grid_axis() -> np.ndarray:
    return ((np.arange(_FIELD_GRID) + 0.5) / _FIELD_GRID * 2 - 1) * EXTENT_MM


def _luma(skin: Tensor) -> float:
    """Mean albedo of the middle of the face."""
    low, high = round(0.35 * skin.shape[-1]), round(0.65 * skin.shape[-1])
    return float(skin[:3, low:high, low:high].mean())


def _pixel_centres(size: int) -> Tensor:
    """(size, size, 2): points of the picture plane in mm."""
    axis = ((torch.arange(size) + 0.5) / size - 0.5) * VIEW_MM
    y, x = torch.meshgrid(axis + VIEW_Y_MM, axis, indexing="ij")
    return torch.stack([x, y], dim=-1)


def _sample(maps: Tensor, points: Tensor) -> Tensor:
    """Maps (C, N, N) or (T, C, N, N) at points (T, H, W, 2) in mm -> (T, C, H, W)."""
    maps = maps.expand(len(points), *maps.shape[-3:])
    return grid_sample(maps, points / EXTENT_MM, padding_mode="border", align_corners=False)
