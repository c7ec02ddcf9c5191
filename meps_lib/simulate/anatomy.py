"""The neutral face: who a simulated person is, as a height map and an albedo.

Lengths are millimetres in a frame that is fixed to the head: x to the right of the
picture, y down, z towards the camera, origin on the bridge of the nose's lower third.
Nobody is depicted; every proportion is drawn from a range of adult anthropometry.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

EXTENT_MM = 118.0  # the maps cover -EXTENT_MM..EXTENT_MM in x and y
TEXELS = 256
EYE_HALF_MM = 13.5  # half the length of the lid cleft


@dataclass(frozen=True)
class Identity:
    """Proportions and colours of one simulated person (lengths in mm)."""

    skin: float = 0.3  # 0 lightest .. 1 darkest human skin
    undertone: float = 0.0  # -1 rosy .. 1 olive
    half_width: float = 70.0  # at the cheekbones
    chin_y: float = 88.0
    jaw: float = 2.4  # 2 tapering .. 3 square
    half_eyes: float = 31.5  # half the distance between the pupils
    eye_y: float = -30.0
    eye_height: float = 9.4  # lid to lid
    brow_gap: float = 21.0  # brow above the pupil
    brow_weight: float = 5.0
    nose_length: float = 45.0
    nose_half: float = 16.0
    nose_height: float = 22.0
    mouth_y: float = 40.0
    mouth_half: float = 25.0
    lip: float = 6.5  # height of the upper lip's red
    hairline_y: float = -86.0
    hair_length: float = 0.0  # y down to which hair frames the face
    hair: tuple[float, float, float] = (0.12, 0.08, 0.06)  # sRGB
    iris: tuple[float, float, float] = (0.26, 0.16, 0.09)  # sRGB
    texture_seed: int = 0

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Identity:
        """A random person."""
        skin = rng.uniform(0, 1)
        normal, uniform = rng.normal, rng.uniform
        # Light hair and light eyes occur with light skin; dark ones with any.
        light = uniform() * (1 - skin) ** 1.5
        hair = np.array([0.09, 0.07, 0.06]) + light * np.array([0.42, 0.28, 0.14])
        dark_iris, blue, green = (0.24, 0.14, 0.08), (0.36, 0.48, 0.58), (0.38, 0.42, 0.26)
        iris = dark_iris if uniform() > light * 1.3 else (blue if uniform() < 0.6 else green)
        half_width = float(np.clip(normal(70, 3), 64, 76))
        return cls(
            skin=skin,
            undertone=uniform(-1, 1),
            half_width=half_width,
            chin_y=float(np.clip(normal(88, 3), 82, 94)),
            jaw=uniform(2.1, 2.9),
            half_eyes=float(np.clip(normal(31.5, 1.4), 28.5, 34.5)),
            eye_height=uniform(8.2, 10.6),
            brow_gap=uniform(18.5, 22.5),
            brow_weight=uniform(4.5, 7.5),
            nose_length=uniform(41, 49),
            nose_half=uniform(14.0, 19.0),
            nose_height=uniform(18, 26),
            mouth_y=uniform(37.5, 42.5),
            mouth_half=uniform(22.5, 27.5),
            lip=uniform(4.5, 8.5),
            hairline_y=uniform(-94, -78),
            hair_length=float(rng.choice([-40.0, -12.0, 50.0, 110.0])),
            hair=tuple(float(c) for c in hair),
            iris=iris,
            texture_seed=int(rng.integers(2**31)),
        )


def landmarks(who: Identity) -> dict[str, tuple[float, float]]:
    """Points where muscles attach, for the side x >= 0, in mm."""
    brow_y = who.eye_y - who.brow_gap
    nose_y = who.eye_y + who.nose_length
    return {
        "brow_in": (14.0, brow_y + 2.0),
        "brow_mid": (who.half_eyes, brow_y - 1.0),
        "brow_out": (who.half_eyes + 13.0, brow_y + 1.0),
        "eye": (who.half_eyes, who.eye_y),
        "upper_lid": (who.half_eyes, who.eye_y - 0.55 * who.eye_height),
        "lower_lid": (who.half_eyes, who.eye_y + 0.5 * who.eye_height),
        "nose_root": (0.0, who.eye_y),
        "nose_wing": (who.nose_half - 1.0, nose_y - 3.0),
        "cheek": (who.half_eyes + 7.0, who.eye_y + 30.0),
        "upper_lip": (0.0, who.mouth_y - 3.0),
        "lower_lip": (0.0, who.mouth_y + 6.0),
        "corner": (who.mouth_half, who.mouth_y),
        "chin": (0.0, who.chin_y - 4.0),
    }


class Maps(NamedTuple):
    """The neutral face on a square grid; float32 tensors."""

    skin: Tensor  # (6, N, N): linear RGB albedo, height in mm, 1 = person, 1 = open lids
    inner: Tensor  # (3, N, N): eyeballs, teeth and the inside of the mouth, linear RGB


@lru_cache(maxsize=32)
def neutral_maps(who: Identity) -> Maps:
    """Draw the neutral face of one person.

    Parameters
    ----------
    who : Identity

    Returns
    -------
    Maps
        Cached: a person is drawn once a process.
    """
    axis = ((np.arange(TEXELS) + 0.5) / TEXELS * 2 - 1) * EXTENT_MM
    x, y = np.meshgrid(axis, axis)
    ax = np.abs(x)
    eye, open_y = _eye(who, ax, y)
    above, mouth = _lips(who, x, y)
    height, face, hair, neck = _head(who, x, y)
    height = height + _relief(who, x, y, above)

    grain = _grain(who.texture_seed)
    tone = _skin_colour(who)
    rgb = np.broadcast_to(tone, (*x.shape, 3)) * (1 + 0.05 * grain[0] + 0.07 * grain[1])[..., None]
    blush = _dot(ax - 40, y - who.eye_y - 34, 15, 12) + 0.8 * _dot(x, y - 12, 11, 9)
    rgb = rgb * (1 - blush[..., None] * np.array([-0.02, 0.12, 0.10]))
    socket = _dot(ax - who.half_eyes, y - who.eye_y, 17, 9)
    rgb = rgb * (1 - 0.30 * socket[..., None])
    rgb = rgb * (1 - 0.16 * _dot(x, y - who.mouth_y - 2.4 * who.lip, 15, 3.5)[..., None])

    red = tone * np.array([0.80, 0.50, 0.52]) + np.array([0.012, 0.0, 0.003])
    rgb = _paint(rgb, red * (1 + 0.10 * grain[0])[..., None], _step(above, 0.8))
    rgb = _paint(rgb, red * 0.22, _dot(0, mouth, 1, 1.0) * _step(who.mouth_half - 1 - ax, 2.0))
    nostril = _dot(ax - 0.48 * who.nose_half, y - who.eye_y - who.nose_length, 3.0, 1.7)
    rgb = _paint(rgb, tone * 0.08, np.clip(1.3 * nostril, 0, 1))
    lash = _step(1.5 - np.abs(open_y + 0.5), 0.5) * _step(EYE_HALF_MM + 1 - _eye_x(who, ax), 1.0)
    crease = _dot(_eye_x(who, ax), open_y + 4.2, 11, 0.9)
    rgb = _paint(rgb, np.full(3, 0.010), 0.92 * lash * (y < who.eye_y + 1))
    rgb = _paint(rgb, tone * 0.35, 0.6 * crease)
    hair_rgb = np.array(who.hair) ** 2.2 * (1 + 0.18 * grain[1] + 0.12 * grain[0])[..., None]
    rgb = _paint(rgb, hair_rgb, 2.5 * hair)
    rgb = _paint(rgb, np.array(who.hair) ** 2.2 * 0.8, _brow(who, ax, y) * (1 - 0.15 * grain[1]))
    rgb = _paint(rgb, np.array([0.10, 0.12, 0.16]), neck * _step(y - 104 - 0.15 * ax, 1.5))

    person = np.maximum(np.maximum(face, hair), neck)
    skin = np.stack([*np.clip(rgb, 0.003, 1).transpose(2, 0, 1), height, person, eye])
    inner = _inner(who, x, y).transpose(2, 0, 1)
    return Maps(*(torch.from_numpy(np.ascontiguousarray(m, np.float32)) for m in (skin, inner)))


def _step(d: np.ndarray, width: float) -> np.ndarray:
    """Smooth 0 -> 1 as d passes 0, about `width` mm wide."""
    return 1 / (1 + np.exp(-np.clip(4 * d / width, -30, 30)))


def _dot(dx, dy, sx: float, sy: float) -> np.ndarray:
    return np.exp(-0.5 * ((dx / sx) ** 2 + (dy / sy) ** 2))


def _paint(rgb: np.ndarray, colour: np.ndarray, cover: np.ndarray) -> np.ndarray:
    cover = np.clip(cover, 0, 1)[..., None]
    return rgb * (1 - cover) + colour * cover


def _grain(seed: int) -> np.ndarray:
    """Skin texture at two scales, unit variance; what optical flow holds on to."""
    noise = np.random.default_rng(seed).standard_normal((2, TEXELS, TEXELS))
    out = [gaussian_filter(n, s) for n, s in zip(noise, (2.8, 1.3), strict=True)]
    return np.stack([o / o.std() for o in out])


def _skin_colour(who: Identity) -> np.ndarray:
    """Linear RGB between the lightest and the darkest skin, along melanin's absorption."""
    light, dark = np.array([0.80, 0.56, 0.45]), np.array([0.075, 0.036, 0.022])
    tone = light ** (1 - who.skin) * dark**who.skin
    return tone * (1 + who.undertone * np.array([-0.04, 0.03, -0.05]))


