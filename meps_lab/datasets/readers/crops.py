"""Where the square crop of a clip lies: one transform for all its frames, colour and depth."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from meps_lib.errors import MepsError
from meps_lib.video.alignment import eye_pairs, similarity
from meps_lib.video.faces import find_faces
from meps_lib.video.follow import FaceLostWarning, the_face

# CHOICE: the face is looked for in nine frames, first and last among them. WHY: a clip of 150
# frames a second has hundreds. On a real smile of 72 frames the crop lies within about a pixel of
# where all frames would put it, and it lies there in every frame, so nothing moves.
LOOKED_AT = 9


def whole_picture(height: int, width: int, size: int) -> np.ndarray:
    """The transform that squeezes a whole picture into a square.

    Its shape is (2, 3), pixel of the picture to pixel of the crop, as
    `meps_lib.video.alignment.warp` takes it.

    Examples
    --------
    >>> whole_picture(64, 128, 64)  # every second column; pixels are counted at their centres
    array([[ 0.5 ,  0.  , -0.25],
           [ 0.  ,  1.  ,  0.  ]])
    """
    sx, sy = size / width, size / height
    return np.array([[sx, 0, (sx - 1) / 2], [0, sy, (sy - 1) / 2]])


def spread(paths: Sequence[Path]) -> list[Path]:
    """The frames of a clip in which the face is looked for."""
    some = np.unique(np.linspace(0, len(paths) - 1, LOOKED_AT).round().astype(int))
    return [paths[k] for k in some]


def each_picture(
    paths: Sequence[Path], read: Callable[[Path], np.ndarray], height: int, width: int
) -> Iterator[np.ndarray]:
    """Pictures one by one, all of one size in pixels.

    Raises
    ------
    MepsError
        If one has another size, naming it; and as `read`.
    """
    for path in paths:
        picture = read(path)
        if picture.shape[:2] != (height, width):
            raise MepsError(
                f"{path}: {picture.shape[1]} x {picture.shape[0]} pixels, but the clip's first "
                f"frame has {width} x {height}; all frames must have one size, depth that of its "
                "colour: register it with the sensor's own tool, since stretching it would put "
                "the wrong distance behind each pixel"
            )
        yield picture


def face_crop(pictures: Sequence[np.ndarray], paths: Sequence[Path], size: int) -> np.ndarray:
    """The transform, as `whole_picture`, that puts the eyes of a clip's face in their places.

    Unlike `meps_lib.video.align_face` it drops no frame: those of a data set were chosen by
    its coders, and their numbers must stay true.

    Parameters
    ----------
    pictures, paths : sequence of ndarray and of Path
        Some frames of the clip, (H, W, 3) uint8 RGB, and where they come from, for messages.
    size : int
        Pixels a side of the crop.

    Warns
    -----
    FaceLostWarning
        If no face was found in some of the pictures, there are two, or no eyes in any.

    Raises
    ------
    MepsError
        If no picture shows a face.
    """
    found = [find_faces(picture) for picture in pictures]
    faces, second = [next(iter(several), None) for several in found], ""
    if any(len(several) > 1 for several in found):  # the largest may be another one each time
        track, second = the_face(found, str(paths[0].parent))
        faces = [track.get(k) for k in range(len(found))]
        second = second and f"; {second}"
    lost = [path.name for path, face in zip(paths, faces, strict=True) if face is None]
    if len(lost) == len(faces):
        height, width = pictures[0].shape[:2]
        raise MepsError(
            f"{paths[0].parent}: no face in any of {len(faces)} frames looked at ({lost[0]} to "
            f"{lost[-1]}, {width} x {height}); expected one frontal face; with crop='frame' the "
            "whole picture is taken"
        )
    if lost or second:
        words = f"no face found in {', '.join(lost)}, of {len(faces)} frames looked at"
        warnings.warn(
            f"{paths[0].parent}: {words if lost else 'a face in each frame looked at'}; all are "
            f"cropped where most have it{second}",
            FaceLostWarning,
            stacklevel=2,
        )
    _, eyes = eye_pairs(faces, str(paths[0].parent))
    return similarity(np.median(eyes, axis=0), size)
