"""Depth clips: read them in millimetres, drop what cannot be the face, make them smaller."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from meps_lib.errors import MepsError
from meps_lib.video.alignment import finer
from meps_lib.video.pictures import read_picture
from meps_lib.video.sources import Source, in_memory

ROOM_MM, FACE_MM = (200, 10_000), (200, 5_000)  # CHOICE: where sensors of rooms and faces stand
SPAN_MM = 400.0  # of a face, by the rule of the CAS(ME)^3 authors
FACE_SHARE = 0.25  # CHOICE: of a crop from the brows to the chin, half is face, or ears and neck
SATURATED = 65535  # of 16 bits: beyond what the sensor measures
UNITS = {"metres": 1000.0, "centimetres": 10.0, "tenths of a millimetre": 0.1, "1/8 mm": 0.125}
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
        As `read_clip`; also if an image has more than one channel, a video has colours, an 8-bit
        clip no scale, or a frame stands in no room, see `check_distance`.
    """
    return in_memory(depth_frames(path, scale, missing=missing), path)


def depth_frames(
    path: str | Path,
    scale: float | None = None,
    start: int = 0,
    stop: int | None = None,
    missing: float = 0,
) -> Iterator[np.ndarray]:
    """Frames `start` to before `stop` of `read_depth`, one by one."""
    if scale is not None and not 0 < scale < np.inf:
        raise MepsError(f"{path}: scale={scale}; expected millimetres for one level, above 0")
    source = Source(path, flag=cv2.IMREAD_UNCHANGED, types=())
    for n, frame in enumerate(source.frames(start, stop), start):
        if frame.ndim == 3 and source.files is not None:
            raise MepsError(
                f"{path}: images with {frame.shape[-1]} channels; expected one-channel depth "
                "(16-bit PNG in mm); is this the colour folder?"
            )
        if frame.ndim == 3:
            spread = int(np.ptp(frame, axis=-1).max())
            if spread > MAX_SPREAD:
                raise MepsError(
                    f"{path}: colours in frame {n} (channels differ by {spread} of 255 levels); "
                    "expected a grey depth video; is this the colour clip, or depth in false "
                    "colours?"
                )
            frame = frame[..., 0]
        if scale is None and frame.dtype == np.uint8:
            raise MepsError(
                f"{path}: 8-bit depth is grey levels, not mm; pass scale= (depth_scale= for "
                "load_trial_from_video) with the millimetres of one level"
            )
        level = 1.0 if scale is None else scale
        mm = _measured(frame, missing, level)
        if frame.dtype != np.uint8 or scale != 1:  # with 1, grey levels
            check_distance(mm, ROOM_MM, f"{path}, frame {n}", level)
        yield mm


def _measured(levels: np.ndarray, missing: float, scale: float) -> np.ndarray:
    """Millimetres, NaN where the sensor saw nothing or its numbers ended."""
    # Not of 16-bit pictures alone: other programs keep the number in 32 bits or as a float.
    seen = (levels > missing) & (levels < np.inf) & (levels != SATURATED)
    return np.where(seen, levels * np.float32(scale), np.nan).astype(np.float32)


def check_distance(
    mm: np.ndarray, bounds: tuple[float, float], where: object, scale: float = 1.0
) -> None:
    """Refuse depth less than half of which lies where it can: another byte order, or unit.

    Half, and not all: a sensor's edges and reflections are at any distance. Bytes in the wrong
    order spread over all 65 m, and about a seventh of them falls into a room.

    Parameters
    ----------
    mm : ndarray
        Millimetres, NaN where missing.
    bounds : tuple of float
        mm, `ROOM_MM` of a whole picture, `FACE_MM` of a face.
    where : object
        File, for the message.
    scale : float
        Millimetres of one stored level.

    Raises
    ------
    MepsError
        Saying whether swapped bytes, or another unit, would fit.

    Examples
    --------
    >>> check_distance(np.array([700.0, 720.0, np.nan, 40000.0]), FACE_MM, "a.png")
    """
    low, high = bounds
    seen = mm[~np.isnan(mm)]

    def fits(x: np.ndarray) -> bool:
        return 2 * ((x >= low) & (x <= high)).sum() >= x.size

    if fits(seen):
        return
    words = []
    levels = np.rint(seen / scale)
    if np.allclose(levels * scale, seen) and levels.max() < 2**16:
        swapped = levels.astype(np.uint16).byteswap() * scale
        if fits(swapped):
            words.append(f"with its two bytes swapped, where the median is {np.median(swapped):g}")
    for unit, factor in UNITS.items():
        if fits(seen * factor):
            words.append(f"in {unit}, where it is {np.median(seen) * factor:g}")
    rest = f"it would fit {'; or '.join(words)}" if words else "is it depth, and in which unit?"
    raise MepsError(
        f"{where}: depth of {seen.min():g} to {seen.max():g} mm, median {np.median(seen):g}; "
        f"expected {low:g} to {high:g} mm in half of it or more; {rest}; write the files anew in "
        "mm, high byte first as PNG has it"
    )


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
        nothing was seen in all of it, or it shows no room, see `check_distance`.
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
    mm = _measured(picture, 0, unit_mm)
    if np.isnan(mm).all():
        raise MepsError(
            f"{path}: depth without a measured pixel (all 0 or {SATURATED}); drop the clip, or "
            "leave depth out"
        )
    check_distance(mm, ROOM_MM, path, unit_mm)
    return mm


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
