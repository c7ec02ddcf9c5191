"""Work that is shared among processes, which end when the one that began them ends."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from multiprocessing import parent_process
from threading import Thread
from time import sleep
from typing import Any

from joblib import Parallel, delayed

from meps_lib.errors import MepsError

_LOOK_S = 0.2  # between two looks at the parent
_watched = False


def in_processes(n_jobs: int, tasks: Iterable[tuple[Callable, tuple, dict]]) -> Iterator[Any]:
    """What comes of tasks (of joblib's `delayed`), in their order, by so many processes.

    Raises
    ------
    MepsError
        If a process is ended from outside.
    """
    calls = (delayed(_of_parent)(os.getpid(), *task) for task in tasks)
    try:
        yield from Parallel(n_jobs, return_as="generator")(calls)
    except BrokenExecutor as error:
        raise ended(error) from None


def ended(error: BrokenExecutor) -> MepsError:
    """The error that says that a process was ended, and that the same command goes on."""
    return MepsError(
        "a process that worked on a part was ended from outside, perhaps for want of memory "
        f"({type(error).__name__}); run the same again, perhaps with fewer --jobs: what was "
        "finished and kept (--out, --cache) is taken as it is"
    )


def end_with(parent: int) -> None:
    """Have this process end soon after its parent of that id, and not at the end of its work.

    WHY: what the parent held, such as the lock of a folder, is let go when it is killed, and
    whoever takes it must be alone in there.
    """
    global _watched
    if not _watched and os.getpid() != parent:
        _watched = True
        Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    if os.name == "nt":  # where an orphan keeps its parent's id
        parent_process().join()
    while os.getppid() == parent and os.name != "nt":
        sleep(_LOOK_S)
    os._exit(1)


def _of_parent(parent: int, call: Callable, arguments: tuple, more: dict) -> Any:
    end_with(parent)
    return call(*arguments, **more)
