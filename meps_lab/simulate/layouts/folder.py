"""A folder that appears whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from meps_lib.errors import MepsError

_PARTIAL = ".partial"


@contextmanager
def new_folder(out: str | os.PathLike) -> Iterator[Path]:
    """A folder to write into that becomes `out` at the end, or leaves nothing behind.

    Raises
    ------
    MepsError
        If `out` is no path, exists and is not an empty folder, or cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     with new_folder(f"{place}/set") as folder:
    ...         _ = (folder / "a.txt").write_text("a")
    ...     sorted(p.name for p in Path(place, "set").iterdir())
    ['a.txt']
    """
    try:
        out = Path(out).absolute()
    except TypeError:
        raise MepsError(f"out must be the path of a new folder, got {out!r}") from None
    if "\0" in str(out):
        raise MepsError(f"cannot write to {str(out)!r}: a path has no null character")
    partial, parents = out, []
    try:
        there = _free(out)
        # Inside a folder that exists: what lies beside it may be another disk, or not ours.
        beside = f".{out.name[:40]}{_PARTIAL}-{os.getpid()}"
        partial = out / _PARTIAL if there else out.with_name(beside)
        parents = [folder for folder in partial.parents if not folder.exists()]
        partial.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir()
        try:
            yield partial
            if there:
                for child in list(partial.iterdir()):
                    child.rename(out / child.name)
            else:
                partial.rename(out)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise MepsError(f"cannot write to {out}: {error.strerror or error}") from None
    except MepsError as error:  # which names the folder that was asked for
        raise MepsError(str(error).replace(str(partial), str(out))) from None
    finally:
        for folder in parents:  # innermost first; those that now hold something stay
            with suppress(OSError):
                folder.rmdir()


def _free(out: Path) -> bool:
    """Whether the folder exists already, if it may be written into at all."""
    there = out.is_dir()
    inside = [p.name for p in out.iterdir()] if there else []
    if inside == [_PARTIAL]:
        raise MepsError(
            f"{out} holds the hidden folder {_PARTIAL}, left by a run that was killed or is "
            "still writing; remove it, or choose a new folder"
        )
    if inside or (out.exists() and not there):
        what = "is not empty" if there else "is a file"
        raise MepsError(
            f"{out} {what}; choose a new folder or remove it first, nothing was overwritten"
        )
    return there
