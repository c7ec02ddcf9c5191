"""The neutral face of one person, drawn as a height map and an albedo.

The drawing is plain geometry: soft steps, bumps and arches, in the millimetres of
`meps_lab.simulate.face.identity`.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from meps_lab.simulate.face.identity import Identity

EXTENT_MM = 118.0  # the maps cover -EXTENT_MM..EXTENT_MM in x and y
TEXELS = 256
EYE_HALF_MM = 13.5  # half the length of the lid cleft


class Maps(NamedTuple):
    """The neutral face on a square grid; float32 tensors."""

    skin: Tensor  # (6, N, N): linear RGB albedo, height in mm, 1 = person, 1 = open lids
    inner: Tensor  # (3, N, N): eyeballs, teeth and the inside of the mouth, linear RGB


@lru_cache(maxsize=32)
def neutral_maps(who: Identity) -> Maps:
    """Draw the neutral face of one person; cached, so that a person is drawn once a process."""
    axis = ((np.arange(TEXELS) + 0.5) / TEXELS * 2 - 1) * EXTENT_MM
    x, y = np.meshgrid(axis, axis)
    ax = np.abs(x)
    eye, open_y = _eye(who, ax, y)
    above, mouth = _lips(who, x, y)
    height, face, hair, neck = _head(who, x, y)
    height = height + _relief(who, x, y, above)

    grain = _grain(who.texture_seed)
    tone = _skin_colour(who)
    rgb = np.broadcast_to(tone, (*x.shape, 3)) * (1 + 0.018 * grain[0] + 0.11 * grain[1])[..., None]
    blush = _dot(ax - 40, y - who.eye_y - 34, 15, 12) + 0.8 * _dot(x, y - 12, 11, 9)
    rgb = rgb * (1 - blush[..., None] * np.array([-0.02, 0.12, 0.10]))
    socket = _dot(ax - who.half_eyes, y - who.eye_y, 17, 9)
    rgb = rgb * (1 - 0.30 * socket[..., None])
    rgb = rgb * (1 - 0.16 * _dot(x, y - who.mouth_y - 2.4 * who.lip, 15, 3.5)[..., None])

    red = tone * np.array([0.74, 0.42, 0.44]) + np.array([0.012, 0.0, 0.003])
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


def upper_lid(who: Identity, x: Tensor) -> Tensor:
    """Edge of the open upper lid at each x, in mm down."""
    across = x.abs() - who.half_eyes
    arch = (1 - (across / EYE_HALF_MM) ** 2).clamp(min=0)
    return who.eye_y - 0.06 * across - 0.58 * who.eye_height * arch**0.8


def blink_field(who: Identity, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How far the upper lid comes down when the eye shuts, at points of the posed face.

    x, y (H, W) in mm -> mm down (H, W), of the skin above the lid's edge only: it slides over
    the eye.
    """
    across = (np.abs(x) - who.half_eyes) / EYE_HALF_MM
    opened = 1.1 * who.eye_height * np.clip(1 - across**2, 0, None) ** 0.8
    # Whole on the eyeball; above it the skin unrolls, as gently as it can without a fold,
    # and at the brow it stays.
    above = np.clip((who.eye_y - 2.0 - y) / (1.65 * who.eye_height + 1.6), 0, 1)
    below = np.clip(y - who.eye_y - 8.0, 0, None)
    return (opened * (0.5 + 0.5 * np.cos(np.pi * above)) * _dot(0, below, 1, 3)).astype("f4")


def _step(d: np.ndarray, width: float) -> np.ndarray:
    """Smooth 0 -> 1 as d passes 0, about `width` mm wide."""
    return 1 / (1 + np.exp(-np.clip(4 * d / width, -30, 30)))


def _dot(dx: np.ndarray | float, dy: np.ndarray | float, sx: float, sy: float) -> np.ndarray:
    """Gaussian dot of height 1 and standard deviations sx, sy in mm."""
    return np.exp(-0.5 * ((dx / sx) ** 2 + (dy / sy) ** 2))


def _paint(rgb: np.ndarray, colour: np.ndarray, cover: np.ndarray) -> np.ndarray:
    cover = np.clip(cover, 0, 1)[..., None]
    return rgb * (1 - cover) + colour * cover


def _grain(seed: int) -> np.ndarray:
    """Skin texture at two scales, unit variance; what optical flow holds on to."""
    noise = np.random.default_rng(seed).standard_normal((2, TEXELS, TEXELS))
    out = [gaussian_filter(n, s) for n, s in zip(noise, (2.8, 1.0), strict=True)]
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
    upper = who.eye_y + cant - 0.58 * who.eye_height * arch**0.8  # as in `upper_lid`
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


def _head(who: Identity, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
    """Height of head and neck in mm, where face is, and covers of hair and neck."""
    ax = np.abs(x)
    v = y - (-8.0)
    low, high = who.chin_y + 8.0, 112.0
    below = np.clip(v / low, 0, None) ** who.jaw
    rho = (ax / who.half_width) ** 2.3 + below + (np.clip(-v, 0, None) / high) ** 2.3
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
    grain = 0.06 * _grain(who.texture_seed + 1)[1]
    parts = (bridge, wings, sockets, balls, ridge, bones, mouth, red, groove, philtrum, fold, chin)
    return sum(parts) + grain


def _inner(who: Identity, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """What lids and lips uncover; it moves with the skull, not with the skin."""
    ax = np.abs(x)
    r = np.hypot(ax - who.half_eyes, y - who.eye_y + 0.8)
    rgb = np.full((*x.shape, 3), 0.44) * np.array([1.0, 0.95, 0.91])
    caruncle = _dot(ax - who.half_eyes + 14, y - who.eye_y, 2, 3)
    rgb = _paint(rgb, np.array([0.45, 0.16, 0.14]), caruncle)
    rgb = rgb * (1 - 0.30 * _step(who.eye_y - 0.30 * who.eye_height - y, 4.0))[..., None]
    iris = np.array(who.iris) ** 2.2 * (0.6 + 0.1 * np.minimum(r, 8))[..., None]
    glint = np.hypot(x - np.sign(x) * who.half_eyes + 2, y - who.eye_y + 3)
    rgb = _paint(rgb, iris, _step(6.3 - r, 0.9))
    rgb = _paint(rgb, np.full(3, 0.006), _step(2.5 - r, 0.7))
    rgb = _paint(rgb, np.full(3, 0.95), _step(1.0 - glint, 0.6))
    in_mouth = y > who.mouth_y - 25
    teeth = _step(5.0 - np.abs(y - who.mouth_y + 2.5), 1.5) * _step(19 - ax, 3.0)
    gaps = 1 - 0.25 * _step(np.cos(x * np.pi / 4.2) - 0.93, 0.1)
    inside = np.full_like(rgb, 0.014) * np.array([4.0, 1.0, 1.0])
    inside = _paint(inside, np.array([0.60, 0.56, 0.48]), teeth) * gaps[..., None]
    tongue = 0.8 * _dot(x, y - who.mouth_y - 24, 15, 7)
    inside = _paint(inside, np.array([0.22, 0.06, 0.06]), tongue)
    return np.where(in_mouth[..., None], inside, rgb)
