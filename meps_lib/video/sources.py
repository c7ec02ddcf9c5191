"""Frames of a video file or a folder of images, one by one, and the time of each.

A container's number of frames and its rate may be estimates: what decodes is counted, and each
frame's own time stamp counts.
"""

import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from meps_lib.errors import MepsError
from meps_lib.video.containers import check_file, is_whole
from meps_lib.video.frames import all_frames
from meps_lib.video.pictures import check_size, read_picture

FPS_RANGE = (1.0, 1000.0)  # containers without a rate report 0 or their time base, e.g. 90000
MAX_BYTES = 2 * 1024**3  # decoded frames held in memory; about 340 s of 640 x 360 at 9 fps
STEADY = 0.2, 0.002  # share of a step and s by which a steady camera's steps differ; MKV rounds


class FrameCountWarning(UserWarning):
    """A video gave fewer frames than its container says."""


class RateWarning(UserWarning):
    """The frames of a video do not follow each other at one rate, or do not say when they are."""


def in_memory(frames: Iterable[np.ndarray], path: str | Path) -> np.ndarray:
    """Frames as one array, refused where they take more than `MAX_BYTES`."""
    kept: list[np.ndarray] = []
    for frame in frames:
        kept.append(frame)
        if len(kept) * frame.nbytes > MAX_BYTES:
            raise MepsError(
                f"{path}: more than {MAX_BYTES / 1024**3:g} GiB decoded ({len(kept)} frames "
                f"of {frame.shape[1]} x {frame.shape[0]}); cut the clip or scale it down"
            )
    return np.stack(kept)


