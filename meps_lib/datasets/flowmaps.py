"""Flow maps: 28 x 28 pictures of u, v and strain with a table of labels.

::

    sub01_EP02_01f.png        (in the folder or in folders below it)
    labels.csv                dataset,sub,filename,label

The one form in which data of real micro-expressions circulates freely: no face can be made
out in it. A map is what moved between onset and apex; file names may carry a stray space
before the dot, in the table or on disk.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import torch

from meps_lib.datasets.cells import at, subject_number
from meps_lib.datasets.index import Expected, IndexOptions, Kind, Rows, frame_of
from meps_lib.datasets.megc2019 import PUBLISHED
from meps_lib.datasets.roots import folders_below
from meps_lib.datasets.settings import LoadConfig
from meps_lib.datasets.tables import find_table, read_table
from meps_lib.errors import MepsError
from meps_lib.labels import CLASS_SETS
from meps_lib.trial import Trial

SIDE = 28  # pixels
COLUMNS = {
    "dataset": ("dataset", "data_set"), "sub": ("sub", "subject"),
    "filename": ("filename", "file"), "label": ("label", "class"),
}  # fmt: skip
# CHOICE: 0, 1, 2 are these, in this order. WHY: it is the order of the published confusions.
CLASSES = CLASS_SETS["three"].classes
SPELT = {"casme2": "sub{:02d}", "samm": "{:03d}", "smic": "s{:02d}"}  # subjects, as the sets do
_SET = {"casmeii": "casme2", "smichs": "smic"}


def rows(root: Path, options: IndexOptions) -> Rows:
    """The rows of the label table, each with its picture."""
    path = find_table(root, ("*.csv",), options.labels)
    table = read_table(path, COLUMNS)
    on_disk = _pictures(root)
    out, seen, used = [], {}, set()
    for line in table.itertuples(index=False):
        clip, row = _row(line, path)
        if clip in seen:
            raise MepsError(
                f"{path.name}, rows {seen[clip]} and {line.row}: both are {clip}; each map may "
                "have one label: remove one"
            )
        seen[clip] = line.row
        picture = _choose(on_disk.get(_stem(line.filename), []), row["data_set"], clip)
        if picture is not None:
            used.add(picture)
            row["flow"] = picture.relative_to(root).as_posix()
            if picture.stem != picture.stem.rstrip():
                row["flags"] = "; ".join(filter(None, (row["flags"], "stray space on disk")))
        out.append(row | {"clip": clip})
    found = frame_of(out, "flowmaps")
    if len(found) == KIND.expected.rows and not options.any_counts:
        _check_sets(found, path)
    lost = found.loc[found["flow"] == "", "clip"]
    missing = (f"pictures of {len(lost)} clips ({lost.iloc[0]}, ...)",) if len(lost) else ()
    spare = sum(map(len, on_disk.values())) - len(used)
    notes = (f"{spare} pictures without a row in {path.name}: left out",) if spare else ()
    return Rows(found, missing, notes)


def _row(line, path: Path) -> tuple[str, dict]:
    """One line of the table as a clip's name and a row of the index."""
    for column in COLUMNS:
        if getattr(line, column) == "":
            raise MepsError(f"{at(path, line.row, column)} is empty; fill the cell or drop the row")
    name = "".join(c for c in line.dataset.lower() if c.isalnum())
    name = _SET.get(name, name)
    where = at(path, line.row, "sub")
    subject = SPELT.get(name, "{}").format(subject_number(line.sub, where))
    label = _label(line.label, at(path, line.row, "label"))
    stem = _stem(line.filename)
    clip = stem if stem.lower().startswith(f"{name}_") else f"{name}_{stem}"
    stray = stem != _without_png(line.filename)
    return clip, {
        "data_set": name, "subject": f"{name}_{subject}", "emotion_raw": line.label,
        "emotion": label, "class_three": label, "row": line.row,
        "flags": "stray space in the table" if stray else "",
    }  # fmt: skip


def _label(text: str, where: str) -> str:
    """A class from its number or its name."""
    known = {str(k): c for k, c in enumerate(CLASSES)} | {c: c for c in CLASSES}
    key = text.strip().lower()
    if key not in known:
        raise MepsError(f"{where}: got {text!r}; expected one of {', '.join(known)}")
    return known[key]


def _without_png(name: str) -> str:
    name = name.replace("\\", "/").rsplit("/", 1)[-1]
    return name[:-4] if name.lower().endswith(".png") else name


def _stem(name: str) -> str:
    """What a table and a disk have in common of a file's name."""
    return _without_png(name).strip()


def _pictures(root: Path) -> dict[str, list[Path]]:
    """Every PNG at the root or two levels below, by its name without stray spaces."""
    out: dict[str, list[Path]] = {}
    for folder in folders_below(root, 2):
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() == ".png" and path.is_file():
                out.setdefault(_stem(path.name), []).append(path)
    return out


def _choose(found: list[Path], name: str, clip: str) -> Path | None:
    """The one picture of that name, or the one in its data set's folder."""
    if len(found) > 1:
        folders = lambda path: {part.lower() for part in path.parts[:-1]}  # noqa: E731
        found = [path for path in found if name in folders(path)] or found
    if len(found) > 1:
        named = ", ".join(map(str, found[:3]))
        raise MepsError(f"clip {clip!r}: {len(found)} pictures could be it: {named}; keep one")
    return found[0] if found else None


def _check_sets(table: pd.DataFrame, path: Path) -> None:
    """A whole composite has its published counts in each of its sets, too."""
    for name, (subjects, counts) in PUBLISHED.items():
        part = table[table["data_set"] == name]
        got = (part["subject"].nunique(), part["emotion"].value_counts().to_dict())
        if got != (subjects, counts):
            raise MepsError(
                f"{path}: {len(table)} rows, as published, but of {name} {got[0]} subjects and "
                f"{got[1]} instead of {subjects} and {counts}: pass --any-counts to index it all "
                "the same"
            )


def load(root: Path, row: pd.Series, config: LoadConfig) -> Trial:
    """One map as a trial without frames.

    Its values are the picture's grey levels, 0 to 255, as they are: nobody wrote down how
    many pixels of motion a level is. Models standardise them on their training trials.
    """
    path = root / row["flow"]
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise MepsError(f"{path}: cannot be read ({error.strerror}); copy it again") from None
    # In OpenCV's order of channels, blue first: u is the blue one. Read as RGB, u and strain
    # change places.
    picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if len(data) else None
    if picture is None:
        raise MepsError(f"{path}: no picture, or cut off; copy it again")
    if picture.shape != (SIDE, SIDE, 3) or picture.dtype != np.uint8:
        raise MepsError(
            f"{path}: a picture of shape {picture.shape}, {picture.dtype}; expected {SIDE} x "
            f"{SIDE} with three channels of 8 bits: u, v, strain"
        )
    flow = torch.from_numpy(picture).permute(2, 0, 1)[None].float().contiguous()
    return Trial(label="others", subject=row["subject"], clip=row["clip"], flow=flow)


def files(root: Path, row: pd.Series, config: LoadConfig) -> list[Path]:
    """The picture that `load` reads."""
    return [root / row["flow"]]


KIND = Kind(
    name="flowmaps",
    title="flow maps",
    rows=rows,
    load=load,
    files=files,
    class_sets={"three": CLASSES},
    rules=(),
    modalities=("flow",),
    marks=("*.png", "*/*.png", "*.csv"),
    expected=Expected(442, 68, {"negative": 250, "positive": 109, "surprise": 83}),
)
