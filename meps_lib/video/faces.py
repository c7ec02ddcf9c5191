"""Find a face with OpenCV's Haar cascades, and the part of a clip in which it stays."""

import warnings
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from meps_lib.errors import MepsError
from meps_lib.video.clips import Clip

FACE_SIDE = 240  # pixels; pictures are scaled to this shorter side to find the face
EYES_SIDE = 200  # pixels; faces are scaled to this width to find the eyes
MAX_GAP = 3  # frames in a row that the detector may miss; blur and blinks cause such gaps
SAME_FACE = 0.3  # least overlap (IoU) of a face's boxes in consecutive frames


class FaceLostWarning(UserWarning):
    """Frames were dropped, or kept on trust, because no face was found in them."""


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


def find_face(image: np.ndarray) -> Face | None:
    """Find the largest frontal face, and its eyes, with OpenCV's Haar cascades.

    Parameters
    ----------
    image : ndarray
        Shape (H, W, 3), uint8, RGB.

    Returns
    -------
    Face or None
        None when no face is found.

    References
    ----------
    Viola, Jones: Rapid object detection using a boosted cascade of simple features. CVPR 2001.

    Examples
    --------
    >>> find_face(np.zeros((120, 160, 3), np.uint8)) is None
    True
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
    boxes = _cascade("frontalface_alt2").detectMultiScale(small, 1.1, 5, minSize=least)
    if not len(boxes):
        return None
    x, y, w, h = (max(boxes.tolist(), key=lambda box: box[2] * box[3]) / np.float64(scale)).tolist()
    return Face((x, y, w, h), _find_eyes(grey, x, y, w, h))


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


def longest_run(clip: Clip, faces: list[Face | None], min_frames: int) -> tuple[int, int]:
    """First and stop index of the longest run of frames in which one face stays.

    Parameters
    ----------
    clip : Clip
        For the message: its source and the number of its first frame.
    faces : list of Face or None
        One entry a frame, as `find_face` gives it.
    min_frames : int
        Fewest frames that make a usable clip.

    Warns
    -----
    FaceLostWarning
        Naming the frames that were left out, or kept although the detector missed the face
        there (up to `MAX_GAP` in a row, the same face on both sides).

    Raises
    ------
    MepsError
        If no frame has a face, or the run is too short.
    """
    found = [k for k, face in enumerate(faces) if face]
    if not found:
        raise MepsError(
            f"{clip.source}: no face in any of {len(faces)} frames; expected one frontal face, "
            f"at least a sixth of the picture's shorter side ({min(clip.frames.shape[1:3])} pixels)"
        )
    runs = [[found[0]]]
    for before, k in zip(found[:-1], found[1:], strict=True):
        near = k - before <= MAX_GAP + 1 and _overlap(faces[before].box, faces[k].box) > SAME_FACE
        if near:
            runs[-1].append(k)
        else:
            runs.append([k])
    run = max(runs, key=lambda r: r[-1] - r[0])
    first, stop = run[0], run[-1] + 1
    lost = _ranges([k + clip.start for k in range(len(faces)) if not first <= k < stop])
    if stop - first < min_frames:
        without = f" (without it: frames {lost})" if lost else ""
        raise MepsError(
            f"{clip.source}: one face stays for {stop - first} frames in a row at most{without}; "
            f"expected at least {min_frames}; record again, closer and frontal"
        )
    trusted = _ranges([k + clip.start for k in range(first, stop) if not faces[k]])
    parts = []
    if lost:
        parts.append(
            f"no face, or another one, in frames {lost}; kept frames {first + clip.start}-"
            f"{stop - 1 + clip.start} ({stop - first} of {len(faces)})"
        )
    if trusted:
        parts.append(f"kept frames {trusted}, where the detector missed the face, on trust")
    if parts:
        warnings.warn(f"{clip.source}: {'; '.join(parts)}", FaceLostWarning, stacklevel=5)
    return first, stop


def _overlap(a, b) -> float:
    """Intersection over union of two boxes (x, y, w, h)."""
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = max(w, 0) * max(h, 0)
    return both / (a[2] * a[3] + b[2] * b[3] - both)


def _ranges(numbers: list[int]) -> str:
    """``[3, 4, 5, 9]`` -> ``"3-5, 9"``."""
    runs: list[list[int]] = []
    for n in numbers:
        if runs and n == runs[-1][-1] + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    return ", ".join(f"{r[0]}-{r[-1]}" if len(r) > 1 else f"{r[0]}" for r in runs)
