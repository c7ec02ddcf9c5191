"""CASME II: 200 frames a second, one spreadsheet, faces that are cut already.

::

    Cropped/sub01/EP02_01f/reg_img46.jpg
    CASME2-coding-20140508.xlsx             or CASME2-coding-updated.xlsx

CHOICE: where there is no ``Cropped``, the whole pictures serve, as
``CASME2_RAW_selected/sub01/EP02_01f/img46.jpg``. WHY: the sources describe the
cropped ones only; the other folder and the names in it are our reading.

References
----------
Yan et al., PLoS ONE 9(1), e86041 (2014). MEGC2019: See et al., IEEE FG 2019.
"""

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd

from meps_lab.datasets.coded_clips import RULES, ClipFolders, coded_clips
from meps_lab.datasets.index.kind import NEVER, Expected, IndexOptions, Kind, Rows, Seen
from meps_lab.datasets.index.rules import Rule, forget
from meps_lab.datasets.readers.folders import folders_in, spelled
from meps_lib.labels import CLASS_SETS, MEGC2019

FPS = 200.0
TABLES = ("CASME2-coding-20140508.xlsx", "CASME2-coding-updated.xlsx", "CASME2-coding-*.xlsx")
_CROPPED = "Cropped"
_RAW = re.compile("CASME2[_-]RAW", re.IGNORECASE)
_NUMBER = r"(?i)^(?:reg_)?img(\d+)$"
_SETS = {"megc2019": MEGC2019["casme2"], "three": CLASS_SETS["three"], "four": CLASS_SETS["four"]}

# Their emotions are of the three classes, and yet the composite has 145 clips only without them.
LEFT_OUT = ("sub04_EP12_01f", "sub05_EP12_03f", "sub24_EP02_07")
LEFT_OUT_RULE = Rule(
    "megc2019-left-out",
    "MEGC2019 leaves this clip out",
    lambda t: (t["data_set"] == "casme2") & t["clip"].str.removeprefix("casme2_").isin(LEFT_OUT),
    "repair",
    forget("class_megc2019"),
    "it has no class of MEGC2019",
    keeps=True,
)


def rows(root: Path, options: IndexOptions) -> Rows:
    """The coding table as index rows; see `Kind`."""
    frames, notes = _CROPPED, ()
    there = [folder.name for folder in folders_in(root)]
    raw = next(filter(_RAW.match, there), None)
    # All clips from one folder: half of them cut and half not would be two data sets.
    if raw and spelled(_CROPPED) not in map(spelled, there):
        frames, notes = raw, (f"no {_CROPPED}: whole pictures of {raw}",)
    how = {"frames": (frames,), "subject": "sub{:02d}", "clip": "{subject}_{name}"}
    how |= {"fps": FPS, "number": _NUMBER, "class_sets": _SETS}
    found = coded_clips(root, options, TABLES, data_set="casme2", **how)
    return replace(found, notes=(*found.notes, *notes))


def _is_cut(row: pd.Series) -> bool:
    around = Path(row["colour"]).parts[-3:-2]  # of Cropped/sub01/EP02_01f
    return [spelled(name) for name in around] == [spelled(_CROPPED)]


def _is_raw(table: pd.DataFrame) -> bool:
    return bool(table["colour"].str.contains(_RAW).any())


_CLIPS = ClipFolders(_NUMBER, cut=_is_cut)

KIND = Kind(
    name="casme2",
    title="CASME II",
    rows=rows,
    load=_CLIPS.load,
    files=_CLIPS.files,
    class_sets={name: chosen.classes for name, chosen in _SETS.items()},
    rules=(*RULES, LEFT_OUT_RULE),
    modalities=("colour", "flow"),
    marks=("CASME2-coding*", f"{_CROPPED}/sub*", "CASME2[_-]RAW*/sub*"),
    seen=(
        Seen("coding table, 20140508 and updated", NEVER),
        Seen("frames, Cropped", NEVER),
        Seen("frames, CASME2_RAW", NEVER, "folder and names of the whole pictures", _is_raw),
    ),
    tables=TABLES,
    expected=Expected(rows=255, subjects=26),
)
