"""Depth from files, in millimetres, and refused where no room or face can be so far away."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from meps_lib.errors import MepsError
from meps_lib.video.pictures import read_picture
from meps_lib.video.sources import Source, in_memory

ROOM_MM, FACE_MM = (200, 10_000), (200, 5_000)  # CHOICE: where sensors of rooms and faces stand
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
