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
Counts: arXiv 2506.09834. Frames, channels and markers: the READMEs of the authors' repositories.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.index.kind import NEVER, Expected, IndexOptions, Kind, Rows, Seen, filled
from meps_lab.datasets.index.reports import missing
from meps_lab.datasets.index.schema import frame_of
from meps_lab.datasets.mmme_frames import check_times, folders_that_tell, marked_frame, nth_pulse
from meps_lab.datasets.mmme_table import FPS, MACRO, RULES, SETS, SFREQ, TABLES, read_coding
from meps_lab.datasets.readers.biopac_mat import read_mat
from meps_lab.datasets.readers.cells import subject_named
from meps_lab.datasets.readers.curry_eeg import beside, eeg_window, header_of, read_curry
from meps_lab.datasets.readers.folders import entries, finder, recordings_by_subject
from meps_lab.datasets.readers.frames import gap_in, has_frames
from meps_lab.datasets.readers.media import video_fields, video_files
from meps_lab.datasets.readers.signals_cut import expression_window, read_once
from meps_lab.datasets.readers.triggers import samples_of
from meps_lib.errors import MepsError
from meps_lib.trial import Trial


def rows(root: Path, options: IndexOptions) -> Rows:
    """The annotation, with what lies on disk for each row."""
    found, notes = read_coding(root, options)
    peripheral, two_ps = _recordings(root, ".mat")
    brain, two_eeg = _recordings(root, ".cdt")
    folders, shared = _clip_folders(root, found)
    macro = options.rules.get("macro") == "keep"
    for row, folder in zip(found, folders, strict=True):
        row["colour"] = folder
        wanted = folder and (macro or MACRO not in row["flags"])
        gap = _gap(root, folder, row) if wanted else ""
        row["flags"] = "; ".join(filter(None, (row["flags"], gap)))
        for column, files_of in (("ps", peripheral), ("eeg", brain)):
            row[column] = files_of.get(row["subject"], "")
            row[f"{column}_sfreq"] = SFREQ if row[column] else None
        del row["_subject"], row["_file"]
    table = frame_of(found, KIND.name)
    no_ps, no_eeg = (table.loc[table[column] == "", "subject"] for column in ("ps", "eeg"))
    lost = (
        *missing("frames", table.loc[table["colour"] == "", "clip"], len(table)),
        *missing("peripheral recording (.mat)", no_ps, unit="subjects"),
        *missing("EEG (.cdt, with its .dpa)", no_eeg, unit="subjects"),
    )
    return Rows(table, (*lost, *shared, *two_ps, *two_eeg), tuple(notes))


def _gap(root: Path, folder: str, row: dict) -> str:
    """Why a clip's frames cannot be counted, or which are not there; "" if nothing is wrong.

    The folder stays the row's: from its names the signals know when the clip began.
    """
    try:
        check_times(root / folder, row["offset"])
    except MepsError as error:
        return str(error).removeprefix(f"{root / folder}/").partition("; ")[0]
    return gap_in(root / folder, None, row["onset"], row["offset"])


def _recordings(root: Path, ending: str) -> tuple[dict[str, str], list[str]]:
    """Files by subject; and in words, of whom there are several, so that none is taken."""
    paths = sorted(p for depth in ("*", "*/*", "*/*/*") for p in root.glob(depth))
    one, several = recordings_by_subject(
        root,
        (p for p in paths if p.suffix.lower() == ending),
        lambda path: ending != ".cdt" or header_of(path),
    )
    texts = [
        f"sub{number:02d} has {len(files)} recordings ({ending}), and nothing says which is its "
        f"own: {', '.join(files[:3])}"
        for number, files in several.items()
    ]
    return {f"sub{number:02d}": file for number, file in one.items()}, texts


def _clip_folders(root: Path, found: list[dict]) -> tuple[list[str], list[str]]:
    """The folder of each row's frames, "" if there is none; and in words, which are several's.

    Such a folder is nobody's: the same face under two names would be learnt from and tested on.
    """
    find, names = finder(root), [entry.name for entry in entries(root)]
    places = {(): None} | {(name,): subject_named(name) for name in names}
    folders = [_clip_folder(find, places, row) for row in found]
    real = [folder and folder.resolve() for folder in folders]
    whose = defaultdict(set)
    for row, path in zip(found, real, strict=True):
        whose[path].add(row["subject"])
    names = [folder.relative_to(root).as_posix() if folder else "" for folder in folders]
    shared = {n: whose[p] for n, p in zip(names, real, strict=True) if p and len(whose[p]) > 1}
    texts = [
        f"{name} could be the frames of {' and '.join(sorted(subjects))}, and nothing says whose: "
        "put each clip into a folder of its subject's"
        for name, subjects in shared.items()
    ]
    return ["" if name in shared else name for name in names], texts


