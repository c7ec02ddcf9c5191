"""The lists of damaged pictures and odd rows that the authors of CAS(ME)^3 publish beside Part A.

Two forms are read, a text and a table::

    spNO.3 J 498.jpg  the image cannot open          one picture a line, or its path
    part_A/data/part_A/spNO.3/j/color/498.jpg

    Subject, Filename, Onset [, Apex ...]             one row of the annotation a line

A clip that is concerned is flagged, not dropped: what is wrong with a list's picture is for a
person to judge, and a picture that cannot be opened is found when it is read.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from meps_lab.datasets.readers.cells import at, half_width, integer, subject_number
from meps_lab.datasets.readers.sheets import SUFFIXES
from meps_lab.datasets.readers.tables import read_table
from meps_lib.errors import MepsError

_PICTURE = re.compile(
    r"spno\.?\s*(?P<subject>\d+)[\s/\\_]+(?P<letter>[a-z])[\s/\\_]+(?:(?:color|depth|\d+)[\s/\\]+)?"
    r"(?P<frame>\d+)\s*\.(?:jpg|png)\s*(?P<why>.*)",
    re.IGNORECASE | re.ASCII,
)
_ROW = {"subject": ("Subject",), "letter": ("Filename",), "onset": ("Onset",)}
_FORMS = "a line such as 'spNO.3 J 498.jpg  the image cannot open' or '.../spNO.3/j/color/498.jpg'"


def flag(table: pd.DataFrame, lists: Sequence[Path]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The index with a flag on every clip that a list names, and what each list came to, in words.

    Clips are called ``spNO.<n>_<letter>_<onset>``; a list that ends in .xlsx, .xls or .csv is a
    table.

    Raises
    ------
    MepsError
        Naming the file and the line that cannot be read.
    """
    table, notes = table.copy(), []
    for path in dict.fromkeys(lists):
        why = (_of_rows if path.suffix.lower() in SUFFIXES else _of_pictures)(path, table)
        for k, text in why.items():
            table.loc[k, "flags"] = "; ".join(filter(None, (table.loc[k, "flags"], text)))
        notes.append(f"{path.name}: {len(why)} clips flagged")
    return table, tuple(notes)


def _of_pictures(path: Path, table: pd.DataFrame) -> dict[int, str]:
    """Flag by row of the index: how many of its frames the list names, and what it says of them."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "no UTF-8 text"
        raise MepsError(f"--exceptions {path}: cannot be read ({why}); expected {_FORMS}") from None
    named = defaultdict(dict)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        found = _PICTURE.search(half_width(line))
        if found is None:
            raise MepsError(f"{path}, line {number}: got {line[:80]!r}; expected {_FORMS}")
        video = f"spNO.{int(found['subject'])}_{found['letter'].lower()}"
        named[video][int(found["frame"])] = found["why"].strip().replace(";", ",")
    if not named:
        raise MepsError(f"--exceptions {path}: no line in it; expected {_FORMS}")
    flags = {}
    for k, row in table.iterrows():
        frames = named.get(row["clip"].rpartition("_")[0], {})
        last = row["offset"] if pd.notna(row["offset"]) else row["apex"]
        if pd.isna(row["onset"]) or pd.isna(last):
            continue
        inside = sorted(n for n in frames if row["onset"] <= n <= last)
        if inside:
            words = " ".join(filter(None, (f"frame {inside[0]}", frames[inside[0]])))
            flags[k] = f"{len(inside)} pictures listed in {path.name} ({words})"
    return flags


def _of_rows(path: Path, table: pd.DataFrame) -> dict[int, str]:
    """Flag by row of the index, for a list of rows of the annotation."""
    places = dict(zip(table["clip"], table.index, strict=True))
    flags = {}
    for cells in read_table(path, _ROW).to_dict("records"):
        number = subject_number(cells["subject"], at(path, cells["row"], "Subject"))
        onset = integer(cells["onset"], at(path, cells["row"], "Onset"))
        clip = f"spNO.{number}_{half_width(cells['letter']).lower()}_{onset}"
        if clip in places:
            flags[places[clip]] = f"listed in {path.name}"
    return flags
