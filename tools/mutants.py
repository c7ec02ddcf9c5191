"""Put known faults into the library, one at a time, and see that a test notices each.

    python -m tools.mutants [words of a fault's description, or of its file's name ...]

`mutants.toml` lists the faults: a piece of one line, what it becomes, and the tests that must fail.
Each fault is put into a copy, so that the tree itself is never touched. The heavy packages are
imported once and each copy is tested in a fork, since importing them takes longer than the tests.
"""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import os
import shutil
import signal
import sys
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from multiprocessing.connection import wait
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

if not __package__:  # started by path: numbers.py beside this file hides the standard library's
    sys.exit("mutants: start it as python -m tools.mutants")
os.environ["OMP_NUM_THREADS"] = "1"  # before the packages that read it; forks inherit it

import pytest

from meps_lib.errors import MepsError

ROOT = Path(__file__).resolve().parents[1]
LIST = "tools/mutants.toml"
COPIED = ("meps_lib", "meps_lab", "plans", "tests", "conftest.py", "pyproject.toml")
LIMIT_S = 600  # a fault may loop for ever; then it ends as an error


@dataclass(frozen=True)
class Fault:
    """A piece of one line that becomes another, and what must notice it."""

    what: str  # in words, different for each
    old: str  # stands in the file exactly once
    new: str
    file: str  # below the root
    tests: tuple[str, ...]  # files or node ids of pytest

    def changed(self, root: Path) -> str:
        """What its file below `root` holds with the fault in it.

        Raises
        ------
        MepsError
            If there is no such file, or the old text does not stand in it exactly once.
        """
        path = root / self.file
        if not path.is_file():
            raise MepsError(f"fault {self.what!r}: there is no {self.file}; name the file it is in")
        text = path.read_text("utf-8")
        if (n := text.count(self.old)) != 1 or self.old == self.new or "\n" in self.old + self.new:
            raise MepsError(
                f"fault {self.what!r}: {self.old!r} stands {n} times in {self.file}; expected a "
                "piece of one line that stands there once, and becomes another"
            )
        return text.replace(self.old, self.new)


def read_faults(root: Path = ROOT) -> tuple[list[str], list[Fault]]:
    """The packages to import first, and the faults.

    Raises
    ------
    MepsError
        If two faults have one description, or a fault does not fit its file.
    """
    listed = tomllib.loads((root / LIST).read_text("utf-8"))
    faults = [
        Fault(*fault, file=group["file"], tests=tuple(group["tests"]))
        for group in listed["group"]
        for fault in group["faults"]
    ]
    for fault in faults:
        fault.changed(root)
    names = Counter(fault.what for fault in faults)
    if twice := [name for name, n in names.items() if n > 1]:
        raise MepsError(f"{LIST}: {twice[0]!r} describes two faults; tell them apart")
    return listed["import"], faults


class Attempt:
    """Tests that run on a copy of their own, which may have a fault."""

    def __init__(self, root: Path, fault: Fault | None, tests: Sequence[str]):
        self.fault, self.folder = fault, TemporaryDirectory(prefix="mutants-")
        copy = Path(self.folder.name)
        for name in COPIED:
            if (root / name).is_dir():
                shutil.copytree(root / name, copy / name)
            elif (root / name).exists():
                shutil.copy2(root / name, copy / name)
        if fault is not None:
            (copy / fault.file).write_text(fault.changed(root), "utf-8")
        self.log = copy / "log"
        fork = multiprocessing.get_context("fork")
        self.process = fork.Process(target=_run, args=(copy, self.log, tests))
        self.process.start()

    def end(self) -> str:
        """What went wrong, in words: nothing if the fault was noticed, or none was put in."""
        self.process.join()
        code, log = self.process.exitcode, self.log.read_text("utf-8")
        self.folder.cleanup()
        if self.fault is None:
            return "" if code == 0 else f"ERROR  the tests fail without a fault\n{log[-3000:]}"
        what = f"{self.fault.file}: {self.fault.what}"
        if code == pytest.ExitCode.OK:
            return f"ALIVE  {what}; not noticed by {', '.join(self.fault.tests)}"
        # Not collected, interrupted, or too slow: no test has said anything.
        failed = code == pytest.ExitCode.TESTS_FAILED
        return "" if failed else f"ERROR  {what}: pytest ended with {code}\n{log[-3000:]}"


def _run(copy: Path, log: Path, tests: Sequence[str]) -> None:
    """In a fork: the tests of a copy, with what they print in `log`."""
    with log.open("w") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    signal.alarm(LIMIT_S)
    os.chdir(copy)
    sys.path[:] = [str(copy), *(p for p in sys.path if Path(p or ".").resolve() != ROOT)]
    for name in [n for n in sys.modules if n.split(".")[0] in ("meps_lib", "meps_lab", "tests")]:
        del sys.modules[name]  # what this file has imported is that of the tree
    sys.exit(int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests])))


def main(words: Sequence[str] = (), root: Path = ROOT, processes: int = 2) -> int:
    """Try all faults, or those that `words` name: 0 if each was noticed."""
    packages, faults = read_faults(root)
    if words:
        faults = [f for f in faults if any(w in f"{f.file} {f.what}" for w in words)]
    if not faults:
        raise MepsError(f"no fault is described by {' or '.join(words)}; see {LIST}")
    for name in packages:
        importlib.import_module(name)
    for plugin in entry_points(group="pytest11"):
        plugin.load()
    gc.freeze()  # pytest collects garbage more than once, and would look through all of torch
    named = tuple(dict.fromkeys(test for fault in faults for test in fault.tests))
    waiting = [(None, named), *((fault, fault.tests) for fault in faults)]
    running: list[Attempt] = []
    began, troubles, killed = perf_counter(), 0, 0
    while waiting or running:
        while waiting and len(running) < processes:
            running.append(Attempt(root, *waiting.pop(0)))
        wait([attempt.process.sentinel for attempt in running])
        for attempt in [a for a in running if not a.process.is_alive()]:
            running.remove(attempt)
            trouble = attempt.end()
            troubles += bool(trouble)
            killed += attempt.fault is not None and not trouble
            if trouble:
                print(trouble, flush=True)
    print(f"{killed} of {len(faults)} killed in {perf_counter() - began:.0f} s")
    return int(troubles > 0)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except MepsError as problem:
        sys.exit(f"mutants: {problem}")
