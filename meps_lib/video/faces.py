"""Find faces, and their eyes, in one image with OpenCV's Haar cascades."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from meps_lib.errors import MepsError

FACE_SIDE = 240  # pixels; pictures are scaled to this shorter side to find the face
EYES_SIDE = 200  # pixels; faces are scaled to this width to find the eyes


@dataclass(frozen=True)
class Face:
    """A detected face: ``box`` (x, y, width, height) and ``eyes`` ((x, y), (x, y)), pixels.

    The eye on the left of the picture (the person's right one) comes first; ``eyes`` is
    None when both could not be found.
    """

    box: tuple[float, float, float, float]
    eyes: tuple[tuple[float, float], tuple[float, float]] | None


@cache
def _cascade(name: str) -> cv2.CascadeClassifier:
    if not hasattr(cv2, "CascadeClassifier") or not hasattr(cv2, "data"):
        raise MepsError(
            f"OpenCV {cv2.__version__} comes without Haar cascades, the face detector that needs "
            'no download; install "opencv-python-headless>=4.8,<5"'
        )
    return cv2.CascadeClassifier(f"{cv2.data.haarcascades}haarcascade_{name}.xml")


def find_faces(image: np.ndarray) -> list[Face]:
    """Find frontal faces, the largest first, and their eyes, with OpenCV's Haar cascades.

    Parameters
    ----------
    image : ndarray
        Shape (H, W, 3), uint8, RGB.

    References
    ----------
    Viola, Jones: Rapid object detection using a boosted cascade of simple features. CVPR 2001.

    Examples
    --------
    >>> find_faces(np.zeros((120, 160, 3), np.uint8))
    []
    """
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise MepsError(
            f"image of shape {image.shape}, {image.dtype}; expected one RGB frame (H, W, 3) uint8"
        )
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    scale = FACE_SIDE / min(grey.shape)
    small = cv2.resize(grey, None, fx=scale, fy=scale)
    least = (FACE_SIDE // 6, FACE_SIDE // 6)
    boxes = np.reshape(
        _cascade("frontalface_alt2").detectMultiScale(small, 1.1, 5, minSize=least), (-1, 4)
    )
    boxes = sorted((boxes / np.float64(scale)).tolist(), key=lambda box: -box[2] * box[3])
    return [Face(tuple(box), _find_eyes(grey, *box)) for box in boxes]


def find_face(image: np.ndarray) -> Face | None:
    """The largest face of one image, as `find_faces` finds it, or None."""
    return next(iter(find_faces(image)), None)


def _find_eyes(grey: np.ndarray, x: float, y: float, w: float, h: float):
    """The most level pair of eyes in the upper part of a box, or None."""
    upper = grey[int(y) : int(y + 0.6 * h), int(x) : int(x + w)]
    scale = EYES_SIDE / upper.shape[1]
    upper = cv2.resize(upper, None, fx=scale, fy=scale)
    least, most = EYES_SIDE // 8, EYES_SIDE // 3
    found = _cascade("eye_tree_eyeglasses").detectMultiScale(
        upper, 1.1, 3, minSize=(least, least), maxSize=(most, most)
    )
    centres = [(ex + ew / 2, ey + eh / 2) for ex, ey, ew, eh in np.reshape(found, (-1, 4))]
    pairs = [
        (left, right)
        for left in centres
        for right in centres
        if 0.25 < (right[0] - left[0]) / EYES_SIDE < 0.6
        and abs(right[1] - left[1]) / EYES_SIDE < 0.15
    ]
    if not pairs:
        return None
    pair = min(pairs, key=lambda p: abs(p[1][1] - p[0][1]))  # brows and nostrils are slanted
    return tuple((int(x) + float(a) / scale, int(y) + float(b) / scale) for a, b in pair)


def lying(images: Sequence[np.ndarray]) -> str:
    """For a message: which way to turn images without an upright face, if one lies in half of them.

    Examples
    --------
    >>> lying([np.zeros((120, 160, 3), np.uint8)])
    ''
    """
    ways = {}
    for turn, word in ((1, "counter-clockwise"), (3, "clockwise")):
        turned = [find_face(np.ascontiguousarray(np.rot90(image, turn))) for image in images]
        faces = [face for face in turned if face]
        # The cascade finds some faces upside down as well, but not their eyes.
        ways[sum(face.eyes is not None for face in faces), len(faces)] = word
    best = max(ways)
    if 2 * best[1] < max(len(images), 1):
        return ""
    return f"; a face lies sideways: turn the pictures by 90 degrees {ways[best]} first"
