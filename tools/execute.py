"""Execute the chapters, measure them, and keep what ran until something changes.

A page keeps old outputs when only the library behind it changed, so what ran is keyed on all
that a run depends on: the chapter's code, the sources of the library, the lock, and which
recordings were at hand. The text is read anew each time. A chapter that failed is not kept.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from statistics import median

import nbformat
import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from meps_lab.recordings import find as recordings
from meps_lib.errors import MepsError
from tools.notebook import read_chapter
from tools.pace import pace

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("meps_lib", "meps_lab")
CELL_TIMEOUT = 900  # s; a chapter's budget is minutes, a cell that takes longer hangs
PACE_EVERY = 20  # looks
SAMPLE_EVERY = 0.5  # s between two looks at the kernel's memory; a look costs some 20 ms
TRACEBACK_LINES = 15


class BuildError(Exception):
    """What stops the build, in words for the person who typed `make book`."""


@dataclass(frozen=True)
class Row:
    """What one chapter cost when it ran."""

    chapter: str
    seconds: float  # wall clock
    cpu_seconds: float  # of the kernel and its children
    pace: float  # of the machine meanwhile: 2 is half as fast as where minutes were declared
    memory_mb: int
    cells: int


@dataclass(frozen=True)
class Executed:
    """A chapter after its run: front matter, the notebook with outputs, the cost."""

    front: dict
    notebook: NotebookNode
    row: Row
    cached: bool


def chapter_paths(root: Path) -> list[Path]:
    """Sources of the chapters, in reading order."""
    return sorted((root / "notebooks").glob("[0-9][0-9]_*.md"))


def digest(root: Path, paths: Iterable[Path], *extra: str) -> str:
    """SHA-256 over names and contents, so that a renamed file counts as a change."""
    total = hashlib.sha256()
    for path in sorted(set(paths)):
        total.update(path.relative_to(root).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    total.update("\0".join(extra).encode())
    return total.hexdigest()


def recordings_at_hand(say: Callable[[str], None] = print) -> tuple[str, ...]:
    """Names of the real recordings that can be read, fetched now where the network allows.

    Chapters go on with simulated signals where one is missing, so this is part of the key.
    """
    online = True
    for name in recordings.NAMES:
        if online and not recordings.available(name):
            try:
                recordings.fetch(name)
            except recordings.RecordingUnavailable as error:
                online = False
                say(f"Not every real recording is at hand: simulated signals stand in. {error}")
    return tuple(name for name in sorted(recordings.NAMES) if recordings.available(name))


def run_key(root: Path, notebook: NotebookNode, at_hand: Iterable[str]) -> str:
    """Everything that the outputs of a chapter depend on; its text is not part of that."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    ours = (path for package in PACKAGES for path in (root / package).rglob("*.py"))
    sources = [*ours, root / "requirements.lock"]
    return digest(root, sources, sys.version.split()[0], *at_hand, "code", *code)


class Meter(threading.Thread):
    """Watch what the kernel and its children use while the notebook runs, and how fast that is."""

    def __init__(self, client: NotebookClient):
        super().__init__(daemon=True)
        self.client, self.over = client, threading.Event()
        self.peak_bytes, self.cpu_seconds, self.paces = 0, 0.0, [pace()]

    def run(self) -> None:
        looks = count(1)
        while not self.over.wait(SAMPLE_EVERY):
            if next(looks) % PACE_EVERY == 0:
                self.paces.append(pace())
            pid = getattr(getattr(self.client.km, "provisioner", None), "pid", None)
            if pid is None:
                continue
            with suppress(psutil.Error):  # a child may end between the list and the look
                kernel = psutil.Process(pid)
                family = [kernel, *kernel.children(recursive=True)]
                self.peak_bytes = max(self.peak_bytes, sum(map(held, family)))
                times = (sum(process.cpu_times()[:4]) for process in family)
                self.cpu_seconds = max(self.cpu_seconds, sum(times))

    def stop(self) -> None:
        self.over.set()
        self.join()


def held(process: psutil.Process) -> int:
    """Bytes of memory; pages that worker processes share count once, where the system tells."""
    memory = process.memory_full_info()
    return getattr(memory, "pss", memory.rss)


def explain(slug: str, notebook: NotebookNode, error: Exception) -> str:
    """Which cell failed, and the end of its traceback."""
    for number, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                first = (cell.source.strip().splitlines() or [""])[0]
                lines = "\n".join(output.traceback).splitlines()[-TRACEBACK_LINES:]
                text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(lines))
                return f"{slug}: cell {number} failed ({first})\n{text}"
    if isinstance(error, DeadKernelError):
        return f"{slug}: the kernel died, most often for want of memory"
    if isinstance(error, CellTimeoutError):
        return f"{slug}: a cell ran longer than {CELL_TIMEOUT} s\n{error}"
    return f"{slug}: {error}"


