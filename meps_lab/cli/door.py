"""What every command does before its work: look at the names it was told, print any text."""

import errno
import os
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from meps_lib.errors import MepsError
from meps_lib.files import is_text

_SHOWN = 60  # letters of a name that a message repeats
_NO_NAMES = (errno.ENAMETOOLONG, errno.EINVAL)  # the latter is what Windows says


def print_anything() -> None:
    """Have what no screen can show printed as \\xff and the like, and not end the command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a notebook's has not
            stream.reconfigure(errors="backslashreplace")


def check_names(command: Any) -> None:
    """Refuse names of files that are no text, or that no disk can have.

    WHY here: OpenCV and others end the process, without a word, when they are given such a name.

    Raises
    ------
    MepsError
        Naming the option and the name, in letters that any screen shows.
    """
    for option, value in _told(command):
        shown = ascii(str(value)[:_SHOWN]) + "..." * (len(str(value)) > _SHOWN)
        if not is_text(str(value)):
            raise MepsError(
                f"{option}: {shown} holds a byte that is not UTF-8; rename the file or the folder "
                "(on Linux: convmv), or copy it under another name"
            )
        if isinstance(value, Path):
            try:
                os.stat(value)
            except ValueError as error:  # a null character, which no shell can give
                raise MepsError(f"{option}: {shown}: {error}") from None
            except OSError as error:  # what is missing or locked, the command itself tells
                if error.errno in _NO_NAMES:
                    raise MepsError(
                        f"{option}: {shown}, {len(str(value))} letters: {error.strerror}"
                    ) from None


def _told(command: Any) -> Iterator[tuple[str, str | Path]]:
    """Every text and path among the options, by its name."""
    for field in fields(command):
        value = getattr(command, field.name)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, str | Path):
                yield field.name, one
