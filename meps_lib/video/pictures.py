"""One picture on disk: which files are pictures, in what order, and reading one whole.

A decoder that meets the end of a JPEG too early fills the rest with grey and says nothing: a
face without a mouth, in a frame that counts. So a picture is read whole, or not at all.
"""

import re
import warnings
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from meps_lib.errors import MepsError

IMAGE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff")
MAX_PIXELS = 50_000_000  # CHOICE: of one frame; 8K has 33 million. Decoded it takes six bytes each.


def is_picture(name: str) -> bool:
    """Whether a file of this name is a picture; hidden files, such as ``._1.jpg``, are none.

    Examples
    --------
    >>> [name for name in ("1.JPG", "._1.jpg", "Thumbs.db", ".jpg") if is_picture(name)]
    ['1.JPG']
    """
    return not name.startswith(".") and name.lower().endswith(IMAGE_SUFFIXES)


def natural(name: str) -> list[str | int]:
    """A key that sorts ``2.jpg`` before ``10.jpg``.

    Examples
    --------
    >>> sorted(["b10", "a", "b2"], key=natural)
    ['a', 'b2', 'b10']
    """
    # Text and numbers take turns, so two keys never compare one with the other.
    return [int(s) if k % 2 else s.lower() for k, s in enumerate(re.split(r"(\d+)", name))]


def read_picture(path: Path, flag: int) -> np.ndarray:
    """Decode a picture as `cv2.imread` does, whole.

    What was overwritten in the middle of a JPEG, by zeros for instance, decodes to wrong pixels and
    is not noticed: the format has no checksum, and a flat background has long runs of zeros too.

    Parameters
    ----------
    path : Path
        In any script: the bytes are read by Python, since OpenCV opens no such path on Windows.
    flag : int
        ``cv2.IMREAD_...``.

    Returns
    -------
    ndarray
        Shape (H, W) or (H, W, C), channels in OpenCV's order (blue first).

    Raises
    ------
    MepsError
        If the file cannot be opened, is empty, no picture, too large, or ends early.
    """
    data = _bytes(path)
    _header_size(data, path)
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    except cv2.error:  # more pixels than OpenCV allows
        picture = None
    # Only JPEG has no checksum or length that its decoders check, and OpenCV's answer to a cut
    # one depends on its version. Pillow's does not; at an eighth of the size it costs less.
    if data[:2] == b"\xff\xd8" and not _ends_well(data):
        raise MepsError(f"{path}: truncated: the JPEG ends before its picture does; copy it again")
    if picture is None:
        raise MepsError(
            f"{path}: cannot be decoded as an image: damaged, cut short, or another kind of "
            "file; copy it again or remove it"
        )
    return picture


def read_colour(path: Path) -> np.ndarray:
    """Read a picture as RGB; a grey one has three equal channels.

    Returns
    -------
    ndarray
        Shape (H, W, 3), uint8.

    Raises
    ------
    MepsError
        As `read_picture`; also if a channel has more than 8 bits.
    """
    picture = read_picture(path, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    if picture.dtype != np.uint8:
        raise MepsError(
            f"{path}: {picture.dtype} pixels; expected 8 bits a channel, to which they would lose "
            "detail unseen; is this the depth folder? Else convert with a scale of your choice"
        )
    return np.ascontiguousarray(picture[..., ::-1])


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels, from the first bytes of the file.

    Raises
    ------
    MepsError
        As `read_picture`.
    """
    if size := _header_size(_bytes(path), path):
        return size
    height, width = read_picture(path, cv2.IMREAD_UNCHANGED).shape[:2]
    return width, height


def check_size(n_pixels: float, path: Path) -> None:
    """Refuse a picture or a video whose frames are too large, before one is decoded.

    WHY: 110 kB of PNG can hold 30,000 x 30,000 equal pixels, which take 5 GB and minutes.

    Raises
    ------
    MepsError
        If there are more than `MAX_PIXELS`.
    """
    if n_pixels > MAX_PIXELS:
        raise MepsError(
            f"{path}: {n_pixels:,.0f} pixels in one picture; expected at most {MAX_PIXELS:,}, "
            "which is more than a frame of 8K video has; scale it down, or remove it"
        )


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MepsError(
            f"{path}: cannot be opened ({error.strerror}); copy it again, or check links and rights"
        ) from None
    if not data:
        raise MepsError(f"{path}: the file is empty (0 bytes); copy or download it again")
    return data


def _header_size(data: bytes, path: Path) -> tuple[int, int] | None:
    """Width and height by a picture's first bytes, checked; None where Pillow cannot tell."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of sizes, and of tags that do not matter here
        try:
            with Image.open(BytesIO(data)) as image:
                width, height = image.size
        except Image.DecompressionBombError as error:  # its limit is above ours
            check_size(float(re.search(r"\d+", str(error))[0]), path)
            raise
        except Exception:  # on damaged bytes Pillow raises whatever its parsers trip over
            return None
    check_size(width * height, path)
    return width, height


def _ends_well(data: bytes) -> bool:
    try:
        with Image.open(BytesIO(data)) as image:
            image.draft("L", (image.width // 8, image.height // 8))
            image.load()
    except Exception:  # see _header_size
        return False
    return True
