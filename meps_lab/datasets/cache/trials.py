"""Prepared trials on disk, found again by what they were made from and how.

The name of a kept trial is a digest of its row of the index, of every byte of its files and of
the names in the folders that it depends on; its own folder's name says how it was made: settings,
versions, source. Files that were moved or touched are thus still known by their bytes, and an
edited one is not.

To read every byte again each time would take longer than to make many a trial. So a note in the
folder ``files`` says which bytes a trial's files had at a certain size and time, as ccache and git
do it; while they have them still, it is believed. Without its notes a cache is slow, not wrong.
"""

import hashlib
import inspect
import os
import warnings
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch

import meps_lib
from meps_lab.datasets.cache.disk import Cache, CacheWarning, source_digest
from meps_lab.datasets.cache.packing import pack, unpack
from meps_lab.datasets.cache.stamps import Stamp, settled, stamp_of
from meps_lib.errors import MepsError
from meps_lib.files import write_whole
from meps_lib.trial import Trial

# What makes a trial out of files, apart from the data set's own source.
SOURCE = (
    *("arguments.py", "checks.py", "errors.py", "files.py", "labels.py", "signals", "trial.py"),
    *("video", "datasets", "bands.py", "prepare", "workers.py"),  # the last four of the lab
)


class TrialCache:
    """The prepared trials of one data set.

    Kept as they are, float32: sizes are averaged over areas, so that frames have values between
    the 256 of a byte, and what is read must be what was trained on, to the bit.

    Parameters
    ----------
    root : path
        A folder; several data sets, settings and processes may share it.
    dataset
        With ``index``, ``[k] -> Trial`` and either ``files(k)``, every file that trial k is made
        of and every folder whose names decide about it, or ``identity``, all that decides.
    settings : Any
        How a trial is prepared, as far as `repr` tells it apart; what the data set's own
        ``config`` says is added.

    Raises
    ------
    MepsError
        If the folder cannot be used, the data set has neither ``files`` nor ``identity``, or
        nobody can say which source it comes from.
    """

    def __init__(self, root: str | os.PathLike, dataset, settings: Any):
        if not hasattr(dataset, "files") and not hasattr(dataset, "identity"):
            raise MepsError(
                f"trials of {type(dataset).__name__} cannot be kept: it has neither files(k) nor "
                "identity to tell when they change; pass cache=None"
            )
        self.dataset = dataset
        how = (getattr(getattr(dataset, "kind", None), "name", ""), settings)
        how += (getattr(dataset, "config", None), getattr(dataset, "identity", None))
        self.cache = Cache.of(root, how, _source(type(dataset)), "trials")
        self._notes = self.cache.folder.with_name("files")
        tables = (dataset.index, getattr(dataset, "table", dataset.index))
        self._rows = list(zip(*(t.to_dict("records") for t in tables), strict=True))
        self._seen: dict[int, tuple[str, Stamp]] = {}  # what `_look` said when a trial was read

    def read(self, k: int) -> Trial | None:
        """Trial k as it was kept; None if it was not, or, with a warning, if it is damaged.

        Raises
        ------
        MepsError
            If one of its files cannot be read.
        """
        self._seen[k] = name, _ = self._look(k)
        tensors = self.cache.read(name)
        return None if tensors is None else _trial_of(tensors)

    def keep(self, k: int, trial: Trial) -> Trial:
        """Keep what trial k was prepared to, and return it as `read` will; `read` comes first."""
        tensors, text = pack(trial)
        tensors["trial"] = torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8)
        if self._look(k) == self._seen.get(k):
            self.cache.keep(self._seen[k][0], tensors)
        else:
            text = f"a file of {trial.clip!r} changed while it was read; the trial is not kept"
            warnings.warn(text, CacheWarning, 2)
        return _trial_of(tensors)

    def _look(self, k: int) -> tuple[str, Stamp]:
        """The name that trial k has with its files as they are, and when they changed last."""
        listed = getattr(self.dataset, "files", None)
        files = [os.path.abspath(f) for f in listed(k)] if listed else []
        if listed and not files:
            raise MepsError(
                f"files({k}) lists nothing; a trial can be kept if it names what it is made of"
            )
        stamp = stamp_of(files)
        content = self._content(files, stamp) if files else ""
        return _sha256(repr((self._rows[k], content)))[:32], stamp

    def _content(self, files: list[str], stamp: Stamp) -> str:
        """Digest of the files' names and all their bytes."""
        note, state = self._notes / _sha256(*files)[:32], _sha256(repr(stamp))
        with suppress(OSError, ValueError):
            known, content = note.read_text("ascii").split()
            if known == state:
                return content
        believed = settled(stamp)
        digest = _digest if believed else _digest.__wrapped__
        try:
            found = [digest(f, s) for f, s in zip(files, stamp, strict=True)]
        except OSError as error:
            raise MepsError(f"{error.filename} cannot be read: {error.strerror}") from None
        content = _sha256(*map(os.path.basename, files), *found)
        if believed:
            with suppress(OSError):  # it is read again next time
                self._notes.mkdir(exist_ok=True)
                write_whole(note, f"{state} {content}\n".encode())
        return content


def _sha256(*texts: str) -> str:
    return hashlib.sha256(os.fsencode("\0".join(texts))).hexdigest()


def _trial_of(tensors: dict[str, torch.Tensor]) -> Trial:
    return unpack(tensors, tensors.pop("trial").numpy().tobytes().decode())


@lru_cache(maxsize=4096)
def _digest(file: str, stamp: tuple[int, int, int]) -> str:
    """Of a file's bytes, or of the names in a folder.

    It is remembered, since all clips of a subject may share one recording.
    """
    if os.path.isdir(file):
        return _sha256(*sorted(os.listdir(file)))
    with open(file, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def _source(kind: type) -> str:
    """Digest of the source that makes the trials of this class of data set."""
    tops = Path(meps_lib.__file__).parent, Path(__file__).parents[2]
    paths = [top / name for top in tops for name in SOURCE if (top / name).exists()]
    for cls in kind.__mro__[:-1]:  # all but `object`
        try:
            file = Path(inspect.getfile(cls))
        except (TypeError, OSError):
            raise MepsError(
                f"trials of {kind.__name__} cannot be kept: {cls.__name__} was not defined in a "
                "file, so nobody can tell when its code changes; put it in one, or pass cache=None"
            ) from None
        if not {*file.parents} & {*paths}:
            paths.append(file.parent if tops[1] in file.parents else file)
    return source_digest(paths)