class Source:
    """Where frames come from; opened anew for each pass, so that none has to be kept.

    Parameters
    ----------
    path, fps, keep_truncated
        As `meps_lib.video.read_clip` takes them, and refuses them.
    flag : int
        ``cv2.IMREAD_...``, for the pictures of a folder.
    types : tuple of type
        Of the pixels that these may have; any if empty.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> for k in range(4):
    ...     _ = cv2.imwrite(f"{folder}/{k}.png", np.full((4, 6, 3), k, np.uint8))
    >>> source = Source(folder, fps=20)
    >>> [int(frame[0, 0, 0]) for frame in source.frames(1, 3)], source.times().tolist()
    ([1, 2], [0.05, 0.1])
    """

    def __init__(
        self,
        path: str | Path,
        fps: float | None = None,
        keep_truncated: bool = False,
        flag: int = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH,
        types: tuple[type, ...] = (np.uint8,),
    ) -> None:
        self.path, self.fps, self.flag, self.types = Path(path), fps, flag, types
        self.keep_truncated, self._given = keep_truncated, fps is not None
        self._first, self._n, self._stamps = 0, 0, []
        self.files, self.begins = None, 0  # number of the first picture of a folder
        if self.path.is_dir():
            numbered = all_frames(self.path)
            self.files, self.begins = list(numbered.values()), min(numbered)
        else:
            check_file(self.path)
        self._check_rate()

    def frames(
        self, start: int = 0, stop: int | None = None, step: int = 1
    ) -> Iterator[np.ndarray]:
        """Each `step`-th frame (H, W, 3) uint8 RGB from `start` on; none from `stop` on is decoded.

        Raises
        ------
        MepsError
            If there is none, one has another size or cannot be read, or the file ends early.
        """
        self._first, self._n, self._stamps = start, 0, []
        read = self._of_video if self.files is None else self._of_folder
        yield from read(start, stop, step)
        if not self._n:
            raise MepsError(f"{self.path}: no frame from number {start} on; count frames from 0")

    def times(self) -> np.ndarray | None:
        """Seconds of all frames of the last pass, from the source's first; None if unknown.

        Of a video after what was gone through so far; a pass by steps has those between as well.

        `fps` becomes the mean rate where the stamps' is another, unless it was given.

        Warns
        -----
        RateWarning
            If the rate varies, or the stamps do not rise and a constant rate takes their place.

        Raises
        ------
        MepsError
            If the rate is implausible.
        """
        stamps, steps = np.array(self._stamps), np.diff(self._stamps)
        rising = len(steps) > 0 and steps.min() > 0
        if self._given or not rising:
            if len(steps) and not self._given:
                k = int((steps > 0).argmin())
                self._warn(
                    f"no time stamps that rise: frame {k + 1 + self._first} at {stamps[k + 1]:.3f} "
                    f"s, the one before it at {stamps[k]:.3f} s; times are counted at {self.fps:g} "
                    "frames a second, as the file says"
                )
            self._check_rate()
            return None if self.fps is None else (self._first + np.arange(self._n)) / self.fps
        usual, mean, (share, least) = np.median(steps), 1 / steps.mean(), STEADY
        if np.abs(steps - usual).max() > max(share * usual, least):
            self._warn(
                f"the frame rate varies, from {1 / steps.max():.3g} to {1 / steps.min():.3g} "
                f"frames a second, {mean:.3g} on average; each frame keeps its own time"
            )
        if not abs(self.fps / mean - 1) < 0.01:  # CHOICE: of 20 frames, what milliseconds hide
            self.fps = float(mean)
        self._check_rate()
        return stamps

    def rate(self) -> float:
        """Frames a second as given or as the container says, before any is decoded."""
        if self.fps is None:
            capture = cv2.VideoCapture(str(self.path))
            self.fps = capture.get(cv2.CAP_PROP_FPS)
            capture.release()
        return self.fps

    def count(self) -> int:
        """How many frames there are; those of a video are passed over one by one."""
        if self.files is not None:
            return len(self.files)
        capture, n = cv2.VideoCapture(str(self.path)), 0
        while capture.grab():
            n += 1
        capture.release()
        return n

    def _warn(self, text: str) -> None:
        warnings.warn(f"{self.path}: {text}", RateWarning, stacklevel=4)

    def _check_rate(self) -> None:
        if self.fps is not None and not FPS_RANGE[0] <= self.fps <= FPS_RANGE[1]:  # NaN fails too
            raise MepsError(
                f"{self.path}: a frame rate of {self.fps:g} Hz is implausible; expected "
                f"{FPS_RANGE[0]:g} to {FPS_RANGE[1]:g} Hz; pass fps= with the rate of the camera"
            )

    def _of_folder(self, start: int, stop: int | None, step: int) -> Iterator[np.ndarray]:
        first = None
        self._n = len(self.files[start:stop])
        for path in self.files[start:stop:step]:
            frame = read_picture(path, self.flag)
            if self.types and frame.dtype not in self.types:
                raise MepsError(
                    f"{path}: {frame.dtype} pixels; expected 8 bits a channel, to which they would "
                    "lose detail unseen; convert the images with a scale of your choice"
                )
            first = frame if first is None else first
            if (frame.shape, frame.dtype) != (first.shape, first.dtype):
                raise MepsError(
                    f"{path}: size {frame.shape}, {frame.dtype} pixels, but the frames before it "
                    f"have {first.shape}, {first.dtype}; all of a clip must have one size and type"
                )
            yield np.ascontiguousarray(frame[..., ::-1]) if frame.ndim == 3 else frame

    def _of_video(self, start: int, stop: int | None, step: int) -> Iterator[np.ndarray]:
        capture = cv2.VideoCapture(str(self.path))
        try:
            if not capture.isOpened():
                raise MepsError(
                    f"{self.path}: not a video that OpenCV can open: another kind of file, or one "
                    "that was cut before its index (an MP4 or MOV without its end); copy it again"
                )
            sides = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
            check_size(sides[0] * sides[1], self.path)
            rate, n = capture.get(cv2.CAP_PROP_FPS), 0  # counted by decoding: seeking may miss
            self.fps = self.fps if self._given else rate
            while (stop is None or n < stop) and capture.grab():
                wanted = n >= start and (n - start) % step == 0
                ok, frame = capture.retrieve() if wanted else (True, None)
                if not ok:
                    break
                n += 1
                if n > start:
                    self._n += 1
                    self._stamps.append(capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
                if wanted:
                    yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
            if stop is None or n < stop:
                self._check_count(n, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), rate)
        finally:
            capture.release()

    def _check_count(self, n: int, promised: int, rate: float) -> None:
        """Is a file that gave `n` frames short of those that its container promised?"""
        path, found = self.path, f"{n} of {promised} promised frames decode"
        estimate = "the count may be an estimate (edit list, longer sound, variable rate)"
        if not n:
            raise MepsError(
                f"{path}: a video without a frame that decodes; record or export it again"
            )
        if n >= promised:
            return
        if is_whole(path):
            # A count that is length times rate is no news where the stamps fill the length.
            end = self._stamps[-1] + float(np.diff(self._stamps[-2:]).sum()) if self._stamps else 0
            if end * rate > promised - 1.5:
                return
            note = f"{path}: {found}; the file is whole, and {estimate}; check the clip's end"
        elif self.keep_truncated:
            note = f"{path}: truncated: {found}; the last one may be damaged"
        else:
            raise MepsError(
                f"{path}: truncated: {found}; copy it again, or pass keep_truncated=True to "
                f"read_clip to use those; if the file plays to its end, {estimate}"
            )
        warnings.warn(note, FrameCountWarning, stacklevel=4)
