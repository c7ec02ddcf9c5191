"""The peripheral signals of MMME: a MATLAB file as BIOPAC's AcqKnowledge exports it.

One matrix with a column a channel: signals, eight digital lines that carry the marker of the
clip on show, and a heart rate. What a column is, its label says.

References
----------
Columns: the READMEs of the authors' repositories. Variables: AcqKnowledge software guide,
"Save as, MATLAB".
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from meps_lab.datasets.readers.triggers import codes_sent
from meps_lib.errors import MepsError
from meps_lib.signals import Recording

FIELDS = ("data", "labels", "units", "isi", "isi_units")
# What labels begin with, capitals aside. Of the two skin temperatures A is taken: the sources
# do not say where either sensor sat.
_COLUMNS = {"PPG": "PPG", "RSP": "RSP", "SKT": "SKT A", "EDA": "EDA", "ECG": "ECG"}
_NOT_A_SIGNAL = "RATE"  # "ECG Rate" is a number of the monitor
# The same unit, as the rest of the library spells it; nothing is converted.
_UNITS = {"microsiemens": "uS", "volts": "V", "deg. c": "degC", "millivolts": "mV"}
_LINES = 8
_MS = {"ms": 1.0, "msec": 1.0, "milliseconds": 1.0, "s": 1e3, "sec": 1e3, "seconds": 1e3}


@dataclass(frozen=True)
class Peripheral:
    """A subject's session: the signals, and when which marker stood on the digital lines."""

    recording: Recording
    events: tuple[tuple[int, int], ...]  # first sample and code


def read_mat(path: Path, names: tuple[str, ...] | None = None) -> Peripheral:
    """Read a session; units are as the file states them.

    Parameters
    ----------
    path : Path
        A MATLAB file up to version 7.
    names : tuple of str, optional
        Signals to take, of PPG, RSP, SKT, EDA and ECG; None for all.

    Raises
    ------
    MepsError
        Naming the file, and what of it is missing, cut short or not a number.
    """
    mat = _load(path)
    data = np.asarray(mat["data"])
    labels = [str(x).strip() for x in np.ravel(mat["labels"])]
    units = [str(x).strip() for x in np.ravel(mat["units"])]
    if data.ndim != 2 or data.dtype.kind not in "fiu" or not len(data):
        raise MepsError(
            f"{path}: data of shape {data.shape} and type {data.dtype}; expected numbers, one "
            "column a channel"
        )
    if not data.shape[1] == len(labels) == len(units):
        raise MepsError(
            f"{path}: {data.shape[1]} columns, {len(labels)} labels and {len(units)} units; "
            "expected one of each a channel: export it again"
        )
    sfreq = _rate(path, mat)
    picked = {name: _column(path, name, labels) for name in names or _COLUMNS}
    recording = Recording(
        data[:, list(picked.values())].T,
        tuple(picked),
        tuple(_UNITS.get(units[k].lower(), units[k]) for k in picked.values()),
        sfreq,
        str(path),
    )
    return Peripheral(recording, tuple(codes_sent(_codes(path, data, labels), sfreq)))


def _load(path: Path) -> dict[str, np.ndarray]:
    try:
        mat = loadmat(path, variable_names=FIELDS)
    except NotImplementedError:
        raise MepsError(
            f"{path} is of MATLAB 7.3 (HDF5); expected version 7 or before: open it in MATLAB and "
            "save it with '-v7'"
        ) from None
    except Exception as error:  # WHY: a file cut short fails in SciPy, zlib or NumPy alike
        raise MepsError(
            f"{path} is no MATLAB file, or cut short ({error}); copy it again"
        ) from None
    if lacking := [name for name in FIELDS if name not in mat]:
        have = ", ".join(name for name in mat if not name.startswith("__")) or "none of them"
        raise MepsError(
            f"{path}: no variable {', '.join(lacking)}; expected those of AcqKnowledge's export "
            f"({', '.join(FIELDS)}), found {have}"
        )
    return mat


def _rate(path: Path, mat: dict[str, np.ndarray]) -> float:
    """Samples a second, from the time between two of them."""
    unit = "".join(str(x) for x in np.ravel(mat["isi_units"])).strip().lower()
    isi = np.ravel(mat["isi"])
    good = isi.size == 1 and isi.dtype.kind in "fiu" and np.isfinite(isi[0]) and isi[0] > 0
    if unit not in _MS or not good:
        raise MepsError(
            f"{path}: isi {isi.tolist()} {unit!r}; expected the time from sample to sample in ms"
        )
    return 1e3 / (float(isi[0]) * _MS[unit])


def _column(path: Path, name: str, labels: list[str]) -> int:
    if name not in _COLUMNS:
        raise MepsError(f"{path}: no signal {name!r}; it has {', '.join(_COLUMNS)}")
    begins = re.compile(re.escape(_COLUMNS[name]), re.IGNORECASE)
    found = [k for k, x in enumerate(labels) if begins.match(x) and _NOT_A_SIGNAL not in x.upper()]
    if len(found) != 1:
        raise MepsError(
            f"{path}: {len(found)} columns whose label begins with {_COLUMNS[name]!r}, expected "
            f"one; the labels are {', '.join(labels)}"
        )
    return found[0]


def _codes(path: Path, data: np.ndarray, labels: list[str]) -> np.ndarray:
    """The marker at every sample, 0 where there is none.

    CHOICE: the first line carries the lowest bit. WHY: the sources do not say; where it is
    otherwise, the error about a marker that is not there shows which codes came out.
    """
    lines = [k for k, label in enumerate(labels) if "digital" in label.lower()]
    if len(lines) != _LINES:
        raise MepsError(
            f"{path}: {len(lines)} columns whose label says 'Digital', expected {_LINES}: they "
            f"carry the markers; the labels are {', '.join(labels)}"
        )
    levels = data[:, lines]
    if not np.isfinite(levels).all():
        sample, line = np.argwhere(~np.isfinite(levels))[0]
        raise MepsError(
            f"{path}: column {labels[lines[line]]}, sample {sample} is {levels[sample, line]}; "
            "expected a voltage: the clips cannot be found without the digital lines"
        )
    # Lines are at 0 or at one level above it: 5 V, or 1 where the export counts.
    high = levels > max(levels.max() / 2, 0.25)
    return high @ (1 << np.arange(_LINES))
