"""Prepared trials on disk, found again by what they were made from and how.

The name of a kept trial is a digest of its row of the index, of every byte of its files and of
the names in the folders that it depends on; its own folder's name says how it was made: settings,
versions, source. Files that were moved or touched are thus still known by their bytes, and an
edited one is not.

To read every byte again each time would take longer than to make many a trial. As ccache and git
do, a small record beside the trials says which bytes were found when a file had a certain size and
time; while it has them still, the record is believed.

What is checked when: whenever a trial is read, the size and the times of each of its files are,
and its tensors are held against their checksum. The data set lists a trial's files when the cache
is opened and read for the first time, and anew once a file of it or a folder of these has changed.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import warnings
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import torch

import meps_lib
from meps_lab.datasets.cache.disk import Cache, CacheWarning, source_digest, sweep
from meps_lab.datasets.cache.packing import pack, unpack
from meps_lab.datasets.cache.stamps import Stamp, settled, stamp_of
from meps_lib.errors import MepsError
from meps_lib.files import write_whole
from meps_lib.trial import Trial

# What makes a trial out of files, apart from the data set's own source.
SOURCE = (
    *("checks.py", "errors.py", "files.py", "labels.py", "signals", "trial.py", "video"),
    *("datasets", "prepare.py"),  # of the laboratory
)


class _Seen(NamedTuple):
    """What a trial was made of when it was last looked at."""

    name: str  # what the trial is kept under
    files: list[str]
    folders: list[str]  # of the files: what is added to one or renamed shows in its times
    stamp: Stamp  # of the files, then of the folders
    settled: bool  # none of them was changed just before


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
        self._records = Path(root).absolute() / "files"
        if not self.cache.read_only:
            with suppress(OSError):  # without records every byte is read again: slow, not wrong
                self._records.mkdir(exist_ok=True)
                sweep(self._records)
        tables = (dataset.index, getattr(dataset, "table", dataset.index))
        self._rows = list(zip(*(t.to_dict("records") for t in tables), strict=True))
        self._seen: dict[int, _Seen] = {}

    def read(self, k: int) -> Trial | None:
        """Trial k as it was kept; None if it was not, or, with a warning, if it is damaged.

        Raises
        ------
        MepsError
            If one of its files cannot be read.
        """
        name = self._look(k).name
        tensors = self.cache.read(name, ("trial",))
        return None if tensors is None else _trial_of(tensors)

    def keep(self, k: int, trial: Trial) -> Trial:
        """Keep what trial k was prepared to, and return it as `read` will; `read` comes first."""
        seen = self._seen[k]
        tensors, text = pack(trial)
        tensors["trial"] = torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8)
        if stamp_of(self._files(k)) == seen.stamp[: len(seen.files)]:
            self.cache.keep(seen.name, tensors)
        else:
            text = f"a file of {trial.clip!r} changed while it was read; the trial is not kept"
            warnings.warn(text, CacheWarning, 2)
        return _trial_of(tensors)

    def _look(self, k: int) -> _Seen:
        """What trial k is made of now; to list files takes longer than to ask for their times."""
        seen = self._seen.get(k)
        if seen is not None and seen.settled:
            with suppress(MepsError):  # one is gone: the data set says what there is instead
                if stamp_of([*seen.files, *seen.folders]) == seen.stamp:
                    return seen
        files = self._files(k)
        folders = list(dict.fromkeys(os.path.dirname(f) or "." for f in files))
        stamp, content = self._content(files)
        name = _sha256(repr((self._rows[k], content)))[:32]
        stamp += stamp_of(folders)
        self._seen[k] = _Seen(name, files, folders, stamp, settled(stamp))
        return self._seen[k]

    def _files(self, k: int) -> list[str]:
        if not hasattr(self.dataset, "files"):
            return []
        files = [str(f) for f in self.dataset.files(k)]
        if not files:
            raise MepsError(
                f"files({k}) lists nothing; a trial can be kept if it names what it is made of"
            )
        return files

    def _content(self, files: Sequence[str]) -> tuple[Stamp, str]:
        """When the files changed last, and a digest of their names and all their bytes."""
        stamp = stamp_of(files)
        if not files:
            return stamp, ""
        record = self._records / _sha256(os.getcwd(), *files)[:32]
        state = _sha256(repr(stamp))
        with suppress(OSError, ValueError):
            known, content = record.read_text("ascii").split()
            if known == state:
                return stamp, content
        believed = settled(stamp)
        digest = _digest if believed else _digest.__wrapped__
        try:
            found = [digest(os.path.abspath(f), s) for f, s in zip(files, stamp, strict=True)]
        except OSError as error:
            raise MepsError(f"{error.filename} cannot be read: {error.strerror}") from None
        content = _sha256(*map(os.path.basename, files), *found)
        if believed and not self.cache.read_only:
            with suppress(OSError):
                write_whole(record, f"{state} {content}\n".encode())
        return stamp, content


def _sha256(*texts: str) -> str:
    return hashlib.sha256(os.fsencode("\0".join(texts))).hexdigest()


def _trial_of(tensors: dict[str, torch.Tensor]) -> Trial:
    tensors = dict(tensors)
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
