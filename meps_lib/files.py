"""A file on disk that is whole or not there, and what others wrote, read."""

import csv
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from meps_lib.errors import MepsError

_OF_FILES = (OSError, ValueError, LookupError, TypeError, AttributeError, csv.Error)


def is_text(name: str) -> bool:
    """Whether a name on disk is text: a byte that is not UTF-8 makes C code fail, and tables too.

    Examples
    --------
    >>> is_text("clip é.mp4"), is_text(os.fsdecode(b"clip \\xff.mp4"))
    (True, False)
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it appears whole or not at all, whoever else writes it as well.

    A link of that name is replaced, and what it leads to stays as it is.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder) / "a", b"whole")
    ...     [path.name for path in Path(folder).iterdir()]
    ['a']
    """
    # Not all of a long name: with more to it, it would be longer than a disk allows.
    part = path.with_name(f".{path.stem[:40]}-{uuid4().hex}.part")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def reading(path: Path, hint: str) -> Iterator[None]:
    """Whatever a file that was written by others does to its reader, as one clear error.

    Raises
    ------
    MepsError
        Naming the file, and what is wrong at which place of it; `hint` says what to do.
    """
    try:
        yield
    except MepsError as error:
        raise MepsError(str(error) if str(path) in str(error) else f"{path}: {error}") from None
    except _OF_FILES as error:
        why = getattr(error, "strerror", None) or str(error)[:200]
        why = f"no entry {why}" if isinstance(error, LookupError) else why
        raise MepsError(f"{path} cannot be read ({why}); {hint}") from None


def read_json(path: Path, hint: str = "copy it again") -> Any:
    """What a JSON file holds; a byte-order mark at its start is passed over.

    Raises
    ------
    MepsError
        Naming the file and the place, if it is not there, no JSON, or has a key twice.
    """
    with reading(path, hint):
        return from_json(path.read_text(encoding="utf-8-sig"))


def from_json(text: str) -> Any:
    """What JSON says; a `ValueError` tells the place.

    Examples
    --------
    >>> from_json('{"a": [1, null]}')
    {'a': [1, None]}
    """
    try:
        return json.loads(text, object_pairs_hook=_no_key_twice)
    except RecursionError:
        raise ValueError("brackets in brackets, too deep to read") from None


def _no_key_twice(pairs: list[tuple[str, object]]) -> dict:
    """JSON would take the last of two; which was meant, only its writer knows."""
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [key for key, _ in pairs]
        twice = next(key for key in names if names.count(key) > 1)
        raise MepsError(f"{twice!r} stands twice in one entry; keep one")
    return record