def _clip_folder(
    find: Callable[..., list[Path]], places: dict[tuple[str, ...], int | None], row: dict
) -> Path | None:
    """Looked for in `places`, but for those that are called after another subject."""
    file, own = row["_file"], (None, subject_named(row["subject"]))
    places = [place for place, number in places.items() if number in own]
    parts = ((row["_subject"],), (row["subject"],), ())
    found = (f for place in places for part in parts for f in find(*place, *part, file))
    # `find` overlooks dots as well as case, but "1.12" and "11.2" are two clips.
    named = (folder for folder in found if folder.name.lower() == file.lower())
    return next(filter(has_frames, named), None)


def load(root: Path, row: pd.Series, config: LoadConfig) -> Trial:
    """One expression: its frames, and the signals around its onset."""
    fields: dict = {} if pd.isna(row["onset"]) else {"start": int(row["onset"]) / FPS}
    if {"colour", "flow"} & set(config.modalities):
        if row["colour"]:
            check_times(root / row["colour"], None if pd.isna(row["offset"]) else row["offset"])
        fields |= video_fields(root, row, config, number=None)
    if "ps" in config.modalities:
        path = _there(root, row, "ps")
        session = read_once(path, read_mat, config.ps_names)
        onset_s = _onset_s(root, row, session.events, session.recording.sfreq, path)
        fields |= expression_window(session.recording, onset_s, config)
    if "eeg" in config.modalities:
        path = _there(root, row, "eeg")
        eeg = read_once(path, read_curry, beside=beside(path))
        onset_s = _onset_s(root, row, eeg.events, float(eeg.raw.info["sfreq"]), path)
        fields |= eeg_window(eeg, onset_s, config.ps_window, path)
    return Trial(label="others", subject=row["subject"], clip=row["clip"], **fields)


def files(root: Path, row: pd.Series, config: LoadConfig) -> list[Path]:
    """What `load` reads, and the folders whose names it reads."""
    out = []
    if {"colour", "flow"} & set(config.modalities):
        out += video_files(root, row, config, number=None)
    if "ps" in config.modalities:
        out.append(_there(root, row, "ps"))
    if "eeg" in config.modalities:
        path = _there(root, row, "eeg")
        out += [path, *beside(path)]
    if {"ps", "eeg"} & set(config.modalities) and row["colour"]:
        out += folders_that_tell(root / row["colour"], row["subject"])
    return out


def _there(root: Path, row: pd.Series, column: str) -> Path:
    if not row[column]:
        raise MepsError(
            f"clip {row['clip']!r} has no {column} in the index; leave the modality out, or copy "
            "the file and index again"
        )
    return root / row[column]


def _onset_s(
    root: Path, row: pd.Series, events: Sequence[tuple[int, int]], sfreq: float, path: Path
) -> float:
    """Time of an expression's onset in a recording, s from the recording's first sample.

    CHOICE: where the frames are not there, the marker stands for frame 0; see `marked_frame`.
    """
    for mark in ("marker", "onset"):
        if pd.isna(row[mark]):
            raise MepsError(
                f"clip {row['clip']!r} (row {row['row']} of the table) has no {mark}, so nothing "
                f"says where it is in {path}; correct the table, or leave the clip out"
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
    return sample / sfreq + (int(row["onset"]) - frame) / FPS


KIND = Kind(
    name="mmme",
    title="MMME",
    rows=rows,
    load=load,
    files=files,
    class_sets={name: chosen.classes for name, chosen in SETS.items()},
    rules=RULES,
    modalities=("colour", "ps", "eeg", "flow"),
    marks=("coding_file.*", "PERI/*.mat", "EEG/*.cdt"),
    seen=(
        Seen("coding table", NEVER),
        Seen("frames", NEVER, "the folders of the clips", filled("colour")),
        Seen("peripheral signals, .mat", NEVER, "the order of the lines' bits", filled("ps")),
        Seen("EEG, .cdt", NEVER, "that its events carry the markers of the clips", filled("eeg")),
    ),
    tables=TABLES,
    # CHOICE: the table of the whole set holds both, 634 micro- and 2,841 macro-expressions. WHY:
    # its column (Macro/Micro) says that it tells them apart; the sources count no rows. Emotions
    # are published of the micro ones alone, and compared where the table is read.
    expected=Expected(rows=634 + 2841, subjects=110),
)
