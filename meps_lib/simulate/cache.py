"""What is slow to make, kept on disk: one safetensors file a trial, no pickles.

A file's folder is named after all that its content depends on: the settings, the versions of
the numerical libraries, and the source of the simulator itself. A changed line of code gives
another folder, so nothing stale is ever read. A file appears whole or not at all, and carries
a checksum over its folder, name and content, so several processes may share a folder, and a
file that is damaged or was copied from elsewhere is made anew.
"""

from __future__ import annotations

import hashlib
import os
import platform
import tempfile
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import scipy
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from meps_lib.errors import MepsError


class CacheWarning(UserWarning):
    """A kept trial was damaged, or could not be kept; it was made anew."""


@dataclass(frozen=True)
class Cache:
    """Tensors by name, in one folder for one set of settings; small and picklable.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cache = Cache.of(folder, ("settings", 1))
    ...     first = cache.get("a", lambda: {"x": torch.ones(2)})
    ...     cache.get("a", lambda: {"x": torch.zeros(2)})["x"].tolist()
    [1.0, 1.0]
    """

    folder: Path

    @classmethod
    def of(cls, root: str | os.PathLike, settings: Any) -> Cache:
        """The cache for these settings under a folder, which is made.

        Raises
        ------
        MepsError
            If `root` is no path, or the folder cannot be made or written to.
        """
        try:
            folder = Path(root).absolute() / f"cohort-{_key(settings)}"
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except (TypeError, ValueError):  # a number, or a name that no file can have
            raise MepsError(
                f"cache must be the path of a folder, or None to keep nothing; got {root!r}"
            ) from None
        except OSError as error:
            raise MepsError(
                f"cannot keep trials in {root}: {error.strerror}; choose another cache folder"
            ) from None
        return cls(folder)

    def get(
        self, name: str, make: Callable[[], dict[str, Tensor]], keys: Collection[str] | None = None
    ) -> dict[str, Tensor]:
        """What is kept under a name; made, and kept, if there is nothing or it is damaged.

        A file that lacks a tensor named in `keys` counts as damaged.
        """
        path = self.folder / f"{name}.safetensors"
        if path.is_file():
            try:
                return _load(path, keys or ())
            except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
                warnings.warn(
                    f"{path} is damaged ({error}); the trial is made anew", CacheWarning, 2
                )
        made = {n: t.contiguous() for n, t in make().items()}
        try:
            _save(made, path)
        except (OSError, SafetensorError) as error:
            warnings.warn(f"{path} could not be kept ({error})", CacheWarning, 2)
        return made


def _save(tensors: dict[str, Tensor], path: Path) -> None:
    part = path.with_name(f".{path.stem}-{uuid4().hex}.part")
    try:  # not `save_file`: its files can be read by their owner only, whatever the umask
        part.write_bytes(save(tensors, metadata={"sha256": _digest(path, tensors)}))
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _load(path: Path, keys: Collection[str]) -> dict[str, Tensor]:
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        expected = file.metadata()["sha256"]
    if _digest(path, tensors) != expected:
        raise ValueError("its checksum differs")
    if missing := sorted(set(keys) - set(tensors)):
        raise ValueError(f"it lacks {', '.join(missing)}")
    return tensors


def _digest(path: Path, tensors: dict[str, Tensor]) -> str:
    h = hashlib.sha256(f"{path.parent.name}/{path.stem}".encode())
    for name in sorted(tensors):
        t = tensors[name]
        h.update(f"{name} {t.dtype} {tuple(t.shape)}".encode())
        h.update(t.numpy().tobytes())
    return h.hexdigest()


def _key(settings: Any) -> str:
    """A name for the settings, the code and what it runs on."""
    versions = (torch.__version__, np.__version__, scipy.__version__, platform.machine())
    return hashlib.sha256(repr((settings, versions, _source())).encode()).hexdigest()[:20]


@lru_cache(maxsize=1)
def _source() -> str:
    """Digest of the simulator's own source, layouts apart, and of the labels it draws from."""
    here = Path(__file__).parent
    h = hashlib.sha256()
    for path in (*sorted(here.glob("*.py")), here.parent / "labels.py"):
        h.update(path.name.encode() + path.read_bytes())
    return h.hexdigest()
