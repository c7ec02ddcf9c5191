"""The rows of a table of one's own clips, each checked against its media and its signals."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from functools import partial
from itertools import pairwise
from pathlib import Path, PureWindowsPath

import numpy as np
import pandas as pd

from meps_lab.datasets.index.kind import IndexOptions, Rows
from meps_lab.datasets.index.schema import frame_of
from meps_lab.datasets.readers.cells import at, decimal, integer
from meps_lab.datasets.readers.frames import frame_files, frames_missing, numbered_by
from meps_lab.datasets.readers.movies import MARKS, movie_times
from meps_lab.datasets.readers.sheets import squeezed
from meps_lab.datasets.readers.signals_cut import STANDARD, read_once
from meps_lab.datasets.readers.tables import read_table
from meps_lab.files import read_parquet
from meps_lib.errors import MepsError
from meps_lib.signals import Recording
from meps_lib.signals import load as load_signals
from meps_lib.video.sources import FPS_RANGE

NEEDED = ("subject", "clip", "label", "media")
OPTIONAL = ("fps", "onset", "apex", "offset", "signals", "signals_hz", "signals_start")
_NO_VALUE = ("", "nan")  # the latter as other programs write an empty cell
_SHARED = "signals that every recording has: "
_EXPORT = ("EDA.csv", "BVP.csv", "TEMP.csv")  # what is read of an Empatica folder


def rows(path: Path, options: IndexOptions) -> Rows:
    """The rows of the table, each checked against its media and its signals."""
    if not path.is_file():
        got = "a folder" if path.is_dir() else "no such file"
        raise MepsError(f"{path}: {got}; expected the table of your clips, such as clips.csv")
    table, notes = _read(path)
    out, recordings = [], {}
    for cells in table.to_dict("records"):
        row, recording = _row(path, cells)
        out.append(row)
        if recording is not None:
            recordings[row["row"]] = recording
    classes = tuple(sorted({row["class_label"] for row in out}))
    for one, other in pairwise(sorted(classes, key=str.casefold)):
        if one.casefold() == other.casefold():
            raise MepsError(
                f"{path}: the labels {one!r} and {other!r} are probably the same; spell them "
                "alike, or give one another name"
            )
    if len(classes) < 2:
        raise MepsError(f"{path}: every label is {classes[0]!r}; expected two classes or more")
    notes += _common(path, recordings)
    return Rows(frame_of(out, "table"), notes=tuple(notes), class_sets={"label": classes})


def _read(path: Path) -> tuple[pd.DataFrame, list[str]]:
    """The cells as text with their row, and in words which columns are not read."""
    known = {squeezed(name): name for name in (*NEEDED, *OPTIONAL)}
    if path.suffix.lower() == ".parquet":
        page = read_parquet(path, "expected a table in parquet: save it anew")
        header = list(map(str, page))
        page.columns = [known.get(squeezed(name), name) for name in header]
        if lacking := [name for name in NEEDED if name not in page]:
            raise MepsError(f"{path}: no column {', '.join(lacking)}; found {', '.join(header)}")
        table = page.reindex(columns=list(known.values())).astype(object)
        table = table.where(table.notna(), "").map(lambda cell: str(cell).strip())
        table["row"] = range(2, len(table) + 2)  # as in a sheet below its header
    else:
        table = read_table(path, {name: (name,) for name in known.values()}, optional=OPTIONAL)
        header = table.attrs["header"]
    rest = [name for name in header if name and squeezed(name) not in known]
    for name in rest:
        turned = [key for key in known if sorted(key) == sorted(squeezed(name))]  # fsp
        if close := get_close_matches(squeezed(name), known, 1, 0.75) or turned:
            raise MepsError(f"{path}: unknown column {name!r}; did you mean {known[close[0]]}?")
    told = [f"columns that are not read: {', '.join(rest)}"] if rest else []
    return table, [*table.attrs.get("notes", ()), *told]


def _row(path: Path, cells: Mapping) -> tuple[dict, Recording | None]:
    """One line of the table as a row of the index, and its signals."""
    root, where = path.parent, partial(at, path, cells["row"])
    if empty := [name for name in NEEDED if cells[name].lower() in _NO_VALUE]:
        got = f"got {cells[empty[0]]!r}, which is" if cells[empty[0]] else "is"
        raise MepsError(f"{where(empty[0])} {got} empty; fill the cell or delete the row")
    label, row = cells["label"], {name: cells[name] for name in ("row", "subject", "clip")}
    row |= {"emotion_raw": label, "emotion": label, "class_label": label}
    media = _path(root, cells["media"], where("media"))
    given, (low, high) = decimal(cells["fps"], where("fps")), FPS_RANGE
    not_said = given is None and media.is_dir()
    if not_said or (given is not None and not low <= given <= high):
        got = "an empty cell, and a folder does not say" if given is None else f"{given:g}"
        raise MepsError(f"{where('fps')}: got {got}; expected frames a second, {low:g} to {high:g}")
    with told(where("media"), root):
        numbers, times, fps = _frames(media, given)
    row |= {"colour": media.relative_to(root).as_posix(), "fps": fps}
    row |= _marks(cells, numbers, where)
    if not cells["signals"]:
        for name in ("signals_hz", "signals_start"):
            if cells[name]:
                raise MepsError(f"{where(name)}: got {cells[name]!r} without signals; empty it")
        return row, None
    signals = _path(root, cells["signals"], where("signals"))
    sfreq = decimal(cells["signals_hz"], where("signals_hz"))
    with told(where("signals"), root):
        recording = recording_of(signals, sfreq)
    start = decimal(cells["signals_start"], where("signals_start")) or 0.0
    onset_s = float(times[row["onset"] - numbers[0]])
    if not start <= onset_s < start + recording.duration:
        raise MepsError(
            f"{where('signals_start')}: got {start:g}, so the signals run from {start:g} to "
            f"{start + recording.duration:g} s of the video; expected the onset, at {onset_s:g} s, "
            "among them; it is negative where the signals began before the video"
        )
    row["ps"] = signals.relative_to(root).as_posix()
    return row | {"ps_sfreq": recording.sfreq, "ps_start": start}, recording


def _path(root: Path, text: str, where: str) -> Path:
    pure = PureWindowsPath(text)  # knows both slashes, and drives
    below = not (pure.anchor or ".." in pure.parts or "\\" in text)
    if not below or not (root / text).exists():
        why = "no such file or folder" if below else "which leads elsewhere"
        raise MepsError(
            f"{where}: got {text!r}, {why}; expected a path below the table's folder, "
            "with / between folders"
        )
    return root / text


def _frames(media: Path, fps: float | None) -> tuple[range | list[int], np.ndarray, float]:
    """The numbers of the frames, rising, the time of each from the first, and their rate."""
    if media.is_dir():
        numbers = list(frame_files(media, numbered_by(media)))
        return numbers, (np.array(numbers) - numbers[0]) / fps, fps
    times, rate = movie_times(media, fps)
    return range(len(times)), times, rate


def _marks(cells: Mapping, numbers: range | list[int], where: Callable) -> dict[str, int | None]:
    """Onset, apex and offset: among the frames that are there, and rising."""
    first, last = numbers[0], numbers[-1]
    marks = {m: integer(cells[m], where(m)) for m in MARKS}
    for mark, n in marks.items():
        if n is not None and not first <= n <= last:
            raise MepsError(f"{where(mark)}: got {n}; the media has frames {first} to {last}")
    marks["onset"] = first if marks["onset"] is None else marks["onset"]
    marks["offset"] = last if marks["offset"] is None else marks["offset"]
    known = [n for n in marks.values() if n is not None]
    if known != sorted(known) or marks["onset"] == marks["offset"]:
        said = ", ".join(f"{mark} {n}" for mark, n in marks.items())
        raise MepsError(f"{where('onset')}: got {said}; expected them to rise, from frame to frame")
    if gap := frames_missing(dict.fromkeys(numbers), marks["onset"], marks["offset"]):
        raise MepsError(f"{where('media')}: {gap} is not in the folder; copy it again")
    return marks


def recording_of(path: Path, sfreq: float | None) -> Recording:
    """The signals of a file or an export's folder, read once for all its clips."""
    return read_once(path, load_signals, sfreq, beside=signal_files(path)[path.is_file() :])


