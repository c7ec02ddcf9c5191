"""A clip in memory, cut from the frames of a video file or a folder of images.

Nothing is read in part without a word: a file that ends early, a frame of another size
or a frame rate that cannot be true is an error that says what was found.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from meps_lib.errors import MepsError
from meps_lib.video.sources import Source, in_memory


@dataclass(frozen=True, eq=False)
class Clip:
    """Frames in the order of time, and where they come from.

    Parameters
    ----------
    frames : ndarray
        Shape (T, H, W, 3), uint8, RGB.
    fps : float or None
        Frames a second, the mean where the rate varies; None for a folder of images, which does
        not say.
    source : str
        Path of the file or folder, for messages.
    start : int
        Number of ``frames[0]`` in the source.
    times : ndarray or None
        Shape (T,), s from the source's first frame: each frame's own time stamp. None without
        a rate; of a clip made by hand, frame numbers over `fps`.

    Examples
    --------
    >>> clip = Clip(np.zeros((8, 4, 6, 3), np.uint8), 20.0, "demo")
    >>> len(clip[2:5]), clip[2:5].start, clip[2:5].times.tolist()
    (3, 2, [0.1, 0.15, 0.2])
    """

    frames: np.ndarray
    fps: float | None
    source: str
    start: int = 0
    times: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.times is None and self.fps is not None:
            times = (self.start + np.arange(len(self.frames))) / self.fps
            object.__setattr__(self, "times", times)

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
        times = None if self.times is None else self.times[first:stop]
        return replace(self, frames=self.frames[first:stop], start=self.start + first, times=times)


def read_clip(path: str | Path, fps: float | None = None, keep_truncated: bool = False) -> Clip:
    """Read a video file, or a folder of images by the numbers in their names, into memory.

    Parameters
    ----------
    path : str or Path
        A video that OpenCV can decode, or a folder of images (``2.jpg`` before ``10.jpg``).
    fps : float, optional
        Frames a second; overrides what the file says. A folder has no rate of its own.
    keep_truncated : bool
        Keep what decodes of a file that ends early, under a warning, instead of an error.

    Warns
    -----
    FrameCountWarning
        If a whole file holds fewer frames than its container says, or a cut one is kept.
    RateWarning
        If the rate varies, or the file has no time stamps that rise.

    Raises
    ------
    MepsError
        If the path does not exist, is a single image, is no video, holds no frame, is
        truncated, has an implausible rate, or would not fit into memory; if a folder lacks a
        frame between two, or has two for one number.

    Examples
    --------
    >>> import tempfile, cv2
    >>> folder = tempfile.mkdtemp()
    >>> for k in (10, 9):
    ...     _ = cv2.imwrite(f"{folder}/{k}.png", np.full((4, 6, 3), k, np.uint8))
    >>> clip = read_clip(folder, fps=30)
    >>> clip.frames.shape, clip.frames[:, 0, 0, 0].tolist()
    ((2, 4, 6, 3), [9, 10])
    """
    source = Source(path, fps, keep_truncated)
    frames = in_memory(source.frames(), path)
    times = source.times()
    return Clip(frames, source.fps, str(path), times=times)
