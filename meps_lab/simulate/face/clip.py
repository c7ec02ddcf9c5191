"""A face clip in colour and depth from one geometry, with its true motion.

A neutral face (`anatomy`) is deformed by action units (`muscles`), lit from the normals
of the deformed surface (`lighting`) and seen by a colour camera and a depth sensor at the
same pixels (`camera`). The same look-up that paints a pixel says where that pixel goes, so
the optical flow is known exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from meps_lab.simulate.face import camera
from meps_lab.simulate.face.anatomy import EXTENT_MM, blink_field, neutral_maps, upper_lid
from meps_lab.simulate.face.checks import checked
from meps_lab.simulate.face.identity import Identity, landmarks
from meps_lab.simulate.face.lighting import EYE_AMBIENT, EYE_DIRECT, LIGHT, shade, to_srgb
from meps_lab.simulate.face.muscles import coupled, fields
from meps_lab.simulate.face.texture import Texture, painted
from meps_lib.arguments import whole

_BACKGROUND = 0.22  # linear grey
# Points of the field grid, mm: muscle fields are smooth, 1.6 mm between points is enough.
_GRID = ((np.arange(144) + 0.5) / 144 * 2 - 1) * EXTENT_MM


@dataclass(frozen=True, eq=False)
class FaceClip:
    """How one person's face moves over a clip, in physical units; small and picklable.

    Parameters
    ----------
    who : Identity
    aus : tuple of int
        Action units, K different ones.
    intensity : ndarray, shape (T, K)
        Action unit intensity of each frame, 0 neutral .. 1 full; T is at least 1.
    pose : ndarray, shape (T, 4), optional
        Head drift: right, down (mm), roll (rad), away from the camera (mm); still if None.
        The head stays at least 150 mm from the camera, so away is -550 or more.
    lateral : float
        -1 only the side left in the picture moves, 0 both alike, 1 only the right.
    light : tuple of float
        Direction towards the light (x right, y down, z to the camera), of any length.
    size : int
        Pixels a side, 8 .. 1024.
    blink : ndarray, shape (T,), optional
        How far the lids are closed, 0 .. 1, on top of the action units.
    gain : ndarray, shape (T,), optional
        Factor on the light of each frame, 0 .. 1000, 1 as it was: a lamp that flickers, a cloud.
    texture : Texture, optional
        A photo to paint the face with (`texture_from_photo`); the person's own skin if None.

    Raises
    ------
    MepsError
        If a field is of the wrong kind, shape or range; the message names it.

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
    light: tuple[float, float, float] = LIGHT
    size: int = 64
    blink: np.ndarray | None = None
    gain: np.ndarray | None = None
    texture: Texture | None = None

    def __post_init__(self) -> None:
        for name, value in checked(self).items():
            object.__setattr__(self, name, value)

    def render(
        self, supersample: int = 2, device: torch.device | str | None = None
    ) -> tuple[Tensor, Tensor]:
        """Picture and range of every frame, free of noise.

        Parameters
        ----------
        supersample : int
            Samples of the surface a pixel, along each side, 1 .. 8.
        device : torch.device or str, optional
            Where to render, and where the result lies; the processor if None.

        Returns
        -------
        colour : Tensor, shape (T, 3, size, size)
            sRGB in [0, 1].
        depth : Tensor, shape (T, 1, size, size)
            Millimetres from the camera, NaN where there is no person.

        Raises
        ------
        MepsError
            If `supersample` is not such a number.
        """
        whole("supersample", supersample, 1, 8)
        device = torch.device(device or "cpu")
        # As many frames at once as fit a processor's cache; a GPU wants many more.
        samples = 2**18 if device.type == "cpu" else 2**25
        at_once = max(1, samples // (self.size * supersample) ** 2)
        chunks = torch.arange(len(self.pose)).split(at_once)
        parts = [self._render(frames, supersample, device) for frames in chunks]
        return torch.cat([c for c, _ in parts]), torch.cat([d for _, d in parts])

    def _render(
        self, frames: Tensor, supersample: int, device: torch.device
    ) -> tuple[Tensor, Tensor]:
        maps = painted(self.who, self.size, self.texture, device)
        sample_mm = camera.VIEW_MM / (self.size * supersample)
        pose = self._at("pose", frames, device)
        head = camera.head_points(self.size * supersample, pose)
        skin_at, bulge, gap = self._look_up(head, frames, sample_mm)
        height, person, lids = camera.sample(maps.form, skin_at).split(1, dim=1)
        z = height.add_(bulge)
        light = shade(z, sample_mm, self.light)
        # Geometry is sampled finely, colour once a pixel from maps blurred to its size.
        uncovered = torch.maximum(lids.mul_(person), gap)
        solid = person if self.texture is None else torch.ones_like(person)
        fine = light * (solid - uncovered), z, gap, person, solid, uncovered, light * uncovered
        light, z, gap, person, solid, uncovered, inside = (avg_pool2d(m, supersample) for m in fine)
        where = avg_pool2d(skin_at.movedim(-1, 1), supersample).movedim(1, -1)
        colour = camera.sample(maps.albedo, where).mul_(light * maps.exposure)
        colour += _BACKGROUND * (1 - solid)
        # Few pixels show eyeballs or mouth, so only those are looked up.
        n, _, i, j = torch.nonzero(uncovered > 1e-3, as_tuple=True)
        at = camera.head_points(self.size, pose)[n, i, j]
        inner = camera.sample(maps.inner, at[None, None])[0, :, 0].T
        lit = EYE_DIRECT * inside[n, 0, i, j] + EYE_AMBIENT * uncovered[n, 0, i, j]
        colour[n, :, i, j] += inner * lit[:, None]
        gain = self._at("gain", frames, device)[:, None, None, None]

        away = pose[:, 3, None, None, None]
        depth = camera.DISTANCE_MM + away - z + 6.0 * gap
        return to_srgb(colour.mul_(gain)), depth.masked_fill(person < 0.75, torch.nan)

    def pick(self, frames: Sequence[int] | np.ndarray) -> FaceClip:
        """The clip of these frames alone."""
        which = np.asarray(frames, int)
        series = ("intensity", "pose", "blink", "gain")
        return replace(self, **{name: getattr(self, name)[which] for name in series})

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
            If a frame does not exist, or is not a whole number.
        """
        for frame in (a, b):
            whole("frame", frame, 0, len(self.pose) - 1)
        both = torch.tensor([int(a), int(b)])
        pose_a, pose_b = self._at("pose", both, torch.device("cpu")).split(1)
        start = camera.head_points(self.size, pose_a)
        skin_at, _, gap = self._look_up(start, both[:1], camera.VIEW_MM / self.size)
        person, lids = camera.sample(neutral_maps(self.who).skin[4:], skin_at).split(1, dim=1)
        below = skin_at[..., 1:] > self.who.mouth_y
        on_lid = skin_at[..., 1:] < upper_lid(self.who, skin_at[..., :1])
        parting, closing = below.movedim(-1, 1), on_lid.movedim(-1, 1)
        displaced, end = self._displacement(both[1:], start.device), skin_at
        for _ in range(30):  # fixed point of p = q + d(p); d contracts
            shift = camera.sample(displaced, end)
            down = shift[:, 1:2] + torch.where(parting, shift[:, 3:4], 0.0)
            down = down + torch.where(closing, shift[:, 4:], 0.0)
            end = skin_at + torch.cat([shift[:, :1], down], 1).movedim(1, -1)
        # Eyeballs and teeth follow the skull only.
        still = torch.maximum(lids > 0.5, gap > 0.5).movedim(1, -1)
        end = torch.where(still, start, end)
        move = camera.camera_points(end, pose_b) - camera.pixel_centres(self.size)
        return (move.movedim(-1, 1) * (self.size / camera.VIEW_MM) * (person > 0.5))[0]

    __call__ = flow

    def _at(self, name: str, frames: Tensor, device: torch.device) -> Tensor:
        return torch.as_tensor(getattr(self, name))[frames].to(device, torch.float32)

    def _displacement(self, frames: Tensor, device: torch.device) -> Tensor:
        """(N, 5, G, G): displacement in mm of each frame on the field grid."""
        aus, intensity = coupled(self.aus, self.intensity)
        weight = torch.as_tensor(intensity)[frames].to(device, torch.float32)[..., None, None, None]
        total = torch.zeros(len(frames), 5, len(_GRID), len(_GRID), device=device)
        for k, au in enumerate(aus):  # not a matmul: same bits on any number of threads
            total[:, :4].addcmul_(weight[:, k], _field(self.who, au, device))
        weak = 1 - abs(self.lateral) * (1 - np.sign(self.lateral) * np.tanh(_GRID / 12.0)) / 2
        total.mul_(torch.from_numpy(weak).to(device, torch.float32))
        if self.blink[frames.numpy()].any():
            closed = self._at("blink", frames, device)[:, None, None]
            total[:, 4] = closed * _field(self.who, "blink", device)
        return total

    def _look_up(
        self, head: Tensor, frames: Tensor, sample_mm: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Neutral skin point, bulge in mm and share of open mouth, at points of the posed head."""
        displaced = self._displacement(frames, head.device)
        blinks = bool(displaced[:, 4].any())
        shift = camera.sample(displaced if blinks else displaced[:, :4], head)
        skin_at = head - shift[:, :2].movedim(1, -1)
        gap = torch.zeros_like(shift[:, :1])
        if displaced[:, 3].any():
            y = skin_at[..., 1]
            mouth_y, half = self.who.mouth_y, sample_mm / 2
            below = y - shift[:, 3]
            # A slit thinner than a sample covers a share of it, else it would flicker: from
            # the point's place in the slit, how much of the sample lies between the lips.
            top, bottom = (y - mouth_y).clamp_(-half, half), (mouth_y - below).clamp_(-half, half)
            gap[:, 0] = top.add_(bottom).mul_(1 / sample_mm).clamp_(0, 1)
            torch.where(below > mouth_y, below, y, out=skin_at[..., 1])
        if blinks:  # what the falling lid covers is skin from above the lid's edge
            lid = skin_at[..., 1] - shift[:, 4]
            on_lid = lid < upper_lid(self.who, skin_at[..., 0])
            skin_at[..., 1] = torch.where(on_lid, lid, skin_at[..., 1])
        return skin_at, shift[:, 2:3], gap


@lru_cache(maxsize=160)
def _field(who: Identity, what: int | str, device: torch.device) -> Tensor:
    """Displacement on the field grid by an action unit at its full (4, G, G), by a blink (G, G)."""
    x, y = np.meshgrid(_GRID, _GRID)
    blinks = what == "blink"
    found = blink_field(who, x, y) if blinks else fields((what,), landmarks(who), x, y)[0]
    return torch.from_numpy(found).to(device)
