"""Frames on disk to tensors: the pictures of a row of the index, from onset to offset, cropped.

Whatever a data set calls its frames, a frame has a number, and the annotation speaks of these.
Only what lies between onset and offset is read, one picture at a time, and every picture
between them must be there: a missing one would move the apex without a word.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.readers.crops import each_picture, face_crop, spread, whole_picture
from meps_lab.datasets.readers.frames import frame_files, frames_between, has_frames
from meps_lib.errors import MepsError
from meps_lib.video.alignment import warp
from meps_lib.video.depth_crops import crop_depth
from meps_lib.video.depth_files import read_depth_picture
from meps_lib.video.pictures import picture_size, read_colour
from meps_lib.video.sources import MAX_BYTES

__all__ = ["frame_files", "has_frames", "video_fields", "video_files"]


def video_fields(
    root: Path, row: pd.Series, config: LoadConfig, *, number: str | None, cut: bool = False
) -> dict:
    """What a `Trial` says of its video, for one row of the index.

    Without an onset, or an offset, the clip begins, or ends, where its folder does. Colour is
    read for flow too, which is computed from it. Depth takes the transform of the colour that it
    belongs to.

    CHOICE: depth is cleaned by `meps_lib.video.clean_depth` where a crop is one of a face, found
    here or cut out before; not where the whole of another picture is taken. WHY: the rule is
    about faces; on a room it keeps the table in front.

    Parameters
    ----------
    root, row, config
        As `Kind` of `index` has them.
    number : str or None
        How frames are numbered, see `frame_files`.
    cut : bool
        The pictures are cut to the face already, square or not.

    Returns
    -------
    dict
        colour (T, 3, S, S) float32 RGB in [0, 1], depth (T, 1, S, S) mm with NaN where the sensor
        saw nothing, fps, start in seconds, and onset, apex, offset as indices into the clip, None
        where the row has none. Empty if no video is asked for.

    Raises
    ------
    MepsError
        If a frame is missing, damaged, of another kind or size than the rest, or shows no face.
    """
    plan = _plan(root, row, config, number, cut)
    if plan is None:
        return {}
    size, fields = config.size, {}
    height, width, matrix = _transform(plan, size)
    if plan.colour:
        frames = each_picture(plan.colour, read_colour, height, width)
        crops = np.stack([warp(frame, matrix, size) for frame in frames])
        fields["colour"] = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255
    if plan.depth:
        frames = each_picture(plan.depth, read_depth_picture, height, width)
        pairs = zip(frames, plan.depth, strict=True)
        crops = [crop_depth(f, matrix, size, face=plan.face, source=path) for f, path in pairs]
        fields["depth"] = torch.from_numpy(np.stack(crops))[:, None]
    fps = float(row["fps"])
    marks = {m: _mark(row, m) for m in ("onset", "apex", "offset")}
    marks = {m: None if n is None else n - plan.first for m, n in marks.items()}
    return fields | {"fps": fps, "start": plan.first / fps} | marks


def video_files(
    root: Path, row: pd.Series, config: LoadConfig, *, number: str | None, cut: bool = False
) -> list[Path]:
    """The files that `video_fields` would read, given the same; raises as it does."""
    plan = _plan(root, row, config, number, cut)
    return [] if plan is None else list(dict.fromkeys([*plan.colour, *plan.depth, *plan.look]))


@dataclass(frozen=True)
class _Plan:
    """What is to be read of a row."""

    first: int  # number of the first frame
    colour: list[Path]
    depth: list[Path]
    look: list[Path]  # where the face is looked for; none if the whole picture is taken
    face: bool  # crops show a face, found or cut out before


def _plan(
    root: Path, row: pd.Series, config: LoadConfig, number: str | None, cut: bool
) -> _Plan | None:
    use = {"colour": {"colour", "flow"}, "depth": {"depth"}}
    asked = [name for name, of in use.items() if of & set(config.modalities)]
    if not asked:
        return None
    if pd.isna(row["fps"]) or not row["fps"] > 0:
        raise MepsError(f"clip {row['clip']!r}: frame rate {row['fps']}; expected Hz, above 0")
    found = {name: frame_files(_folder(root, row, name), number) for name in asked}
    first, last = _span(row, found)
    channels = 3 * ("colour" in found) + ("depth" in found)
    n_bytes = (last - first + 1) * channels * 4 * config.size**2
    if n_bytes > MAX_BYTES:
        raise MepsError(
            f"clip {row['clip']!r}: {last - first + 1} frames of {config.size} x {config.size} are "
            f"more than {MAX_BYTES / 1024**3:g} GiB; check onset and offset, or take a smaller size"
        )
    paths = {name: frames_between(root / row[name], found[name], first, last) for name in asked}
    width, height = picture_size(paths[asked[0]][0])
    is_cut, look = cut or width == height, []
    if config.crop == "face" or (config.crop == "auto" and not is_cut):
        if "colour" not in found:  # depth shows no eyes
            folder = _folder(root, row, "colour")
            look = frames_between(folder, frame_files(folder, number), first, last)
        look = spread(look or paths["colour"])
    return _Plan(first, paths.get("colour", []), paths.get("depth", []), look, is_cut or bool(look))


def _folder(root: Path, row: pd.Series, name: str) -> Path:
    if not row[name]:
        raise MepsError(
            f"clip {row['clip']!r} has no {name} frames in the index; leave {name} out, or copy "
            "the frames and index again; depth alone needs colour to find the face, or crop='frame'"
        )
    return root / row[name]


def _mark(row: pd.Series, name: str) -> int | None:
    return None if pd.isna(row[name]) else int(row[name])


def _span(row: pd.Series, found: Mapping[str, Mapping[int, Path]]) -> tuple[int, int]:
    """First and last frame of the clip."""
    ends = []
    for mark, pick in (("onset", min), ("offset", max)):
        on_disk = {name: pick(files) for name, files in found.items()}
        end = _mark(row, mark)
        if end is None and len(set(on_disk.values())) > 1:
            have = ", ".join(f"{name} {n}" for name, n in on_disk.items())
            raise MepsError(
                f"clip {row['clip']!r} has no {mark}, so its folders say where it is, and they "
                f"differ ({pick.__name__} frame: {have}); copy them again"
            )
        ends.append(next(iter(on_disk.values())) if end is None else end)
    if ends[0] > ends[1]:
        raise MepsError(
            f"clip {row['clip']!r}: frames {ends[0]} to {ends[1]}; expected the onset first, and "
            "both among the frames of the folder"
        )
    return ends[0], ends[1]


def _transform(plan: _Plan, size: int) -> tuple[int, int, np.ndarray]:
    """Height and width that every frame must have, and what takes them to the crop."""
    if not plan.look:
        picture = read_colour(plan.colour[0]) if plan.colour else read_depth_picture(plan.depth[0])
        height, width = picture.shape[:2]
        return height, width, whole_picture(height, width, size)
    height, width = read_colour(plan.look[0]).shape[:2]
    pictures = list(each_picture(plan.look, read_colour, height, width))
    return height, width, face_crop(pictures, plan.look, size)
