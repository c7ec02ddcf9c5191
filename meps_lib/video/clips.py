"""Read a clip from a video file or a folder of images.

Nothing is read in part without a word: a file that ends early, a frame of another size
or a frame rate that cannot be true is an error that says what was found. A container's number
of frames may be an estimate, so a whole file that holds fewer is read under a warning.
"""

import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from meps_lib.errors import MepsError
from meps_lib.video.pictures import IMAGE_SUFFIXES, is_picture, natural, read_picture

FPS_RANGE = (1.0, 1000.0)  # containers without a rate report 0 or their time base, e.g. 90000
MAX_BYTES = 2 * 1024**3  # decoded frames held in memory; about 340 s of 640 x 360 at 9 fps


class FrameCountWarning(UserWarning):
    """A video gave fewer frames than its container says."""


@dataclass(frozen=True, eq=False)
class Clip:
    """Frames in the order of time, and where they come from.

    Parameters
    ----------
    frames : ndarray
        Shape (T, H, W, 3), uint8, RGB.
    fps : float or None
        Frames a second; None for a folder of images, which does not say.
    source : str
        Path of the file or folder, for messages.
    start : int
        Number of ``frames[0]`` in the source.

    Examples
    --------
    >>> clip = Clip(np.zeros((8, 4, 6, 3), np.uint8), 30.0, "demo")
    >>> len(clip[2:5]), clip[2:5].start
    (3, 2)
    """

    frames: np.ndarray
    fps: float | None
    source: str
    start: int = 0

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, part: slice) -> "Clip":
        """Consecutive frames ``part.start`` to ``part.stop``; they remember their place."""
        if not isinstance(part, slice):
            raise MepsError(
                f"{self.source}: clip[{part!r}] asked for; a clip is cut by a slice, clip[2:5]; "
                "one picture is clip.frames[k]"
            )
        first, stop, step = part.indices(len(self))
        if step != 1 or stop <= first:
            raise MepsError(
                f"{self.source}: frames {part.start} to {part.stop} of {len(self)} asked for; "
                "expected at least one frame and steps of 1; use sample_frames to thin a clip"
            )
        return replace(self, frames=self.frames[first:stop], start=self.start + first)


def read_clip(path: str | Path, fps: float | None = None, keep_truncated: bool = False) -> Clip:
    """Read a video file, or a folder of images in natural order, into memory.

    Parameters
    ----------
    path : str or Path
        A video that OpenCV can decode, or a folder of images (``2.jpg`` before ``10.jpg``).
    fps : float, optional
        Frames a second; overrides what the container says. A folder has no rate of its own.
    keep_truncated : bool
        Keep what decodes of a file that ends early, under a warning, instead of an error.

    Returns
    -------
    Clip

    Warns
    -----
    FrameCountWarning
        If a whole file holds fewer frames than its container says, or a cut one is kept.

    Raises
    ------
    MepsError
        If the path does not exist, is a single image, is no video, holds no frame, is
        truncated, has an implausible rate, or would not fit into memory.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> for k in (10, 2):
    ...     _ = cv2.imwrite(f"{folder}/{k}.png", np.full((4, 6, 3), k, np.uint8))
    >>> clip = read_clip(folder, fps=30)
    >>> clip.frames.shape, clip.frames[:, 0, 0, 0].tolist()
    ((2, 4, 6, 3), [2, 10])
    """
    path = Path(path)
    if path.is_dir():
        images = read_folder(path, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH, (np.uint8,))
        frames, found = images[..., ::-1], None
    else:
        frames, found = read_video(path, keep_truncated)
    rate = found if fps is None else fps
    if rate is not None and not FPS_RANGE[0] <= rate <= FPS_RANGE[1]:  # NaN fails too
        raise MepsError(
            f"{path}: a frame rate of {rate:g} Hz is implausible; expected {FPS_RANGE[0]:g} to "
            f"{FPS_RANGE[1]:g} Hz; pass fps= with the rate of the camera"
        )
    return Clip(np.ascontiguousarray(frames), rate, str(path))


