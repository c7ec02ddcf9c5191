"""What a face clip may be made of; each field is checked once, when the clip is made."""

from typing import Any

import numpy as np

from meps_lab.simulate.checks import check_array, check_kind, check_list
from meps_lab.simulate.face.camera import DISTANCE_MM
from meps_lab.simulate.face.identity import Identity
from meps_lab.simulate.face.muscles import PULLS
from meps_lab.simulate.face.texture import Texture
from meps_lib.arguments import number, whole
from meps_lib.errors import MepsError
from meps_lib.labels import ACTION_UNITS

# CHOICE: the head's origin stays this far from the camera. WHY: a face reaches 60 mm out of
# it, and nearer than twice that one scale for the whole head is no camera any more.
NEAREST_MM = 150.0
_FARTHEST = 1e4  # mm; a head there is one pixel, and 32 bits still hold its place
_POSE_LOW = (-_FARTHEST, -_FARTHEST, -_FARTHEST, NEAREST_MM - DISTANCE_MM)
BRIGHTEST = 1000.0  # times the light: more than `Scenario.light_change` can draw, and all white
_ROWS = "one row a frame and one column an action unit"
_EACH = "one for each row of intensity"
_POSE = (
    "for each row of intensity right, down (mm), roll (rad), away (mm); a still head is "
    f"{DISTANCE_MM:g} mm away, and nearer than {NEAREST_MM:g} mm it cannot be seen whole"
)
_AXES = "x right, y down, z to the camera; light from the front is (0, 0, 1)"


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
    aus = _check_aus(clip.aus)
    intensity = check_array("FaceClip: intensity", clip.intensity, ("T", len(aus)), _ROWS, 0, 1)
    n = len(intensity)
    whole("FaceClip: number of rows of intensity", n, 1, why=f"; {_ROWS}")
    light = check_array("FaceClip: light", clip.light, (3,), _AXES)
    if not light.any():
        raise MepsError(f"FaceClip: light must not be all zero, got {clip.light!r}; {_AXES}")
    found = {"aus": aus, "intensity": intensity, "light": tuple(light.tolist())}
    for name, still, *allowed in (
        ("pose", np.zeros((n, 4)), _POSE, _POSE_LOW, _FARTHEST),
        ("blink", np.zeros(n), _EACH, 0, 1),
        ("gain", np.ones(n), _EACH, 0, BRIGHTEST),
    ):
        value = getattr(clip, name)
        value = still if value is None else value
        found[name] = check_array(f"FaceClip: {name}", value, still.shape, *allowed)
    return found | {"lateral": float(clip.lateral), "size": int(clip.size)}


def _check_aus(value: Any) -> tuple[int, ...]:
    """Different action units that have a muscle; none at all is a still face."""
    why = "; what two units bring along comes by itself, so list the units alone"
    for au in (units := check_list("FaceClip: aus", value)):
        whole("FaceClip: each of aus", au, 1, why=why)
    missing = [au for au in units if au not in PULLS]
    if missing:
        known = ", ".join(f"AU{n} ({ACTION_UNITS[n].name})" for n in PULLS)
        raise MepsError(f"no muscle model for action units {missing}; known are {known}")
    twice = sorted({au for au in units if units.count(au) > 1})
    if twice:
        raise MepsError(
            f"FaceClip: aus must differ, got {twice} more than once in {units}; add up their "
            "columns of intensity, or drop all but one"
        )
    return tuple(map(int, units))
