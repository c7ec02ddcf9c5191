"""What every layout shares: what a layout is, and how pictures, tables and truth are written.

A layout module defines one function that writes a cohort as its data set would stand on
disk, and one `Layout` named ``LAYOUT`` that says with which cohort.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import openpyxl
import pandas as pd
from torch import Tensor

from meps_lib.errors import MepsError

if TYPE_CHECKING:
    from meps_lib.simulate.cohort import CohortDataset
    from meps_lib.simulate.scenario import Scenario

TRUTH_COLUMNS = (
    "subject", "clip", "emotion", "class", "onset", "apex", "offset", "aus", "apex_exact", "dirt",
)  # fmt: skip
_JPEG_QUALITY = 95

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
    """

    name: str
    scenario: Callable[[], Scenario]
    classes: str | tuple[str, ...]
    write: Callable[[Path, CohortDataset, np.random.Generator, bool], pd.DataFrame]
    title: str = ""
    subjects: int = 2
    trials: int = 8


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
    """
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
    """
    mm = depth.nan_to_num(nan=0.0).round().clamp(0, 65535).numpy().astype(np.uint16)
    _write_pictures(folder, mm.transpose(0, 2, 3, 1), names, "png")


def _write_pictures(folder: Path, pixels: np.ndarray, names: Sequence[str], ext: str) -> None:
    if len(names) != len(pixels) or len(set(names)) != len(names):
        raise MepsError(f"{folder}: {len(pixels)} frames need as many different names")
    folder.mkdir(parents=True, exist_ok=True)
    how = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if ext == "jpg" else []
    for name, picture in zip(names, pixels, strict=True):
        # Encoded here and written by Python: OpenCV does not report a full disk.
        _, data = cv2.imencode(f".{ext}", np.ascontiguousarray(picture), how)
        (folder / f"{name}.{ext}").write_bytes(data.tobytes())


def write_table(
    path: Path, table: pd.DataFrame, sheet: str, startrow: int = 0, above: Mapping[int, str] = {}
) -> None:  # fmt: skip
    """Write a spreadsheet as a person would have typed it.

    Parameters
    ----------
    path : Path
        ".xlsx"; the folder is made if it is not there.
    table : DataFrame
        A column named "" or a run of spaces has an empty header; None, NaN and "" leave the
        cell empty.
    sheet : str
    startrow : int
        Row of the header, counted from 0.
    above : mapping of int to str, optional
        Text in the first cell of rows above the header, counted from 0.
    """
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    for row, text in above.items():
        page.cell(row + 1, 1, text)
    for column, name in enumerate(table.columns, 1):
        page.cell(startrow + 1, column, str(name).strip() or None)
        for row, value in enumerate(table.iloc[:, column - 1].tolist(), startrow + 2):
            page.cell(row, column, None if pd.isna(value) or value == "" else value)
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


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
    for name in ("onset", "apex", "offset"):
        table[name] = table[name].astype("Int64")
    table["apex_exact"] = table["apex_exact"].astype("float64")
    return table[[*TRUTH_COLUMNS, *(c for c in table if c not in TRUTH_COLUMNS)]]


@contextmanager
def new_folder(out: str | os.PathLike) -> Iterator[Path]:
    """A folder to write into that becomes `out` at the end, or leaves nothing behind.

    Raises
    ------
    MepsError
        If `out` exists and is not an empty folder, or cannot be written.
    """
    out = Path(out).absolute()
    there = out.is_dir()
    # Inside a folder that exists: what lies beside it may be another disk, or not ours.
    partial = (out / ".partial") if there else out.with_name(f".{out.name}.partial-{os.getpid()}")
    try:
        if out.exists() and (not there or any(out.iterdir())):
            what = "is not empty" if there else "is a file"
            raise MepsError(
                f"{out} {what}; choose a new folder or remove it first, nothing was overwritten"
            )
        partial.mkdir(parents=True)
        try:
            yield partial
            if there:
                for child in list(partial.iterdir()):
                    child.rename(out / child.name)
            else:
                partial.rename(out)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise MepsError(f"cannot write to {out}: {error.strerror or error}") from None
    except MepsError as error:  # name the folder that was asked for
        raise MepsError(str(error).replace(str(partial), str(out))) from None
