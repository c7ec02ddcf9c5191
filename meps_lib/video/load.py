"""From a video to a `Trial`: align the face, clean depth, spot the apex, sample frames.

A video is gone through twice, for the face and for its crops, so that no frame is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from meps_lib.errors import MepsError
from meps_lib.trial import Trial
from meps_lib.video.alignment import check_crop, transforms, warp
from meps_lib.video.apex import spot_apex
from meps_lib.video.depth_crops import crop_depth
from meps_lib.video.depth_files import depth_frames
from meps_lib.video.faces import Face, find_faces, lying
from meps_lib.video.follow import follow
from meps_lib.video.sampling import sample_frames
from meps_lib.video.sources import Source


def load_trial_from_video(
    path: str | Path,
    size: int = 64,
    n_frames: int | None = None,
    *,
    depth: str | Path | None = None,
    depth_scale: float | None = None,
    fps: float | None = None,
    start: int = 0,
    stop: int | None = None,
    smooth: float | None = None,
    label: str = "others",
    subject: str = "unknown",
) -> Trial:
    """Make a trial of a person's own clip: read, align, spot the apex, sample.

    Parameters
    ----------
    path : str or Path
        Video file, or folder of images.
    size : int
        Side of the square face crop, pixels.
    n_frames : int, optional
        Frames to sample evenly in time; the apex is always among them. None keeps all.
    depth : str or Path, optional
        Depth clip registered to the colour one: as many frames, of the same size; see
        `read_depth`.
    depth_scale : float, optional
        Millimetres for one grey level of the depth clip; needed if it has 8 bits.
    fps : float, optional
        Frames a second of the recording, where the file does not say.
    start, stop : int, optional
        First frame, and frame after the last, to use. Start at a neutral face: the apex is
        the frame that differs most from the first one.
    smooth : float, optional
        See `align_face`.
    label, subject : str
        What the trial is called; a person's own clip has no label, hence "others".

    Returns
    -------
    Trial
        `colour`, perhaps `depth`, `apex` as spotted, `times` and `fps` of the sampled frames.
        Onset and offset stay None: nobody annotated them.

    Warns
    -----
    FaceLostWarning
        If the face leaves for part of the clip, or there are two.
    RateWarning
        If the rate varies, or the file has no time stamps that rise.

    Raises
    ------
    MepsError
        If a file cannot be read, no face is found or one in less than half of the frames, or depth
        does not match colour.
    """
    check_crop(size, smooth)
    if depth is not None:
        _check_match(depth, depth_scale, Source(path, fps))
    watched = watch(path, fps, start, stop)
    return trial_of(watched, size, n_frames, depth, depth_scale, smooth, label, subject)


@dataclass(frozen=True, eq=False)
class Watched:
    """What one pass over a clip leaves: whose face is where, and when; no picture.

    Shape: ``faces`` and ``times`` (s from the source's first frame) have one entry a frame, from
    frame `start` of the source on.
    """

    source: Source
    start: int
    faces: Sequence[Face | None]
    times: np.ndarray


def opened(path: str | Path, fps: float | None, start: int, stop: int | None) -> Source:
    """A video or a folder, of which frames `start` to before `stop` can be read and timed.

    Raises
    ------
    MepsError
        As `Source`; if a folder comes without its rate, or there can be no such part.
    """
    source = Source(path, fps)
    if source.files is not None and fps is None:
        raise MepsError(f"{path}: a folder of images has no frame rate; pass fps=")
    if start < 0 or (stop is not None and stop <= start):
        raise MepsError(
            f"{path}: start={start}, stop={stop}; expected the number of the first frame, counted "
            "from 0, and of the one after the last"
        )
    return source


def look(
    source: Source, start: int = 0, stop: int | None = None, step: int = 1
) -> tuple[list[list[Face]], list[np.ndarray]]:
    """The faces in each `step`-th frame, and a few of the frames that show none."""
    found, lost = [], []
    for frame in source.frames(start, stop, step):
        found.append(find_faces(frame))
        if not found[-1] and (len(found) & (len(found) - 1)) == 0:  # the 1st, 2nd, 4th, 8th ...
            lost.append(frame)
    return found, lost


def watch(
    path: str | Path,
    fps: float | None = None,
    start: int = 0,
    stop: int | None = None,
    like: Face | None = None,
) -> Watched:
    """Follow the face through a clip.

    Parameters, warnings and errors are those of `load_trial_from_video`; `like` is as
    `meps_lib.video.follow.follow` takes it.
    """
    source = opened(path, fps, start, stop)
    found, lost = look(source, start, stop)
    times = source.times()
    try:
        first, last, faces = follow(found, str(path), start, like=like)
        if 2 * (last - first) < len(found):
            raise MepsError(
                f"{path}: a face is kept in {last - first} of {len(found)} frames, less than half; "
                f"cut the clip to frames {first + start} to {last + start}, by start and stop"
            )
    except MepsError as error:
        raise MepsError(f"{error}{lying(lost)}") from None
    return Watched(source, start + first, faces, times[first:last])


def trial_of(
    watched: Watched,
    size: int = 64,
    n_frames: int | None = None,
    depth: str | Path | None = None,
    depth_scale: float | None = None,
    smooth: float | None = None,
    label: str = "others",
    subject: str = "unknown",
) -> Trial:
    """The trial of a clip through which a face was followed; see `load_trial_from_video`."""
    source, times, n = watched.source, watched.times, len(watched.faces)
    span = watched.start, watched.start + n
    matrices = transforms(watched.faces, str(source.path), size, smooth, source.fps)
    pairs = zip(source.frames(*span), matrices, strict=True)
    crops = np.stack([warp(frame, matrix, size) for frame, matrix in pairs])
    apex = spot_apex(crops)
    wanted = np.arange(n) if n_frames is None else sample_frames(n, n_frames, apex, times)
    maps = None
    if depth is not None:
        at = {
            k: crop_depth(frame, matrices[k], size, source=f"{depth}, frame {span[0] + k}")
            for k, frame in enumerate(depth_frames(depth, depth_scale, *span))
            if k in wanted
        }
        maps = torch.from_numpy(np.stack([at[k] for k in wanted]))[:, None]
    since = times[wanted] - times[wanted[0]]
    return Trial(
        label=label,
        subject=subject,
        clip=source.path.stem,
        start=float(times[wanted[0]]),
        colour=torch.from_numpy(crops[wanted]).permute(0, 3, 1, 2).float() / 255,
        depth=maps,
        fps=float((len(wanted) - 1) / since[-1]) if since[-1] else source.fps,
        times=tuple(since.tolist()),
        apex=int(np.flatnonzero(wanted == apex)[0]),
    )


def _check_match(path: str | Path, scale: float | None, colour: Source) -> None:
    """Refuse depth that has not one frame for each of colour's, pixel for pixel."""
    shapes = [next(f).shape for f in (depth_frames(path, scale, 0, 1), colour.frames(0, 1))]
    source = Source(path)
    if None not in (source.files, colour.files) and source.begins != colour.begins:
        raise MepsError(
            f"{path}: depth begins with {source.files[0].name}, {colour.path} with "
            f"{colour.files[0].name}; one number is one moment: copy the frames that are missing, "
            "or number both alike"
        )
    counts = source.count(), colour.count()
    (h, w), (height, width, _) = shapes
    if (counts[0], h, w) != (counts[1], height, width):
        raise MepsError(
            f"{path}: depth of {counts[0]} frames, {w} x {h} pixels; colour ({colour.path}) has "
            f"{counts[1]} frames, {width} x {height}; register depth to colour with the sensor's "
            "own tool first, since stretching it would put the wrong distance behind each pixel"
        )
