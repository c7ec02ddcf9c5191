"""MMME / ME-PS: grey video at 150 Hz, peripheral signals and EEG at 1000 Hz, one trigger line.

::

    coding_file.xlsx
    Video/sub01/sub01_113/<time>-<code>-<marker>.tif
    PERI/sub01.mat
    EEG/sub01.cdt  .cdt.dpa  .cdt.ceo

The table's frames count from the clip's first, which is 0. The three devices started when they
liked: the clip's marker, in the frames' names, on the digital lines and among the EEG's events,
is the one instant that all of them know. The names of the three folders are not documented:
any will do, and so will files beside the table.

References
----------
arXiv 2506.09834.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from meps_lib.datasets.biopac_mat import read_mat
from meps_lib.datasets.curry_eeg import eeg_window, header_of, read_curry
from meps_lib.datasets.kind import Expected, IndexOptions, Kind, Rows
from meps_lib.datasets.media import frame_files, has_frames, video_fields, video_files
from meps_lib.datasets.mmme_table import CLASSES, FPS, MARKERS, RULES, SFREQ, read_coding
from meps_lib.datasets.schema import frame_of
from meps_lib.datasets.settings import LoadConfig
from meps_lib.datasets.signals_cut import expression_window, read_once
from meps_lib.datasets.triggers import sample_of
from meps_lib.errors import MepsError
from meps_lib.labels import CLASS_SETS
from meps_lib.trial import Trial

_EVENT_FILES = (".ceo", ".cef")  # beside the .cdt, as its header is


def rows(root: Path, options: IndexOptions) -> Rows:
    """The annotation, with what lies on disk for each row."""
    found, notes = read_coding(root, options)
    recordings = {"ps": _recordings(root, ".mat"), "eeg": _recordings(root, ".cdt")}
    recordings["eeg"] = {k: p for k, p in recordings["eeg"].items() if header_of(p)}
    places = [p for p in (root, *sorted(root.iterdir())) if p.is_dir()]
    lacking: dict[str, list[str]] = {}
    for row in found:
        subject, named, file = row["subject"], row.pop("_subject"), row.pop("_file")
        media = {"colour": _clip_folder(places, (named, subject), file)}
        media |= {column: paths.get(subject) for column, paths in recordings.items()}
        for column, path in media.items():
            row[column] = "" if path is None else path.relative_to(root).as_posix()
            if path is None:
                lacking.setdefault(column, []).append(file if column == "colour" else subject)
            elif column != "colour":
                row[f"{column}_sfreq"] = SFREQ
    return Rows(frame_of(found, KIND.name), _missing(lacking), tuple(notes))


def _recordings(root: Path, ending: str) -> dict[str, Path]:
    """Files by subject, whose number is in the file's name or in the folder's."""
    out: dict[str, Path] = {}
    for path in sorted(p for depth in ("", "*/", "*/*/") for p in root.glob(f"{depth}*{ending}")):
        for name in (path.stem, path.parent.name):
            match = re.fullmatch(r"(?:sub(?:ject)?)?[ _-]?0*(\d+)", name, re.IGNORECASE)
            if match:
                subject = f"sub{int(match[1]):02d}"
                if subject in out:
                    raise MepsError(
                        f"{out[subject]} and {path}: two recordings of {subject}; expected one: "
                        "move the other out of the data set"
                    )
                out[subject] = path
                break
    return out


def _clip_folder(places: list[Path], subjects: tuple[str, str], file: str) -> Path | None:
    if not file or Path(file).name != file:
        return None
    paths = (place / part / file for place in places for part in (*subjects, ""))
    return next((path for path in paths if has_frames(path)), None)


def _missing(lacking: dict[str, list[str]]) -> tuple[str, ...]:
    """In words, the clips and subjects named, but not all of them."""
    texts = {
        "colour": "frames of {} clips ({})",
        "ps": "peripheral recording (.mat) of {} subjects ({})",
        "eeg": "EEG (.cdt, with its .dpa) of {} subjects ({})",
    }
    out = []
    for column, text in texts.items():
        names = list(dict.fromkeys(lacking.get(column, ())))
        if names:
            some = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
            out.append(text.format(len(names), some))
    return tuple(out)


def load(root: Path, row: pd.Series, config: LoadConfig) -> Trial:
    """One expression: its frames, and the signals around its onset."""
    onset = 0 if pd.isna(row["onset"]) else int(row["onset"])
    fields: dict = {"start": onset / FPS}
    if {"colour", "flow"} & set(config.modalities):
        fields |= video_fields(root, row, config, number=None)
    if "ps" in config.modalities:
        path = _there(root, row, "ps")
        session = read_once(path, read_mat, config.ps_names)
        start_s = _clip_start(root, row, session.events, session.recording.sfreq, path)
        fields |= expression_window(session.recording, start_s + onset / FPS, config)
    if "eeg" in config.modalities:
        path = _there(root, row, "eeg")
        eeg = read_once(path, read_curry)
        start_s = _clip_start(root, row, eeg.events, float(eeg.raw.info["sfreq"]), path)
        fields |= eeg_window(eeg, start_s + onset / FPS, config.ps_window, path)
    return Trial(label="others", subject=row["subject"], clip=row["clip"], **fields)


def files(root: Path, row: pd.Series, config: LoadConfig) -> list[Path]:
    """What `load` reads."""
    out = []
    if {"colour", "flow"} & set(config.modalities):
        out += video_files(root, row, config, number=None)
    if "ps" in config.modalities:
        out.append(_there(root, row, "ps"))
    if "eeg" in config.modalities:
        path = _there(root, row, "eeg")
        beside = [header_of(path), *(path.with_name(path.name + e) for e in _EVENT_FILES)]
        out += [path, *(p for p in beside if p is not None and p.is_file())]
    return out


def _there(root: Path, row: pd.Series, column: str) -> Path:
    if not row[column]:
        raise MepsError(
            f"clip {row['clip']!r} has no {column} in the index; leave the modality out, or copy "
            "the file and index again"
        )
    return root / row[column]


def _clip_start(
    root: Path, row: pd.Series, events: Sequence[tuple[int, int]], sfreq: float, path: Path
) -> float:
    """Time of the clip's frame 0 in a recording, s from the recording's first sample."""
    if pd.isna(row["marker"]):
        raise MepsError(
            f"clip {row['clip']!r} (row {row['row']} of the table) has no marker, so nothing says "
            f"where it is in {path}"
        )
    marker = int(row["marker"])
    return sample_of(events, marker, sfreq, path) / sfreq - _marked_frame(root, row, marker) / FPS


def _marked_frame(root: Path, row: pd.Series, marker: int) -> int:
    """The first frame whose name carries the clip's marker: the one that the pulse belongs to.

    CHOICE: frame 0 where the frames are not there, or their names carry none of the 48 markers.
    WHY: the table's times count from the clip's start, and the marker stands for that; the
    sources do not say more.

    Raises
    ------
    MepsError
        If the names carry the markers of other clips only.
    """
    if not row["colour"]:
        return 0
    paths = frame_files(root / row["colour"], None)
    codes = {k: int(path.stem.rsplit("-", 1)[-1]) for k, path in paths.items()
             if path.stem.rsplit("-", 1)[-1].isdigit()}  # fmt: skip
    first = min((k for k, code in codes.items() if code == marker), default=None)
    if first is not None:
        return first
    if others := sorted(set(codes.values()) & set(MARKERS)):
        raise MepsError(
            f"{root / row['colour']}: the frames' names carry the markers "
            f"{', '.join(map(str, others))}, the table says {marker} (row {row['row']}): is it "
            "the folder of another clip?"
        )
    return 0


KIND = Kind(
    name="mmme",
    title="MMME",
    rows=rows,
    load=load,
    files=files,
    class_sets={name: CLASS_SETS[name].classes for name in CLASSES},
    rules=RULES,
    modalities=("colour", "ps", "eeg", "flow"),
    marks=("coding_file.*", "PERI/*.mat", "EEG/*.cdt"),
    # 634 micro-, 2,841 macro-expressions; emotions are published of the micro ones alone, and
    # compared where the table is read.
    expected=Expected(rows=634 + 2841, subjects=110),
)
