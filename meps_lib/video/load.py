"""From a video to a `Trial`: align the face, clean depth, spot the apex, sample frames."""

from pathlib import Path

import numpy as np
import torch

from meps_lib.errors import MepsError
from meps_lib.trial import Trial
from meps_lib.video.alignment import face_transforms, warp
from meps_lib.video.clips import Clip, read_clip
from meps_lib.video.depth import crop_depth, read_depth
from meps_lib.video.flow import spot_apex


def sample_frames(n_total: int, n: int, keep: int | None = None) -> np.ndarray:
    """Indices of `n` frames spread evenly over a clip, first and last included.

    Parameters
    ----------
    n_total : int
        Frames in the clip.
    n : int
        Frames wanted; more than `n_total` repeats some.
    keep : int, optional
        A frame that must be among them, such as the apex: it replaces the nearest one, but
        for the first and, from three frames on, the last.

    Returns
    -------
    ndarray
        Shape (n,), int, never decreasing. One frame alone is the middle one.

    Examples
    --------
    >>> sample_frames(9, 5).tolist(), sample_frames(9, 5, keep=5).tolist()
    ([0, 2, 4, 6, 8], [0, 2, 5, 6, 8])
    """
    if n_total < 1 or n < 1:
        raise MepsError(f"{n} frames of {n_total} asked for; expected at least 1 of at least 1")
    if keep is not None and not 0 <= keep < n_total:
        raise MepsError(f"keep={keep}; expected a frame number from 0 to {n_total - 1}")
    ends = (0, n_total - 1) if n > 1 else ((n_total - 1) // 2,) * 2
    indices = np.floor(np.linspace(*ends, n) + 0.5).astype(int)
    if keep is not None:
        within = slice(1, -1) if n > 2 else slice(n - 1, None)
        if keep not in indices:
            indices[within][np.abs(indices[within] - keep).argmin()] = keep
    return indices


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
        Frames to sample evenly; the apex is always among them. None keeps all.
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
        `colour`, perhaps `depth`, `apex` as spotted, and `fps` of the sampled frames. Onset
        and offset stay None: nobody annotated them.

    Warns
    -----
    FaceLostWarning
        If the face leaves for part of the clip.

    Raises
    ------
    MepsError
        If a file cannot be read, no face is found, or depth does not match colour.
    """
    clip = read_clip(path, fps)
    if clip.fps is None:
        raise MepsError(f"{path}: a folder of images has no frame rate; pass fps=")
    maps = None if depth is None else _matching_depth(depth, clip, depth_scale)
    if start < 0 or (stop is not None and stop < 0):
        raise MepsError(f"{path}: start={start}, stop={stop}; count frames from 0")
    clip = clip[start : len(clip) if stop is None else stop]
    kept, matrices = face_transforms(clip, size, smooth)
    crops = np.stack([warp(f, m, size) for f, m in zip(kept.frames, matrices, strict=True)])
    apex = spot_apex(crops)
    wanted = np.arange(len(kept)) if n_frames is None else sample_frames(len(kept), n_frames, apex)
    if maps is not None:
        places = ((kept.start + k, matrices[k]) for k in wanted)
        maps = [crop_depth(maps[n], m, size, source=f"{depth}, frame {n}") for n, m in places]
        maps = torch.from_numpy(np.stack(maps))[:, None]
    seconds = (wanted[-1] - wanted[0]) / clip.fps
    return Trial(
        label=label,
        subject=subject,
        clip=Path(path).stem,
        start=kept.start / clip.fps,
        colour=torch.from_numpy(crops[wanted]).permute(0, 3, 1, 2).float() / 255,
        depth=maps,
        fps=float((len(wanted) - 1) / seconds) if seconds else clip.fps,
        apex=int(np.flatnonzero(wanted == apex)[0]),
    )


def _matching_depth(path: str | Path, clip: Clip, scale: float | None) -> np.ndarray:
    depth = read_depth(path, scale)
    if depth.shape != clip.frames.shape[:3]:
        (n, h, w), (t, height, width) = depth.shape, clip.frames.shape[:3]
        raise MepsError(
            f"{path}: depth of {n} frames, {w} x {h} pixels; colour ({clip.source}) has {t} "
            f"frames, {width} x {height}; register depth to colour with the sensor's own tool "
            "first, since stretching it would put the wrong distance behind each pixel"
        )
    return depth
