"""What an experiment leaves on disk: its settings, who had which role, and the predictions.

::

    OUT/config.json                          what the experiment is; written first
    OUT/splits_seed0.json                    who has which role, for each seed
    OUT/folds/seed0_fold12-<digest>.parquet  of one fold, as soon as it has ended
    OUT/predictions.parquet                  of all; the folder is finished, OUT/folds gone
    OUT/.lock                                held by the process that runs

A run that an error ends, or that is killed, keeps its finished folds: the same experiment with the
same folder goes on with the others. The digest in a fold's name is of the experiment, the fold and
its predictions: nothing damaged is taken, and nothing of another. As folds are independent of each
other, and each is read back to the bit, the predictions are those of a run that nothing disturbed.
Another experiment, the same with other data, and a second process are refused, and so is other
code unless it is accepted. Nothing is forced to the disk: a computer that goes down may leave a
damaged fold, which is run again, or a damaged config.json, which is refused.
"""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from meps_lab.experiments.record import (
    CODE,
    begin_record,
    compare_record,
    digest,
    refused,
    unwritten,
)
from meps_lab.files import read_parquet
from meps_lib.errors import MepsError
from meps_lib.files import read_json, reading, write_whole
from meps_lib.protocol.metrics import check_columns
from meps_lib.protocol.split_files import save_splits
from meps_lib.protocol.splits import Split

PREDICTIONS = "predictions.parquet"
_RERUN = "what another program changed is no result: delete it, and run the same again"


class ResultsWarning(UserWarning):
    """An earlier run's folds are used, or predictions could not be written."""


def read_predictions(folder: str | os.PathLike) -> pd.DataFrame:
    """The predictions of a folder that is finished, whole and its own.

    Raises
    ------
    MepsError
        If the file cannot be read, a column or a value is missing, a subject or a clip is no text,
        or the folder's splits test others.
    """
    path, planned = Path(folder) / PREDICTIONS, tested(folder)
    try:
        table = read_parquet(path, _RERUN)
        chances = [name for name in map(str, table) if name.startswith("p_")]
        fold = ("fold",) if planned else ()
        needed = ("subject", "clip", "seed", "truth", "prediction", *fold, *chances)
        check_columns(table, needed)
        for name in ("subject", "clip"):
            if odd := [value for value in table[name] if not isinstance(value, str)]:
                raise MepsError(f"column {name}: got {odd[0]!r}; expected text")
        rows = table[["seed", "fold", "subject"]] if planned else table[:0]
        found = set(rows.itertuples(index=False, name=None))
        if other := found ^ planned:
            seed, fold, subject = min(other, key=repr)
            where = "splits_seed*.json" if (seed, fold, subject) in planned else PREDICTIONS
            raise MepsError(f"subject {subject!r} is of seed {seed}, fold {fold} in {where} alone")
    except MepsError as error:
        if str(path) in str(error):
            raise
        raise MepsError(f"{path}: {error}; {_RERUN}") from None
    return table


def tested(folder: str | os.PathLike) -> set[tuple[int, int, str]]:
    """Seed, fold and subject of all that a folder's splits test; empty where there are none."""
    found = set()
    for path in Path(folder).glob("splits_seed*.json"):
        hint = f"delete it and {PREDICTIONS} beside it, and run the same again"
        with reading(path, hint):
            seed = int(path.stem.removeprefix("splits_seed"))
            for split in read_json(path, hint)["splits"]:
                found |= {(seed, split["fold"], subject) for subject in split["test"]}
    return found


