"""A unit of a plan: one variant, one seed, one fold; who works on it, and what came of it.

::

    OUT/VARIANT/folds/seed0_fold1-<digest>.parquet  it has ended: see `results`
    OUT/VARIANT/folds/seed0_fold1.failed.json       it has failed, with which error, and when
    OUT/VARIANT/folds/seed0_fold1.lock              held by the process that has it worked on

The system lets go of a lock when its process ends, however it ends: a dead process holds nothing.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from traceback import format_exc

import pandas as pd
import torch
from filelock import FileLock, Timeout

from meps_lab.experiments.config import ExperimentConfig
from meps_lab.experiments.folds import run_fold
from meps_lab.experiments.record import CODE
from meps_lab.experiments.results import PREDICTIONS, Results
from meps_lab.prepare import PreparedDataset
from meps_lib.errors import MepsError
from meps_lib.files import write_whole
from meps_lib.protocol.splits import Split

FAILED, LOCK = ".failed.json", ".lock"
# A fold draws from torch's one generator: threads of a process take turns.
_TURN = Lock()


@dataclass(frozen=True)
class Failure:
    """Why a unit failed."""

    error: str
    time: str
    traceback: str = ""

    @classmethod
    def now(cls, error: str, traceback: str = "") -> "Failure":
        """One of this moment."""
        return cls(error, datetime.now().astimezone().isoformat("T", "seconds"), traceback)


@dataclass(frozen=True, eq=False)
class Unit:
    """One variant, one seed, one fold."""

    results: Results  # of its variant
    config: ExperimentConfig
    split: Split
    seed: int

    @property
    def variant(self) -> str:
        """The variant's name, which is that of its folder."""
        return self.results.folder.name

    def __str__(self) -> str:
        return f"{self.variant}, seed {self.seed}, fold {self.split.fold}"

    def file(self, ending: str) -> Path:
        """Its file of an ending, beside that with its predictions."""
        return self.results.folds / f"seed{self.seed}_fold{self.split.fold}{ending}"

    def task(self) -> tuple:
        """What `attempt` is given beside the data, in whichever process."""
        return self.config, self.split, self.seed, code_here()

    def settled(self) -> bool:
        """Whether it has ended or failed, so that nobody needs to work on it."""
        if self.results.there(self.seed, self.split.fold) is not None:
            return True
        # Asked last: folds go away after the predictions of all are there.
        return self.file(FAILED).exists() or (self.results.folder / PREDICTIONS).exists()

    def claim(self) -> FileLock | None:
        """The lock, held, that keeps other processes off the unit; None if it is theirs."""
        lock = FileLock(self.file(LOCK))
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return None
        except OSError as error:
            raise MepsError(f"cannot write to {self.results.folds}: {error.strerror}") from None
        return lock

    def keep(self, outcome: pd.DataFrame | Failure) -> None:
        """Write what came of it.

        Raises
        ------
        MepsError
            If that is impossible: the same command goes on when there is room.
        """
        path = self.file(FAILED)
        try:
            if isinstance(outcome, Failure):
                write_whole(path, (json.dumps(asdict(outcome), indent=2) + "\n").encode())
                return
            if self.results.keep(self.seed, self.split.fold, outcome):
                return
            why = "see the warning"
        except OSError as error:
            why = error.strerror
        raise MepsError(
            f"{self}: what came of it could not be written to {path.parent} ({why}); make room and "
            "run the same again: finished units are taken as they are"
        )


def code_here() -> tuple[dict[str, str], str]:
    """On what predictions rest in this process: digests of the source, and torch's version."""
    return CODE, torch.__version__


def attempt(
    data: PreparedDataset, config: ExperimentConfig, split: Split, seed: int, code: tuple
) -> pd.DataFrame | Failure:
    """Work on a unit, in whichever process: its predictions, or why there are none.

    Raises
    ------
    MepsError
        If the process has other code than the one that runs the plan.
    """
    if code != code_here():
        raise MepsError(
            "a process that works on the plan has other source of meps_lib or meps_lab, or another "
            "torch, than the one that runs it; start both anew, from the same installation"
        )
    with _TURN:
        try:
            return run_fold(data, config, split, seed)
        except (Exception, SystemExit) as error:  # of one unit; the others are worked on
            plain = isinstance(error, MepsError)
            said = str(error) if plain else f"{type(error).__name__}: {error}"
            return Failure.now(said, format_exc())
