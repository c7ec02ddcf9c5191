"""One's own clips: a table, CSV or parquet, with a row a clip, beside media and signals.

::

    clips.csv         subject,clip,label,media,onset,apex,offset,signals,signals_start
    p01/smile.mp4     a video, or a folder of pictures
    p01/E4/           signals, as `meps_lib.signals.load` reads them

Paths start at the table's folder. Frames of a video are counted from 0; those of a folder by the
number at the end of their names, or from 0 in their order where no name has one. ``fps`` is needed
for a folder, ``signals_hz`` where the signals do not say; an empty ``onset`` or ``offset`` is the
first or the last frame. ``signals_start`` is the time (s) of the signals' first sample from the
video's first frame: -12.5 where they began 12.5 s before it, 0 if empty.
"""

from pathlib import Path

import pandas as pd

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.index.kind import YES, Kind, Seen
from meps_lab.datasets.index.schema import place
from meps_lab.datasets.readers.frames import frame_files, numbered_by
from meps_lab.datasets.readers.media import video_fields, video_files
from meps_lab.datasets.readers.movies import movie_fields, movie_times
from meps_lab.datasets.readers.signals_cut import expression_window, samples_around
from meps_lab.datasets.table_rows import recording_of, rows, signal_files, told
from meps_lib.signals import Recording
from meps_lib.trial import Trial


def load(root: Path, row: pd.Series, config: LoadConfig) -> Trial:
    """One clip from onset to offset, with the signals around its onset."""
    fields, media = {}, root / row["colour"]
    with told(f"clip {row['clip']!r}", root):
        onset_s = _onset_s(root, row)
        if {"colour", "flow"} & set(config.modalities):
            if media.is_dir():
                fields = video_fields(root, row, config, number=numbered_by(media))
            else:
                fields = movie_fields(media, row, config)
            fields["start"] = onset_s
        if "ps" in config.modalities and row["ps"]:
            recording = _of_row(root, row)
            fields |= expression_window(recording, onset_s - float(row["ps_start"]), config)
        return Trial(label="others", subject=row["subject"], clip=row["clip"], **fields)


def files(root: Path, row: pd.Series, config: LoadConfig) -> list[Path]:
    """What `load` reads: the video or its pictures, and the files of signals."""
    found, media, wanted = [], root / row["colour"], set(config.modalities)
    if media.is_dir() and wanted & {"colour", "flow"}:
        found = video_files(root, row, config, number=numbered_by(media))
    elif media.is_dir() or wanted & {"colour", "flow"}:
        found = [media]
    return found + (signal_files(root / row["ps"]) if "ps" in wanted and row["ps"] else [])


def check_windows(table: pd.DataFrame, root: Path, config: LoadConfig) -> None:
    """Refuse clips whose recording ends within the signals that a trial takes, before the work.

    Raises
    ------
    MepsError
        Naming the clip and its row, what is there, and what is needed.
    """
    for _, row in table[table["ps"] != ""].iterrows():
        recording, onset_s = _of_row(root, row), _onset_s(root, row) - float(row["ps_start"])
        size = recording.sfreq, recording.n_samples
        samples_around(onset_s, config.ps_window, *size, f"{place(row)}, {row['ps']}")


def _onset_s(root: Path, row: pd.Series) -> float:
    """Of a row of the index, seconds from the media's first frame."""
    media, onset, fps = root / row["colour"], int(row["onset"]), float(row["fps"])
    if not media.is_dir():
        return float(movie_times(media, fps)[0][onset])
    return (onset - min(frame_files(media, numbered_by(media)))) / fps


def _of_row(root: Path, row: pd.Series) -> Recording:
    path = root / row["ps"]
    return recording_of(path, None if path.is_dir() else float(row["ps_sfreq"]))


KIND = Kind(
    name="table",
    title="table of clips",
    rows=rows,
    load=load,
    files=files,
    class_sets={"label": ()},  # those that the table has
    rules=(),
    modalities=("colour", "ps", "flow"),
    marks=("clips.csv", "clips.parquet"),
    seen=(Seen("a table, videos or pictures, signals", YES),),
    of_file=True,
)