@contextmanager
def results_in(out: str | os.PathLike, accept_changed_code: bool = False) -> Iterator[Results]:
    """A folder for the results of one experiment, made, and nobody else's until its run ends.

    The system lets go of it when the process ends, however it ends.

    Raises
    ------
    MepsError
        If the folder cannot be written to, another process runs an experiment in it, or it holds
        ``predictions.parquet``.
    """
    folder = Path(out)
    lock = FileLock(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout:
        text = f"another process is running an experiment in {folder}; wait for its end, or choose"
        raise MepsError(f"{text} another folder") from None
    except OSError as error:
        raise MepsError(f"cannot write to {folder}: {error.strerror}; choose another") from None
    try:
        if (folder / PREDICTIONS).exists():
            raise refused(f"{folder} holds results already ({PREDICTIONS})")
        yield Results(folder, accept_changed_code)
    finally:
        lock.release()


@dataclass
class Results:
    """What is in such a folder; small and picklable, for processes that run a fold each."""

    folder: Path
    accept_changed_code: bool = False
    experiment: str = ""  # the digest of what it is
    code: dict = field(default_factory=lambda: CODE, repr=False)  # of the process that began it
    told: bool = False  # that nothing can be written: once, not once a fold

    @property
    def folds(self) -> Path:
        """Where folds lie until all have ended."""
        return self.folder / "folds"

    def check(self, record: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Refuse a folder in which another experiment was begun, naming what differs.

        Returns what ``config.json`` says, empty if there is none, and the files whose source has
        changed since, where that is accepted. Of `record` there may be only the beginning.
        """
        path = self.folder / "config.json"
        if not path.exists():
            for strange in (*self.folder.glob("splits_seed*.json"), *self.folds.glob("*")):
                name = strange.relative_to(self.folder)
                raise refused(f"{self.folder} holds {name} and no config.json")
        return compare_record(path, record, self.accept_changed_code)

    def begin(self, record: Mapping[str, Any], splits: Mapping[int, Sequence[Split]]) -> None:
        """Write what the experiment is, before its first fold; or find that it was begun."""
        self.check(record)
        path = self.folder / "config.json"
        there = begin_record(path, record, self.accept_changed_code)
        same = {k: v for k, v in there.items() if "code" not in k}
        self.experiment = digest([json.dumps(same, sort_keys=True).encode()])
        try:
            self.folds.mkdir(exist_ok=True)
        except OSError as error:
            raise unwritten(path, error) from None
        for seed, of_seed in splits.items():
            save_splits(of_seed, self.folder / f"splits_seed{seed}.json")

    def there(self, seed: int, fold: int) -> pd.DataFrame | None:
        """The predictions of a fold that has ended, or None.

        Only what is of this very fold and undamaged: a flipped bit, or another experiment, has
        another digest than the file's name.
        """
        for path in self.folds.glob(f"seed{seed}_fold{fold}-*.parquet"):
            with suppress(OSError):  # what cannot be read is as good as none
                content = path.read_bytes()
                if path == self._path(seed, fold, content):
                    return read_parquet(path, _RERUN, content)
        return None

    def read(self, jobs: Collection[tuple[int, int]]) -> dict[tuple[int, int], pd.DataFrame]:
        """The predictions of folds that have ended, of these pairs of seed and fold."""
        tables = {job: self.there(*job) for job in jobs}
        found = {job: table for job, table in tables.items() if table is not None}
        if found:
            text = f"{self.folder}: {len(found)} of {len(jobs)} folds are there; the rest is run"
            warnings.warn(text, ResultsWarning, 3)
        return found

    def keep(self, seed: int, fold: int, table: pd.DataFrame) -> bool:
        """Write the predictions of a fold that has just ended.

        Where that is impossible, a warning says so, and what comes back is False: a run goes on,
        and the next fold tries again.

        Raises
        ------
        MepsError
            In a process that has imported other code than the one that began the run.
        """
        if self.code != CODE:
            raise MepsError(
                "source that makes predictions has changed since this process began; start it "
                "anew (in a notebook: restart the kernel)"
            )
        content = table.to_parquet(index=False)
        return self._write(self._path(seed, fold, content), content)

    def finish(self, table: pd.DataFrame) -> None:
        """Write all predictions; where that is impossible, warn and leave the folds for later."""
        if self._write(self.folder / PREDICTIONS, table.to_parquet(index=False)):
            shutil.rmtree(self.folds, ignore_errors=True)

    def _path(self, seed: int, fold: int, content: bytes) -> Path:
        name = f"seed{seed}_fold{fold}"
        whole = digest([self.experiment.encode(), name.encode(), content])
        return self.folds / f"{name}-{whole}.parquet"

    def _write(self, path: Path, content: bytes) -> bool:
        try:
            write_whole(path, content)
        except OSError as error:
            if not self.told:
                text = f"predictions could not be written to {self.folder}: {error.strerror}"
                warnings.warn(text, ResultsWarning, 3)
            self.told = True
            return False
        return True
