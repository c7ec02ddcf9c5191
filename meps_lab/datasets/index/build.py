"""The index: the one table that every loader makes, one row a clip.

A loader reads a data set's own annotation into this table, rules say what becomes of rows with a
known defect, and a schema holds the result. Paths are relative to the data set's root, so
an index can be kept and shared without the data.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from meps_lab.datasets.index import kinds
from meps_lab.datasets.index.kind import Expected, IndexOptions, Kind, Rows
from meps_lab.datasets.index.reports import DUPLICATE, NO_TEXT, check_counts, in_words
from meps_lab.datasets.index.roots import check_root
from meps_lab.datasets.index.rules import DROPPED, apply_rules
from meps_lab.datasets.index.schema import check_classes, check_index, frame_of, place
from meps_lab.datasets.readers.table_places import find_table, tables_beside
from meps_lab.files import read_parquet, write_file
from meps_lib.errors import MepsError
from meps_lib.files import from_json, reading

__all__ = ["Indexed", "build_index", "frame_of", "read_index", "rows_of"]


@dataclass(frozen=True)
class Indexed:
    """An index, and the story of how it was made."""

    kind: str
    title: str
    root: Path  # where the paths of the table start
    table: pd.DataFrame  # holds to `schema.SCHEMA`
    dropped: pd.DataFrame  # subject, clip, row, rule, why: what is not in the table
    class_sets: Mapping[str, tuple[str, ...]]
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def report(self) -> str:
        """What a person wants to know: counts, what was flagged, dropped, missing."""
        table = self.table
        subjects = table["subject"].nunique()
        lines = [f"{self.title}: {len(table)} clips of {subjects} subjects"]
        for name, classes in self.class_sets.items():
            counts = table[f"class_{name}"].value_counts()
            shown = "  ".join(f"{c} {counts.get(c, 0)}" for c in classes)
            lines.append(f"classes {name}: {shown}  (none {table[f'class_{name}'].isna().sum()})")
        flags = table["flags"].str.split("; ").explode()
        for flag, n in flags[flags != ""].value_counts(sort=False).items():
            first = table.loc[flags.index[flags == flag][0]]
            lines.append(f"flagged {n}: {flag} (first: {place(first)})")
        for (rule, why), rows in self.dropped.groupby(["rule", "why"], sort=False):
            first = rows.iloc[0]
            lines.append(f"dropped {len(rows)} by {rule}: {why} (first: {place(first)})")
        lines += [f"missing: {text}" for text in self.missing]
        lines += [f"note: {text}" for text in self.notes]
        return "\n".join(lines)

    def save(self, path: Path | str) -> None:
        """Write the table as parquet, with what it was made from beside it in the same file.

        Raises
        ------
        MepsError
            If the file cannot be written.
        """
        table = self.table.copy()
        dropped = self.dropped.astype(object).where(self.dropped.notna(), None)
        story = {name: getattr(self, name) for name in ("kind", "title", "missing", "notes")}
        story |= {"class_sets": dict(self.class_sets), "dropped": dropped.to_dict("records")}
        table.attrs["meps_index"] = json.dumps(story, default=str)
        write_file(Path(path), table.to_parquet(index=False))


def read_index(path: Path | str, root: Path | str) -> Indexed:
    """Read an index that `Indexed.save` wrote, for a copy of the data at `root`.

    Raises
    ------
    MepsError
        If the file is missing, no index, or does not hold to the schema.
    """
    path = Path(path)
    if not path.is_file():
        raise MepsError(f"{path}: no such file; make it with 'meps index KIND ROOT --out {path}'")
    hint = "make an index with 'meps index KIND ROOT --out FILE'"
    with reading(path, hint):
        table = read_parquet(path, hint)
        story = from_json(table.attrs["meps_index"])
        sets = {k: tuple(v) for k, v in story["class_sets"].items()}
        dropped = pd.DataFrame(story["dropped"], columns=DROPPED)
        rest = (tuple(story["missing"]), tuple(story["notes"]))
        kind, title = story["kind"], story["title"]
    table.attrs = {}
    table = check_index(table, path)
    check_classes(table, sets, path)
    return Indexed(kind, title, Path(root), table, dropped, sets, *rest)


def build_index(kind: str, root: Path | str, options: IndexOptions | None = None) -> Indexed:
    """Index a data set.

    Parameters
    ----------
    kind : str
        A key of `meps_lab.datasets.index.kinds.MODULES`.
    root : path
        Where the data set lies; of one's own clips the table.
    options : IndexOptions, optional

    Raises
    ------
    MepsError
        If the kind, the root, the annotation table or a rule is not what is expected, or a whole
        set does not come to its published counts.
    """
    entry, options = kinds.kind_of(kind), options or IndexOptions()
    if options.exceptions and kind != "casme3-a":
        raise MepsError("--exceptions goes with casme3-a, whose authors publish such lists")
    root = Path(root) if entry.of_file else check_root(entry, Path(root), options.labels)
    found = rows_of(entry, root, options)
    if len(found.table) == 0:
        lost = "".join(f"; missing: {text}" for text in found.missing)
        raise MepsError(
            f"{root}: no clip of {entry.title} in it; is the copy complete? Expected "
            f"{' or '.join(entry.marks)}{lost}"
        )
    missing, notes = found.missing, found.notes
    if entry.expected is not None:
        lacking = _lacking(entry.expected, found.table, root, options.any_counts)
        if lacking > 0:
            missing = (f"{lacking} of the {entry.expected.rows} rows of the whole set", *missing)
        elif lacking < 0:
            notes = (*notes, f"{-lacking} rows more than the published {entry.expected.rows}")
    table, odd = apply_rules(found.table, (NO_TEXT,))
    table, dropped = apply_rules(table, entry.rules, options.rules)
    dropped = pd.concat([odd, dropped], ignore_index=True) if len(odd) else dropped
    if len(table) == 0:
        raise MepsError(f"{root}: the rules drop every clip; keep some with --rules RULE=keep")
    table = check_index(table, root)
    sets, home = found.class_sets or entry.class_sets, root.parent if entry.of_file else root
    check_classes(table, sets, root)
    missing, notes = in_words(missing, table["clip"]), (*notes, *_guesses(entry, table))
    return Indexed(entry.name, entry.title, home, table, dropped, sets, missing, notes)


def rows_of(kind: Kind, root: Path, options: IndexOptions) -> Rows:
    """What the loader finds, and in a note the annotation table that it read.

    Raises
    ------
    MepsError
        As the loader does; if the table is not there, or one is named that nobody would read.
    """
    if not kind.tables:
        for name, value in (("labels", options.labels), ("sheet", options.sheet)):
            if value is not None:
                raise MepsError(
                    f"--{name} {value}: {kind.title} has no annotation table of its own; leave the "
                    "option away"
                )
        return kind.rows(root, options)
    path = find_table(root, kind.tables, options.labels)
    found = kind.rows(root, replace(options, labels=path))
    # Below the root, or without its folder: an index may be shared.
    inside = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
    note = f"annotation read from {inside}"
    others = tables_beside(root, kind.tables, path) if options.labels is None else []
    if others:
        names = ", ".join(other.relative_to(root).as_posix() for other in others)
        note += f"; {names} there too, not read: choose with --labels"
    return replace(found, notes=(*found.notes, note))


def _guesses(kind: Kind, table: pd.DataFrame) -> list[str]:
    """What the index rests on that no real file has shown yet."""
    used = [s for s in kind.seen if s.guess and (s.when is None or s.when(table))]
    return [f"{s.files}: our reading, which no real file has shown yet: {s.guess}" for s in used]


def _lacking(expected: Expected, table: pd.DataFrame, root: Path, any_counts: bool) -> int:
    """Rows of the whole set that are not there; a whole one must have its published counts.

    A part of a set is nobody's to judge, and a row that was pasted twice counts once.
    """
    table = table[~DUPLICATE.when(table)]
    if len(table) == expected.rows and not any_counts:
        got = {"subjects": table["subject"].nunique(), **table["emotion"].value_counts()}
        want = {"subjects": expected.subjects, **expected.emotions}
        check_counts(got, want, root, f"{expected.rows} rows")
    return expected.rows - len(table)
