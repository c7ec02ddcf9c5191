"""How a clip is loaded that is a folder of pictures and nothing else: CASME II, SAMM, SMIC-HS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.readers.frames import numbered_by
from meps_lab.datasets.readers.media import video_fields, video_files
from meps_lib.trial import Trial


@dataclass(frozen=True)
class ClipFolders:
    """`load` and `files` of a `Kind`.

    Parameters
    ----------
    number : str
        Where a frame's number stands in its name, see `readers.frames.frame_files`.
    always : bool
        Every picture is numbered so, and others are no frames; if not, the frames of a folder in
        which none is numbered are counted in their natural order.
    cut : callable, optional
        Row -> whether its pictures are cut to the face already; none is if not given.
    """

    number: str
    always: bool = True
    cut: Callable[[pd.Series], bool] | None = None

    def load(self, root: Path, row: pd.Series, config: LoadConfig) -> Trial:
        """One clip from onset to offset, all of its folder where the row has neither."""
        video = video_fields(root, row, config, **self._how(root, row))
        return Trial(subject=row["subject"], clip=row["clip"], label="others", **video)

    def files(self, root: Path, row: pd.Series, config: LoadConfig) -> list[Path]:
        """The pictures that `load` reads."""
        return video_files(root, row, config, **self._how(root, row))

    def _how(self, root: Path, row: pd.Series) -> dict:
        number: str | None = self.number
        if not self.always and row["colour"]:
            number = numbered_by(root / row["colour"], self.number)
        return {"number": number, "cut": self.cut is not None and self.cut(row)}
