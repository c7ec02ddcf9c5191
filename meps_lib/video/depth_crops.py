"""Depth crops of a face: drop what cannot be it, and make them smaller."""

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from meps_lib.errors import MepsError
from meps_lib.video.alignment import finer
from meps_lib.video.depth_files import FACE_MM, check_distance

SPAN_MM = 400.0  # of a face, by the rule of the CAS(ME)^3 authors
FACE_SHARE = 0.25  # CHOICE: of a crop from the brows to the chin, half is face, or ears and neck


def clean_depth(
    depth: np.ndarray, n_sigma: float = 3.0, span: float = SPAN_MM, source: object = "depth"
) -> np.ndarray:
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
    source : object
        File or frame, for the message.

    Returns
    -------
    ndarray
        Same shape, float32, NaN where missing or dropped.

    Raises
    ------
    MepsError
        If a frame has no depth at all, or what is left is no face, see `check_distance`: so is
        less than `FACE_SHARE` of what was measured, unless a face may be less deep than usual.

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
    for k, (frame, before) in enumerate(zip(kept, frames, strict=True)):
        where = f"{source}, frame {k}" if len(kept) > 1 else source
        check_distance(frame, FACE_MM, where)
        # What is left says nothing of what was dropped: a picture that is no depth has some too.
        share = (~np.isnan(frame)).sum() / (~np.isnan(before)).sum()
        if span >= SPAN_MM and share < FACE_SHARE:
            raise MepsError(
                f"{where}: only {share:.0%} of what was measured lies within {span:g} mm behind "
                f"the nearest point, {np.nanmin(frame):g} mm; expected {FACE_SHARE:.0%} or more of "
                "a crop of a face; is it depth in mm, in the right order of bytes, registered to "
                "its colour?"
            )
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
        If nothing was measured in the whole crop; of a face, as `clean_depth`.
    """
    k, fine = finer(matrix)
    how = {"flags": cv2.INTER_NEAREST, "borderValue": float("nan")}
    crop = cv2.warpAffine(picture, fine, (k * size, k * size), **how)
    if np.isnan(crop).all():
        raise MepsError(
            f"{source}: depth without a measured pixel on the face; leave out the clip or depth"
        )
    if face:
        crop = clean_depth(crop, source=source or "depth")
    return shrink_depth(torch.from_numpy(crop), size).numpy()


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
