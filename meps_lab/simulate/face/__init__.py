"""One person's face: anatomy, muscles, skin, light, camera and depth sensor.

Imports `simulate.checks`, and nothing else of the simulator.
"""

from meps_lab.simulate.face.clip import FaceClip
from meps_lab.simulate.face.identity import Identity, landmarks
from meps_lab.simulate.face.muscles import PULLS
from meps_lab.simulate.face.sensor import sense_colour, sense_depth
from meps_lab.simulate.face.texture import Texture, texture_from_photo

__all__ = [
    "FaceClip",
    "Identity",
    "PULLS",
    "Texture",
    "landmarks",
    "sense_colour",
    "sense_depth",
    "texture_from_photo",
]
