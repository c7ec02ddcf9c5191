"""What the chapters cost in the run that made the pages, for the page "How to use this book"."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

PAGE = "book/how_to_use.md"
MARK = "<!-- what the chapters cost -->"
_LIBRARIES = ("torch", "numpy", "scipy", "pandas", "scikit-learn", "neurokit2", "matplotlib")


def costs(executed: Mapping[str, Any]) -> str:
    """A table of time and memory a chapter, the versions, and the machine, as Markdown.

    Parameters
    ----------
    executed : mapping
        Chapter -> `tools.execute.Executed`.
    """
    rows = ["| Chapter | CPU time | Time | Memory |", "|---|---|---|---|"]
    for slug, chapter in executed.items():
        row, title = chapter.row, chapter.front["title"]
        page = f"{{doc}}`{title} <../notebooks/{slug}>`"
        rows.append(
            f"| {page} | {row.cpu_seconds:.0f} s | {row.seconds:.0f} s | {row.memory_mb:,} MB |"
        )
    total = sum(chapter.row.cpu_seconds for chapter in executed.values())
    rows.append(f"| all | {total:.0f} s | | |")
    memory = psutil.virtual_memory().total / 2**30
    machine = f"{os.cpu_count()} cores of {platform.machine()} and {memory:.0f} GB of memory"
    return "\n".join(
        [
            *rows,
            "",
            f"These pages were made on {machine}, two chapters at a time, with Python "
            f"{platform.python_version()} and {', '.join(_versions())}.",
        ]
    )


def _versions() -> list[str]:
    found = []
    for name in _LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return found


def put_in(source: Path, executed: Mapping[str, Any]) -> None:
    """Replace the mark on the staged page, if it is there."""
    page = source / PAGE
    if page.is_file():
        text = page.read_text("utf8")
        page.write_text(text.replace(MARK, costs(executed)), "utf8")
