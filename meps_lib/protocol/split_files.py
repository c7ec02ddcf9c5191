"""Splits on disk, so that others can train and test on exactly the same people.

Two forms, chosen by the file's ending, both made to be read and edited by hand:

    splits.json   {"splits": [{"fold": 0, "train": ["a", "b"], "validation": ["c"], "test": ["d"]}]}
    splits.csv    fold,subject,role    one line a fold and subject

Every subject of the data has a role in every fold, so that nobody is left out unnoticed: "unused"
names those that take no part. A byte-order mark, as Excel writes, and blank lines are passed over.
"""

import csv
import io
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from meps_lib.errors import MepsError
from meps_lib.files import read_json, reading, write_whole
from meps_lib.protocol.splits import Split

ROLES = ("train", "validation", "test")
_ALL = (*ROLES, "unused")  # the last may be missing
_HEADER = ["fold", "subject", "role"]


def save_splits(splits: Iterable[Split], path: str | os.PathLike) -> Path:
    """Write splits as JSON or CSV, whole or not at all.

    Raises
    ------
    MepsError
        If there are none, the name ends in neither .json nor .csv, or nothing can be written.
    """
    path, splits = _known(path), list(splits)
    if not splits:
        raise MepsError(f"no splits to write to {path}; give at least one")
    if path.suffix == ".json":
        folds = [
            f'  {{"fold": {s.fold},\n'
            + ",\n".join(
                f'   "{r}": {json.dumps(getattr(s, r), ensure_ascii=False)}'
                for r in (_ALL if s.unused else ROLES)
            )
            + "}"
            for s in splits
        ]
        text = '{"splits": [\n' + ",\n".join(folds) + "\n]}\n"
    else:
        rows = [(s.fold, name, role) for s in splits for role in _ALL for name in getattr(s, role)]
        file = io.StringIO()
        csv.writer(file).writerows([_HEADER, *rows])
        text = file.getvalue()
    try:
        write_whole(path, text.encode("utf-8"))
    except OSError as error:
        raise MepsError(f"cannot write {path}: {error.strerror}; choose another file") from None
    return path


def read_splits(path: str | os.PathLike, subjects: Sequence[str]) -> list[Split]:
    """Read splits, and hold them against the subjects that are there.

    Parameters
    ----------
    path : path
        A file that `save_splits` wrote, or one of the same form.
    subjects : sequence of str
        Subject of each trial of the data; repeats and order allowed.

    Returns
    -------
    list of Split
        In the order of the file.

    Raises
    ------
    MepsError
        If the file is missing or of another form, a subject has two roles in a fold, is tested
        in two folds, is not in the data, or has no role in some fold.

    Examples
    --------
    >>> import tempfile
    >>> from meps_lib.protocol.splits import loso
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = save_splits(loso("abcd"), Path(folder) / "splits.csv")
    ...     read_splits(file, "abcd") == list(loso("abcd"))
    True
    """
    path = _known(path)
    if not path.is_file():
        raise MepsError(
            f"{path}: no such file; write one with meps_lib.protocol.split_files.save_splits"
        )
    how = _from_json if path.suffix == ".json" else _from_csv
    with reading(path, "correct it, or write it anew"):
        splits = how(path)
    _check_roles(splits, set(subjects), path)
    return splits


def _known(path: str | os.PathLike) -> Path:
    if Path(path).suffix not in (".json", ".csv"):
        raise MepsError(f"{path}: expected a name that ends in .json or .csv")
    return Path(path)


def _from_json(path: Path) -> list[Split]:
    record = read_json(path)
    folds = record.get("splits") if isinstance(record, dict) else None
    if not isinstance(folds, list):
        raise MepsError('expected {"splits": [...]}, one entry a fold')
    splits = []
    for k, entry in enumerate(folds):
        if not isinstance(entry, dict) or {*entry, "unused"} != {"fold", *_ALL}:
            raise MepsError(f"entry {k} of splits: expected fold, {', '.join(ROLES)}, no more")
        if type(entry["fold"]) is not int:
            raise MepsError(f"entry {k} of splits: fold {entry['fold']!r} is no whole number")
        for role in _ALL:
            names = entry.setdefault(role, [])
            if not isinstance(names, list) or not all(isinstance(s, str) for s in names):
                raise MepsError(
                    f"fold {entry['fold']}, {role}: expected a list of subjects as text"
                )
        splits.append(Split(entry["fold"], *(tuple(entry[role]) for role in _ALL)))
    return splits


def _from_csv(path: Path) -> list[Split]:
    # Not by pandas: a subject may be called "007", "NA" or worse, and is text as it stands.
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        rows = [(reader.line_num, row) for row in reader if any(row)]
    if header != _HEADER:
        raise MepsError(f"columns {', '.join(header) or 'none'}; expected {', '.join(_HEADER)}")
    folds: dict[int, dict[str, list[str]]] = {}
    for line, row in rows:
        fold, subject, role = row if len(row) == 3 else ("", "", "")
        if not (fold.isascii() and fold.isdigit() and len(fold) < 10 and subject):
            raise MepsError(
                f"line {line}: {', '.join(row)!r}; expected a number, a subject, a role"
            )
        if role not in _ALL:
            raise MepsError(f"line {line}, role {role!r}; expected one of {', '.join(_ALL)}")
        folds.setdefault(int(fold), {r: [] for r in _ALL})[role].append(subject)
    return [Split(fold, *map(tuple, names.values())) for fold, names in folds.items()]


def _check_roles(splits: list[Split], there: set[str], path: Path) -> None:
    """The splits are of these subjects, all of them, and test nobody twice."""
    if not splits:
        raise MepsError(f"{path}: no splits in it")
    numbers, tested = set(), {}
    for split in splits:
        where = f"{path}, fold {split.fold}"
        if split.fold in numbers:
            raise MepsError(f"{where}: there are two of this number; number each fold once")
        numbers.add(split.fold)
        named = {s for role in _ALL for s in getattr(split, role)}
        if unknown := sorted(named - there):
            raise MepsError(
                f"{where}: subjects {', '.join(unknown)} are not in the data; it has "
                f"{', '.join(sorted(there))}"
            )
        if missing := sorted(there - named):
            raise MepsError(
                f"{where}: subjects {', '.join(missing)} of the data have no role; give them "
                'one, "unused" for those that take no part'
            )
        for subject in split.test:
            if subject in tested:
                raise MepsError(
                    f"{where}: subject {subject} is tested in fold {tested[subject]} already; "
                    "pooled scores count each trial once"
                )
            tested[subject] = split.fold
