"""Action units as displacement fields: where a muscle pulls the skin, how far, and when.

Every action unit is a short list of rows, each a `Pull`: a smooth bump anchored at a landmark
of the face. The table is the model: to change how a face moves, change a row.

Fields are stated in the *posed* face, not the neutral one: the skin seen at point p of a
posed face is the neutral skin at p - d(p). That makes rendering one exact look-up, and
lets two lips share a boundary and still part.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np


class Pull(NamedTuple):
    """One bump of displacement, in mm at full intensity; x right, y down, z to the camera."""

    anchor: str  # a name in `meps_lab.simulate.face.identity.landmarks`
    offset: tuple[float, float]  # mm from the anchor, for the side x > 0
    size: tuple[float, float]  # standard deviations, mm
    move: tuple[float, float, float]  # mm at the centre
    tilt: float = 0.0  # degrees; for oblique folds
    lower_lip: bool = False  # acts below the line of the mouth only, so the lips part
    reach: float = 1.0  # where a parting of the lips ends, in half widths of the mouth at rest


_MIDLINE = 4.0  # mm; a pull whose centre is nearer to the midline than this is not mirrored

# Reach and direction follow the descriptions of the FACS manual (Ekman & Friesen, 1978).
# CHOICE: the amounts in mm. WHY: the manual grades intensity A-E and gives no lengths;
# these look right at full intensity and move skin by 4-10 mm, as the muscles can.
PULLS: dict[int, tuple[Pull, ...]] = {
    1: (
        Pull("brow_in", (2, -2), (11, 13), (1.0, -9.0, 1.0)),
        Pull("brow_in", (-14, -22), (20, 2.2), (0, 0, -1.4)),
        Pull("brow_in", (-14, -31), (18, 2.2), (0, 0, -1.2)),
    ),
    2: (
        Pull("brow_out", (-6, -2), (13, 13), (0.5, -9.0, 1.0)),
        Pull("brow_out", (-12, -22), (13, 2.2), (0, 0, -1.3)),
        Pull("brow_out", (-14, -31), (13, 2.2), (0, 0, -1.0)),
    ),
    4: (
        Pull("brow_in", (3, 0), (12, 11), (-5.0, 6.5, 2.0)),
        Pull("brow_mid", (4, 0), (12, 10), (-2.0, 5.5, 0.5)),
        Pull("brow_in", (-8, 1), (1.9, 8), (0, 0, -3.2), 12.0),
        Pull("nose_root", (0, -3), (8, 1.8), (0, 0, -1.2)),
    ),
    5: (Pull("upper_lid", (0, -1), (13, 5.0), (0, -3.2, 0)),),
    6: (
        Pull("cheek", (0, 0), (16, 13), (-1.0, -5.0, 4.5)),
        Pull("lower_lid", (0, 2), (13, 6.0), (0, -3.0, 0.8)),
        Pull("eye", (19, 1), (4.5, 1.5), (0, 0, -1.8), -22.0),
        Pull("eye", (19, 7), (4.5, 1.5), (0, 0, -1.8), 22.0),
        Pull("lower_lid", (-3, 9), (12, 1.9), (0, 0, -1.5), -12.0),
    ),
    7: (
        Pull("lower_lid", (0, 1), (13, 5.0), (0, -2.8, 0.4)),
        Pull("upper_lid", (0, 0), (13, 5.0), (0, 1.8, 0)),
        Pull("lower_lid", (0, 7), (12, 1.8), (0, 0, -1.4)),
    ),
    9: (
        Pull("nose_wing", (1, -6), (9, 13), (1.0, -6.5, 2.0)),
        Pull("upper_lip", (0, 0), (20, 8), (0, -2.0, 1.0)),
        Pull("brow_in", (0, 2), (11, 10), (-2.0, 4.5, 1.0)),
        Pull("nose_root", (0, 10), (10, 1.9), (0, 0, -1.9)),
        Pull("nose_root", (0, 3), (10, 1.9), (0, 0, -1.8)),
        Pull("nose_wing", (-5, -14), (2.2, 7), (0, 0, -1.2), 35.0),
        Pull("nose_wing", (8, 5), (2.2, 12), (0, 0, -2.0), -30.0),
        Pull("lower_lid", (-4, 3), (11, 6), (0, -2.2, 0.8)),
        Pull("lower_lid", (-6, 9), (11, 1.8), (0, 0, -1.2), -15.0),
        Pull("upper_lid", (0, 0), (13, 5.0), (0, 1.2, 0)),
    ),
    10: (
        Pull("upper_lip", (12, -5), (12, 9), (1.0, -4.7, 2.0)),
        Pull("nose_wing", (9, 7), (2.4, 12), (0, 0, -1.8), -30.0),
    ),
    12: (
        Pull("corner", (1, -2), (12, 14), (8.8, -8.8, -2.0)),
        Pull("cheek", (-4, 14), (14, 12), (1.5, -3.5, 4.5)),
        Pull("corner", (5, -14), (2.0, 14), (0, 0, -3.2), -28.0),
    ),
    14: (
        Pull("corner", (-1, -1), (12, 11), (3.0, -1.5, -3.0)),
        Pull("corner", (5, -2), (2.2, 8), (0, 0, -3.0), -10.0),
    ),
    15: (
        Pull("corner", (0, 1), (11, 12), (0.5, 7.5, -1.0)),
        Pull("corner", (1, 12), (2.0, 10), (0, 0, -2.2), 25.0),
    ),
    17: (
        Pull("chin", (0, -8), (15, 12), (0, -6.0, 3.0)),
        Pull("lower_lip", (0, 2), (16, 11), (0, -3.0, 1.5)),
        Pull("chin", (0, -22), (13, 2.2), (0, 0, -2.2)),
    ),
    20: (
        Pull("corner", (0, 2), (13, 12), (10.0, 2.5, -3.0)),
        Pull("corner", (6, 6), (2.0, 12), (0, 0, -2.0), -12.0),
    ),
    23: (
        Pull("upper_lip", (0, 0), (18, 6), (0, 3.0, 0.5)),
        Pull("lower_lip", (0, 1), (18, 7), (0, -4.0, 0.5)),
        Pull("corner", (0, 0), (9, 8), (-4.5, 0, 0)),
        Pull("lower_lip", (0, 9), (14, 2.0), (0, 0, -2.0)),
    ),
    24: (
        Pull("upper_lip", (0, -1), (18, 8), (0, 2.6, -1.0)),
        Pull("lower_lip", (0, 1), (18, 8), (0, -2.6, -1.0)),
    ),
    25: (
        Pull("lower_lip", (0, 0), (14, 10), (0, 5.0, 0), 0.0, True),
        Pull("upper_lip", (0, 2), (12, 7), (0, -1.2, 0)),
    ),
    26: (
        Pull("chin", (0, 4), (36, 24), (0, 11.0, -1.0)),
        Pull("lower_lip", (0, 8), (17, 18), (0, 13.0, -2.0), 0.0, True),
        Pull("corner", (-2, 6), (11, 12), (-4.0, 3.0, 0)),
    ),
}

# What two action units together bring along: pair, intensity above which it comes; its pulls.
# CHOICE: only pairs, so that one unit alone stays what the table says. WHY: a broad smile
# bares the teeth, as does a snarl; a mouth that is stretched and falls open is square.
COUPLINGS = {"grin": ((6, 12), 0.6), "snarl": ((9, 10), 0.6), "stretch": ((20, 26), 0.0)}
_COUPLED: dict[str, tuple[Pull, ...]] = {
    "grin": (Pull("lower_lip", (0, 0), (20, 10), (0, 6.0, 0), 0.0, True, 1.2),),
    "snarl": (
        Pull("lower_lip", (0, 0), (18, 10), (0, 5.0, 0), 0.0, True, 1.05),
        Pull("lower_lip", (0, 9), (18, 6), (0, -3.0, 0), 0.0, True, 1.05),
        Pull("upper_lip", (14, -2), (8, 8), (0, -1.5, 1.0)),
    ),
    "stretch": (
        Pull("lower_lip", (0, 12), (16, 9), (0, -7.0, 0), 0.0, True, 1.3),
        Pull("lower_lip", (18, -2), (8, 9), (0, 8.0, 0), 0.0, True, 1.4),
        Pull("corner", (0, 2), (13, 12), (5.5, 0.5, 0)),
        Pull("upper_lip", (0, -5), (20, 5), (0, 2.0, 0)),
    ),
}
_ROWS: dict[int | str, tuple[Pull, ...]] = {**PULLS, **_COUPLED}


def fields(
    aus: tuple[int | str, ...],
    landmarks: Mapping[str, tuple[float, float]],
    x: np.ndarray,
    y: np.ndarray,
) -> np.ndarray:
    """Displacement at full intensity of each action unit.

    Parameters
    ----------
    aus : tuple of int or str
        Action units, each a key of `PULLS`, or couplings, each a key of `COUPLINGS`.
    landmarks : mapping
        Landmark name -> (x, y) in mm, for the side x >= 0.
    x, y : ndarray, shape (H, W)
        Points of the posed face in mm.

    Returns
    -------
    ndarray, shape (K, 4, H, W), float32
        Per action unit: dx, dy, dz of all skin, and the additional dy of what lies below
        the line of the mouth. In mm.

    Examples
    --------
    >>> x, y = np.meshgrid(np.linspace(0, 50, 3), np.linspace(0, 50, 3))
    >>> place = {"corner": (25, 42), "cheek": (38, 2), "lower_lip": (0, 49), "eye": (31, -30)}
    >>> fields((12,), place, x, y).shape
    (1, 4, 3, 3)
    """
    out = np.zeros((len(aus), 4, *x.shape), np.float32)
    loose = _loose(landmarks["eye"], x, y)
    for k, au in enumerate(aus):
        for pull in _ROWS[au]:
            ax, ay = landmarks[pull.anchor]
            centre = (ax + pull.offset[0], ay + pull.offset[1])
            sides = (1.0,) if abs(centre[0]) < _MIDLINE else (1.0, -1.0)
            for side in sides:
                bump = _bump(side * x - centre[0], y - centre[1], pull.size, pull.tilt)
                if not pull.anchor.endswith("lid"):
                    bump = bump * loose
                dx, dy, dz = pull.move
                if pull.lower_lip:
                    # The lips must meet at the corners of the mouth, else the cheek tears.
                    end = pull.reach * landmarks["corner"][0]
                    reach = np.clip(1 - (x / end) ** 2, 0, 1) ** 1.5
                    out[k, 3] += dy * bump * reach
                    out[k, 2] += dz * bump * reach
                else:
                    out[k, 0] += side * dx * bump
                    out[k, 1] += dy * bump
                    out[k, 2] += dz * bump
    return out


def coupled(
    aus: tuple[int, ...], intensity: np.ndarray
) -> tuple[tuple[int | str, ...], np.ndarray]:
    """Action units as the skin follows them: those asked for, and those that they bring along.

    Parameters
    ----------
    aus : tuple of int
        K action units.
    intensity : ndarray, shape (T, K)

    Returns
    -------
    aus : tuple of int or str
        The action units, then the names of `COUPLINGS` that they bring along, K' in all.
    intensity : ndarray, shape (T, K')

    Examples
    --------
    >>> coupled((6, 12), np.array([[0.45, 0.45], [1.0, 1.0]]))[1].round(2).tolist()
    [[0.45, 0.45, 0.0], [1.0, 1.0, 1.0]]
    """
    names = []
    for name, (pair, above) in COUPLINGS.items():
        if set(pair) <= set(aus):
            both = np.minimum(*(intensity[:, aus.index(au)] for au in pair))
            more = np.clip((both - above) / (1 - above), 0, None)
            intensity = np.column_stack([intensity, more])
            names.append(name)
    return (*aus, *names), intensity


def _loose(eye: tuple[float, float], x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """How far skin follows brow and cheek: a tenth at the lids, which ride on the eyeball.

    Above the eye the change is spread up to the brow. Were it steeper than the brow is
    raised, the skin between them would fold over and the lids would tear open.
    """
    dy = y - eye[1]
    v = np.where(dy < 0, (np.abs(dy) / 22) ** 2.5, (dy / 10) ** 4)
    return 1 - 0.9 * np.exp(-(((np.abs(x) - eye[0]) / 20) ** 4) - v)


def _bump(dx: np.ndarray, dy: np.ndarray, size: tuple[float, float], tilt: float) -> np.ndarray:
    """Gaussian bump of height 1, turned by `tilt` degrees."""
    c, s = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
    u, v = c * dx + s * dy, c * dy - s * dx
    return np.exp(-0.5 * ((u / size[0]) ** 2 + (v / size[1]) ** 2)).astype(np.float32)
