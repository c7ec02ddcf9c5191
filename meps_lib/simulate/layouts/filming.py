"""What the camera writes and the coder notes: shared by the layouts with a face."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from torch import Tensor

from meps_lib.simulate.face import FaceClip
from meps_lib.simulate.scenario import Scenario
from meps_lib.simulate.sensor import sense_colour

_SIDED_SHARE = 0.3  # CHOICE: of the clips that can, so that "L12" occurs
_MIDLINE = {17, 23, 24, 25, 26}  # chin, lips and jaw: one muscle, or both sides at once
_ONE_SIDE = 0.6  # from here on a coder would call it one-sided
_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601, what OpenCV and Pillow use for grey


def film(face: FaceClip, rng: np.random.Generator, dials: Scenario, grey: bool = False) -> Tensor:
    """Pictures of a clip as the camera saves them.

    Returns
    -------
    Tensor, shape (T, 3, H, W), or (T, 1, H, W) if `grey`
        In [0, 1], with the scenario's noise.
    """
    colour = sense_colour(face.render()[0], rng, dials.frame_noise)
    if grey:
        r, g, b = colour.split(1, dim=1)
        colour = _LUMA[0] * r + _LUMA[1] * g + _LUMA[2] * b
    return colour


def one_sided(face: FaceClip, rng: np.random.Generator) -> FaceClip:
    """The face as it is, or, once in a while, moving on one side only."""
    luck, side = rng.random(), rng.choice([-0.95, 0.95])
    if luck < _SIDED_SHARE and not _MIDLINE & set(face.aus):
        face = replace(face, lateral=float(side))
    return face


def coded_aus(face: FaceClip) -> tuple[int, ...]:
    """Action units that a coder would note: at least a quarter of the strongest's intensity."""
    peak = face.intensity.max(axis=0)
    seen = {au for au, p in zip(face.aus, peak, strict=True) if p > 0 and p >= 0.25 * peak.max()}
    return tuple(sorted(seen))


def au_text(aus: Iterable[int], lateral: float = 0.0) -> str:
    """Action units as tables write them, e.g. "4+7" or "L12".

    Parameters
    ----------
    aus : iterable of int
    lateral : float
        As in `FaceClip`. The side right in the picture is the person's left.

    Returns
    -------
    str
        "?" if nothing was seen.

    Examples
    --------
    >>> au_text((4, 7)), au_text((12,), lateral=0.9)
    ('4+7', 'L12')
    """
    side = "" if abs(lateral) < _ONE_SIDE else "L" if lateral > 0 else "R"
    return "+".join(f"{au}" if au in _MIDLINE else f"{side}{au}" for au in aus) or "?"