def run_notebook(slug: str, notebook: NotebookNode) -> Row:
    """Run all cells in a new kernel, in an empty folder as on Colab; outputs land in place.

    Raises
    ------
    BuildError
        A cell raised, ran too long, or the kernel died.
    """
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
        # A kernel on a busy machine sends one cell's print in pieces, and late. The defaults show
        # each piece as an output of its own, and drop without a word what comes after 4 s.
        coalesce_streams=True,
        iopub_timeout=60,
        raise_on_iopub_timeout=True,
    )
    meter = Meter(client)
    with tempfile.TemporaryDirectory(prefix="meps-") as folder:
        client.resources = {"metadata": {"path": folder}}
        meter.start()
        start = time.perf_counter()
        try:
            # What a person has set for matplotlib, and fonts that it once found, change no page.
            own = {"OMP_NUM_THREADS": "1", "MPLCONFIGDIR": str(ROOT / "_build/matplotlib")}
            client.execute(env={**os.environ, **own})
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            raise BuildError(explain(slug, notebook, error)) from error
        finally:
            seconds = time.perf_counter() - start
            meter.stop()
    return Row(
        chapter=slug,
        seconds=round(seconds, 1),
        cpu_seconds=round(meter.cpu_seconds, 1),
        pace=round(median(meter.paces), 2),
        memory_mb=round(meter.peak_bytes / 2**20),
        cells=sum(cell.cell_type == "code" for cell in notebook.cells),
    )


def reuse(notebook: NotebookNode, old: NotebookNode) -> None:
    """Give the code cells of a chapter the outputs of an earlier run of the same code."""
    fresh, ran = ([c for c in nb.cells if c.cell_type == "code"] for nb in (notebook, old))
    for cell, before in zip(fresh, ran, strict=True):
        cell.outputs, cell.execution_count = before.outputs, before.execution_count
    for name in ("widgets", "language_info"):
        if name in old.metadata:
            notebook.metadata[name] = old.metadata[name]


def execute_chapter(root: Path, chapter: Path, at_hand: Iterable[str]) -> Executed:
    """Run a chapter, or take its outputs from the last run if nothing changed."""
    slug = chapter.stem
    front, notebook = read_chapter(chapter)
    kept = root / "_build/executed" / f"{slug}.ipynb"
    key = run_key(root, notebook, at_hand)
    if kept.exists():
        old = nbformat.read(kept, as_version=4)
        # the key travels inside the notebook: one file, so that half a write cannot pass
        if old.metadata.get("meps_run", {}).get("key") == key:
            reuse(notebook, old)
            return Executed(front, notebook, Row(**old.metadata.meps_run.row), cached=True)
    row = run_notebook(slug, notebook)
    record = copy.deepcopy(notebook)
    record.metadata["meps_run"] = {"key": key, "row": asdict(row)}
    kept.parent.mkdir(parents=True, exist_ok=True)
    fresh = kept.with_suffix(".new")
    nbformat.write(record, fresh)
    fresh.replace(kept)
    return Executed(front, notebook, row, cached=False)


def execute_all(
    root: Path,
    at_hand: Iterable[str] = (),
    jobs: int = 2,
    say: Callable[[str], None] = print,
) -> dict[str, Executed]:
    """Execute every chapter, at most `jobs` at a time, and write the report.

    Raises
    ------
    BuildError
        Names every chapter that failed, not only the first.
    """
    at_hand = tuple(at_hand)
    report_file = root / "_build/executed/report.json"
    report_file.unlink(missing_ok=True)
    done: dict[str, Executed] = {}
    failed: list[str] = []

    def one(chapter: Path) -> None:
        try:
            result = execute_chapter(root, chapter, at_hand)
        except (BuildError, MepsError) as error:
            failed.append(str(error))
            return
        done[chapter.stem] = result
        how = "kept from the last run" if result.cached else "ran"
        row = result.row
        cost = f"{row.seconds:.0f} s, CPU {row.cpu_seconds:.0f} s at pace {row.pace:g}"
        say(f"  {chapter.stem}: {how}, {cost}, {row.memory_mb} MB")

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, chapter_paths(root)))
    if failed:
        raise BuildError("\n\n".join(sorted(failed)))
    report = {slug: asdict(done[slug].row) for slug in sorted(done)}
    report_file.parent.mkdir(parents=True, exist_ok=True)
    report_file.write_text(json.dumps(report, indent=2) + "\n")
    return {slug: done[slug] for slug in sorted(done)}


if __name__ == "__main__":
    try:
        execute_all(ROOT, recordings_at_hand())
    except BuildError as failure:
        sys.exit(str(failure))