def read_folder(folder: Path, flag: int, types: tuple[type, ...] = ()) -> np.ndarray:
    """Images of a folder in natural order, as OpenCV stores them; `types` are those allowed."""
    paths = [p for p in folder.iterdir() if is_picture(p.name)]
    if len(paths) < 2:
        raise MepsError(
            f"{folder}: {len(paths)} image(s); expected a folder with at least two frames "
            f"({', '.join(IMAGE_SUFFIXES)}), since one picture holds no motion"
        )
    frames: list[np.ndarray] = []
    for path in sorted(paths, key=lambda p: (natural(p.name), p.name)):
        frame = read_picture(path, flag)
        if types and frame.dtype not in types:
            raise MepsError(
                f"{path}: {frame.dtype} pixels; expected 8 bits a channel, to which they would "
                "lose detail unseen; convert the images with a scale of your choice"
            )
        if frames and frame.dtype != frames[0].dtype:
            raise MepsError(
                f"{path}: {frame.dtype} pixels, but the frames before it have {frames[0].dtype}; "
                "all frames of a clip must have one type"
            )
        if frames and frame.shape != frames[0].shape:
            raise MepsError(
                f"{path}: size {frame.shape}, but the frames before it have {frames[0].shape}; "
                "all frames of a clip must have one size"
            )
        frames.append(frame)
        _check_memory(folder, len(frames), frame)
    return np.stack(frames)


def _check_memory(path: Path, n: int, frame: np.ndarray) -> None:
    if n * frame.nbytes > MAX_BYTES:
        raise MepsError(
            f"{path}: more than {MAX_BYTES / 1024**3:g} GiB decoded ({n} frames "
            f"of {frame.shape[1]} x {frame.shape[0]}); cut the clip or scale it down"
        )


def read_video(path: Path, keep_truncated: bool) -> tuple[np.ndarray, float]:
    """Frames (RGB) and the container's frame rate."""
    if not path.exists():
        raise MepsError(f"{path}: no such file or folder")
    if path.stat().st_size == 0:
        raise MepsError(f"{path}: the file is empty (0 bytes); copy or download it again")
    if cv2.haveImageReader(str(path)) and cv2.imcount(str(path)) == 1:
        raise MepsError(
            f"{path}: a single image; expected a video or a folder of frames, since a "
            "micro-expression is a motion and one picture holds none"
        )
    capture = cv2.VideoCapture(str(path))
    try:
        if not capture.isOpened():
            raise MepsError(
                f"{path}: not a video that OpenCV can open: another kind of file, or one that "
                "was cut before its index (an MP4 or MOV without its end); copy it again"
            )
        promised = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        frames = []
        while True:
            ok, frame = capture.read()
            if not ok:
                break
            frames.append(np.ascontiguousarray(frame[..., ::-1]))
            _check_memory(path, len(frames), frame)
        fps = capture.get(cv2.CAP_PROP_FPS)
    finally:
        capture.release()
    if not frames:
        raise MepsError(f"{path}: a video without a frame that decodes; record or export it again")
    if len(frames) < promised:
        _report_short(path, f"{len(frames)} of {promised} promised frames decode", keep_truncated)
    return np.stack(frames), fps


def _report_short(path: Path, found: str, keep_truncated: bool) -> None:
    estimate = "the count may be an estimate (edit list, longer sound, variable rate)"
    if is_whole(path):
        note = f"{path}: {found}; the file is whole, and {estimate}; check the clip's end"
    elif keep_truncated:
        note = f"{path}: truncated: {found}; the last one may be damaged"
    else:
        raise MepsError(
            f"{path}: truncated: {found}; copy it again, or pass keep_truncated=True to "
            f"read_clip to use those; if the file plays to its end, {estimate}"
        )
    warnings.warn(note, FrameCountWarning, stacklevel=4)


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
