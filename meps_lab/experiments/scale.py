"""Units of a plan on several machines, by Dask: the extra `scale`, imported when asked for.

The workers need the same installation and no folder: they are sent the prepared data once, and send
predictions back. Files are written where `meps run` runs.
"""

from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Any

from meps_lab.experiments.pools import Here
from meps_lab.experiments.units import Failure, Unit, attempt
from meps_lab.prepare import PreparedDataset
from meps_lib.errors import MepsError

_PATIENCE_S = 30  # for a scheduler that does not answer, and for the first worker


class Dask(Here):
    """The workers of a Dask scheduler; each works on one unit at a time.

    Parameters
    ----------
    address : str
        Of the scheduler, such as "tcp://10.0.0.1:8786"; or "local", for workers of its own on this
        machine.
    n_workers : int
        How many, for "local".

    Raises
    ------
    MepsError
        If `distributed` is not installed, no scheduler answers, or it has no worker.
    """

    def __init__(self, address: str, n_workers: int = 1):
        try:
            import distributed
        except ImportError:
            raise MepsError(
                'Dask is not installed; get it with: pip install "meps-lib[lab,scale]"'
            ) from None
        self.address, self.dask, self.cluster = address, distributed, None
        try:
            if address == "local":
                how = {"threads_per_worker": 1, "dashboard_address": None}
                self.cluster = distributed.LocalCluster(n_workers=n_workers, **how)
            self.client = distributed.Client(self.cluster or address, timeout=_PATIENCE_S)
            self.client.wait_for_workers(1, timeout=_PATIENCE_S)
            # WHY: it takes back copies of the data, and the last one is lost with its worker.
            self.client.amm.stop()
        except (OSError, ValueError) as error:  # no answer in time is an OSError
            raise MepsError(
                f"Dask at {address}: no scheduler with a worker answers ({error}); start 'dask "
                "scheduler', 'dask worker ADDRESS' on each machine, and give that address"
            ) from None

    @property
    def width(self) -> int:
        """As many units as there are workers; where there is none, one may yet come back."""
        self._asked(self.client.wait_for_workers, 1, timeout=_PATIENCE_S)
        return len(self._asked(self.client.nthreads))

    def share(self, data: PreparedDataset) -> None:
        """Send the data to every worker; one that comes later has them from another."""
        self.data = self._asked(self.client.scatter, data, broadcast=True, hash=False)

    def submit(self, unit: Unit) -> Any:
        """Have a unit worked on; one whose worker is lost is begun again on another."""
        return self._asked(self.client.submit, attempt, self.data, *unit.task(), pure=False)

    def ended(self, futures: Collection) -> Iterator[tuple]:
        """Those that have ended, at least one, each with what came of it."""
        first = {"return_when": "FIRST_COMPLETED"}
        for future in self._asked(self.dask.wait, list(futures), **first).done:
            error = self._asked(future.exception)
            if isinstance(error, self.dask.KilledWorker):
                yield future, Failure.now(f"it ended its worker each time: {error}")
            else:
                yield future, self._asked(future.result)

    def close(self) -> None:
        """Take back what is not ended, and let go of the scheduler; end one of our own."""
        for one in (self.client, self.cluster):
            with suppress(Exception):  # one that is lost cannot be told
                if one is not None:
                    one.close(timeout=5)

    def _asked(self, ask, *arguments, **more):
        try:
            return ask(*arguments, **more)
        except MepsError:
            raise
        except Exception as error:
            raise MepsError(
                f"Dask at {self.address} is lost ({type(error).__name__}: {error}); run the same "
                "again, with this or without: finished units are taken as they are"
            ) from None
