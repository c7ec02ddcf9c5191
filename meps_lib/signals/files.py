"""Files to `Recording`: tables with a header, BioSPPy text, Empatica E4 exports.

The format is recognised by content. What a file states (rate, resolution, start) is kept, what
it does not state is asked for, and what it contradicts is an error.
"""

import os
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Real
from pathlib import Path

from meps_lib.errors import MepsError
from meps_lib.signals.clock import clock_rate, odd_step, unit_of_time
from meps_lib.signals.rates import join
from meps_lib.signals.recording import Recording, SignalWarning
from meps_lib.signals.rows import is_number, samples_below, text_lines

NOT_STATED = "not stated"

# Column names of the formats we know, in lower case, and the library's name for the same signal.
STANDARD_NAMES = {
    **dict.fromkeys(("eda", "gsr", "sc"), "EDA"),
    **dict.fromkeys(("ecg", "ekg"), "ECG"),
    **dict.fromkeys(("ppg", "bvp", "pulse"), "PPG"),
    **dict.fromkeys(("rsp", "resp", "respiration"), "RSP"),
    **dict.fromkeys(("skt", "temp", "temperature"), "SKT"),
    "eeg": "EEG",
}

# Units of the standard signals by what a column's name may end in, in lower case.
UNITS = {"mv": "mV", "uv": "uV", "v": "V"}
UNITS |= dict.fromkeys(("us", "micros", "microsiemens"), "uS")
UNITS |= dict.fromkeys(("a.u.", "au"), "a.u.") | dict.fromkeys(("c", "°c", "degc"), "degrees C")

# Units by the export's own info.txt; it gives none for the photoplethysmograph.
EMPATICA = {
    "EDA": (("EDA",), "uS"),
    "BVP": (("PPG",), NOT_STATED),
    "TEMP": (("SKT",), "degrees C"),
    "HR": (("HR",), "bpm"),
    "ACC": (("ACC_X", "ACC_Y", "ACC_Z"), "1/64 g"),
}


def load(
    path: str | os.PathLike,
    sfreq: float | None = None,
    channels: Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
) -> Recording:
    """Read a recording of physiological signals.

    Parameters
    ----------
    path : path
        One of: a table (comma, semicolon or tab separated) with a header, such as NeuroKit's; a
        BioSPPy text file, whose header lines start with ``#``; a file of an Empatica E4 export,
        whose first two rows are start (Unix time) and rate; the folder of such an export, whose
        signals are brought to the highest of their rates over their common time.
    sfreq : float, optional
        Sampling rate in Hz. Needed for a table, unless its name ends in the rate
        (``..._100hz.csv``) or a column is a clock (``time (s)``, ``timestamp_ms``, Unix time). When
        the file states another rate, that is an error.
    channels : sequence of str, optional
        Keep these, in this order; default all, and EDA, PPG and SKT for a folder.
    units : mapping of channel name to unit, optional
        For what the file does not state. Samples are not converted.

    Returns
    -------
    Recording
        Known columns carry their standard names (EDA, ECG, PPG, RSP, SKT, EEG), others their own:
        ``GSR (uS)`` and ``eda_uS`` are EDA in uS. Its times count from the first row.

    Raises
    ------
    MepsError
        Naming the file, and where it applies the line (from 1) and the column: missing, empty or
        unknown file, a row with a value missing or too many, a cell that is no number, a sample
        that is not finite, an unknown channel, a rate that is missing or contradicted, also by
        any sample of a column of times, as `meps_lib.signals.clock` says.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "rest_100hz.csv"
    >>> _ = path.write_text("ECG (mV),GSR\\n0.1,2.5\\n0.3,2.4\\n")
    >>> rest = load(path, units={"EDA": "uS"})
    >>> rest.names, rest.units, rest.sfreq, rest.signals.shape
    (('ECG', 'EDA'), ('mV', 'uS'), 100.0, (2, 2))
    """
    path = Path(path)
    if os.path.isdir(path):  # False, not an error, for a path that is too long
        if sfreq is not None:
            raise MepsError(f"{path}: an Empatica folder states its own rates; drop sfreq={sfreq}")
        recording = _load_folder(path, channels or ("EDA", "PPG", "SKT"))
    else:
        lines = text_lines(path)
        if lines[0].startswith("#"):
            recording = _load_biosppy(path, lines, sfreq)
        elif len(lines) > 1 and is_number(lines[0]) and is_number(lines[1]):
            recording = _load_empatica(path, lines, sfreq)
        else:
            recording = _load_table(path, lines, sfreq)
    if channels is not None:
        recording = recording.pick(*channels)
    known = dict(zip(recording.names, recording.units, strict=True))
    for name, unit in (units or {}).items():
        stated = recording.unit(name)
        unit = (_plain(unit) if name in STANDARD_NAMES.values() else None) or unit
        if stated not in (NOT_STATED, unit):
            raise recording.error(f"{name} is in {stated}, not {unit}; convert the samples first")
        known[name] = unit
    return replace(recording, units=tuple(known.values()))


