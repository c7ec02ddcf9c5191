"""What a face clip may be made of; each field is checked once, when the clip is made.

Each check returns the field as the clip keeps it, arrays as copies, or raises a `MepsError`
that names the field, what came, what was expected and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from numbers import Integral, Real
from operator import index
from typing import Any

import numpy as np

from meps_lab.simulate.face.camera import DISTANCE_MM
from meps_lab.simulate.face.identity import Identity
from meps_lab.simulate.face.muscles import PULLS
from meps_lab.simulate.face.texture import Texture
from meps_lib.errors import MepsError
from meps_lib.labels import ACTION_UNITS

# CHOICE: the head's origin stays this far from the camera. WHY: a face reaches 60 mm out of
# it, and nearer than twice that one scale for the whole head is no camera any more.
NEAREST_MM = 150.0
_FARTHEST = 1e4  # mm; a head there is one pixel, and 32 bits still hold its place
BRIGHTEST = 1000.0  # times the light: more than `Scenario.light_change` can draw, and all white
_ROUNDING = 1e-9  # what interpolation may add to the end of a range; it is cut off


def checked(clip) -> dict[str, Any]:
    """Every field of a clip by its name, as the clip is to keep it."""
    aus = action_units(clip.aus)
    intensity = intensities(clip.intensity, len(aus))
    n = len(intensity)
    out = {
        "who": kind("who", clip.who, Identity, "Identity() is an average face"),
        "aus": aus,
        "intensity": intensity,
        "pose": np.zeros((n, 4)) if clip.pose is None else poses(clip.pose, n),
        "lateral": share("lateral", clip.lateral, -1, 1),
        "light": direction(clip.light),
        "size": whole("size", clip.size, 8, 1024),
        "blink": np.zeros(n) if clip.blink is None else course("blink", clip.blink, n, 1.0),
        "gain": np.ones(n) if clip.gain is None else course("gain", clip.gain, n, BRIGHTEST),
    }
    if clip.texture is not None:
        kind("texture", clip.texture, Texture, "`texture_from_photo` makes one")
    return out


def frame(value: Any, n_frames: int) -> int:
    """A frame of a clip of so many."""
    try:
        number = index(value)
    except TypeError:
        raise MepsError(
            f"a frame must be a whole number from 0 to {n_frames - 1}, got {value!r}; round it "
            "first"
        ) from None
    if not 0 <= number < n_frames:
        raise MepsError(f"frame {number} is outside the clip of {n_frames} frames")
    return number


def kind(name: str, value: Any, expected: type, hint: str) -> Any:
    """`value`, if it is an `expected`."""
    if not isinstance(value, expected):
        raise MepsError(
            f"FaceClip: {name} must be {expected.__name__}, got {type(value).__name__}; {hint}"
        )
    return value


def whole(name: str, value: Any, low: int, high: int) -> int:
    """A whole number from `low` to `high`."""
    number = isinstance(value, Integral) and not isinstance(value, bool)
    if not number or not low <= value <= high:
        raise MepsError(
            f"FaceClip: {name} must be a whole number from {low} to {high}, got {value!r}"
        )
    return int(value)


def share(name: str, value: Any, low: float, high: float) -> float:
    """A number from `low` to `high`."""
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not low <= value <= high:
        raise MepsError(
            f"FaceClip: {name} must be a number from {low:g} to {high:g}, got {value!r}"
        )
    return float(value)


def action_units(value: Any) -> tuple[int, ...]:
    """Different whole numbers of action units that have a muscle; none at all is a still face."""
    if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray):
        raise MepsError(
            f"FaceClip: aus must be a tuple of whole numbers such as (6, 12), got {value!r}"
        )
    aus = tuple(value)
    wrong = [au for au in aus if not isinstance(au, Integral) or isinstance(au, bool)]
    if wrong:
        raise MepsError(
            f"FaceClip: aus must be whole numbers such as (6, 12), got {wrong}; what two units "
            "bring along comes by itself, so list the units alone"
        )
    aus = tuple(int(au) for au in aus)
    missing = [au for au in aus if au not in PULLS]
    if missing:
        known = ", ".join(f"AU{n} ({ACTION_UNITS[n].name})" for n in PULLS)
        raise MepsError(f"no muscle model for action units {missing}; known are {known}")
    twice = sorted({au for au in aus if aus.count(au) > 1})
    if twice:
        raise MepsError(
            f"FaceClip: aus must differ, got {twice} more than once in {aus}; add up their "
            "columns of intensity, or drop all but one"
        )
    return aus


def intensities(value: Any, n_aus: int) -> np.ndarray:
    """(T, n_aus) float64 from 0 to 1, at least one frame."""
    found = _numeric("intensity", value, f"an array of shape (T, {n_aus})")
    if found.ndim != 2 or found.shape[1] != n_aus or len(found) == 0:
        raise MepsError(
            f"FaceClip: intensity must have shape (T, {n_aus}), one row a frame (at least one) "
            f"and one column an action unit; got {found.shape}"
        )
    return _within("intensity", found, 0, 1, "clip or scale it to that range")


def course(name: str, value: Any, frames: int, high: float) -> np.ndarray:
    """(frames,) float64 from 0 to `high`."""
    found = _numeric(name, value, f"{frames} numbers, one a frame")
    if found.shape != (frames,):
        raise MepsError(
            f"FaceClip: {name} must be {frames} numbers, one for each row of intensity; got "
            f"shape {found.shape}"
        )
    return _within(name, found, 0, high, "clip it to that range")


def poses(value: Any, frames: int) -> np.ndarray:
    """(frames, 4) float64: right, down (mm), roll (rad), away from the camera (mm)."""
    found = _numeric("pose", value, f"an array of shape ({frames}, 4)")
    if found.shape != (frames, 4):
        raise MepsError(
            f"FaceClip: pose must have shape ({frames}, 4), for each row of intensity right, down "
            f"(mm), roll (rad), away (mm); got {found.shape}"
        )
    _within("pose", found, -_FARTHEST, _FARTHEST, "mm and rad are its units")
    nearest = NEAREST_MM - DISTANCE_MM
    if found[:, 3].min() < nearest:
        raise MepsError(
            f"FaceClip: pose[:, 3], away from the camera, must be {nearest:g} mm or more, got "
            f"{found[:, 3].min():g}: a still head is {DISTANCE_MM:g} mm away, and nearer than "
            f"{NEAREST_MM:g} mm it cannot be seen whole"
        )
    return found


def direction(value: Any) -> tuple[float, float, float]:
    """Three finite numbers, not all zero."""
    found = _numeric("light", value, "three numbers (x right, y down, z to the camera)")
    length = np.linalg.norm(found)
    if found.shape != (3,) or not isfinite(length) or length == 0:
        raise MepsError(
            "FaceClip: light must be three finite numbers (x right, y down, z to the camera) that "
            f"are not all zero, got {value!r}; light from the front is (0, 0, 1)"
        )
    return tuple(float(v) for v in found)


def _numeric(name: str, value: Any, expected: str) -> np.ndarray:
    """A copy as float64, so that what the caller does to `value` later does not change it."""
    try:
        found = np.array(value)
    except (TypeError, ValueError, RuntimeError):  # ragged lists; tensors of a GPU
        found = np.array(None)
    if found.dtype.kind not in "biuf":
        raise MepsError(
            f"FaceClip: {name} must be {expected}, got {type(value).__name__} {value!r:.80}; "
            "give numbers, as a numpy array"
        )
    return found.astype(float, copy=False)


def _within(name: str, found: np.ndarray, low: float, high: float, hint: str) -> np.ndarray:
    wrong = np.argwhere(~((found >= low - _ROUNDING) & (found <= high + _ROUNDING)))
    if len(wrong):
        at = tuple(int(i) for i in wrong[0])
        raise MepsError(
            f"FaceClip: {name} must be from {low:g} to {high:g}, got {found[at]:g} at "
            f"{name}[{', '.join(map(str, at))}] ({len(wrong)} such); {hint}"
        )
    return found.clip(low, high)
