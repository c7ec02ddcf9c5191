"""Files that a person names or that were written before: what may be read, and what replaced."""

import os
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from meps_lib.errors import MepsError
from meps_lib.files import write_whole

if TYPE_CHECKING:  # pandas takes half a second to load, and every command imports this file
    import pandas as pd


def may_write(option: str, path: Path, endings: Sequence[str], force: bool) -> None:
    """Refuse a file that could not be written, or would replace another, before any work.

    What is there is replaced with `force` alone; of a link, the link and not what it leads to.

    Raises
    ------
    MepsError
        Naming the option, the file, and what is in the way.
    """
    if path.suffix not in endings or not path.parent.is_dir():
        wanted = f"an existing folder, and a name that ends in {' or '.join(endings)}"
        raise MepsError(f"{option} {path}: expected {wanted}")
    if not os.path.lexists(path):
        return
    link = path.is_symlink()
    if path.is_dir() and not link:
        raise MepsError(f"{option} {path}: a folder has this name; choose another")
    if not force:
        what = "is a link" if link else "exists"
        raise MepsError(
            f"{option} {path} {what}; nothing was overwritten: choose another name, or replace it "
            "with --force"
        )


def write_file(path: Path, content: bytes) -> None:
    """Write a file whole, or say why nothing was written.

    Raises
    ------
    MepsError
        If that is impossible.
    """
    try:
        write_whole(path, content)
    except OSError as error:
        raise MepsError(f"cannot write {path}: {error.strerror}; choose another") from None


def write_figure(path: Path, figure, dpi: int) -> None:
    """Write a figure of Matplotlib, of the kind that the name ends in; errors as `write_file`."""
    page = BytesIO()
    figure.savefig(page, format=path.suffix[1:], dpi=dpi)
    write_file(path, page.getvalue())


def read_parquet(path: Path, hint: str, content: bytes | None = None) -> "pd.DataFrame":
    """The table of a parquet file, or of its bytes where they have been read.

    Raises
    ------
    MepsError
        Naming the file and what is wrong with it; `hint` says what to do.
    """
    import pandas as pd

    try:
        return pd.read_parquet(BytesIO(path.read_bytes() if content is None else content))
    except Exception as error:  # of a flipped byte pyarrow has errors of many kinds
        why = getattr(error, "strerror", None) or str(error)[:200]
        raise MepsError(f"{path} cannot be read ({why}); {hint}") from None
