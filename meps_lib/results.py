"""What an experiment leaves on disk: predictions, who had which role, and its settings."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from meps_lib import __version__
from meps_lib.errors import MepsError
from meps_lib.split_files import save_splits
from meps_lib.splits import Split


def new_folder(out: str | os.PathLike) -> Path:
    """The folder for results, made and found writable before anything is trained."""
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".writable").touch()
        (folder / ".writable").unlink()
    except OSError as error:
        raise MepsError(f"cannot write to {folder}: {error.strerror}; choose another") from None
    ours = ("predictions.parquet", "config.json", "splits_seed*.json")
    if there := sorted(p.name for pattern in ours for p in folder.glob(pattern)):
        raise MepsError(
            f"{folder} holds results already ({', '.join(there)}); nothing was overwritten: "
            "choose another"
        )
    return folder


def write(
    folder: Path,
    table: pd.DataFrame,
    splits: Mapping[int, Sequence[Split]],
    config: Any,
    data: Any,
    note: str,
) -> None:
    """Write predictions and what they were made from, each file whole or not at all.

    Parameters
    ----------
    folder : Path
        From `new_folder`; gets ``predictions.parquet``, ``config.json`` and, for each seed,
        ``splits_seed<seed>.json``.
    table : DataFrame
    splits : mapping of seed to sequence of Split
    config : dataclass
    data
        With ``classes``, ``skipped`` and a length, as a `PreparedDataset`.
    note : str
        What the data is.

    Raises
    ------
    MepsError
        If a file cannot be written.
    """
    record = {
        "meps_lib": __version__,
        "torch": torch.__version__,
        "data": {"note": note, "n_trials": len(data), "classes": list(data.classes)},
        "skipped": data.skipped.to_dict("records"),
        "config": asdict(config),
    }
    text = json.dumps(record, indent=2, default=str) + "\n"
    for seed, folds in splits.items():
        save_splits(folds, folder / f"splits_seed{seed}.json")
    for name, save in (
        ("config.json", lambda p: p.write_text(text)),
        ("predictions.parquet", lambda p: table.to_parquet(p, index=False)),
    ):
        part = folder / f".{name}.part"
        try:
            save(part)
            part.replace(folder / name)
        except OSError as error:
            raise MepsError(f"cannot write {folder / name}: {error.strerror}") from None
