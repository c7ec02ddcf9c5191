"""Depth clips: read them in millimetres, drop what cannot be the face, make them smaller."""

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from meps_lib.errors import MepsError
from meps_lib.video.alignment import finer
from meps_lib.video.clips import read_folder, read_video
from meps_lib.video.pictures import read_picture

MAX_SPREAD = 8  # levels between the channels of a grey picture, after a lossy codec


def read_depth(path: str | Path, scale: float | None = None, missing: float = 0) -> np.ndarray:
    """Read a depth clip: a folder of one-channel images (16-bit PNG in mm) or a grey video.

    Parameters
    ----------
    path : str or Path
        Folder or video file.
    scale : float, optional
        Millimetres for one grey level. CAS(ME)^3 stores millimetres in 16 bits, hence 1 if
        not given. An 8-bit clip is a picture of depth and must come with its scale; with 1,
        the values are grey levels, not mm.
    missing : float
        Largest stored value that means "nothing seen". The sensor writes 0; a lossy video
        (MJPG) smears the zeros up to some 20 grey levels.

    Returns
    -------
    ndarray
        Shape (T, H, W), float32, NaN where the sensor saw nothing.

    Raises
    ------
    MepsError
        As `read_clip`; also if an image has more than one channel, a video has colours, or an 8-bit
        clip no scale.
    """
    path = Path(path)
    if path.is_dir():
        frames = read_folder(path, cv2.IMREAD_UNCHANGED)
        if frames.ndim != 3:
            raise MepsError(
                f"{path}: images with {frames.shape[-1]} channels; expected one-channel depth "
                "(16-bit PNG in mm); is this the colour folder?"
            )
    else:
        frames = read_video(path, keep_truncated=False)[0]
        spread = [int(np.ptp(frame, axis=-1).max()) for frame in frames]
        if max(spread) > MAX_SPREAD:
            raise MepsError(
                f"{path}: colours in frame {int(np.argmax(spread))} (channels differ by "
                f"{max(spread)} of 255 levels); expected a grey depth video; is this the colour "
                "clip, or depth in false colours?"
            )
        frames = frames[..., 0]
    if scale is None and frames.dtype == np.uint8:
        raise MepsError(
            f"{path}: 8-bit depth is grey levels, not mm; pass scale= (depth_scale= for "
            "load_trial_from_video) with the millimetres of one level"
        )
    scale = 1.0 if scale is None else scale
    if not 0 < scale < np.inf:
        raise MepsError(f"{path}: scale={scale}; expected millimetres for one level, above 0")
    return np.where(frames <= missing, np.nan, frames * np.float32(scale)).astype(np.float32)


def read_depth_picture(path: Path, unit_mm: float = 1.0) -> np.ndarray:
    """Read one frame of depth: one channel of 16 bits, 0 where the sensor saw nothing.

    Parameters
    ----------
    path : Path
    unit_mm : float
        Millimetres of one stored level.

    Returns
    -------
    ndarray
        Shape (H, W), float32, mm, NaN where nothing was seen.

    Raises
    ------
    MepsError
        As `read_picture`; also if the picture has colours, other than 16 bits,
        or nothing was seen in all of it.
    """
    picture = read_picture(path, cv2.IMREAD_UNCHANGED)
    if picture.ndim != 2:
        raise MepsError(
            f"{path}: a picture with {picture.shape[2]} channels; expected depth, one channel of "
            "16 bits in mm; is this a colour frame, or depth in false colours?"
        )
    if picture.dtype != np.uint16:
        raise MepsError(
            f"{path}: {picture.dtype} pixels; expected depth of 16 bits in mm (uint16); an 8-bit "
            "picture of depth has lost the millimetres: take the original"
        )
    if not picture.any():
        raise MepsError(
            f"{path}: depth without a measured pixel (all 0); drop the clip, or leave depth out"
        )
    return np.where(picture == 0, np.nan, picture * np.float32(unit_mm)).astype(np.float32)


