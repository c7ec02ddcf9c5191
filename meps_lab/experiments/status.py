"""How far a plan is: what its folder says, whoever works on it."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from meps_lab.experiments.results import PREDICTIONS, read_predictions, tested
from meps_lab.experiments.runner import PLAN
from meps_lab.experiments.units import FAILED, LOCK
from meps_lib.errors import MepsError
from meps_lib.files import read_json, reading


@dataclass(frozen=True)
class State:
    """How far a variant is."""

    variant: str
    units: int
    done: int
    running: int
    failed: Mapping[str, str]  # from a unit, such as "seed0_fold1", to its error
    finished: bool  # its predictions are written

    def __str__(self) -> str:
        more = f", {self.running} running" if self.running else ""
        more += f", {len(self.failed)} failed" if self.failed else ""
        lines = [f"{self.variant}: {self.done} of {self.units} units done{more}"]
        return "\n".join(lines + [f"  failed: {k}: {v}" for k, v in self.failed.items()])


def plan_status(out: str | os.PathLike) -> list[State]:
    """How far each variant of a plan is, in the plan's order.

    Raises
    ------
    MepsError
        If the folder is no plan's, or a file in it is damaged or cannot be locked, naming it.
    """
    folder = Path(out)
    path, hint = folder / PLAN, "expected the --out of 'meps run'"
    with reading(path, hint):
        units = read_json(path, hint)["units"]
        planned = {folder / name: int(n) for name, n in units.items()}
    return [_state(variant, n) for variant, n in planned.items()]


def _state(folder: Path, planned: int) -> State:
    folds = folder / "folds"
    n = len({(seed, fold) for seed, fold, _ in tested(folder)}) or planned
    if (folder / PREDICTIONS).exists():
        read_predictions(folder)  # or what is damaged would count as finished
        return State(folder.name, n, n, 0, {}, True)
    done = {path.name.partition("-")[0] for path in folds.glob("seed*-*.parquet")}
    running = sum(map(_held, folds.glob(f"*{LOCK}")))
    return State(folder.name, n, len(done), running, dict(_failed(folds)), False)


def _failed(folds: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folds.glob(f"*{FAILED}")):
        hint = "delete it, and 'meps run' tries the unit again"
        try:
            with reading(path, hint):
                told = read_json(path, hint)
                said = f"{told['error']} ({told['time']})"
        except MepsError:
            if path.exists():
                raise
            continue  # another process has just begun to try it again
        yield path.name.removesuffix(FAILED), said


def _held(path: Path) -> bool:
    """Whether a process holds a lock."""
    try:
        FileLock(path).acquire(timeout=0).lock.release()
    except Timeout:
        return True
    except OSError as error:
        raise MepsError(
            f"{path} cannot be locked ({error.strerror}), and only so is it seen whether somebody "
            "works on that unit; ask where and as who may write there"
        ) from None
    return False
