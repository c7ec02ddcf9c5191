"""What a cohort renders, kept on disk: `datasets.cache`, bound to the simulator's source."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from meps_lab.datasets.cache import disk
from meps_lib import labels


class Cache(disk.Cache):
    """Tensors of trials by clip name, in one folder for one set of settings."""

    @classmethod
    def of(cls, root: str | os.PathLike, settings: Any) -> Cache:
        """The cache for these settings under a folder, which is made; errors as `disk.Cache.of`."""
        return super().of(root, settings, _source(), "cohort")


@lru_cache(maxsize=1)
def _source() -> str:
    """Digest of the simulator's own source, layouts apart, and of what it draws from."""
    here, library = Path(__file__).parent, Path(labels.__file__)
    return disk.source_digest((*sorted(here.glob("*.py")), here / "body", here / "face", library))
