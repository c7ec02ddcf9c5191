"""SAMM: 200 frames a second, grey, one spreadsheet whose header stands in row 13.

::

    006/006_1_2/006_05562.jpg
    SAMM_Micro_FACS_Codes_v2.xlsx

References
----------
Davison et al., IEEE Trans. Affective Computing 9(1) (2018).
"""

from pathlib import Path

import pandas as pd

from meps_lab.datasets.coded_clips import RULES, ClipFolders, coded_clips
from meps_lab.datasets.index.kind import NEVER, Expected, IndexOptions, Kind, Rows, Seen
from meps_lib.labels import CLASS_SETS, MEGC2019

FPS = 200.0
TABLES = ("SAMM_Micro_FACS_Codes_v2.xlsx", "SAMM_Micro_FACS_Codes*.xlsx")
_HEADER = 13  # counted from 0; `read_table` looks for it where it stands elsewhere
_NUMBER = r"^\d+_(\d+)$"  # subject, frame
_SETS = {"megc2019": MEGC2019["samm"], "three": CLASS_SETS["three"], "four": CLASS_SETS["four"]}


def rows(root: Path, options: IndexOptions) -> Rows:
    """The coding table as index rows; see `Kind`."""
    how = {"frames": (), "subject": "{:03d}", "clip": "{name}"}
    how |= {"fps": FPS, "number": _NUMBER, "class_sets": _SETS}
    return coded_clips(root, options, TABLES, header_row=_HEADER, data_set="samm", **how)


def _no_apex(table: pd.DataFrame) -> bool:
    return bool(table["apex"].isna().any())


_CLIPS = ClipFolders(_NUMBER)  # grey pictures, as three equal channels
KIND = Kind(
    name="samm",
    title="SAMM",
    rows=rows,
    load=_CLIPS.load,
    files=_CLIPS.files,
    class_sets={name: chosen.classes for name, chosen in _SETS.items()},
    rules=RULES,
    modalities=("colour", "flow"),
    marks=("SAMM_Micro_FACS_Codes*", "[0-9][0-9][0-9]/[0-9][0-9][0-9]_*_*"),
    seen=(
        Seen("FACS codes, v2", NEVER, "how a missing apex is written", _no_apex),
        Seen("frames", NEVER),
    ),
    tables=TABLES,
    expected=Expected(rows=159, subjects=32),
)
