"""Frames of a video file, counted from 0: how many there are, and those of a clip, cropped."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import torch

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.readers.crops import face_crop, spread, whole_picture
from meps_lib.errors import MepsError
from meps_lib.video.alignment import warp
from meps_lib.video.pictures import check_size

MARKS = ("onset", "apex", "offset")


def movie_size(path: Path) -> tuple[int, float]:
    """Frames and frames a second, as the container says, once the first frame decodes.

    A container that states no number of frames is counted through.

    Raises
    ------
    MepsError
        If no frame decodes.
    """
    next(_frames(path, 0, 0))
    capture = cv2.VideoCapture(str(path))
    try:
        n, fps = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), capture.get(cv2.CAP_PROP_FPS)
        while n < 1 and capture.grab():
            n -= 1
        return abs(n), fps
    finally:
        capture.release()


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
    looked = spread(range(first, last + 1))
    seen = [frame for n, frame in enumerate(_frames(path, first, last), first) if n in looked]
    height, width = seen[0].shape[:2]
    if config.crop == "frame" or (config.crop == "auto" and height == width):
        matrix = whole_picture(height, width, config.size)
    else:
        matrix = face_crop(seen, [path / f"frame {n}" for n in looked], config.size)
    crops = np.stack([warp(frame, matrix, config.size) for frame in _frames(path, first, last)])
    marks = {m: None if pd.isna(row[m]) else int(row[m]) - first for m in MARKS}
    colour = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255
    return {"colour": colour, "fps": float(row["fps"]), **marks}


def _frames(path: Path, first: int, last: int) -> Iterator[np.ndarray]:
    """Frames from first to last, RGB (H, W, 3), counted by decoding: seeking may miss."""
    capture = cv2.VideoCapture(str(path))
    try:
        sides = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
        check_size(sides[0] * sides[1], path)
        for n in range(last + 1):
            if not capture.grab():
                why = "not a video that OpenCV reads" if n == 0 else f"frame {n} does not decode"
                raise MepsError(f"{path}: {why}; is it cut short? Copy it again, or convert it")
            if n >= first:
                yield cv2.cvtColor(capture.retrieve()[1], cv2.COLOR_BGR2RGB)
    finally:
        capture.release()
