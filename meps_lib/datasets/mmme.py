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

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from meps_lib.datasets.biopac_mat import read_mat
from meps_lib.datasets.cells import subject_number
from meps_lib.datasets.curry_eeg import eeg_window, header_of, read_curry
from meps_lib.datasets.kind import Expected, IndexOptions, Kind, Rows
from meps_lib.datasets.media import has_frames, video_fields, video_files
from meps_lib.datasets.mmme_frames import check_times, marked_frame, nth_pulse
from meps_lib.datasets.mmme_table import CLASSES, FPS, RULES, SFREQ, read_coding
from meps_lib.datasets.reports import missing
from meps_lib.datasets.roots import entries
from meps_lib.datasets.schema import frame_of
from meps_lib.datasets.settings import LoadConfig
from meps_lib.datasets.signals_cut import expression_window, read_once
from meps_lib.datasets.triggers import samples_of
from meps_lib.errors import MepsError
from meps_lib.labels import CLASS_SETS
from meps_lib.trial import Trial

_EVENT_FILES = (".ceo", ".cef")  # beside the .cdt, as its header is


def rows(root: Path, options: IndexOptions) -> Rows:
    """The annotation, with what lies on disk for each row."""
    found, notes = read_coding(root, options)
    peripheral, lost_ps = _recordings(root, ".mat")
    brain, lost_eeg = _recordings(root, ".cdt")
    recordings = {"ps": peripheral, "eeg": brain}
    places = [p for p in (root, *(Path(entry.path) for entry in entries(root))) if p.is_dir()]
    lacking: dict[str, list[str]] = {"colour": [], "ps": [], "eeg": []}
    for row in found:
        subject, named, file = row["subject"], row.pop("_subject"), row.pop("_file")
        media = {"colour": _clip_folder(places, (named, subject), file)}
        media |= {column: paths.get(subject) for column, paths in recordings.items()}
        for column, path in media.items():
            row[column] = "" if path is None else path.relative_to(root).as_posix()
            if path is None:
                lacking[column].append(file if column == "colour" else subject)
            elif column != "colour":
                row[f"{column}_sfreq"] = SFREQ
    lost = (
        *missing("frames", lacking["colour"]),
        *missing("peripheral recording (.mat)", lacking["ps"], unit="subjects"),
        *missing("EEG (.cdt, with its .dpa)", lacking["eeg"], unit="subjects"),
    )
    return Rows(frame_of(found, KIND.name), (*lost, *lost_ps, *lost_eeg), tuple(notes))


def _recordings(root: Path, ending: str) -> tuple[dict[str, Path], list[str]]:
    """Files by subject; and in words, of whom there are several, so that none is taken.

    The subject stands in the file's name, or in that of the folder around it.
    """
    found: dict[str, list[Path]] = {}
    for path in sorted(p for depth in ("", "*/", "*/*/") for p in root.glob(f"{depth}*{ending}")):
        # A Mac leaves "._x.mat" beside x.mat on other disks: no recording.
        if path.name.startswith(".") or (ending == ".cdt" and header_of(path) is None):
            continue
        names = (path.stem,) if path.parent == root else (path.stem, path.parent.name)
        subject = next(filter(None, map(_subject, names)), None)
        if subject is not None:
            found.setdefault(subject, []).append(path)
    several = [
        f"{subject} has {len(paths)} recordings ({ending}), and nothing says which is its own: "
        f"{', '.join(p.relative_to(root).as_posix() for p in paths[:3])}"
        for subject, paths in found.items()
        if len(paths) > 1
    ]
    return {subject: paths[0] for subject, paths in found.items() if len(paths) == 1}, several


def _subject(name: str) -> str | None:
    try:
        return f"sub{subject_number(name, ''):02d}"
    except MepsError:
        return None


def _clip_folder(places: list[Path], subjects: tuple[str, str], file: str) -> Path | None:
    # A name of the table becomes a path: it must not lead out of the data set.
    if file in ("", ".", "..") or Path(file).name != file:
        return None
    paths = (place / part / file for place in places for part in (*subjects, ""))
    return next((path for path in paths if has_frames(path)), None)


def load(root: Path, row: pd.Series, config: LoadConfig) -> Trial:
    """One expression: its frames, and the signals around its onset."""
    onset = 0 if pd.isna(row["onset"]) else int(row["onset"])
    fields: dict = {"start": onset / FPS}
    if {"colour", "flow"} & set(config.modalities):
        if row["colour"]:
            check_times(root / row["colour"], None if pd.isna(row["offset"]) else row["offset"])
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
    """Time of the clip's frame 0 in a recording, s from the recording's first sample.

    CHOICE: where the frames are not there, the marker stands for frame 0; see `marked_frame`.
    """
    if pd.isna(row["marker"]):
        raise MepsError(
            f"clip {row['clip']!r} (row {row['row']} of the table) has no marker, so nothing says "
            f"where it is in {path}"
        )
    marker, folder, frame = int(row["marker"]), root / row["colour"], 0
    samples = samples_of(events, marker, path)
    if row["colour"]:
        frame = marked_frame(folder, marker, row["row"])
        check_times(folder, frame)
    elif len(samples) > 1:
        raise MepsError(
            f"{path}: marker {marker} occurs {len(samples)} times; which of them is clip "
            f"{row['clip']!r} only its frames can tell: copy them and index again, or leave it out"
        )
    sample = samples[0]
    if len(samples) > 1:
        sample = nth_pulse(folder, row["subject"], marker, samples, sfreq, path)
    return sample / sfreq - frame / FPS


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
