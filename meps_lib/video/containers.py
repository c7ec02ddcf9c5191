"""A video file before it is decoded: is it one, and is it whole?"""

from pathlib import Path

import cv2

from meps_lib.errors import MepsError


def check_file(path: Path) -> None:
    """Refuse what can hold no clip: no file, an empty one, or a single image."""
    if not path.exists():
        raise MepsError(f"{path}: no such file or folder")
    if path.stat().st_size == 0:
        raise MepsError(f"{path}: the file is empty (0 bytes); copy or download it again")
    if cv2.haveImageReader(str(path)) and cv2.imcount(str(path)) == 1:
        raise MepsError(
            f"{path}: a single image; expected a video or a folder of frames, since a "
            "micro-expression is a motion and one picture holds none"
        )


def is_whole(path: Path) -> bool:
    """Whether an AVI, MP4, MOV, MKV or WebM file is as long as its container says.

    WHY: a file that was cut and one whose frame count is a mere estimate both give fewer
    frames than promised; the lengths that the container writes of its parts tell them apart.
    False where they do not: another container, a live recording without a length, or a tail
    of zeros, as an unfinished download leaves it.
    """
    size, at = path.stat().st_size, 0
    with path.open("rb") as file:
        while at < size:
            file.seek(at)
            at += _n_bytes(file.read(16).ljust(16, b"\0")) or size + 1
        file.seek(max(size - 1024, 0))
        return at == size and any(file.read())


def _n_bytes(head: bytes) -> int:
    """Bytes of a part of a video file by its first 16, or 0 where they do not say."""
    if head.startswith(b"RIFF"):
        return 8 + int.from_bytes(head[4:8], "little")
    if head.startswith((b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67")):  # EBML, Segment
        n = 9 - head[4].bit_length()  # bytes of the length: leading zero bits, and one
        return max(4 + n + int.from_bytes(head[4 : 4 + n], "big") - (1 << 7 * n), 0)
    if not head[4:8].isalnum():  # the name of a box of MP4 or MOV
        return 0
    return int.from_bytes(head[8:16] if head[:4] == b"\0\0\0\1" else head[:4], "big")
