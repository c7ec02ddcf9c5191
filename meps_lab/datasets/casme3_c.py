"""CAS(ME)^3 Part C: a mock crime, one video a subject, colour, depth and the body at 200 Hz.

::

    CAS(ME)3_part_C_ME.xlsx
    part_C/RGB_Depth/part_C/part_C/01/a/color/0.jpg  depth/0.png
    part_C/Physiology/01.txt

CHOICE: physiology is any ``.txt`` at most three folders below ``part_C`` that is named after a
subject, or lies in a folder named so, and has at least six columns with tabs between them. WHY: the
sources describe the files, not where they lie, and there are notes and transcripts beside them.
Where two files could be a subject's, none is taken, and the report says so.

CHOICE: a clip is called by its subject and onset, as in Part A. WHY: nothing says what the column
``count`` counts, or that it differs from row to row.

The column ``emotion`` holds four words, negative, positive, surprise and others: there are no seven
classes for Part C. Nobody coded an apex. How body and video meet is in `casme3_physiology`. No
defect of this table is documented but one full-width comma between action units, which reads as a
comma and is flagged.

References
----------
Li et al., IEEE Trans. Pattern Anal. Mach. Intell. 45 (2023), doi 10.1109/TPAMI.2022.3174895.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from meps_lab.datasets import casme3
from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.casme3_physiology import SFREQ, looks_like, onset_s, read_physiology
from meps_lab.datasets.index.kind import (
    NEVER,
    TABLE,
    Expected,
    IndexOptions,
    Kind,
    Rows,
    Seen,
    filled,
)
from meps_lab.datasets.index.reports import DUPLICATE, check_unique, missing
from meps_lab.datasets.index.schema import frame_of
from meps_lab.datasets.readers.cells import at, coding, half_width, integer, subject_number
from meps_lab.datasets.readers.folders import finder, recordings_by_subject
from meps_lab.datasets.readers.signals_cut import expression_window, read_once
from meps_lab.datasets.readers.table_places import find_table
from meps_lab.datasets.readers.tables import Other, read_table
from meps_lib.errors import MepsError
from meps_lib.labels import CLASS_SETS
from meps_lib.trial import Trial

_NAME = "CAS(ME)3_part_C_ME.xlsx"
TABLES = (_NAME, f"annotation/{_NAME}", "annotation/*part_C_ME*.xlsx")
CLASSES = {name: CLASS_SETS[name].classes for name in ("four", "three")}
OTHERS = (
    Other(
        ("Exp_type",),
        ("emotion",),
        "macro- and micro-expressions mixed (column 'Exp_type'), and no emotions; for the micro "
        f"ones give {_NAME} with --labels",
    ),
)
COLUMNS = {
    "subject": ("sub", "subject"),
    "onset": ("onset",),
    "offset": ("offset",),
    "aus": ("au", "AUs"),
    "emotion": ("emotion",),
}
_FULL_WIDTH = "full-width comma between action units"


def rows(root: Path, options: IndexOptions) -> Rows:
    """The spreadsheet as index rows; see `Kind`."""
    path = find_table(root, TABLES, options.labels)
    find = finder(root)
    bodies, unclear = _physiology(root, find("part_C"))
    found = []
    lines = read_table(path, COLUMNS, options.sheet, others=OTHERS)
    for cells in lines.to_dict("records"):
        row, number = _row(cells, partial(at, path, cells["row"]))
        body = bodies.get(number)
        media, gap = _frames(root, find, number, row["onset"], row["offset"])
        row |= media | {"flags": "; ".join(filter(None, (row["flags"], gap)))}
        found.append(row | {"ps": body or "", "ps_sfreq": SFREQ if body else None})
    check_unique(found, path)
    table = frame_of(found, KIND.name)
    lost = (*casme3.missing_media(table, ("colour", "depth", "ps")), *unclear)
    return Rows(table, lost, lines.attrs["notes"])


def _row(cells: dict[str, str], where: Callable[[str], str]) -> tuple[dict[str, object], int]:
    """A line of the table without its media, and the subject's number."""
    number = subject_number(cells["subject"], where("sub"))
    label = _class(cells["emotion"], where("emotion"))
    row = coding(cells, label, {}) | {"class_four": label}
    row["class_three"] = label if label in CLASSES["three"] else None
    if "，" in cells["aus"]:
        row["flags"] = "; ".join(filter(None, (_FULL_WIDTH, row["flags"])))
    row |= {mark: integer(cells[mark], where(mark)) for mark in ("onset", "offset")}
    start = f"row{cells['row']}" if row["onset"] is None else row["onset"]
    subject = f"{number:02d}"
    return row | {"subject": subject, "clip": f"{subject}_{start}", "fps": casme3.FPS}, number


