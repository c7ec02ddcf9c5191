"""What is slow to make, kept on disk: tensors by name, one safetensors file each, no pickles.

A file's folder is named after all that its content depends on: the settings, the versions of
the numerical libraries, and the source of the code that makes it. A changed line of code gives
another folder, so nothing stale is ever read. A file appears whole or not at all, and carries
a checksum over its folder, name and content, so several processes may share a folder, and a
file that is damaged or was copied from elsewhere is made anew.
"""

from __future__ import annotations

import hashlib
import os
import platform
import time
import warnings
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from meps_lib.errors import MepsError
from meps_lib.files import write_whole

# What computes a number, or decodes one from a file.
_LIBRARIES = """
    torch numpy scipy scikit-image opencv-python-headless opencv-python pillow
    pandas neurokit2 mne curryreader
"""


class CacheWarning(UserWarning):
    """Something kept was damaged, or could not be kept; it was made anew."""


@dataclass(frozen=True)
class Cache:
    """Tensors by name, in one folder for one set of settings; small and picklable.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cache = Cache.of(folder, ("settings", 1))
    ...     first = cache.get("a", lambda: {"x": torch.ones(2)})
    ...     cache.get("a", lambda: {"x": torch.zeros(2)})["x"].tolist()
    [1.0, 1.0]
    """

    folder: Path

    @classmethod
    def of(
        cls, root: str | os.PathLike, settings: Any, source: str = "", name: str = "cache"
    ) -> Cache:
        """The cache for these settings under a folder, which is made.

        Parameters
        ----------
        root : path
        settings : Any
            All that decides about the content, as far as `repr` tells it apart.
        source : str
            `source_digest` of the code that makes the content.
        name : str
            What the folder's name starts with.

        Raises
        ------
        MepsError
            If `root` is no path, or the folder is not there and cannot be made.
        """
        key = hashlib.sha256(repr((settings, _versions(), source)).encode()).hexdigest()[:20]
        try:
            folder = Path(root).absolute() / f"{name}-{key}"
            folder.mkdir(parents=True, exist_ok=True)
        except (OSError, TypeError, ValueError) as error:  # also of a number, or of a wrong name
            why = getattr(error, "strerror", None) or error
            raise MepsError(
                f"cannot keep trials in {str(root)!r}: {why}; cache must be the path of a folder "
                "that can be written, or None to keep nothing"
            ) from None
        for part in folder.glob(".*.part"):  # of processes that were killed
            with suppress(OSError):  # another process sweeps too
                if time.time() - part.stat().st_mtime > 3600:  # nobody writes for so long
                    part.unlink()
        return cls(folder)

    def get(
        self, name: str, make: Callable[[], dict[str, Tensor]], keys: Collection[str] = ()
    ) -> dict[str, Tensor]:
        """What is kept under a name; made, and kept, if there is nothing or it is damaged.

        A file that lacks a tensor named in `keys` counts as damaged.
        """
        found = self.read(name, keys)
        return self.keep(name, make()) if found is None else found

    def read(self, name: str, keys: Collection[str] = ()) -> dict[str, Tensor] | None:
        """What is kept under a name; None if there is nothing, or, with a warning, if damaged."""
        path = self.folder / f"{name}.safetensors"
        try:
            tensors = load(path.read_bytes())  # `safe_open`'s tensors change when the file does
            if tensors.pop("sha256").numpy().tobytes() != _checksum(path, tensors):
                raise ValueError("its checksum differs")
            if missing := sorted(set(keys) - set(tensors)):
                raise ValueError(f"it lacks {', '.join(missing)}")
            return tensors
        except FileNotFoundError:
            return None
        except (SafetensorError, OSError, ValueError, KeyError) as error:
            text = f"{path} is damaged ({error}); what it held is made anew"
            warnings.warn(text, CacheWarning, 2)
            return None

    def keep(self, name: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        """Keep tensors under a name, and return them; a warning if it cannot be done."""
        path = self.folder / f"{name}.safetensors"
        tensors = {n: t.contiguous() for n, t in tensors.items()}
        seal = torch.frombuffer(bytearray(_checksum(path, tensors)), dtype=torch.uint8)
        try:
            # Not `save_file`: its files can be read by their owner only, whatever the umask.
            write_whole(path, save(tensors | {"sha256": seal}))
        except (OSError, SafetensorError) as error:
            # One text for all names, so that a full disk is told once, not once a trial.
            why = getattr(error, "strerror", None) or error
            text = f"{self.folder}: what was made could not be kept ({why}); it is used once"
            warnings.warn(text, CacheWarning, 2)
        return tensors


def source_digest(paths: Iterable[Path]) -> str:
    """Digest of source files; of a folder, of every Python file below it.

    Examples
    --------
    >>> source_digest([Path(__file__)]) == source_digest([Path(__file__).parent])
    False
    """
    h = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            h.update(f"{file.parent.name}/{file.name}\0".encode() + file.read_bytes() + b"\0")
    return h.hexdigest()


def _checksum(path: Path, tensors: dict[str, Tensor]) -> bytes:
    h = hashlib.sha256(f"{path.parent.name}/{path.stem}".encode())
    for name in sorted(tensors):
        t = tensors[name]
        h.update(f"{name} {t.dtype} {tuple(t.shape)}".encode())
        h.update(t.numpy())
    return h.digest()


@lru_cache(maxsize=1)
def _versions() -> tuple[str, ...]:
    found = [platform.machine(), torch.__version__]  # with the build, e.g. +cpu
    for name in _LIBRARIES.split():
        with suppress(PackageNotFoundError):
            found.append(f"{name} {version(name)}")
    return tuple(found)