def clean_depth(depth: np.ndarray, n_sigma: float = 3.0, span: float = 400.0) -> np.ndarray:
    """Drop what cannot be the face from depth crops of a face, frame by frame.

    The rule of the CAS(ME)^3 authors: on the face crop, drop values outside mean +- 3
    standard deviations, then keep [min, min + 400) mm: the nose is nearest, and no part of
    a face lies 40 cm behind it. Zeros count as missing. Nothing is filled in.

    Parameters
    ----------
    depth : ndarray
        Shape (..., H, W), mm; NaN or 0 where missing. A crop of the face: on the whole
        picture the mean is that of the wall.
    n_sigma, span : float
        Width of the band around the mean, and depth of a face in mm.

    Returns
    -------
    ndarray
        Same shape, float32, NaN where missing or dropped.

    Raises
    ------
    MepsError
        If a frame has no depth at all.

    Examples
    --------
    >>> clean_depth(np.array([[0.0, 900.0], [1000.0, 1500.0]]))
    array([[  nan,  900.],
           [1000.,   nan]], dtype=float32)
    """
    depth = np.where(np.asarray(depth) == 0, np.nan, depth).astype(np.float32)
    frames = depth.reshape(-1, *depth.shape[-2:])
    empty = np.flatnonzero(np.isnan(frames).all(axis=(1, 2)))
    if len(empty):
        raise MepsError(
            f"depth frame {empty[0]} has no measured pixel ({len(empty)} such of {len(frames)}); "
            "drop these frames or use the clip without depth"
        )
    mean = np.nanmean(frames, axis=(1, 2), keepdims=True)
    sigma = np.nanstd(frames, axis=(1, 2), keepdims=True)
    kept = np.where(np.abs(frames - mean) <= n_sigma * sigma, frames, np.nan)
    nearest = np.nanmin(kept, axis=(1, 2), keepdims=True)
    kept = np.where(kept < nearest + span, kept, np.nan)
    return kept.reshape(depth.shape).astype(np.float32)


def crop_depth(
    picture: np.ndarray, matrix: np.ndarray, size: int, *, face: bool = True, source: object = ""
) -> np.ndarray:
    """Square crop of one picture of depth under a 2 x 3 matrix.

    Cleaned at its own resolution, and averaged only then: a mean across the edge of a face is a
    distance at which nothing stands, and one pixel in many carries the sensor's whole noise.

    Parameters
    ----------
    picture : ndarray
        Shape (H, W), mm, NaN where missing.
    matrix : ndarray
        Shape (2, 3), pixel of the picture to pixel of the crop.
    size : int
        Side of the crop, pixels.
    face : bool
        The crop is one of a face: drop what cannot be it, see `clean_depth`.
    source : object
        File or frame, for the message.

    Returns
    -------
    ndarray
        Shape (size, size), float32, NaN where nothing was measured.

    Raises
    ------
    MepsError
        If nothing was measured in the whole crop.
    """
    k, fine = finer(matrix)
    how = {"flags": cv2.INTER_NEAREST, "borderValue": float("nan")}
    crop = cv2.warpAffine(picture, fine, (k * size, k * size), **how)
    if np.isnan(crop).all():
        raise MepsError(
            f"{source}: depth without a measured pixel on the face; leave out the clip or depth"
        )
    return shrink_depth(torch.from_numpy(clean_depth(crop) if face else crop), size).numpy()


def shrink_depth(depth: Tensor, size: int) -> Tensor:
    """Smaller pictures of depth, each pixel the mean of those that were measured in its area.

    Shape
    -----
    (..., H, W) mm, NaN where missing -> (..., size, size), NaN where nothing was measured.

    Examples
    --------
    >>> nan = float("nan")
    >>> shrink_depth(torch.tensor([[700.0, 702.0, nan, nan], [nan, 704.0, nan, nan]]), 2).tolist()
    [[701.0, nan], [704.0, nan]]
    """
    *rest, height, width = depth.shape
    x = depth.reshape(-1, 1, height, width).double()  # so that equal distances stay equal
    share = interpolate((~x.isnan()).double(), size, mode="area")
    total = interpolate(x.nan_to_num(nan=0.0), size, mode="area")
    mean = torch.where(share > 0, total / share, float("nan"))
    return mean.to(depth.dtype).reshape(*rest, size, size)
