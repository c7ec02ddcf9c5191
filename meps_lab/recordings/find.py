"""How the real recordings reach a reader: MEPS_DATA, the cache, or a checked download.

Nothing is shipped with the library; `origins` says where each file comes from.
"""

from __future__ import annotations

import hashlib
import html
import os
import tempfile
import warnings
from pathlib import Path

import pooch
from IPython.display import display

from meps_lab.recordings.origins import RECORDINGS, File, RealRecording
from meps_lib.errors import MepsError

NAMES = tuple(RECORDINGS)


class RecordingUnavailable(MepsError):
    """A real recording is not at hand, or is not the one that it should be."""


def fetch(name: str) -> Path:
    """Path of a real recording, downloaded if need be, its checksum compared each time.

    Looks in the folder that the environment variable MEPS_DATA names, then in the cache of
    earlier downloads, then at the place of origin.

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
        When a file under MEPS_DATA has another checksum, a download fails or does not match,
        or the cache cannot be written.

    Examples
    --------
    >>> fetch("face_video").name  # doctest: +SKIP
    'single_face.mp4'
    """
    recording = _named(name)
    root = _data_folder(recording)
    if root is not None:
        for file in recording.files:
            if _digest(root / file.path) != file.sha256:
                raise RecordingUnavailable(
                    f"{name}: {root / file.path} under MEPS_DATA is missing or is not the file of "
                    f"{file.origin.repository} (SHA-256 {file.sha256[:12]}...); replace it, or "
                    "unset MEPS_DATA to download it"
                )
        return root / recording.path
    for file in recording.files:
        _download(name, file)
    return cache_folder() / recording.path


def available(name: str) -> bool:
    """Whether a recording lies on this machine, unharmed; never uses the network.

    Parameters
    ----------
    name : str
        One of `NAMES`.

    Returns
    -------
    bool
    """
    recording = _named(name)
    root = _data_folder(recording) or cache_folder()
    return all(_digest(root / file.path) == file.sha256 for file in recording.files)


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
        display(Notice(name, RECORDINGS[name].about, instead, str(error)))
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
    return Path(pooch.os_cache("meps"))


def _named(name: str) -> RealRecording:
    if name not in RECORDINGS:
        raise MepsError(f"no recording is called {name!r}; there are: {', '.join(NAMES)}")
    return RECORDINGS[name]


def _data_folder(recording: RealRecording) -> Path | None:
    """MEPS_DATA, when it is set and holds this recording."""
    named = os.environ.get("MEPS_DATA")
    if not named:
        return None
    root = Path(named).expanduser()
    if not root.is_dir():
        warnings.warn(
            f"MEPS_DATA is {named!r}, which is no folder; looking in the cache instead: correct "
            "it, or unset it",
            UserWarning,
            stacklevel=3,
        )
    return root if (root / recording.path).exists() else None


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _download(name: str, file: File) -> None:
    """Into the cache, unless it is there already with the right checksum."""
    pooch.get_logger().setLevel("WARNING")
    target = cache_folder() / file.path
    if _digest(target) == file.sha256:
        return
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=target.parent).close()
    except OSError as error:
        raise RecordingUnavailable(
            f"{name}: the cache {target.parent} cannot be written ({type(error).__name__}: "
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
            f"{name}: could not download {file.url} ({type(error).__name__}); go online and try "
            f"again, or put the file at {file.path} in a folder and name that folder in the "
            f"environment variable MEPS_DATA. Origin: {file.origin.repository} "
            f"({file.origin.licence})"
        ) from error
