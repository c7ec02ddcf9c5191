"""The MEGC2019 composite: CASME II, SAMM and SMIC-HS as one set of three classes.

::

    ROOT/<any name>/    CASME II, as `casme2` reads it
    ROOT/<any name>/    SAMM
    ROOT/<any name>/    SMIC-HS

442 clips of 68 subjects when all three are whole. Happiness is positive; CASME II disgust and
repression, and SAMM anger, contempt, disgust, fear and sadness, are negative; the rest is
dropped, and with it three clips of CASME II (`casme2.LEFT_OUT`).

References
----------
See et al., MEGC 2019, IEEE FG 2019.
"""

from dataclasses import replace
from pathlib import Path

import pandas as pd

from meps_lab.datasets import casme2, samm, smic
from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.coded_clips import RULES
from meps_lab.datasets.index.build import rows_of
from meps_lab.datasets.index.kind import IndexOptions, Kind, Missing, Rows, Seen
from meps_lab.datasets.index.reports import DUPLICATE, check_counts
from meps_lab.datasets.index.roots import is_root_of
from meps_lab.datasets.index.rules import Rule
from meps_lab.datasets.readers.folders import entries, folders_in
from meps_lib.errors import MepsError
from meps_lib.labels import CLASS_SETS
from meps_lib.trial import Trial

PARTS: dict[str, Kind] = {kind.name: kind for kind in (casme2.KIND, samm.KIND, smic.KIND)}
CLASSES = CLASS_SETS["three"].classes
# Of each set that is whole: subjects with a clip in the composite, and clips by class.
PUBLISHED = {
    "casme2": {"subjects": 24, "negative": 88, "positive": 32, "surprise": 25},
    "samm": {"subjects": 28, "negative": 92, "positive": 26, "surprise": 15},
    "smic": {"subjects": 16, "negative": 70, "positive": 51, "surprise": 43},
}


def rows(root: Path, options: IndexOptions) -> Rows:
    """The rows of the three sets, with the set before every subject and clip; see `Kind`."""
    tables, missing, notes = [], [], []
    for name, folder in find_parts(root).items():
        kind = PARTS[name]
        found = rows_of(kind, folder, options)
        distinct = found.table[~DUPLICATE.when(found.table)]
        if len(distinct) != kind.expected.rows:
            missing.append(
                f"{kind.title} has {len(distinct)} of {kind.expected.rows} clips: the composite is "
                "not the published one"
            )
        elif not options.any_counts:
            _check_whole(distinct, name, folder)
        missing += [_of_part(item, kind) for item in found.missing]
        notes += [f"{kind.title} in {folder.name}", *(f"{kind.title}: {n}" for n in found.notes)]
        tables.append(_placed(found.table, name, folder.name))
    return Rows(pd.concat(tables, ignore_index=True), tuple(missing), tuple(notes))


def find_parts(root: Path) -> dict[str, Path]:
    """The folder of each of the three sets, recognised by what is in it.

    Raises
    ------
    MepsError
        If a set is missing, or two folders hold the same one.
    """
    found: dict[str, list[Path]] = {name: [] for name in PARTS}
    closed = []  # a disk has folders that are nobody's business, so they matter if a set is lacking
    for folder in folders_in(root):
        try:
            entries(folder)
        except MepsError:
            closed.append(folder.name)
            continue
        for name, kind in PARTS.items():
            if is_root_of(kind, folder):
                found[name].append(folder)
    for name, folders in found.items():
        if len(folders) > 1:
            raise MepsError(
                f"{root}: {PARTS[name].title} lies in {' and in '.join(p.name for p in folders)}; "
                "keep one of them there"
            )
    lacking = [name for name, folders in found.items() if not folders]
    if lacking:
        here = [f"{PARTS[n].title} in {p[0].name}" for n, p in found.items() if p]
        wanted = [f"{PARTS[n].title} (a folder with {PARTS[n].marks[0]})" for n in lacking]
        raise MepsError(
            f"{root}: no {' and no '.join(wanted)}; found {', '.join(here) or 'none of the three'}"
            f"{'; cannot be read: ' + ', '.join(closed) if closed else ''}; put the three sets "
            "side by side, links will do"
        )
    return {name: folders[0] for name, folders in found.items()}


def load(root: Path, row: pd.Series, config: LoadConfig) -> Trial:
    """One clip, as its own set loads it; see `Kind`."""
    return PARTS[row["data_set"]].load(root, row, config)


def files(root: Path, row: pd.Series, config: LoadConfig) -> list[Path]:
    """The pictures that `load` reads."""
    return PARTS[row["data_set"]].files(root, row, config)


def _placed(table: pd.DataFrame, name: str, folder: str) -> pd.DataFrame:
    """A part's rows as rows of the composite: names apart, paths from the common root."""
    others = [c for c in table if c.startswith("class_") and c != "class_megc2019"]
    table = table.drop(columns=others)
    for column in ("subject", "clip"):
        table[column] = f"{name}_" + table[column]
    table["colour"] = table["colour"].where(table["colour"] == "", f"{folder}/" + table["colour"])
    return table


def _of_part(item: Missing | str, kind: Kind) -> Missing | str:
    """What a part lacks, with its name, and its clips as they are called here."""
    if isinstance(item, str):
        return f"{kind.title}: {item}"
    names = tuple(f"{kind.name}_{name}" for name in item.names)
    return replace(item, what=f"{kind.title}: {item.what}", names=names, total=None)


def _check_whole(table: pd.DataFrame, name: str, folder: Path) -> None:
    """Hold a whole set against what the composite takes of it."""
    taken = table[table["class_megc2019"].notna() & ~casme2.LEFT_OUT_RULE.when(table)]
    got = {"subjects": taken["subject"].nunique(), **taken["class_megc2019"].value_counts()}
    whole = f"all {len(table)} clips of {PARTS[name].title}"
    check_counts(got, PUBLISHED[name], f"{folder}, as MEGC2019 takes it", whole)


KIND = Kind(
    name="megc2019",
    title="MEGC2019",
    rows=rows,
    load=load,
    files=files,
    class_sets={"megc2019": CLASSES},
    rules=(
        *RULES,
        *smic.RULES,
        replace(casme2.LEFT_OUT_RULE, default="drop"),
        Rule(
            "outside-classes",
            "its emotion is in none of the three classes",
            lambda t: t["class_megc2019"].isna(),
            "drop",
            keeps=True,
        ),
    ),
    modalities=("colour", "flow"),
    marks=tuple(f"*/{mark}" for kind in PARTS.values() for mark in kind.marks),
    seen=tuple(
        Seen(f"{kind.title}: {one.files}", one.real, one.guess, one.when)
        for kind in PARTS.values()
        for one in kind.seen
    ),
)
