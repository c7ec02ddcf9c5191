"""What the chapters cost in the run that made the pages, for the page "How to use this book".

`python -m tools.costs --keep` keeps the CPU time of the last run beside those kept before, with its
date, machine and versions, so that a page shows whether a chapter became slower.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Mapping
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
PAGE = "book/how_to_use.md"
KEPT = "notebooks/costs.json"  # one entry a kept run, the newest last
RAN = "_build/executed/report.json"
MARK = "<!-- what the chapters cost -->"
_LIBRARIES = ("torch", "numpy", "scipy", "pandas", "scikit-learn", "neurokit2", "matplotlib")


def costs(executed: Mapping[str, Any], kept: list[dict[str, Any]] = ()) -> str:
    """Tables of time and memory a chapter and of kept runs, with versions and machine, as Markdown.

    Parameters
    ----------
    executed : mapping
        Chapter -> `tools.execute.Executed`.
    kept : list of dict
        As `read_kept` gives them.
    """
    before = kept[-1]["cpu_seconds"] if kept else {}
    rows = ["| Chapter | CPU time | CPU time, kept run | Time | Memory |", "|---|---|---|---|---|"]
    for slug, chapter in executed.items():
        row, title = chapter.row, chapter.front["title"]
        page = f"{{doc}}`{title} <../notebooks/{slug}>`"
        was = f"{before[slug]:.0f} s" if slug in before else ""
        time = f"{row.cpu_seconds:.0f} s | {was} | {row.seconds:.0f} s"
        rows.append(f"| {page} | {time} | {row.memory_mb:,} MB |")
    total = sum(chapter.row.cpu_seconds for chapter in executed.values())
    rows.append(f"| all | {total:.0f} s | {_total(before)} | | |")
    text = [*rows, "", f"These pages were made on {_machine()}, two chapters at a time, with"]
    text[-1] += f" {_versions()}."
    if kept:
        text += ["", "Runs that were kept, each of all chapters:", ""]
        text += ["| Date | CPU time | Machine | Versions |", "|---|---|---|---|"]
        text += [
            f"| {run['date']} | {_total(run['cpu_seconds'])} | {run['machine']} | {run['with']} |"
            for run in kept
        ]
    return "\n".join(text)


def read_kept(root: Path) -> list[dict[str, Any]]:
    """The kept runs, the newest last: each with "date", "machine", "with" and "cpu_seconds"."""
    path = root / KEPT
    return json.loads(path.read_text("utf8")) if path.is_file() else []


def keep(root: Path) -> None:
    """Put the last run of all chapters behind those kept before; of one day the last one stays."""
    ran = json.loads((root / RAN).read_text("utf8"))
    spent = {slug: round(row["cpu_seconds"], 1) for slug, row in ran.items()}
    now = {"date": f"{date.today()}", "machine": _machine(), "with": _versions()}
    others = [run for run in read_kept(root) if not now.items() <= run.items()]
    text = json.dumps([*others, {**now, "cpu_seconds": spent}], indent=1)
    (root / KEPT).write_text(text + "\n", "utf8")


def _total(spent: Mapping[str, float]) -> str:
    return f"{sum(spent.values()):.0f} s" if spent else ""


def _machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores of {platform.machine()} and {memory:.0f} GB of memory"


def _versions() -> str:
    found = [f"Python {platform.python_version()}"]
    for name in _LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def put_in(root: Path, source: Path, executed: Mapping[str, Any]) -> None:
    """Replace the mark on the staged page, if it is there."""
    page = source / PAGE
    if page.is_file():
        text = page.read_text("utf8")
        page.write_text(text.replace(MARK, costs(executed, read_kept(root))), "utf8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Keep what the last run of the chapters cost.")
    parser.add_argument("--keep", action="store_true", required=True)
    parser.parse_args()
    keep(ROOT)