def _load_table(path: Path, lines: list[str], sfreq: float | None) -> Recording:
    # WHY: "," also where there is one column, so that "EDA (uS)" is not split at its space
    delimiter = next((mark for mark in "\t;," if mark in lines[0]), ",")
    header = [cell.strip().strip('"') for cell in lines[0].split(delimiter)]
    for column, cell in enumerate(header, start=1):
        if not cell or is_number(cell):
            raise MepsError(
                f"{path}: line 1, column {column}: got {cell!r}, expected the name of a signal; "
                "a table needs a header line, an Empatica file its start and rate"
            )
    names, units = zip(*(_name_and_unit(cell) for cell in header), strict=True)
    in_name = re.search(r"_(\d+(?:\.\d+)?)hz$", path.stem.lower())
    stated = float(in_name[1]) if in_name else None
    signals, clocks = samples_below(path, lines, 1, tuple(header), delimiter), {}
    for k, (name, unit) in enumerate(zip(names, units, strict=True)):
        if name.lower() in STANDARD_NAMES:
            continue
        if (time := unit_of_time(name, unit, signals[k])) is not None:
            clocks[k] = time
        elif note := odd_step(signals[k], 2):
            warnings.warn(f"{path}: column {header[k]} {note}", SignalWarning, stacklevel=3)
    rate = None if clocks and stated is None and sfreq is None else _rate(path, stated, sfreq)
    for k, time in clocks.items():
        rate = clock_rate(signals[k], time, rate, str(path), header[k], 2)
    units = tuple(unit or NOT_STATED for unit in units)
    return Recording(signals, _standard(names), units, rate, str(path))


def _name_and_unit(cell: str) -> tuple[str, str | None]:
    """``EDA (uS)`` and ``EDA [uS]``; of signals and units that we know ``eda_uS``, ``EDA uS``."""
    match = re.fullmatch(r"(.+?)\s*[(\[](.+)[)\]]", cell) or re.fullmatch(r"(\w+?)[ _](\S+)", cell)
    name, unit = match.groups() if match else (cell, None)
    known = name.lower() in STANDARD_NAMES
    plain = _plain(unit) if unit and known else None
    if unit and not plain and cell[-1] not in ")]":
        return cell, None
    return name, plain or unit


def _plain(unit: str) -> str | None:
    """Our spelling of a unit that we know."""
    return UNITS.get(unit.lower().replace("µ", "u").replace("μ", "u"))


def _load_biosppy(path: Path, lines: list[str], sfreq: float | None) -> Recording:
    n_header = next((k for k, line in enumerate(lines) if not line.startswith("#")), len(lines))
    header = dict(re.findall(r"#\s*(.+?)\s*:=\s*(.+?)\s*$", "\n".join(lines[:n_header]), re.M))
    if not header:
        raise MepsError(
            f"{path}: the lines that begin with # are not BioSPPy's; save the samples as a table "
            "under one line with the columns' names"
        )
    stated = header.get("Sampling Rate (Hz)")
    if stated is not None and ("," in stated or not is_number(stated)):
        raise MepsError(f"{path}: the header states a rate of {stated!r}; expected Hz")
    rate = _rate(path, float(stated) if stated else None, sfreq)
    names = tuple(header.get("Labels", path.stem).split())
    # WHY: converter counts become mV or uS only through the amplifier's transfer function, which
    # the file does not hold.
    unit = f"{header['Resolution']}-bit counts" if "Resolution" in header else NOT_STATED
    signals = samples_below(path, lines, n_header, names, None)
    return Recording(signals, _standard(names), (unit,) * len(names), rate, str(path))


def _load_empatica(path: Path, lines: list[str], sfreq: float | None) -> Recording:
    start, *starts = (float(cell) for cell in lines[0].split(","))
    stated, *rates = (float(cell) for cell in lines[1].split(","))
    if start < 1e8 or set(starts) - {start} or set(rates) - {stated}:
        raise MepsError(
            f"{path}: line 1 is {lines[0]!r}, line 2 is {lines[1]!r}; expected a header, or an "
            "Empatica file's start (Unix time) and rate (Hz)"
        )
    names, unit = EMPATICA.get(path.stem, ((path.stem,), NOT_STATED))
    signals = samples_below(path, lines, 2, names, "," if len(names) > 1 else None)
    rate = _rate(path, stated, sfreq)
    return Recording(signals, names, (unit,) * len(names), rate, str(path), start=start)


def _load_folder(path: Path, channels: Sequence[str]) -> Recording:
    file_of = {name: file for file, (names, _) in EMPATICA.items() for name in names}
    if unknown := [name for name in channels if name not in file_of]:
        raise MepsError(f"{path}: an Empatica export has {', '.join(file_of)}; got {unknown}")
    files = dict.fromkeys(file_of[name] for name in channels)
    return replace(join(load(path / f"{file}.csv") for file in files), source=str(path))


def _rate(path: Path, stated: float | None, given: float | None) -> float:
    if given is not None and (isinstance(given, bool) or not isinstance(given, Real)):
        raise MepsError(f"{path}: got sfreq={given!r}; expected a number of Hz")
    if stated is None and given is None:
        raise MepsError(f"{path}: the file states no sampling rate; pass sfreq= in Hz")
    if stated is not None and given is not None and abs(given - stated) > 1e-6 * stated:
        raise MepsError(f"{path}: the file states {stated:g} Hz, got sfreq={given:g}; drop sfreq=")
    return stated if stated is not None else given


def _standard(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(STANDARD_NAMES.get(name.lower(), name) for name in names)
