"""Flow maps: 28 x 28 pictures of u, v and strain with a table of labels.

::

    sub01_EP02_01f .png       (in the folder or in folders below it)
    labels.csv                dataset,sub,filename_o,label,apex,imagename,sub_filename

The one form in which data of real micro-expressions circulates freely: no face can be made
out in it. A map is what moved between onset and apex: red is u, green v and blue the strain. File
names may carry a stray space before the dot, in the table or on disk.

The table that circulates is read as it is: a map's name is its subject's and ``filename_o``, which
repeats between subjects; ``imagename`` spells 93 of SMIC's otherwise, and is not read. A table of
one's own may have one column ``filename`` instead.
"""

import re
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import torch

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.index.kind import TABLE, YES, Expected, IndexOptions, Kind, Rows, Seen
from meps_lab.datasets.index.reports import check_counts, flagged, missing
from meps_lab.datasets.index.rules import Rule
from meps_lab.datasets.index.schema import frame_of
from meps_lab.datasets.megc2019 import PUBLISHED
from meps_lab.datasets.readers.cells import at, half_width, subject_number
from meps_lab.datasets.readers.folders import entries, folders_below
from meps_lab.datasets.readers.sheets import squeezed
from meps_lab.datasets.readers.table_places import find_table
from meps_lab.datasets.readers.tables import read_table
from meps_lib.errors import MepsError
from meps_lib.labels import CLASS_SETS
from meps_lib.trial import Trial
from meps_lib.video import optical_strain
from meps_lib.video.pictures import read_picture

SIDE = 28  # pixels
TABLES = ("*.csv",)
COLUMNS = {
    "dataset": ("dataset", "data_set"),
    "sub": ("sub", "subject"),
    "filename": ("filename", "file"),
    "part": ("filename_o",),
    "label": ("label", "class"),
}
_NAMES = ("filename", "part")  # a table has one of them
# CHOICE: 0, 1, 2 are these, in this order. WHY: it is the order of the published confusions.
CLASSES = CLASS_SETS["three"].classes
_LABELS = {str(k): name for k, name in enumerate(CLASSES)} | {name: name for name in CLASSES}
SPELT = {"casme2": "sub{:02d}", "samm": "{:03d}", "smic": "s{:02d}"}  # subjects, as the sets do
# How sets are called once they are `squeezed`. Nothing else is guessed: a set of another name
# would make one person two. "CAS(ME)2" is another set.
_SETS = {name: name for name in SPELT} | {"casmeii": "casme2", "smichs": "smic"}
# What a file's name says of set and subject, each as that set names its clips.
_NAMED = {
    "casme2": re.compile(r"(?:casme2_)?sub(\d+)_", re.IGNORECASE | re.ASCII),
    "samm": re.compile(r"(?:samm_)?(\d{3})_", re.IGNORECASE | re.ASCII),
    "smic": re.compile(r"(?:smic_)?s(\d+)_", re.IGNORECASE | re.ASCII),
}
_FOLDERS = 5000  # are searched for pictures: a folder a clip, and some to spare
DISAGREES = "the file's name says another set or subject than the table"


def rows(root: Path, options: IndexOptions) -> Rows:
    """The rows of the label table, each with its picture."""
    path = find_table(root, TABLES, options.labels)
    table = read_table(path, COLUMNS, options.sheet, optional=_NAMES)
    on_disk = _png_files(root)
    out, seen, used = [], {}, 0
    for line in table.itertuples(index=False):
        clip, row = _row(line, path)
        picture = _one_picture(on_disk.get(row.pop("_stem"), []), row["data_set"], clip)
        for what, words in ((clip, "are"), (picture, "would have")):
            first = line.row if what is None else seen.setdefault(what, line.row)
            if first != line.row:
                raise MepsError(
                    f"{path.name}, rows {first} and {line.row}: both {words} {what}; each map may "
                    "have one label: give each its own, or remove a row"
                )
        if picture is not None:
            used += 1
            row["flow"] = picture.relative_to(root).as_posix()
            if picture.stem != picture.stem.rstrip():
                row["flags"] = "; ".join(filter(None, (row["flags"], "stray space on disk")))
        out.append(row | {"clip": clip})
    found = frame_of(out, "flowmaps")
    if len(found) == KIND.expected.rows and not options.any_counts:
        _check_sets(found, path)
    lost = missing("pictures", found.loc[found["flow"] == "", "clip"], len(found))
    spare = sum(map(len, on_disk.values())) - used
    notes = (f"{spare} pictures without a row in {path.name}: left out",) if spare else ()
    return Rows(found, lost, (*table.attrs["notes"], *notes, *_turned(root, found)))


def _turned(root: Path, table: pd.DataFrame) -> tuple[str, ...]:
    """A note where strain fits the other end of the channels: .83 blue, -.01 red as published."""
    fits = [fit for name in table["flow"] if name and (fit := _fits(root / name))]
    blue, red = np.mean(fits, axis=0) if fits else (0.0, 0.0)
    if red <= blue:
        return ()
    return (
        f"channels perhaps in another order: the strain of red and green goes with blue by "
        f"{blue:.2f}, that of blue and green with red by {red:.2f} (correlation, {len(fits)} "
        "maps); expected u in red, v in green, strain in blue",
    )