def signal_files(signals: Path) -> list[Path]:
    """The files that are read of signals."""
    return [signals / name for name in _EXPORT] if signals.is_dir() else [signals]


def _common(path: Path, recordings: Mapping[int, Recording]) -> Iterator[str]:
    """In words, for `Rows.notes`: what all recordings have; one name has one unit in all."""
    units: dict[str, tuple[str, int]] = {}
    for row, recording in recordings.items():
        for name, unit in zip(recording.names, recording.units, strict=True):
            before, first = units.setdefault(name, (unit, row))
            if before != unit:
                raise MepsError(
                    f"{at(path, row, 'signals')}: {name} in {unit}, but {before} in row {first}; "
                    "expected one unit: convert one of the files"
                )
    if recordings:
        names = [n for n in units if all(n in r.names for r in recordings.values())]
        yield f"{_SHARED}{', '.join(names) or 'none'}"


def signals_told(notes: Iterable[str]) -> list[str]:
    """The signals that every recording has, as the notes of `rows` say."""
    told = (note.removeprefix(_SHARED) for note in notes if note.startswith(_SHARED))
    return [name for names in told for name in names.split(", ") if name in STANDARD]


@contextmanager
def told(where: str, root: Path) -> Iterator[None]:
    """Errors begin with the place, and name files as the table does: they may be written down."""
    try:
        yield
    except MepsError as error:
        raise MepsError(f"{where}: {str(error).replace(f'{root}{os.sep}', '')}") from None
