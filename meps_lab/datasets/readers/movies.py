"""Frames of a video file, counted from 0: when each was taken, and those of a clip, cropped."""

import math
import sys
import warnings
from collections import deque
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.readers.crops import face_crop, spread, whole_picture
from meps_lab.datasets.readers.signals_cut import read_once
from meps_lib.errors import MepsError
from meps_lib.video.alignment import warp
from meps_lib.video.sources import Source

MARKS = ("onset", "apex", "offset")


def movie_times(path: Path, fps: float | None = None) -> tuple[np.ndarray, float]:
    """When each frame of a video was taken, s from its first, and frames a second.

    What a container says of both may be an estimate, and a phone's rate falls in the dark: the
    video is gone through once, and each frame's own time stamp counts.

    Parameters
    ----------
    path : Path
    fps : float, optional
        As the index has it. Another rate than the file's own was given by a person, and goes before
        its stamps.

    Warns
    -----
    FrameCountWarning, RateWarning
        As `meps_lib.video.read_clip`, while nobody has said a rate.

    Raises
    ------
    MepsError
        As `meps_lib.video.read_clip`.
    """
    if fps is None:
        return read_once(path, _gone_through, None)
    with warnings.catch_warnings(), suppress(MepsError):
        warnings.simplefilter("ignore")  # told when the table was read
        times, own = read_once(path, _gone_through, None)
        if math.isclose(own, fps):
            return times, own
    return read_once(path, _gone_through, fps)


def _gone_through(path: Path, fps: float | None) -> tuple[np.ndarray, float]:
    source = Source(path, fps)
    deque(source.frames(step=sys.maxsize), maxlen=0)  # a frame that is passed over still has a time
    return source.times(), source.fps


def movie_fields(path: Path, row: pd.Series, config: LoadConfig) -> dict:
    """What a `Trial` says of its video, as `media.video_fields` does of a folder of pictures.

    The file is read twice, so that no more than the crops is kept in memory: a minute of a phone's
    video would take 11 GB.

    Raises
    ------
    MepsError
        If a frame up to the offset does not decode, or no face is found.
    """
    first, last = int(row["onset"]), int(row["offset"])
    source = Source(path, float(row["fps"]))
    looked = spread(range(first, last + 1))
    frames = enumerate(source.frames(first, last + 1), first)
    seen = [frame for n, frame in frames if n in looked]
    height, width = seen[0].shape[:2]
    if config.crop == "frame" or (config.crop == "auto" and height == width):
        matrix = whole_picture(height, width, config.size)
    else:
        matrix = face_crop(seen, [path / f"frame {n}" for n in looked], config.size)
    crops = np.stack([warp(f, matrix, config.size) for f in source.frames(first, last + 1)])
    marks = {m: None if pd.isna(row[m]) else int(row[m]) - first for m in MARKS}
    colour = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255
    times, fps = movie_times(path, float(row["fps"]))
    since = times[first : last + 1] - times[first]
    fps = float((last - first) / since[-1])  # the mean of this part
    return {"colour": colour, "fps": fps, "times": tuple(since.tolist()), **marks}