def _fits(path: Path) -> list[float]:
    """How well strain of red and green goes with blue, and of blue and green with red."""
    try:
        picture = read_picture(path, cv2.IMREAD_UNCHANGED)
    except MepsError:  # told when it is loaded
        return []
    if picture.shape != (SIDE, SIDE, 3):
        return []
    b, g, r = np.moveaxis(picture.astype(float), -1, 0)
    pairs = (optical_strain(np.stack([r, g])), b), (optical_strain(np.stack([b, g])), r)
    if any(np.ptp(x) == 0 for pair in pairs for x in pair):
        return []
    return [np.corrcoef(x.ravel(), y.ravel())[0, 1] for x, y in pairs]


def _row(line, path: Path) -> tuple[str, dict]:
    """One line of the table as a clip's name and a row of the index."""
    name = "part" if line.part else "filename"
    for key in ("dataset", "sub", name, "label"):
        if getattr(line, key) == "":
            cell = at(path, line.row, COLUMNS[key][0])
            raise MepsError(f"{cell} is empty; fill the cell or drop the row")
    name = _SETS.get(squeezed(line.dataset))
    if name is None:
        raise MepsError(
            f"{at(path, line.row, 'dataset')}: got {line.dataset!r}; expected one of "
            f"{', '.join(SPELT)} (CASME II, SAMM, SMIC-HS): correct the cell"
        )
    number = subject_number(line.sub, at(path, line.row, "sub"))
    subject = SPELT[name].format(number)
    label = _LABELS.get(re.sub(r"(?<=\d)\.0*$", "", half_width(line.label)).lower())  # 1.0 is 1
    if label is None:
        where = at(path, line.row, "label")
        raise MepsError(f"{where}: got {line.label!r}; expected one of {', '.join(_LABELS)}")
    written = f"{subject}_{line.part}" if line.part else line.filename
    stem = _without_png(written).strip()
    clip = stem if stem.lower().startswith(f"{name}_") else f"{name}_{stem}"
    named = [(s, int(m[1])) for s, pattern in _NAMED.items() if (m := pattern.match(stem))]
    flags = {
        DISAGREES: bool(named) and named != [(name, number)],
        "stray space in the table": stem != _without_png(written),
    }
    row = {"_stem": stem, "data_set": name, "subject": f"{name}_{subject}", "row": line.row}
    row |= {"emotion_raw": line.label, "emotion": label, "class_three": label}
    return clip, row | {"flags": "; ".join(flag for flag, on in flags.items() if on)}


def _without_png(name: str) -> str:
    """What a table and a disk have in common of a file's name, but for stray spaces."""
    name = name.replace("\\", "/").rsplit("/", 1)[-1]
    return name[:-4] if name.lower().endswith(".png") else name


def _png_files(root: Path) -> dict[str, list[Path]]:
    """Every PNG at the root or two levels below, by its name without stray spaces."""
    out: dict[str, list[Path]] = {}
    for folder in folders_below(root, 2, _FOLDERS):
        for path in (folder / entry.name for entry in entries(folder)):
            if path.suffix.lower() == ".png" and path.is_file():
                out.setdefault(_without_png(path.name).strip(), []).append(path)
    return out


def _one_picture(found: list[Path], name: str, clip: str) -> Path | None:
    """The one picture of that name, or the one in its data set's folder."""
    if len(found) > 1:
        found = [p for p in found if name in map(str.lower, p.parts[:-1])] or found
    if len(found) > 1:
        named = ", ".join(map(str, found[:3]))
        raise MepsError(f"clip {clip!r}: {len(found)} pictures could be it: {named}; keep one")
    return found[0] if found else None


def _check_sets(table: pd.DataFrame, path: Path) -> None:
    """A whole composite has its published counts in each of its sets, too."""
    for name, want in PUBLISHED.items():
        part = table[table["data_set"] == name]
        got = {"subjects": part["subject"].nunique(), **part["emotion"].value_counts()}
        check_counts(got, want, f"{path}, data set {name}", f"{len(table)} rows in all")


def load(root: Path, row: pd.Series, config: LoadConfig) -> Trial:
    """One map, flow (1, 3, 28, 28), as a trial without frames.

    A picture of another size or mode is refused, and one that is grey.

    Its channels are u, v and strain; `meps_lib.video.in_order` gives them to a network that was
    trained on another order. Its values are the picture's grey levels, 0 to 255, as they are:
    nobody wrote down how many pixels of motion a level is. The published networks read them so;
    `flowmap` standardises them on its training trials.
    """
    path = root / row["flow"]
    picture = read_picture(path, cv2.IMREAD_UNCHANGED)
    if picture.shape != (SIDE, SIDE, 3) or picture.dtype != np.uint8:
        raise MepsError(
            f"{path}: a picture of shape {picture.shape}, {picture.dtype}; expected {SIDE} x "
            f"{SIDE} with three channels of 8 bits: u, v, strain; make it anew, or remove its row"
        )
    if picture.min() < picture.max() and (picture == picture[..., :1]).all():
        raise MepsError(
            f"{path}: its three channels are equal, as those of a grey picture; expected u, v, "
            "strain: make it anew, or remove its row"
        )
    named = np.ascontiguousarray(picture[..., ::-1])  # OpenCV reads blue first
    flow = torch.from_numpy(named).permute(2, 0, 1)[None].float().contiguous()
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
    # Either may be wrong, and with it who is left out.
    rules=(Rule("name-disagrees", DISAGREES, flagged(DISAGREES), "drop", keeps=True),),
    modalities=("flow",),
    marks=("*.png", "*/*.png", "*.csv"),
    seen=(
        Seen("maps, 28 x 28 (before this version named their channels)", YES),
        Seen("label table that circulates", TABLE),
    ),
    tables=TABLES,
    expected=Expected(442, 68, {"negative": 250, "positive": 109, "surprise": 83}),
)
