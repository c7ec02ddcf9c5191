"""What an experiment leaves on disk: its settings, who had which role, and the predictions.

::

    OUT/config.json                        what the experiment is; written first
    OUT/splits_seed0.json                  who has which role, for each seed
    OUT/folds/seed0_fold12-<sha>.parquet   the predictions of one fold, as soon as it has ended
    OUT/predictions.parquet                all of them; the folder is finished, OUT/folds gone
    OUT/.lock                              held by the process that runs

A run that an error ends, or that is killed, keeps its finished folds: the same experiment with the
same folder goes on with the others. As folds are independent of each other, and each is read back
to the bit, the predictions are those of a run that nothing disturbed. Another experiment, the same
with other data, and a second process are refused, and so is other code unless it is accepted.
Nothing is forced to the disk: a computer that goes down may leave a damaged fold, which is run
again, or a damaged config.json, which is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from meps_lab.experiments.record import CODE, as_kept, changed_files, differences
from meps_lib.errors import MepsError
from meps_lib.files import write_whole
from meps_lib.protocol.split_files import save_splits
from meps_lib.protocol.splits import Split
from meps_lib.trial import Trial

PREDICTIONS = "predictions.parquet"


class ResultsWarning(UserWarning):
    """An earlier run's folds are used, or predictions could not be written."""


@contextmanager
def results_in(out: str | os.PathLike, accept_changed_code: bool = False) -> Iterator[Results]:
    """A folder for the results of one experiment, made, found writable, and nobody else's.

    The system lets go of it when the process ends, however it ends.

    Parameters
    ----------
    out : path
    accept_changed_code : bool
        Go on with a run that was begun with other source; ``config.json`` will say which files.

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
        with tempfile.TemporaryFile(dir=folder):
            pass
        lock.acquire(timeout=0)
    except Timeout:
        raise MepsError(
            f"another process is running an experiment in {folder}; wait for its end, or choose "
            "another folder"
        ) from None
    except OSError as error:
        raise MepsError(f"cannot write to {folder}: {error.strerror}; choose another") from None
    try:
        if (folder / PREDICTIONS).exists():
            raise MepsError(
                f"{folder} holds results already ({PREDICTIONS}); nothing was overwritten: "
                "choose another"
            )
        yield Results(folder, accept_changed_code)
    finally:
        lock.release()


class Results:
    """What is in such a folder; small and picklable, for processes that run a fold each."""

    def __init__(self, folder: Path, accept_changed_code: bool = False):
        self.folder, self.folds, self.code = folder, folder / "folds", CODE
        self.accept_changed_code = accept_changed_code
        self._told: set[Path] = set()  # where nothing could be written

    def check(self, record: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Refuse a folder that another experiment has begun to fill.

        Parameters
        ----------
        record : mapping
            As much as is known of what will be ``config.json``.

        Returns
        -------
        dict, list of str
            What its ``config.json`` says, empty if there is none; and the files whose source has
            changed since, where that is accepted.

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
            return {}, []
        try:
            there = json.loads(path.read_text(encoding="utf-8"))
            now = as_kept(record)
            files = changed_files(there.get("code"), now.pop("code"))
            found = differences({k: there.get(k) for k in now}, now)
        except (OSError, ValueError, AttributeError) as error:
            raise MepsError(
                f"{path} cannot be read ({error}); nothing was overwritten: choose another folder"
            ) from None
        if found:
            raise MepsError(
                f"{self.folder} holds the beginning of another experiment: "
                f"{'; '.join(found[:3])}; nothing was overwritten: choose another folder, or "
                "go on with what it was begun with"
            )
        if files and not self.accept_changed_code:
            more = f" and {len(files) - 3} more" if len(files) > 3 else ""
            raise MepsError(
                f"{self.folder} was begun with other source of {', '.join(files[:3])}{more}; folds "
                "of two versions are no result: choose another folder, or accept_changed_code=True "
                "(--accept-changed-code), which writes into config.json which files differ"
            )
        return there, files

    def begin(self, record: Mapping[str, Any], splits: Mapping[int, Sequence[Split]]) -> None:
        """Write what the experiment is, before its first fold; or find that it was begun.

        Raises
        ------
        MepsError
            As `check`, or if a file cannot be written.
        """
        there, files = self.check(record)
        path = self.folder / "config.json"
        if files:
            record = {**record, "changed_code": [*there.get("changed_code", []), files]}
        try:
            self.folds.mkdir(exist_ok=True)
            if files or not there:
                write_whole(path, (json.dumps(as_kept(record), indent=2) + "\n").encode())
        except OSError as error:
            raise MepsError(f"cannot write {path}: {error.strerror}; choose another") from None
        for seed, of_seed in splits.items():
            save_splits(of_seed, self.folder / f"splits_seed{seed}.json")

    def read(self, seed: int, fold: int, test: Sequence[Trial]) -> pd.DataFrame | None:
        """The predictions of a finished fold; None if there are none for these trials, undamaged.

        Parameters
        ----------
        seed, fold : int
        test : sequence of Trial
            What the fold tests.
        """
        expected = known(seed, fold, test)
        for path in sorted(self.folds.glob(f"seed{seed}_fold{fold}-*.parquet")):
            try:
                content = path.read_bytes()
                if path.name == _name(seed, fold, content):
                    table = pd.read_parquet(BytesIO(content))
                    if {n: table[n].tolist() for n in expected if n in table} == expected:
                        return table
            except (OSError, ValueError):  # nothing that can be read as a table
                continue
        return None

    def keep(self, seed: int, fold: int, table: pd.DataFrame) -> pd.DataFrame:
        """Write the predictions of a fold that has just ended, and return them.

        Where that is impossible, a warning says so and the run goes on: the next fold tries again.

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
        self._write(self.folds / _name(seed, fold, content), content)
        return table

    def finish(self, table: pd.DataFrame) -> None:
        """Write all predictions; where that is impossible, warn and leave the folds for later."""
        if self._write(self.folder / PREDICTIONS, table.to_parquet(index=False)):
            shutil.rmtree(self.folds, ignore_errors=True)

    def _write(self, path: Path, content: bytes) -> bool:
        try:
            write_whole(path, content)
        except OSError as error:
            if path.parent not in self._told:  # a full disk is told once, not once a fold
                self._told.add(path.parent)
                text = f"predictions could not be written to {path.parent}: {error.strerror}"
                warnings.warn(text, ResultsWarning, 3)
            return False
        return True


def known(seed: int, fold: int, test: Sequence[Trial]) -> dict[str, list]:
    """The columns of a fold's predictions that are known before it is run."""
    return {
        "subject": [t.subject for t in test],
        "clip": [t.clip for t in test],
        "fold": [fold] * len(test),
        "seed": [seed] * len(test),
        "truth": [t.label for t in test],
    }


def _name(seed: int, fold: int, content: bytes) -> str:
    """With a checksum of the content, so that a flipped bit is noticed."""
    return f"seed{seed}_fold{fold}-{hashlib.sha256(content).hexdigest()[:32]}.parquet"