def _eye_x(who: Identity, ax: np.ndarray) -> np.ndarray:
    return np.abs(ax - who.half_eyes)


def _eye(who: Identity, ax: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Openness of the lids, and mm below the upper lid's edge."""
    arch = np.clip(1 - (_eye_x(who, ax) / EYE_HALF_MM) ** 2, 0, None)
    cant = -0.06 * (ax - who.half_eyes)  # the outer corner sits a little higher
    upper = who.eye_y + cant - 0.58 * who.eye_height * arch**0.8
    lower = who.eye_y + cant + 0.42 * who.eye_height * arch
    inside = np.minimum(y - upper, lower - y)
    return _step(inside, 0.9) * (arch > 0), y - upper


def _brow(who: Identity, ax: np.ndarray, y: np.ndarray) -> np.ndarray:
    along = (ax - 11) / (who.half_eyes + 17 - 11)
    ridge = who.eye_y - who.brow_gap + 3.0 - 6.0 * np.sin(np.pi * np.clip(along, 0, 1) ** 1.3)
    half = 0.5 * who.brow_weight * (1.15 - 0.65 * np.clip(along, 0, 1))
    ends = _step(along * 40, 5.0) * _step((1 - along) * 40, 6.0)
    return 0.9 * _step(half - np.abs(y - ridge), 1.8) * ends


def _lips(who: Identity, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """mm inside the red of the lips, and mm below the line between them."""
    mouth = y - who.mouth_y
    arch = np.clip(1 - (x / who.mouth_half) ** 2, 0, None)
    bow = 1 - 0.22 * _dot(x, 0, 3.5, 1) + 0.10 * _dot(np.abs(x) - 7, 0, 4, 1)
    upper, lower = who.lip * arch**0.75 * bow, 1.35 * who.lip * arch**0.6
    return np.where(mouth < 0, upper + mouth, lower - mouth) - 1e3 * (arch <= 0), mouth


def _head(who: Identity, x: np.ndarray, y: np.ndarray):
    """Height of head and neck in mm, where face is, and covers of hair and neck."""
    ax = np.abs(x)
    v = y - (-8.0)
    low, high = who.chin_y + 8.0, 112.0
    rho = (ax / who.half_width) ** 2.3
    rho = rho + np.where(
        v > 0, np.clip(v / low, 0, None) ** who.jaw, (np.clip(-v, 0, None) / high) ** 2.3
    )
    face = rho < 1
    dome = 88.0 * np.clip(1 - rho, 0, 1) ** 0.46 - 60.0
    ears = _dot(ax - who.half_width - 1, y + 8, 5, 16) > 0.45
    dome = np.where(ears & ~face, -48.0, dome)
    neck = _step(46 + 0.02 * np.clip(y - 60, 0, None) ** 2 - ax, 2.0) * (y > 40)
    trunk = 42 * np.sqrt(np.clip(1 - (x / 110) ** 2, 0, 1)) - 85.0
    # Hair: a cap outside the skull, above the hairline, and down the sides to its length.
    cap = 1 - (ax / (who.half_width + 9)) ** 2.4 - (np.clip(-v, 0, None) / 122.0) ** 2.4
    edge = who.hairline_y + 0.0032 * ax**2 + 3e-6 * ax**4
    outside = np.maximum(_step(edge - y, 3.0), _step(rho - 0.98, 0.03))
    hair = _step(cap * 40, 2.0) * outside * _step(who.hair_length - y, 4.0)
    crown = np.where(face, dome + 5.0, -52.0)
    height = np.where(face | ears, dome, trunk)
    height = np.where(hair > 0.5, np.maximum(crown, height), height)
    return height, face | ears, hair, neck * ~face


def _relief(who: Identity, x: np.ndarray, y: np.ndarray, lips: np.ndarray) -> np.ndarray:
    """Nose, brow ridge, sockets, eyeballs, cheekbones, lips and chin, in mm."""
    ax, tip = np.abs(x), who.eye_y + who.nose_length
    along = np.clip((y - who.eye_y + 6) / (who.nose_length - 2), 0, 1)
    below = _step(tip + 1 - y, 5.0)
    bridge = who.nose_height * along**1.2 * below * _dot(x, 0, 5 + 0.42 * who.nose_half * along, 1)
    wings = 7.0 * _dot(ax - who.nose_half + 5, y - tip + 5, 4.6, 5.5)
    sockets = -7.0 * _dot(ax - who.half_eyes, y - who.eye_y + 2, 15, 9)
    balls = 5.0 * _dot(ax - who.half_eyes, y - who.eye_y, 10, 7)
    ridge = 3.0 * _dot(ax - 26, y - who.eye_y + who.brow_gap, 20, 7)
    bones = 4.0 * _dot(ax - 46, y - who.eye_y - 24, 16, 13)
    mouth = 4.0 * _dot(x, y - who.mouth_y - 1, 24, 13)
    red = 3.0 * np.clip(lips / who.lip, 0, 1) ** 0.6
    groove = -2.5 * _dot(x, y - who.mouth_y, 0.6 * who.mouth_half, 1.3)
    philtrum = -1.2 * _dot(x, y - who.mouth_y + who.lip + 7, 3, 6)
    fold = -1.4 * _dot(ax - 21 - 0.35 * (y - tip), y - tip - 9, 2.6, 10)
    chin = 6.0 * _dot(x, y - who.chin_y + 16, 14, 10) - 2.5 * _dot(x, y - who.mouth_y - 17, 16, 4)
    grain = 0.12 * _grain(who.texture_seed + 1)[1]
    return (
        bridge
        + wings
        + sockets
        + balls
        + ridge
        + bones
        + mouth
        + red
        + groove
        + philtrum
        + fold
        + chin
        + grain
    )


def _inner(who: Identity, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """What lids and lips uncover; it moves with the skull, not with the skin."""
    ax = np.abs(x)
    r = np.hypot(ax - who.half_eyes, y - who.eye_y + 0.8)
    rgb = np.full((*x.shape, 3), 0.52) * np.array([1.0, 0.94, 0.90])
    rgb = _paint(
        rgb, np.array([0.45, 0.16, 0.14]), _dot(ax - who.half_eyes + 14, y - who.eye_y, 2, 3)
    )
    rgb = rgb * (1 - 0.30 * _step(who.eye_y - 0.30 * who.eye_height - y, 4.0))[..., None]
    rgb = _paint(
        rgb,
        np.array(who.iris) ** 2.2 * (0.6 + 0.1 * np.minimum(r, 8))[..., None],
        _step(6.3 - r, 0.9),
    )
    rgb = _paint(rgb, np.full(3, 0.006), _step(2.5 - r, 0.7))
    rgb = _paint(
        rgb,
        np.full(3, 0.95),
        _step(1.0 - np.hypot(x - np.sign(x) * who.half_eyes + 2, y - who.eye_y + 3), 0.6),
    )
    in_mouth = y > who.mouth_y - 25
    dark = np.array([0.055, 0.014, 0.014])
    teeth = _step(5.0 - np.abs(y - who.mouth_y + 3.5), 1.5) * _step(19 - ax, 3.0)
    gaps = 1 - 0.25 * _step(np.cos(x * np.pi / 4.2) - 0.93, 0.1)
    inside = _paint(np.broadcast_to(dark, rgb.shape), np.array([0.60, 0.56, 0.48]), teeth)
    inside = _paint(
        inside * gaps[..., None],
        np.array([0.22, 0.06, 0.06]),
        0.8 * _dot(x, y - who.mouth_y - 24, 15, 7),
    )
    return np.where(in_mouth[..., None], inside, rgb)