def _class(text: str, where: str) -> str:
    """One of the four words that the table holds; an error if it is another."""
    word = half_width(text).lower()
    if word not in CLASSES["four"]:
        raise MepsError(
            f"{where}: got {text!r}; expected one of {', '.join(CLASSES['four'])}, the classes of "
            "Part C; correct the cell"
        )
    return word


def _frames(
    root: Path, find: Callable[..., list[Path]], number: int, onset: int | None, offset: int | None
) -> tuple[dict[str, str], str]:
    """Where a clip's frames are, and in words which of them are not there."""
    video, names = ("part_C", "RGB_Depth", "part_C", "part_C"), {f"{number:02d}", str(number)}
    folders = {
        column: [folder for name in sorted(names) for folder in find(*video, name, "a", kind)]
        for column, kind in (("colour", "color"), ("depth", "depth"))
    }
    media = {c: casme3.frames_in(root, found, onset, offset) for c, found in folders.items()}
    return media, casme3.gaps(media, folders, onset, offset)


def _physiology(root: Path, parts: Sequence[Path]) -> tuple[dict[int, str], tuple[str, ...]]:
    """Files by the subject's number, from `root` on, and in words those that could be two's."""
    levels = ("*.txt", "*/*.txt", "*/*/*.txt", "*/*/*/*.txt")
    texts = (p for part in parts for level in levels for p in sorted(part.glob(level)))
    one, several = recordings_by_subject(root, texts, looks_like)
    twice = [f"{n:02d}: {' and '.join(paths)}" for n, paths in several.items()]
    text = "physiology, as two files or more could be it,"
    return one, missing(text, twice, unit="subjects")


def load(root: Path, row: pd.Series, config: LoadConfig) -> Trial:
    """One clip from onset to offset, and the body around its onset; see `Kind`."""
    fields = casme3.video(root, row, config)
    if "ps" in config.modalities:
        recording, start_row = read_once(_body_file(root, row), read_physiology)
        fields |= expression_window(recording, onset_s(start_row, int(row["onset"])), config)
    return Trial(label="others", subject=row["subject"], clip=row["clip"], **fields)


def files(root: Path, row: pd.Series, config: LoadConfig) -> list[Path]:
    """What `load` reads."""
    body = [_body_file(root, row)] if "ps" in config.modalities else []
    return casme3.pictures(root, row, config) + body


def _body_file(root: Path, row: pd.Series) -> Path:
    if not row["ps"]:
        raise MepsError(
            f"clip {row['clip']!r}: no physiology of subject {row['subject']} below "
            f"{root / 'part_C'}; copy it and index again, or leave 'ps' out of the modalities"
        )
    return root / row["ps"]


KIND = Kind(
    name="casme3-c",
    title="CAS(ME)^3 Part C",
    rows=rows,
    load=load,
    files=files,
    class_sets=CLASSES,
    rules=(DUPLICATE, casme3.ONSET_MISSING, casme3.NO_SPAN),
    modalities=("colour", "depth", "ps", "flow"),
    marks=("*part_C_ME*", "annotation/*part_C_ME*", "part_C/RGB_Depth"),
    seen=(
        Seen("annotation, part_C_ME", TABLE),
        Seen("frames in colour and depth", NEVER),
        Seen("physiology", NEVER, "where the texts lie, and their header's words", filled("ps")),
    ),
    tables=TABLES,
    expected=Expected(165, 30, {"negative": 99, "surprise": 30, "others": 20, "positive": 16}),
)
