"""Align a clip to the eyes of its face, by one transform for all frames."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

from meps_lib.errors import MepsError
from meps_lib.video.clips import Clip
from meps_lib.video.faces import Face, find_faces
from meps_lib.video.flow import MIN_SIDE
from meps_lib.video.follow import MIN_FRAMES, FaceLostWarning, follow

# Where the eyes land in the crop, fractions of its side. CHOICE: from above the brows to the
# chin, as in simulated pictures, so that models see both in one frame. ledger: alignment.
EYES = ((0.345, 0.365), (0.655, 0.365))
BOX_EYES = ((0.31, 0.40), (0.69, 0.40))  # where eyes lie in a Haar box, if none are found


def align_face(
    clip: Clip, size: int = 64, smooth: float | None = None, min_frames: int = MIN_FRAMES
) -> Clip:
    """Cut the face out of a clip by a similarity transform that puts the eyes in fixed places.

    The transform is computed ONCE, from the median of the eyes over the clip, and applied
    to every frame. WHY: a detector's eyes jitter by about a pixel from frame to frame,
    as far as a micro-expression moves the skin. Aligned frame by frame, that jitter becomes
    motion of the whole face, and the expression drowns in it; one transform moves nothing.
    ledger: alignment.

    Parameters
    ----------
    clip : Clip
        A face towards the camera; of several one is followed, see `meps_lib.video.faces.follow`.
    size : int
        Side of the square crop, pixels.
    smooth : float, optional
        Standard deviation in seconds of a Gaussian over the track of the eyes. The crop then
        follows slow motion of the head, and the expression stays if `smooth` is longer than
        it; take 0.5 s or more for MEs. None: one transform for the clip.
    min_frames : int
        Fewest frames with a face that make a usable clip.

    Returns
    -------
    Clip
        Frames (T', size, size, 3), the longest run in which one face stays; `start` tells
        where it begins.

    Warns
    -----
    FaceLostWarning
        If frames without the face were dropped, or up to `MAX_GAP` in a row kept, naming them; if
        there are two faces.

    Raises
    ------
    MepsError
        If no frame shows a face, or too few in a row do, or an argument is out of range.
    """
    kept, matrices = face_transforms(clip, size, smooth, min_frames)
    frames = [warp(f, m, size) for f, m in zip(kept.frames, matrices, strict=True)]
    return replace(kept, frames=np.stack(frames))


def face_transforms(
    clip: Clip, size: int, smooth: float | None = None, min_frames: int = MIN_FRAMES
) -> tuple[Clip, np.ndarray]:
    """The part of a clip in which a face stays, and how each frame is to be warped, (T', 2, 3).

    Parameters, warnings and errors are those of `align_face`, which applies the result.
    """
    check_crop(size, smooth, min_frames)
    found = [find_faces(frame) for frame in clip.frames]
    first, stop, faces = follow(found, clip.source, clip.start, min_frames)
    return clip[first:stop], transforms(faces, clip.source, size, smooth, clip.fps)


def check_crop(size: int, smooth: float | None, min_frames: int = 1) -> None:
    """Refuse arguments of `align_face` that are out of range."""
    if not (isinstance(size, Integral) and isinstance(min_frames, Integral)):
        raise MepsError(f"size={size!r}, min_frames={min_frames!r}; expected whole numbers")
    if smooth is not None and not 0 < smooth < math.inf:  # NaN fails too
        raise MepsError(
            f"smooth={smooth}; expected seconds above 0, such as 0.5, or None for one transform"
        )
    if size < MIN_SIDE or min_frames < 1:
        raise MepsError(
            f"size={size}, min_frames={min_frames}; expected at least {MIN_SIDE} pixels, which "
            "optical flow needs, and 1 frame"
        )


def transforms(
    faces: Sequence[Face | None], source: str, size: int, smooth: float | None, fps: float | None
) -> np.ndarray:
    """How each frame of a clip is to be warped, from the face in it.

    Parameters
    ----------
    faces : sequence of Face or None
        One entry a frame.
    source : str
        For messages.
    size, smooth
        As `align_face` takes them.
    fps : float or None
        Frames a second, needed by `smooth`.

    Returns
    -------
    ndarray
        Shape (T, 2, 3): pixel of the recording to pixel of the crop.
    """
    seen, eyes = eye_pairs(faces, source)
    if smooth is None:
        return np.stack([similarity(np.median(eyes, axis=0), size)] * len(faces))
    if fps is None:
        raise MepsError(f"{source}: smooth={smooth:g} s needs the frame rate; pass fps=")
    track = eyes.reshape(len(seen), 4).T
    track = np.array([np.interp(np.arange(len(faces)), seen, row) for row in track])
    track = gaussian_filter1d(track, smooth * fps, axis=1, mode="nearest")
    return np.stack([similarity(pair.reshape(2, 2), size) for pair in track.T])


def eye_pairs(faces: Sequence[Face | None], source: str) -> tuple[list[int], np.ndarray]:
    """Which faces show their eyes, and where.

    Parameters
    ----------
    faces : sequence of Face or None
        As `find_face` gives them; at least one is a face.
    source : str
        For the warning.

    Returns
    -------
    seen : list of int
        Indices into `faces`.
    eyes : ndarray
        Shape (len(seen), 2, 2): the picture's left and right eye, each (x, y) in pixels.

    Warns
    -----
    FaceLostWarning
        If none shows both eyes; then `eyes` are where a face's box has them.
    """
    seen = [k for k, face in enumerate(faces) if face and face.eyes]
    if seen:
        return seen, np.array([faces[k].eyes for k in seen])
    warnings.warn(
        f"{source}: a face, but not its two eyes, in any frame; aligned by the face's "
        "box, so the head's tilt is not corrected",
        FaceLostWarning,
        stacklevel=4,
    )
    seen = [k for k, face in enumerate(faces) if face]
    boxes = np.array([faces[k].box for k in seen])[:, None]
    return seen, boxes[..., :2] + np.array(BOX_EYES) * boxes[..., 2:]


def warp(image: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """Square crop of an image under a 2 x 3 matrix, without aliasing.

    Depth is cropped by `meps_lib.video.depth_crops.crop_depth`.

    Parameters
    ----------
    image : ndarray
        Shape (H, W) or (H, W, 3).
    matrix : ndarray
        Shape (2, 3), pixel of the image to pixel of the crop.
    size : int
        Side of the crop, pixels.
    """
    # Crops are smaller than faces: sampling every third pixel would alias, and aliasing
    # moves when the face does. Warp at a multiple of the size, then average blocks.
    k, fine = finer(matrix)
    big = cv2.warpAffine(
        image, fine, (k * size, k * size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return big if k == 1 else cv2.resize(big, (size, size), interpolation=cv2.INTER_AREA)


def finer(matrix: np.ndarray) -> tuple[int, np.ndarray]:
    """How many times larger a crop is with a pixel for each of the image's, and its matrix."""
    k = max(1, math.ceil(1 / np.sqrt(abs(np.linalg.det(matrix[:, :2])))))
    fine = k * matrix
    fine[:, 2] += (k - 1) / 2
    return k, fine


def similarity(eyes: np.ndarray, size: int) -> np.ndarray:
    """The rotation, scale and shift (2, 3) that take two eyes to `EYES` in the crop."""
    (x0, y0), (x1, y1) = eyes
    (u0, v0), (u1, v1) = (np.array(EYES) * size - 0.5).tolist()
    turn = complex(u1 - u0, v1 - v0) / complex(x1 - x0, y1 - y0)
    shift = complex(u0, v0) - turn * complex(x0, y0)
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
