"""What every layout shares: what a layout is, and how its pictures and its truth are written.

A layout module defines one function that writes a cohort as its data set would stand on
disk, and one `Layout` named ``LAYOUT`` that says with which cohort.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pandas as pd
from torch import Tensor

from meps_lab.simulate.face.sensor import to_uint16
from meps_lib.errors import MepsError

if TYPE_CHECKING:
    from meps_lab.simulate.cohort import CohortDataset
    from meps_lab.simulate.scenario import Scenario

_FRAMES = ("onset", "apex", "offset")
TRUTH_COLUMNS = ("subject", "clip", "emotion", "class", *_FRAMES, "aus", "apex_exact", "dirt")
_JPEG_QUALITY = 95
_EXTENSIONS = ("jpg", "png", "bmp", "tif")

NOTICE = """These files are simulated, not recordings of anyone.

They imitate the folders, files and annotation tables of {name} so that software can be
tried without the licensed data: no face, signal or judgement in them comes from a person.
A score reached on them says nothing about the real data set.

layout {kind}, {n_subjects} subjects, {trials} trials a subject, seed {seed}
annotation errors: {dirt}
truth.parquet holds what the annotation tables should say, one row a clip.
"""


@dataclass(frozen=True)
class Layout:
    """How a cohort is simulated and written for one data set.

    Parameters
    ----------
    name : str
        What the command line calls it, e.g. ``"casme2"``.
    scenario : callable
        () -> Scenario: camera, rates and length as in the data set.
    classes : str or tuple of str
        Class set of the cohort.
    write : callable
        (folder, cohort, generator, dirt) -> DataFrame of truth, made by `truth_table`.
    title : str
        The data set's own name.
    subjects, trials : int
        How many, if not told: enough for an example; below 30 MB, but 65 for MMME, whose EEG
        runs at 1000 Hz.
    most : int
        Subjects of the real set: no more are written.
    dials : tuple of str
        Dials of `Scenario` that change something here; the others are fixed or mean nothing.
    micro : bool
        Whether every clip obeys the rule that makes an expression micro.
    choices : str
        What the sources leave open and what was done, for ``SIMULATED.txt``.
    """

    name: str
    scenario: Callable[[], Scenario]
    classes: str | tuple[str, ...]
    write: Callable[[Path, CohortDataset, np.random.Generator, bool], pd.DataFrame]
    title: str = ""
    subjects: int = 2
    trials: int = 8
    most: int = 100
    dials: tuple[str, ...] = ()
    micro: bool = False
    choices: str = ""


def write_frames(folder: Path, colour: Tensor, names: Sequence[str], ext: str = "jpg") -> None:
    """Write pictures, one file a frame.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    colour : Tensor, shape (T, 3, H, W) or (T, 1, H, W)
        RGB or grey in [0, 1].
    names : sequence of str
        T file names without extension.
    ext : str
        "jpg", "png", "bmp" or "tif".

    Raises
    ------
    MepsError
        If the shape, a pixel, a name or the extension is none of these.
    """
    if colour.ndim != 4 or colour.shape[1] not in (1, 3):
        raise MepsError(
            f"{folder}: pictures have the shape (T, 3, H, W) or (T, 1, H, W), "
            f"got {tuple(colour.shape)}"
        )
    if not colour.isfinite().all():
        raise MepsError(f"{folder}: there are pixels that are not finite; give colours in 0..1")
    pixels = (colour.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy()
    _write_pictures(folder, pixels[..., ::-1] if pixels.shape[-1] == 3 else pixels, names, ext)


def write_depth(folder: Path, depth: Tensor, names: Sequence[str]) -> None:
    """Write depth as 16-bit one-channel PNG in mm, 0 where nothing was seen.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    depth : Tensor, shape (T, 1, H, W)
        Millimetres, NaN where missing.
    names : sequence of str
        T file names without extension.

    Raises
    ------
    MepsError
        If the shape is another, a range does not fit into 16 bits, or names are not enough.
    """
    if depth.ndim != 4 or depth.shape[1] != 1:
        raise MepsError(f"{folder}: depth has the shape (T, 1, H, W), got {tuple(depth.shape)}")
    _write_pictures(folder, to_uint16(depth).transpose(0, 2, 3, 1), names, "png")


def _write_pictures(folder: Path, pixels: np.ndarray, names: Sequence[str], ext: str) -> None:
    if ext not in _EXTENSIONS:
        raise MepsError(
            f"{folder}: pictures are written as {', '.join(_EXTENSIONS)}, not as {ext!r}"
        )
    if len(names) != len(pixels) or len(set(names)) != len(names):
        raise MepsError(f"{folder}: {len(pixels)} frames need as many different names")
    folder.mkdir(parents=True, exist_ok=True)
    how = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if ext == "jpg" else []
    for name, frame in zip(names, pixels, strict=True):
        # Encoded here and written by Python: OpenCV does not report a full disk.
        _, data = cv2.imencode(f".{ext}", np.ascontiguousarray(frame), how)
        (folder / f"{name}.{ext}").write_bytes(data.tobytes())


def truth_table(rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """The table of what is true, one row a clip.

    Parameters
    ----------
    rows : iterable of mappings
        Each with subject, clip (as the files spell them), emotion, class; onset, apex, offset
        (in the files' own frame numbers, None where the set has none); aus (numbers joined by
        "+"); apex_exact (as onset, not rounded); and further columns of the set's own.

    Returns
    -------
    DataFrame
        `TRUTH_COLUMNS` first; `dirt` is "" until something is spoilt.
    """
    table = pd.DataFrame(list(rows))
    for name in TRUTH_COLUMNS:
        if name not in table:
            table[name] = "" if name in ("aus", "dirt") else None
    for name in _FRAMES:
        table[name] = table[name].astype("Int64")
    table["apex_exact"] = table["apex_exact"].astype("float64")
    return table[[*TRUTH_COLUMNS, *(c for c in table if c not in TRUTH_COLUMNS)]]
