"""CASE: thirty people, eight films of four kinds, ECG, PPG, EDA, respiration, temperature.

::

    data/interpolated/physiological/sub_1.csv

Every sample carries the number of the video on the screen, so the index is read off two columns
of each file. The ratings in ``annotations/sub_1.csv`` (valence and arousal, 20 Hz) are not needed.

References
----------
Sharma et al., Scientific Data 6, 196 (2019), doi 10.1038/s41597-019-0209-0.
"""

import re
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from meps_lab.datasets.index.kind import NEVER, IndexOptions, Kind, Rows, Seen
from meps_lab.datasets.index.reports import flagged
from meps_lab.datasets.index.rules import Rule
from meps_lab.datasets.readers.triggers import runs
from meps_lab.datasets.segments import FRAGMENT, load_stretch, recording_file, rows_of_conditions
from meps_lib.errors import MepsError
from meps_lib.signals import Recording

SFREQ = 1000  # Hz
FOLDER = "data/interpolated/physiological"
CLASSES = ("amusing", "boring", "relaxing", "scary")
KINDS = {n: CLASSES[(n - 1) // 2] for n in range(1, 9)}  # two films of each, in this order
SCREENS = (10, 11, 12)  # start, pause, end
SIGNALS = {  # column -> the library's name, unit
    "ecg": ("ECG", "mV"),
    "bvp": ("PPG", "%"),
    "gsr": ("EDA", "uS"),
    "rsp": ("RSP", "%"),
    "skt": ("SKT", "degC"),
}
SUBJECTS = tuple(f"sub_{n}" for n in range(1, 31))
_JUMP = "daqtime jumps at row"
GAP = Rule("gap", "the clock jumps within the clip", flagged(_JUMP), "drop", keeps=True)
_STEP_MS = 1000 / SFREQ


def rows(root: Path, options: IndexOptions) -> Rows:
    """The films of every subject as index rows."""
    files = sorted((root / FOLDER).glob("sub_*.csv"), key=_subject_of)
    out, notes, jumping = [], [], {}
    for path in files:
        table, subject = read_columns(path, ("daqtime", "video")), f"sub_{_subject_of(path)}"
        jumps = jumping[subject] = _jumps(table["daqtime"], path)
        if len(jumps):
            k, more = jumps[0], f"; {len(jumps)} jumps in all" if len(jumps) > 1 else ""
            before, after = table["daqtime"][k - 1 : k + 1]
            notes.append(
                f"{path.name}: daqtime goes from {before:g} to {after:g} ms at row {k + 2}{more}"
            )
        found, strange = _films(path, table["video"], subject)
        out += [row | {"ps": path.relative_to(root).as_posix()} for row in found]
        if strange:
            code, row = next(iter(strange.items()))
            notes.append(
                f"{path.name}: video {code:g} at row {row} is no film; {len(strange)} such "
                "numbers, left out"
            )

    def jump_in(clip: Mapping) -> str:
        jumps = jumping[clip["subject"]]
        inside = jumps[(jumps > clip["onset"]) & (jumps <= clip["offset"])]
        return f"{_JUMP} {inside[0] + 2}" if len(inside) else ""

    return rows_of_conditions(out, "case", jumping, SUBJECTS, options.segment_s, notes, jump_in)


def _films(path: Path, video: np.ndarray, subject: str) -> tuple[list[dict], dict[float, int]]:
    """One subject's films; and numbers that are neither film nor screen, with their rows."""
    if not (np.isfinite(video).all() and (video == np.round(video)).all()):
        k = int(np.argmax(~np.isfinite(video) | (video != np.round(video))))
        raise MepsError(f"{path}, row {k + 2}, column video: {video[k]}; expected a whole number")
    out, strange, times = [], {}, Counter()
    for code, first, last in runs(video):
        if code not in KINDS:
            if code not in SCREENS:
                strange.setdefault(code, first + 2)
            continue
        code = int(code)
        name, felt, again = f"video {code}", KINDS[code], times[code]
        clip = f"{subject}_video_{code}" + (f"_again{again}" if again else "")
        row = {"subject": subject, "clip": clip, "onset": first, "offset": last, "marker": code}
        row |= {"emotion_raw": name, "emotion": felt, "class_case": felt, "ps_sfreq": float(SFREQ)}
        out.append(row | {"flags": f"{name} is shown again" if again else ""})
        times[code] += 1
    return out, strange


def _jumps(daqtime: np.ndarray, path: Path) -> np.ndarray:
    """Samples whose step from the one before is not 1 ms, by half a step or more."""
    bad = ~np.isfinite(daqtime)
    if bad.any():
        raise MepsError(f"{path}, row {int(bad.argmax()) + 2}, column daqtime: no number")
    if len(daqtime) < 2:
        raise MepsError(f"{path}: {len(daqtime)} samples; expected a recording; copy it again")
    step = np.diff(daqtime)
    if abs(np.median(step) - _STEP_MS) > 0.001 * _STEP_MS:
        raise MepsError(
            f"{path}: daqtime steps by {np.median(step):g}; expected {_STEP_MS:g} (ms, at {SFREQ} "
            f"Hz): is this a file of another folder than {FOLDER}?"
        )
    return np.flatnonzero(abs(step - _STEP_MS) >= _STEP_MS / 2) + 1


def read_columns(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Some columns of a CSV alone, float64 of shape (L,), NaN where empty: a file has 2.4 M rows.

    Raises
    ------
    MepsError
        Naming the file, the columns found, or the row that is not what it should be.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            header = [name.strip(' "\n') for name in file.readline(10_000).split(",")]
    except (OSError, UnicodeDecodeError) as error:
        raise MepsError(f"{path}: cannot be read ({error}); copy it again") from None
    have, lacking = ", ".join(header), ", ".join(name for name in names if name not in header)
    if lacking:
        raise MepsError(f"{path}: no column {lacking}; the first line has: {have[:200]}")
    if len(set(header)) < len(header):
        raise MepsError(f"{path}: columns {have}; each name may stand there once")
    numbers = pacsv.ConvertOptions(
        include_columns=names, column_types=dict.fromkeys(names, pa.float64())
    )
    for threads in (True, False):  # in one thread Arrow also knows the row, as the file counts it
        how = pacsv.ReadOptions(use_threads=threads, column_names=header, skip_rows=1)
        try:
            table = pacsv.read_csv(path, how, convert_options=numbers)
            return {name: table[name].to_numpy() for name in names}
        except (pa.ArrowException, OSError) as error:
            why = re.sub(r"column #(\d+)", lambda m: f"column {header[int(m[1])]}", str(error))
    raise MepsError(
        f"{path}: {why[:200]}; expected {len(header)} numbers a row, with a decimal point"
    )


def read_recording(path: Path) -> Recording:
    """One subject's whole session, shape (5, L) at `SFREQ`, in the units of `SIGNALS`."""
    columns = read_columns(path, tuple(SIGNALS))
    names, units = zip(*SIGNALS.values(), strict=True)
    return Recording(np.stack(list(columns.values())), names, units, float(SFREQ), str(path))


def _subject_of(path: Path) -> int:
    found = re.fullmatch(r"sub_(\d+)", path.stem)
    if found is None:
        raise MepsError(f"{path}: expected a name such as sub_7.csv; move it elsewhere")
    return int(found[1])


KIND = Kind(
    name="case",
    title="CASE",
    rows=rows,
    load=partial(load_stretch, read=read_recording),
    files=recording_file,
    class_sets={"case": CLASSES},
    rules=(FRAGMENT, GAP),
    modalities=("ps",),
    marks=(f"{FOLDER}/sub_*.csv",),
    seen=(Seen("physiology, interpolated", NEVER),),
)
