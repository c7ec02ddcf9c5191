"""What BIOPAC's AcqKnowledge exports: a MATLAB file, or a table as text.

References
----------
The variables of the MATLAB file are those of the AcqKnowledge software guide ("Save as,
MATLAB"): ``data`` (L, C), ``labels`` and ``units`` (padded character arrays, one row a
channel), ``isi`` (time from sample to sample), ``isi_units`` and ``start_sample``.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.io import savemat

from meps_lib.errors import MepsError

DIGITAL_LINES = 8
_HIGH_V = 5.0
_HEADER = b"MATLAB 5.0 MAT-file, simulated".ljust(116)  # SciPy would write the time of day


def write_mat(
    path: Path,
    data: np.ndarray,
    labels: Sequence[str],
    units: Sequence[str],
    sfreq: float,
) -> None:
    """Write signals as AcqKnowledge exports them for MATLAB.

    Parameters
    ----------
    path : Path
        Ends in ``.mat``; the folder is made if it is not there.
    data : ndarray, shape (C, L)
        One row a channel; the file holds one column a channel.
    labels, units : sequence of str
        C of each.
    sfreq : float
        Hz; the file holds the interval in ms.

    Raises
    ------
    MepsError
        If the numbers of channels, labels and units differ or a sample is not finite.

    Examples
    --------
    >>> import tempfile
    >>> from scipy.io import loadmat
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_mat(Path(folder, "a.mat"), np.zeros((2, 50)), ["PPG", "RSP"], ["V", "V"], 1000)
    ...     loadmat(Path(folder, "a.mat"))["data"].shape
    (50, 2)
    """
    data = np.asarray(data, float)
    if data.ndim != 2 or not len(data) == len(labels) == len(units):
        raise MepsError(
            f"{path.name}: data of shape {data.shape}, {len(labels)} labels and {len(units)} "
            "units; give one row, one label and one unit a channel"
        )
    if not np.isfinite(data).all():
        raise MepsError(f"{path.name}: there are samples that are not finite")
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "data": data.T,
        "isi": 1000.0 / sfreq,
        "isi_units": "ms",
        "labels": np.array(labels),
        "start_sample": 0.0,
        "units": np.array(units),
    }
    file = io.BytesIO()
    savemat(file, content)
    path.write_bytes(_HEADER + file.getvalue()[len(_HEADER) :])


def digital_lines(codes: np.ndarray) -> np.ndarray:
    """A marker code as the eight digital inputs carry it: one bit a line, 0 or 5 V.

    Parameters
    ----------
    codes : ndarray, shape (L,)
        Whole numbers 0..255.

    Returns
    -------
    ndarray, shape (8, L)
        Line 0 is the lowest bit.

    Raises
    ------
    MepsError
        If a code does not fit into eight lines.

    Examples
    --------
    >>> digital_lines(np.array([0, 101]))[:, 1].tolist()
    [5.0, 0.0, 5.0, 0.0, 0.0, 5.0, 5.0, 0.0]
    """
    codes = np.asarray(codes)
    if len(codes) and not 0 <= codes.min() <= codes.max() < 2**DIGITAL_LINES:
        raise MepsError(f"marker codes must be 0..255, got {codes.min()}..{codes.max()}")
    bits = codes.astype(int) >> np.arange(DIGITAL_LINES)[:, None] & 1
    return _HIGH_V * bits


def write_text(path: Path, columns: Mapping[str, np.ndarray], sfreq: float) -> None:
    """Write signals as a tab-separated table: time in minutes, then one column a channel.

    Parameters
    ----------
    path : Path
        The folder is made if it is not there.
    columns : mapping of str to ndarray, shape (L,)
        Header -> samples.
    sfreq : float
        Hz.

    Raises
    ------
    MepsError
        If the columns differ in length or hold samples that are not finite.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_text(Path(folder, "a.txt"), {"PPG": np.zeros(2)}, 200.0)
    ...     Path(folder, "a.txt").read_text().split()
    ['time', '(min)', 'PPG', '0', '0', '8.3333333e-05', '0']
    """
    lengths = {name: len(x) for name, x in columns.items()}
    if len(set(lengths.values())) != 1:
        raise MepsError(f"{path.name}: the columns differ in length: {lengths}")
    table = pd.DataFrame(dict(columns))
    if not np.isfinite(table.to_numpy(float)).all():
        raise MepsError(f"{path.name}: there are samples that are not finite")
    table.insert(0, "time (min)", np.arange(len(table)) / sfreq / 60)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Eight digits tell two rows apart after an hour; six would not after ten minutes.
    table.to_csv(path, sep="\t", index=False, float_format="%.8g", lineterminator="\r\n")
