"""What a face clip may be made of; each field is checked once, when the clip is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from meps_lab.simulate.checks import check_kind
from meps_lab.simulate.face.camera import DISTANCE_MM
from meps_lab.simulate.face.identity import Identity
from meps_lab.simulate.face.muscles import PULLS, check_muscles
from meps_lab.simulate.face.texture import Texture
from meps_lib.arguments import number, whole
from meps_lib.errors import MepsError

# CHOICE: the head's origin stays this far from the camera. WHY: a face reaches 60 mm out of
# it, and nearer than twice that one scale for the whole head is no camera any more.
NEAREST_MM = 150.0
_FARTHEST = 1e4  # mm; a head there is one pixel, and 32 bits still hold its place
_POSE_LOW = (-_FARTHEST, -_FARTHEST, -_FARTHEST, NEAREST_MM - DISTANCE_MM)
BRIGHTEST = 1000.0  # times the light: more than `Scenario.light_change` can draw, and all white
_ROUNDING = 1e-9  # what interpolation may add to the end of a range; it is cut off


def checked(clip) -> dict[str, Any]:
    """Every field of a clip by its name, as the clip is to keep it, arrays as copies.

    Raises
    ------
    MepsError
        Names the field, what came, what was expected and what to do.
    """
    check_kind("FaceClip: who", clip.who, Identity, "Identity() is an average face")
    if clip.texture is not None:
        check_kind("FaceClip: texture", clip.texture, Texture, "`texture_from_photo` makes one")
    whole("FaceClip: size", clip.size, 8, 1024)
    number("FaceClip: lateral", clip.lateral, -1, 1)
    aus = _action_units(clip.aus)
    rows = "one row a frame, at least one, and one column an action unit"
    intensity = _array("intensity", clip.intensity, ("T", len(aus)), 0, 1, rows)
    n, each = len(intensity), "one for each row of intensity"
    pose, blink, gain = clip.pose, clip.blink, clip.gain
    return {
        "aus": aus,
        "intensity": intensity,
        "pose": np.zeros((n, 4)) if pose is None else _poses(pose, n),
        "lateral": float(clip.lateral),
        "light": _direction(clip.light),
        "size": int(clip.size),
        "blink": np.zeros(n) if blink is None else _array("blink", blink, (n,), 0, 1, each),
        "gain": np.ones(n) if gain is None else _array("gain", gain, (n,), 0, BRIGHTEST, each),
    }


def _action_units(value: Any) -> tuple[int, ...]:
    """Different action units that have a muscle; none at all is a still face."""
    if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray):
        raise MepsError(
            f"FaceClip: aus must be a tuple of whole numbers such as (6, 12), got {value!r}"
        )
    for au in value:
        why = "; what two units bring along comes by itself, so list the units alone"
        whole("FaceClip: each of aus", au, 1, why=why)
    check_muscles(value, PULLS)
    aus = tuple(map(int, value))
    twice = sorted({au for au in aus if aus.count(au) > 1})
    if twice:
        raise MepsError(
            f"FaceClip: aus must differ, got {twice} more than once in {aus}; add up their "
            "columns of intensity, or drop all but one"
        )
    return aus


def _poses(value: Any, n: int) -> np.ndarray:
    """(n, 4) float64, no nearer to the camera than a head can be seen whole."""
    what = (
        "for each row of intensity right, down (mm), roll (rad), away (mm); a still head is "
        f"{DISTANCE_MM:g} mm away, and nearer than {NEAREST_MM:g} mm it cannot be seen whole"
    )
    return _array("pose", value, (n, 4), _POSE_LOW, _FARTHEST, what)


def _direction(value: Any) -> tuple[float, ...]:
    """Three finite numbers, not all zero."""
    axes = "x right, y down, z to the camera; light from the front is (0, 0, 1)"
    found = _array("light", value, (3,), -1e100, 1e100, axes)
    if np.linalg.norm(found) == 0:
        raise MepsError(f"FaceClip: light must not be all zero, got {value!r}; {axes}")
    return tuple(found.tolist())


def _array(name: str, value: Any, shape: tuple, low, high: float, what: str) -> np.ndarray:
    """A copy as float64, so that what the caller does to `value` later does not change it.

    A "T" in the shape stands for any number but 0. `low` is one, or one a column.
    """
    try:
        found = np.array(value)
    except (TypeError, ValueError, RuntimeError):  # ragged lists; tensors of a GPU
        found = np.array(None)
    numbers = found.dtype.kind in "biuf"
    fits = found.ndim == len(shape) and all(
        n > 0 if wanted == "T" else n == wanted
        for n, wanted in zip(found.shape, shape, strict=True)
    )
    if not numbers or not fits:
        got = f"shape {found.shape}" if numbers else f"{type(value).__name__} {value!r:.80}"
        wanted = f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"
        raise MepsError(f"FaceClip: {name} must be numbers of shape {wanted}, {what}; got {got}")
    found = found.astype(float, copy=False)
    wrong = np.argwhere(~((found >= np.subtract(low, _ROUNDING)) & (found <= high + _ROUNDING)))
    if len(wrong):
        at = tuple(wrong[0].tolist())
        least = np.broadcast_to(low, found.shape)[at]
        raise MepsError(
            f"FaceClip: {name} must be from {least:g} to {high:g}, got {found[at]:g} at "
            f"{name}{list(at)} ({len(wrong)} such); {what}"
        )
    return found.clip(low, high)
