"""The pieces that all writers share: frames whose grey tells their number, and signals.

Nothing here knows the loaders: what is written follows the published descriptions of the files.
"""

from pathlib import Path

import cv2
import numpy as np
import openpyxl

SIZE = 64


def grey_of(frame: int) -> int:
    """The grey level of a frame: a flat picture survives JPEG, so it names its frame."""
    return 20 + 7 * frame % 211


def write_picture(path: Path, frame: int, size: int = SIZE) -> Path:
    """Write one flat colour picture, the format by the name's end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((size, size, 3), grey_of(frame), np.uint8))
    return path


def depth_of(frame: int, size: int = SIZE) -> np.ndarray:
    """The depth of a frame in mm, (size, size): a slanted plane with a hole of zeros."""
    plane = 700 + frame % 20 + np.arange(size, dtype=np.uint16)[None, :] + np.zeros((size, 1))
    plane[10:14, 20:30] = 0
    return plane.astype(np.uint16)


def write_depth(path: Path, frame: int, size: int = SIZE) -> Path:
    """Write one 16-bit picture of one channel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), depth_of(frame, size))
    return path


def write_xlsx(path: Path, sheets: dict[str, list[list]]) -> Path:
    """Write sheets of rows as they are; `None` leaves a cell empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def pulse(seconds: np.ndarray, rate: float) -> np.ndarray:
    """A rounded pulse wave, `rate` beats a second."""
    phase = 2 * np.pi * rate * seconds
    return np.sin(phase) + 0.4 * np.sin(2 * phase + 0.6)


def heart(seconds: np.ndarray, rate: float) -> np.ndarray:
    """An ECG: an R peak a beat, with a small T wave behind it (mV)."""
    since = np.mod(seconds, 1 / rate)
    return np.exp(-(((since - 0.15) / 0.012) ** 2)) + 0.2 * np.exp(-(((since - 0.4) / 0.05) ** 2))


def breath(seconds: np.ndarray) -> np.ndarray:
    """A breath every four seconds."""
    return np.sin(2 * np.pi * 0.25 * seconds)


def skin(seconds: np.ndarray) -> np.ndarray:
    """A skin conductance (uS) that only rises, so that a value tells its time."""
    return 2 + 0.01 * seconds + 1e-3 * (1 - np.cos(seconds))
