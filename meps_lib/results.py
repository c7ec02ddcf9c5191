"""What an experiment leaves on disk: its settings, who had which role, and the predictions.

    OUT/config.json                  what the experiment is; written first
    OUT/splits_seed0.json            who has which role, for each seed
    OUT/folds/seed0_fold12.parquet   the predictions of one fold, as soon as it has ended
    OUT/predictions.parquet          all of them; the folder is finished, and OUT/folds gone

A run that ends early, whatever ended it, keeps its finished folds: the same experiment with the
same folder goes on with the others. As folds are independent of each other, and each is read back
to the bit, the predictions are those of a run that nothing disturbed. Another experiment, or the
same with other data or code, is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from meps_lib import __version__
from meps_lib.datasets.packing import pack
from meps_lib.diskcache import source_digest, write_whole
from meps_lib.errors import MepsError
from meps_lib.split_files import save_splits
from meps_lib.splits import Split

PREDICTIONS = "predictions.parquet"


class ResultsWarning(UserWarning):
    """An earlier run's folds are used, or predictions could not be written."""


class Results:
    """A folder for the results of one experiment, made and found writable.

    Parameters
    ----------
    out : path

    Raises
    ------
    MepsError
        If the folder cannot be written to, or holds ``predictions.parquet``.
    """

    def __init__(self, out: str | os.PathLike):
        self.folder, self.folds = Path(out), Path(out) / "folds"
        self._told: set[Path] = set()  # where nothing could be written
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / ".writable").touch()
            (self.folder / ".writable").unlink()
        except OSError as error:
            raise MepsError(
                f"cannot write to {self.folder}: {error.strerror}; choose another"
            ) from None
        if (self.folder / PREDICTIONS).exists():
            raise MepsError(
                f"{self.folder} holds results already ({PREDICTIONS}); nothing was overwritten: "
                "choose another"
            )

    def check(self, record: Mapping[str, Any]) -> None:
        """Refuse a folder that another experiment has begun to fill.

        Parameters
        ----------
        record : mapping
            As much as is known of what will be ``config.json``.

        Raises
        ------
        MepsError
            Naming what differs.
        """
        path = self.folder / "config.json"
        if not path.exists():
            for pattern in ("splits_seed*.json", "folds/*"):
                if strange := next(self.folder.glob(pattern), None):
                    raise MepsError(
                        f"{self.folder} holds {strange.relative_to(self.folder)} and no "
                        "config.json; nothing was overwritten: choose another"
                    )
            return
        try:
            there = json.loads(path.read_text(encoding="utf-8"))
            differences = _differences({k: there.get(k) for k in record}, _plain(record))
        except (OSError, ValueError, AttributeError) as error:
            raise MepsError(
                f"{path} cannot be read ({error}); nothing was overwritten: choose another folder"
            ) from None
        if differences:
            raise MepsError(
                f"{self.folder} holds the beginning of another experiment: "
                f"{'; '.join(differences[:3])}; nothing was overwritten: choose another folder, or "
                "go on with what it was begun with"
            )

    def begin(self, record: Mapping[str, Any], splits: Mapping[int, Sequence[Split]]) -> None:
        """Write what the experiment is, before its first fold; or find that it was begun.

        Raises
        ------
        MepsError
            As `check`, or if a file cannot be written.
        """
        self.check(record)
        path = self.folder / "config.json"
        try:
            self.folds.mkdir(exist_ok=True)
            if not path.exists():
                write_whole(path, (json.dumps(_plain(record), indent=2) + "\n").encode())
        except OSError as error:
            raise MepsError(f"cannot write {path}: {error.strerror}; choose another") from None
        for seed, of_seed in splits.items():
            save_splits(of_seed, self.folder / f"splits_seed{seed}.json")

    def read(self, seed: int, fold: int) -> pd.DataFrame | None:
        """The predictions of a finished fold; None if there are none, or if they are damaged."""
        try:
            return pd.read_parquet(self._fold(seed, fold))
        except (OSError, ValueError):  # not there, or cut short by a crash of the whole computer
            return None

    def keep(self, seed: int, fold: int, table: pd.DataFrame) -> pd.DataFrame:
        """Write the predictions of a fold that has just ended, and return them.

        Where that is impossible, a warning says so and the run goes on: the next fold tries again.
        """
        self._write(self._fold(seed, fold), table)
        return table

    def finish(self, table: pd.DataFrame) -> None:
        """Write all predictions; where that is impossible, warn and leave the folds for later."""
        if self._write(self.folder / PREDICTIONS, table):
            shutil.rmtree(self.folds, ignore_errors=True)

    def _fold(self, seed: int, fold: int) -> Path:
        return self.folds / f"seed{seed}_fold{fold}.parquet"

    def _write(self, path: Path, table: pd.DataFrame) -> bool:
        try:
            write_whole(path, table.to_parquet(index=False))
        except OSError as error:
            if path.parent not in self._told:  # a full disk is told once, not once a fold
                self._told.add(path.parent)
                text = f"predictions could not be written to {path.parent}: {error.strerror}"
                warnings.warn(text, ResultsWarning, 3)
            return False
        return True


def about(config: Any, origin: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of an experiment before its data are read; for `Results.check`."""
    here = Path(__file__).parent
    return {
        "meps_lib": __version__,
        "torch": torch.__version__,
        "code": source_digest(sorted(here.rglob("*.py"))),
        "origin": dict(origin),
        "config": asdict(config),
    }


def about_data(data: Any, splits: Mapping[int, Sequence[Split]], note: str) -> dict[str, Any]:
    """What is known once they are read.

    The digest of the prepared trials is of every bit. Two kinds of processor may round a trial
    differently: to go on with a run on the other kind, prepare with a cache.
    """
    h = hashlib.sha256()
    for trial in data.trials:
        tensors, text = pack(trial)
        h.update(text.encode())
        for name in sorted(tensors):
            h.update(f"{name} {tuple(tensors[name].shape)}".encode())
            h.update(tensors[name].numpy())
    return {
        "data": {"note": note, "n_trials": len(data), "classes": list(data.classes)},
        "digest": {
            "splits": hashlib.sha256(repr(sorted(splits.items())).encode()).hexdigest(),
            "trials": h.hexdigest(),
        },
        "skipped": data.skipped.to_dict("records"),
    }


def _plain(record: Mapping[str, Any]) -> dict[str, Any]:
    """As it comes back from a file."""
    return json.loads(json.dumps(record, default=str))


def _differences(old: Any, new: Any, where: str = "") -> list[str]:
    """In words, setting by setting; not of the number of processes, which decides nothing."""
    if isinstance(old, dict) and isinstance(new, dict):
        names = [k for k in {**old, **new} if f"{where}{k}" != "config.n_jobs"]
        found = (_differences(old.get(k), new.get(k), f"{where}{k}.") for k in names)
        return [text for texts in found for text in texts]
    return [] if old == new else [f"{where[:-1]} was {old!r} and is {new!r}"]
