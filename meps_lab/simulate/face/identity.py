"""Who a simulated person is: proportions, colours, and the points where muscles attach.

Lengths are millimetres in a frame that is fixed to the head: x to the right of the
picture, y down, z towards the camera, origin on the lower third of the bridge of the
nose. Nobody is depicted; every proportion is drawn from a range of adult anthropometry.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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
        dark = uniform() > 1.3 * light * (1 - skin)
        iris = dark_iris if dark else blue if uniform() < 0.6 else green
        half_width = float(np.clip(normal(70, 3), 64, 76))
        return cls(
            skin=skin,
            undertone=uniform(-1, 1),
            half_width=half_width,
            chin_y=float(np.clip(normal(88, 3), 82, 94)),
            jaw=uniform(2.1, 2.9),
            half_eyes=float(np.clip(normal(31.5, 1.4), 28.5, 34.5)),
            eye_height=uniform(8.2, 9.8),
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
