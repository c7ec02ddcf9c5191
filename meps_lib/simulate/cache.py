"""What is slow to make, kept on disk: one safetensors file a trial, no pickles.

A file's folder is named after all that its content depends on: the settings, the versions of
the numerical libraries, and the source of the simulator itself. A changed line of code gives
another folder, so nothing stale is ever read. A file appears whole or not at all, and carries
a checksum, so several processes may share a folder, and a damaged file is made anew.
"""

from __future__ import annotations

import hashlib
import os
import platform
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
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
            If the folder cannot be made or written to.
        """
        folder = Path(root).absolute() / f"cohort-{_key(settings)}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise MepsError(
                f"cannot keep trials in {root}: {error.strerror}; choose another cache folder"
            ) from None
        return cls(folder)

    def get(self, name: str, make: Callable[[], dict[str, Tensor]]) -> dict[str, Tensor]:
        """What is kept under a name; made, and kept, if there is nothing or it is damaged."""
        path = self.folder / f"{name}.safetensors"
        if path.is_file():
            try:
                return _load(path)
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
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".part")
    os.close(handle)
    try:
        save_file(tensors, part, metadata={"sha256": _digest(path.stem, tensors)})
        os.replace(part, path)
    finally:
        Path(part).unlink(missing_ok=True)


def _load(path: Path) -> dict[str, Tensor]:
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        expected = file.metadata()["sha256"]
    if _digest(path.stem, tensors) != expected:
        raise ValueError("its checksum differs")
    return tensors


def _digest(trial: str, tensors: dict[str, Tensor]) -> str:
    h = hashlib.sha256(trial.encode())
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
