"""What BIOPAC's AcqKnowledge exports: a MATLAB file, or a table as text.

References
----------
The variables of the MATLAB file are those of the AcqKnowledge software guide ("Save as,
MATLAB"): ``data`` (L, C), ``labels`` and ``units`` (padded character arrays, one row a
channel), ``isi`` (time from sample to sample), ``isi_units`` and ``start_sample``.
"""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.io import savemat

_HIGH_V = 5.0
_HEADER = b"MATLAB 5.0 MAT-file, simulated".ljust(116)  # SciPy would write the time of day


def write_mat(
    path: Path, data: np.ndarray, labels: Sequence[str], units: Sequence[str], sfreq: float
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

    Examples
    --------
    >>> import tempfile
    >>> from scipy.io import loadmat
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_mat(Path(folder, "a.mat"), np.zeros((2, 50)), ["PPG", "RSP"], ["V", "V"], 1000)
    ...     loadmat(Path(folder, "a.mat"))["data"].shape
    (50, 2)
    """
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
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_HEADER + file.getvalue()[len(_HEADER) :])


def digital_lines(codes: np.ndarray) -> np.ndarray:
    """Marker codes, 0 to 255, as the eight digital inputs carry them: one bit a line, 0 or 5 V.

    Returns
    -------
    ndarray, shape (8, L)
        Line 0 is the lowest bit.

    Examples
    --------
    >>> digital_lines(np.array([0, 101]))[:, 1].tolist()
    [5.0, 0.0, 5.0, 0.0, 0.0, 5.0, 5.0, 0.0]
    """
    return _HIGH_V * (codes.astype(int) >> np.arange(8)[:, None] & 1)


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

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_text(Path(folder, "a.txt"), {"PPG": np.zeros(2)}, 200.0)
    ...     Path(folder, "a.txt").read_text().split()
    ['time', '(min)', 'PPG', '0', '0', '8.3333333e-05', '0']
    """
    table = pd.DataFrame(dict(columns))
    table.insert(0, "time (min)", np.arange(len(table)) / sfreq / 60)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Eight digits tell two rows apart after an hour; six would not after ten minutes.
    table.to_csv(path, sep="\t", index=False, float_format="%.8g", lineterminator="\r\n")
