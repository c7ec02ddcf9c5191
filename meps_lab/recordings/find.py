"""Real recordings by name: the package's own files, or the same ones from elsewhere.

``origins.csv`` has a line a file: the recording that it belongs to, its path, its SHA-256, and the
address from which it came, at a fixed commit. The files lie beside it under ``data/``.
"""

import csv
import hashlib
import html
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from meps_lib.errors import MepsError

SHIPPED = Path(__file__).parent / "data"
with Path(__file__).with_name("origins.csv").open(encoding="utf-8", newline="") as _table:
    _Line = NamedTuple("_Line", [(name, str) for name in next(csv.reader(_table))])
    LINES = tuple(_Line(*cells) for cells in csv.reader(_table))
NAMES = tuple(dict.fromkeys(line.name for line in LINES))


class RecordingUnavailable(MepsError):
    """A real recording is not at hand."""


class RecordingWarning(UserWarning):
    """A file of a recording is not what it should be, or MEPS_DATA names no folder."""


def fetch(name: str) -> Path:
    """Path of a real recording, its checksum compared each time.

    Looks in the package, then in the folder that the environment variable MEPS_DATA names, then
    in the cache of earlier downloads; what is found nowhere is downloaded from its origin. A place
    that has another file under this name is passed over with a `RecordingWarning`.

    Parameters
    ----------
    name : str
        One of `NAMES`.

    Returns
    -------
    Path
        A file, or a folder for ``"empatica_e4"``.

    Raises
    ------
    MepsError
        When there is no recording of that name.
    RecordingUnavailable
        When no place has it, and a download fails, does not match or cannot be kept.

    Examples
    --------
    >>> fetch("face_video").name
    'single_face.mp4'
    """
    found = _found(name)
    if found is None:
        for file in _lines_of(name):
            _download(file)
        found = cache_folder() / _path(name)
    return found


def available(name: str) -> bool:
    """Whether a recording lies on this machine, unharmed; never uses the network.

    Parameters
    ----------
    name : str
        One of `NAMES`.

    Returns
    -------
    bool

    Raises
    ------
    MepsError
        When there is no recording of that name.
    """
    return _found(name) is not None


def fetch_or_notice(name: str, instead: str) -> Path | None:
    """`fetch` for notebooks: when a recording is unavailable, say so visibly and go on.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    instead : str
        What the notebook uses now, for the notice, e.g. ``"a simulated clip"``.

    Returns
    -------
    Path or None
        None after the notice has been shown; the caller then simulates.

    Raises
    ------
    MepsError
        When there is no recording of that name.
    """
    try:
        return fetch(name)
    except RecordingUnavailable as error:
        from IPython.display import display

        display(Notice(name, _lines_of(name)[0].about, instead, str(error)))
        return None


class Notice:
    """A visible warning that what follows runs on something else than the real recording."""

    def __init__(self, name: str, about: str, instead: str, reason: str) -> None:
        self.title = f"The real recording {name} is not available"
        self.text = (
            f"What follows runs on {instead} in its place, and the text, which describes the real "
            f"one ({about}), will not match the figures. Reason: {reason}"
        )

    def __repr__(self) -> str:
        return f"NOTICE: {self.title}. {self.text}"

    def _repr_html_(self) -> str:
        # The class names are those of a warning box on the book's pages.
        style = "border-left: 4px solid #C47A02; padding: .5em 1em"
        return (
            f'<div class="admonition warning" style="{style}">'
            f'<p class="admonition-title"><strong>{html.escape(self.title)}</strong></p>'
            f"<p>{html.escape(self.text)}</p></div>"
        )


def cache_folder() -> Path:
    """Where downloads are kept: the user's cache folder, below ``meps``."""
    import pooch  # here, since it takes long to load and nothing else needs it

    return Path(pooch.os_cache("meps"))


def _lines_of(name: str) -> list:
    """The lines of the table that belong to a recording."""
    if name not in NAMES:
        raise MepsError(f"no recording is called {name!r}; there are: {', '.join(NAMES)}")
    return [file for file in LINES if file.name == name]


def _path(name: str) -> str:
    """The one file of a recording, or the folder of its files."""
    return os.path.commonpath([file.path for file in _lines_of(name)])


def _places() -> Iterator[Path]:
    """Folders in which a recording may lie, in the order of `fetch`."""
    yield SHIPPED
    if named := os.environ.get("MEPS_DATA"):
        root = Path(named).expanduser()
        if not root.is_dir():
            text = f"MEPS_DATA is {named!r}, which is no folder: correct it, or unset it"
            warnings.warn(text, RecordingWarning, stacklevel=5)
        yield root
    yield cache_folder()


def _found(name: str) -> Path | None:
    """The first place in which all files of a recording are what they should be."""
    path = _path(name)
    for root in (place for place in _places() if (place / path).exists()):
        for file in _lines_of(name):
            if _digest(root / file.path) != file.sha256:
                text = (
                    f"{name}: {root / file.path} is missing or is not the file of "
                    f"{file.repository} (SHA-256 {file.sha256[:12]}...); replace it"
                )
                warnings.warn(text, RecordingWarning, stacklevel=3)
                break
        else:
            return root / path
    return None


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _download(file) -> None:
    """A line's file into the cache, unless it is there already with the right checksum."""
    import pooch

    pooch.get_logger().setLevel("WARNING")
    target = cache_folder() / file.path
    if _digest(target) == file.sha256:
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=target.parent).close()
    except OSError as error:
        raise RecordingUnavailable(
            f"{file.name}: the cache {target.parent} cannot be written ({type(error).__name__}: "
            f"{error.strerror}), so nothing was downloaded; make it a folder that you may write "
            "to, or name a folder that holds the files in the environment variable MEPS_DATA"
        ) from error
    try:
        pooch.retrieve(
            file.url,
            known_hash=f"sha256:{file.sha256}",
            fname=target.name,
            path=target.parent,
            downloader=pooch.HTTPDownloader(timeout=20),
        )
    except Exception as error:  # WHY: requests, urllib3, the hash check and the disk all differ
        raise RecordingUnavailable(
            f"{file.name}: could not download {file.url} ({type(error).__name__}); install the "
            "package anew, which holds the file, or go online and try again, or put the file at "
            f"{file.path} in a folder and name that folder in the environment variable MEPS_DATA. "
            f"Origin: {file.repository} ({file.licence})"
        ) from error
