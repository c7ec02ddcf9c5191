"""Trials in a folder: an index table, and one safetensors file a trial.

No pickle: a folder from a stranger can be opened without running code in it.

    DIR/dataset.json        classes, what the data is, and the dials of a simulation
    DIR/index.csv           one row a trial: subject, clip, label, emotion
    DIR/trials/CLIP.safetensors
"""

import json
import os
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch.utils.data import Dataset
from tqdm.auto import tqdm

from meps_lab.datasets.cache.packing import pack, unpack
from meps_lab.simulate.scenario import Scenario
from meps_lib.arguments import one_of
from meps_lib.errors import MepsError
from meps_lib.files import read_json, reading
from meps_lib.trial import Trial

_COLUMNS = ("subject", "clip", "label", "emotion")


def save_dataset(
    dataset, root: str | os.PathLike, note: str = "simulated", progress: bool = True
) -> Path:
    """Write every trial of a data set to a new or empty folder.

    Parameters
    ----------
    dataset
        Anything with ``classes``, ``index`` and ``[k] -> Trial``.
    root : path
        Written last: ``dataset.json``, so that a folder with one is complete.
    note : str
        What the data is, kept beside it; a simulated cohort must say so.
    progress : bool
        Show a bar.

    Raises
    ------
    MepsError
        If the folder holds something already, cannot be written, or two trials share a
        clip name.
    """
    root = Path(root)
    _check_clip_names(dataset.index["clip"], "the index")
    try:
        root.mkdir(parents=True, exist_ok=True)
        if any(root.iterdir()):
            raise MepsError(f"{root} is not empty; choose a new folder, nothing was overwritten")
        (root / "trials").mkdir()
        for k in tqdm(range(len(dataset)), "writing trials", disable=not progress, leave=False):
            tensors, text = pack(dataset[k])
            path = root / "trials" / f"{dataset.index['clip'].iloc[k]}.safetensors"
            save_file(tensors, path, metadata={"trial": text})
        dataset.index[list(_COLUMNS)].to_csv(root / "index.csv", index=False)
        record = {"classes": list(dataset.classes), "note": note}
        if isinstance(getattr(dataset, "scenario", None), Scenario):
            record["scenario"] = asdict(dataset.scenario)
        (root / "dataset.json").write_text(json.dumps(record, indent=2) + "\n")
    except OSError as error:
        raise MepsError(f"cannot write to {root}: {error.strerror}") from None
    return root


class FolderDataset(Dataset):
    """The trials that `save_dataset` wrote, read one at a time.

    Raises
    ------
    MepsError
        If the folder or a file in it is missing, cut short or of another layout.

    Examples
    --------
    >>> import tempfile
    >>> import torch
    >>> from meps_lab.simulate import simulate_cohort
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     cohort = simulate_cohort(n_subjects=2, trials_per_subject=3)
    ...     data = FolderDataset(save_dataset(cohort, folder, progress=False))
    ...     torch.equal(data[4].ps, cohort[4].ps)
    True
    """

    def __init__(self, root: str | os.PathLike):
        self.root = Path(root)
        record = self._read("dataset.json", read_json)
        # A subject may be called "NA"; it is a name, not a missing value.
        self.index = self._read(
            "index.csv", lambda p: pd.read_csv(p, dtype=str, keep_default_na=False)
        )
        missing = [c for c in _COLUMNS if c not in self.index.columns]
        if missing:
            raise MepsError(
                f"{self.root / 'index.csv'} has no column {', '.join(missing)}; "
                f"it has {', '.join(self.index.columns)}"
            )
        classes = record.get("classes") if isinstance(record, dict) else None
        texts = isinstance(classes, list) and all(isinstance(c, str) and c for c in classes)
        if not (texts and classes):
            raise MepsError(f"{self.root / 'dataset.json'} names no list of classes")
        _check_clip_names(self.index["clip"], self.root / "index.csv")
        self.classes, self.note = tuple(classes), str(record.get("note", ""))
        self.scenario = self._dials(record.get("scenario"))
        for row, label in enumerate(self.index["label"], 2):
            one_of(f"{self.root / 'index.csv'}, row {row}, column label", label, self.classes)

    def _read(self, name: str, parse) -> Any:
        path = self.root / name
        if not path.is_file():
            raise MepsError(f"{path} is missing; expected a folder made by 'meps simulate --out'")
        with reading(path, "copy it again"):
            return parse(path)

    def _dials(self, dials: Any) -> Scenario | None:
        """The scenario that simulated the trials; None if they were not simulated."""
        if dials is None:
            return None
        try:
            return Scenario(**dials)
        except (MepsError, TypeError) as error:
            raise MepsError(
                f"{self.root / 'dataset.json'}, scenario: {error}; it was written by another "
                "version: simulate the folder again"
            ) from None

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, k: int) -> Trial:
        return _load_trial(*self.files(k), self.index.iloc[k])

    def files(self, k: int) -> list[Path]:
        """The one file that trial k is made of."""
        return [self.root / "trials" / f"{self.index['clip'].iloc[k]}.safetensors"]


def _check_clip_names(clips: pd.Series, where) -> None:
    """Clip names become file names: each once, and none that leaves the folder."""
    seen = set()
    for row, clip in enumerate(clips):
        if not re.fullmatch(r"[\w(][\w .()+-]*", str(clip)):
            raise MepsError(
                f"{where}, clip {clip!r} (trial {row}): expected letters, digits, spaces and "
                "._()+- only, since it names a file"
            )
        if clip in seen:
            raise MepsError(f"{where}: two trials are called {clip!r}; give each its own name")
        seen.add(clip)


def _load_trial(path: Path, row: pd.Series) -> Trial:
    if not path.is_file():
        raise MepsError(f"{path} is missing, but the index lists {row['clip']!r}; copy it again")
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            trial = unpack(tensors, file.metadata()["trial"])
    except MepsError as error:
        raise MepsError(f"{path}: {error}") from None
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise MepsError(
            f"{path} cannot be read, perhaps cut short: {error}; copy it again"
        ) from None
    ours = (trial.clip, trial.subject, trial.label)
    theirs = (row["clip"], row["subject"], row["label"])
    if ours != theirs:
        raise MepsError(
            f"{path} says {', '.join(ours)}; the index says {', '.join(theirs)}: one of them "
            "was edited"
        )
    return trial
