"""Put known faults into the library, one at a time, and see that a test notices each.

    python -m tools.mutants [words of a fault's description ...]

`mutants.toml` lists the faults: one line of a file, what it becomes, and the tests that must fail.
Each fault is put into a copy, so that the tree itself is never touched. The heavy packages are
imported once and each copy is tested in a fork, since importing them takes longer than the tests.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import shutil
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

os.environ["OMP_NUM_THREADS"] = "1"  # before the packages that read it; forks inherit it

import pytest

from meps_lib.errors import MepsError

ROOT = Path(__file__).resolve().parents[1]
LIST = "tools/mutants.toml"
COPIED = ("meps_lib", "meps_lab", "tests", "conftest.py", "pyproject.toml")


@dataclass(frozen=True)
class Fault:
    """One line that becomes another, and what must notice it."""

    what: str  # in words, different for each
    file: str  # below the root
    old: str  # stands in the file exactly once
    new: str
    tests: tuple[str, ...]  # files or node ids of pytest

    def put_in(self, root: Path) -> None:
        """Change the file below `root`.

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
        path.write_text(text.replace(self.old, self.new), "utf-8")


def read_faults(root: Path = ROOT) -> tuple[list[str], list[Fault]]:
    """The packages to import first, and the faults.

    Raises
    ------
    MepsError
        If two faults have one description, or a fault has other keys than `Fault` has fields.
    """
    listed = tomllib.loads((root / LIST).read_text("utf-8"))
    faults, names = [], set()
    for entry in listed["fault"]:
        try:
            fault = Fault(**entry | {"tests": tuple(entry.get("tests", ()))})
        except TypeError as error:
            raise MepsError(f"{LIST}, fault {entry.get('what')!r}: {error}") from None
        if fault.what in names or not fault.tests:
            raise MepsError(f"{LIST}, fault {fault.what!r}: named twice, or without tests")
        names.add(fault.what)
        faults.append(fault)
    return listed.get("import", []), faults


def run_tests(job: tuple[Path, Fault | None, tuple[str, ...]]) -> tuple[Fault | None, int, str]:
    """Test a copy that has the fault, in this process: what pytest returned and printed."""
    root, fault, tests = job
    with TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder)
        for name in COPIED:
            if (root / name).is_dir():
                shutil.copytree(root / name, copy / name, ignore=shutil.ignore_patterns("*.pyc"))
            elif (root / name).exists():
                shutil.copy(root / name, copy / name)
        if fault is not None:
            fault.put_in(copy)
        os.chdir(copy)
        sys.dont_write_bytecode = True  # a stale file of the same size and second would be taken
        sys.path[:] = [str(copy), *(p for p in sys.path if Path(p or ".").resolve() != root)]
        for name in [n for n in sys.modules if n.split(".")[0] in ("meps_lib", "meps_lab")]:
            del sys.modules[name]
        log = copy / "log"
        with log.open("w") as out, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests])
        os.chdir(root)
        return fault, int(code), log.read_text("utf-8")


def main(words: Sequence[str] = (), root: Path = ROOT, processes: int = 2) -> int:
    """Try all faults, or those whose description has one of `words`: 0 if each was noticed."""
    packages, faults = read_faults(root)
    chosen = [f for f in faults if not words or any(word in f.what for word in words)]
    for name in packages:
        importlib.import_module(name)
    named = tuple(dict.fromkeys(test for fault in chosen for test in fault.tests))
    jobs = [(root, None, named), *((root, fault, fault.tests) for fault in chosen)]
    began, killed, trouble = perf_counter(), 0, []
    # A fresh process for each copy: what one imported, the next must not find.
    with multiprocessing.get_context("fork").Pool(processes, maxtasksperchild=1) as pool:
        for fault, code, log in pool.imap_unordered(run_tests, jobs, chunksize=1):
            what = "no fault at all" if fault is None else f"{fault.file}: {fault.what}"
            wanted = pytest.ExitCode.OK if fault is None else pytest.ExitCode.TESTS_FAILED
            killed += fault is not None and code == wanted
            if code == wanted:
                continue
            if fault is not None and code == pytest.ExitCode.OK:
                trouble.append(f"ALIVE  {what}; not noticed by {', '.join(fault.tests)}")
            else:
                trouble.append(f"ERROR  {what}: pytest ended with {code}\n{log[-3000:]}")
            print(trouble[-1], flush=True)
    print(f"{killed} of {len(chosen)} killed in {perf_counter() - began:.0f} s")
    return int(bool(trouble) or killed < len(chosen))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except MepsError as problem:
        sys.exit(f"mutants: {problem}")
