"""Who works on the units of a plan: this process, or several of this machine.

A pool has a `width`, how many units it works on at once; `share` gives it the prepared data, once;
`submit` begins a unit, and `ended` waits for some of those begun. `meps_lab.experiments.scale` has
one for several machines.
"""

import os
import pickle
from collections.abc import Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait

from joblib.externals.loky import ProcessPoolExecutor

from meps_lab.experiments.units import Unit, attempt
from meps_lab.prepare import PreparedDataset
from meps_lab.workers import end_with, ended


class Here:
    """This process, one unit at a time."""

    width = 1

    def share(self, data: PreparedDataset) -> None:
        """The data of the units that follow."""
        self.data = data

    def submit(self, unit: Unit) -> Future:
        """Work on a unit, to its end."""
        future = Future()
        future.set_result(attempt(self.data, *unit.task()))
        return future

    def ended(self, futures: Collection[Future]) -> Iterator[tuple]:
        """Those that have ended, at least one, each with what came of it."""
        for future in wait(futures, return_when=FIRST_COMPLETED).done:
            yield future, future.result()

    def close(self) -> None:
        """Let go of everybody."""


class Processes(Here):
    """Several processes of this machine; each is sent the data once, when it starts."""

    def __init__(self, width: int):
        self.width, self.pool, self.begun = width, None, set()

    def share(self, data: PreparedDataset) -> None:
        self.close()
        # As bytes: tensors would go through open files, and of these a process may have few.
        how = {"initializer": _hold, "initargs": (pickle.dumps(data), os.getpid())}
        self.pool = ProcessPoolExecutor(self.width, timeout=None, **how)

    def submit(self, unit: Unit) -> Future:
        future = self.pool.submit(_attempt_held, *unit.task())
        self.begun.add(future)
        return future

    def ended(self, futures: Collection[Future]) -> Iterator[tuple]:
        try:
            for future, outcome in super().ended(futures):
                self.begun.discard(future)
                yield future, outcome
        except BrokenExecutor as error:
            raise ended(error) from None

    def close(self) -> None:
        if self.pool is not None:  # nobody waits for what is begun
            self.pool.shutdown(kill_workers=bool(self.begun))


_held: PreparedDataset | None = None


def _hold(content: bytes, parent: int) -> None:
    global _held
    end_with(parent)
    _held = pickle.loads(content)  # of this run's own process


def _attempt_held(*task) -> object:
    return attempt(_held, *task)
