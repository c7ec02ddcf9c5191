"""Build the book: execute, check against the contract, stage, render once and strictly.

`_build/source` mirrors the repository (`book/`, `notebooks/`, the two packages), so that links
between pages, included source and Colab buttons mean the same in both. The HTML reaches
`_build/html` only when everything passed, and carries the digest of its inputs: a failed
build leaves neither, so the next one cannot take it for done.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import nbformat
import yaml

from tools import offline_assets, slides
from tools.address import read_address, repository_url
from tools.contract import check_chapter, dear, declared_cost
from tools.costs import put_in
from tools.execute import (
    PACKAGES,
    ROOT,
    BuildError,
    Executed,
    chapter_paths,
    digest,
    execute_all,
    recordings_at_hand,
)
from tools.notebook import generated
from tools.numbers import differences, last_run
from tools.sentences import numbers_of, read_kept

STAMP = ".inputs"
SOURCES = (
    "book/**/*",
    "notebooks/*.md",
    "notebooks/*.json",
    "meps_lib/**/*.py",
    "meps_lab/**/*.py",
    "tools/*.py",
    "*.lock",
    "*lock.json",
)


def inputs_digest(root: Path, at_hand: tuple[str, ...]) -> str:
    """Everything the pages depend on; the same digest means the same book."""
    files = [path for pattern in SOURCES for path in root.glob(pattern)]
    files = [path for path in files if path.is_file() and "__pycache__" not in path.parts]
    offline = str(offline_assets.available(root / "node_modules"))
    return digest(root, files, offline, sys.version.split()[0], *at_hand)


def listed_pages(root: Path) -> list[str]:
    """Every page that the table of contents names, in order."""
    toc = yaml.safe_load((root / "book/_toc.yml").read_text(encoding="utf-8"))
    parts = toc.get("parts", [{"chapters": toc.get("chapters", [])}])
    return [toc["root"], *(page["file"] for part in parts for page in part["chapters"])]


def check_contents(root: Path) -> None:
    """The table of contents and the chapters on disk must name each other.

    Raises
    ------
    BuildError
        A chapter without an entry, an entry without a file.
    """
    listed = set(listed_pages(root))
    chapters = {f"notebooks/{path.stem}" for path in chapter_paths(root)}
    problems = [f"{page}.md is not listed in book/_toc.yml" for page in chapters - listed]
    problems += [
        f"book/_toc.yml lists {page}, but there is no {page}.md"
        for page in listed
        if not (root / f"{page}.md").exists()
    ]
    if problems:
        raise BuildError("\n".join(sorted(problems)))


def check_contract(executed: dict[str, Executed]) -> None:
    """Hold every chapter to what its front matter promises.

    Minutes and memory stop the build in CI alone: a reader's slow machine is no fault of the
    chapter, and is told.

    Raises
    ------
    BuildError
        Lists every broken promise of every chapter.
    """
    broken, costly = [], []
    for chapter in executed.values():
        row = asdict(chapter.row)
        for warning in dear(chapter.front, row):
            print(f"Note: {warning}")
        costs = {f"{chapter.front['name']}, {cost}" for cost in declared_cost(chapter.front, row)}
        for problem in check_chapter(chapter.front, chapter.notebook, row):
            (costly if problem in costs else broken).append(problem)
    if os.environ.get("CI"):
        broken += costly
    elif costly:
        print("Note, in CI this would stop the build:\n  " + "\n  ".join(costly))
    if broken:
        raise BuildError("The chapters break their contract:\n" + "\n".join(broken))


def tell_numbers(root: Path, executed: dict[str, Executed]) -> None:
    """Say which numbers of this run's pages are others than the notebooks' text carries."""
    now = {slug: numbers_of(ran.notebook, ran.notebook) for slug, ran in executed.items()}
    told = list(differences(read_kept(root / "notebooks"), now))
    if told:
        print(f"{len(told)} numbers are not those that the notebooks' text carries:")
        print("\n".join(f"  {line}" for line in told))
        print("To keep them: make numbers")


def book_config(root: Path, offline: bool) -> dict:
    """The book's configuration with the address and the offline files filled in."""
    config = yaml.safe_load((root / "book/_config.yml").read_text(encoding="utf-8"))
    sphinx = config.setdefault("sphinx", {}).setdefault("config", {})
    url = config.setdefault("repository", {})["url"] = repository_url(root)
    for button in ("use_repository_button", "use_issues_button"):
        config.setdefault("html", {})[button] = bool(url)
    sphinx["meps_address"] = read_address(root)
    if offline:
        sphinx.update(offline_assets.SPHINX_SETTINGS)
        sphinx["html_static_path"] = [*sphinx.get("html_static_path", []), "vendor"]
    return config


def stage(root: Path, executed: dict[str, Executed], offline: bool) -> Path:
    """Lay out what Jupyter Book reads, from nothing, in `_build/source`."""
    source = root / "_build/source"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(root / "book", source / "book", ignore=shutil.ignore_patterns("_*.yml"))
    skip = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for package in PACKAGES:  # pages show their source by inclusion
        if (root / package).is_dir():
            shutil.copytree(root / package, source / package, ignore=skip)
    (source / "notebooks").mkdir()
    for slug, chapter in executed.items():
        nbformat.write(chapter.notebook, source / "notebooks" / f"{slug}.ipynb")
    put_in(root, source, executed)
    shutil.copyfile(root / "book/_toc.yml", source / "_toc.yml")
    config = yaml.safe_dump(book_config(root, offline), sort_keys=False)
    (source / "_config.yml").write_text(config, encoding="utf-8")
    if offline:
        offline_assets.copy_assets(root / "node_modules", source / "vendor")
    return source


def render(root: Path, source: Path) -> Path:
    """Run Jupyter Book once, from clean, every warning an error.

    Raises
    ------
    BuildError
        With the warnings, which name page and line.
    """
    output = root / "_build/render"
    shutil.rmtree(output, ignore_errors=True)
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build"]
    command += [str(source), "--path-output", str(output), "-n", "-W", "--keep-going", "-q"]
    # from here, so that Sphinx finds tools.sphinx_page
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    (root / "_build/book.log").write_text(result.stdout + result.stderr, encoding="utf-8")
    html = output / "_build/html"
    missing = [page for page in listed_pages(root) if not (html / f"{page}.html").exists()]
    if result.returncode or missing:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", result.stderr)
        lines = [line for line in plain.splitlines() if line.strip()]
        lines += [f"{page} was not rendered" for page in missing]
        text = "\n".join(lines[-60:]).replace(f"{source}/", "")
        raise BuildError(f"Jupyter Book stopped (whole log: _build/book.log):\n{text}")
    return html


def add_editions(root: Path, html: Path) -> None:
    """Lay the notebooks that people run beside the pages, where the menus point to them."""
    for path, text in generated(root / "notebooks", read_address(root)).items():
        copy = html / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text, encoding="utf-8")


def build(root: Path, at_hand: tuple[str, ...] = (), jobs: int = 2) -> bool:
    """Build the book if anything changed.

    Returns
    -------
    bool
        False when the book was up to date.
    """
    html = root / "_build/html"
    key = inputs_digest(root, at_hand)
    stamp = html / STAMP
    if stamp.exists() and stamp.read_text() == key:
        return False
    shutil.rmtree(html, ignore_errors=True)
    check_contents(root)
    print(f"Executing {len(chapter_paths(root))} chapters, {jobs} at a time")
    executed = execute_all(root, at_hand, jobs)
    check_contract(executed)
    tell_numbers(root, executed)
    offline = offline_assets.available(root / "node_modules")
    if not offline:
        print(
            "npm did not fetch MathJax, reveal.js and the widgets' script: pages load them from\n"
            "their CDN and need the network. With npm installed, `make book` keeps them local."
        )
    print("Rendering the pages")
    rendered = render(root, stage(root, executed, offline))
    add_editions(root, rendered)
    slides.make(root, rendered, last_run(root))
    (rendered / STAMP).write_text(key)
    shutil.move(rendered, html)
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=2, help="chapters that run at a time")
    options = parser.parse_args()
    try:
        built = build(ROOT, recordings_at_hand(), options.jobs)
    except BuildError as error:
        sys.exit(f"\nThe book was not built.\n{error}")
    print(
        ("The book is built" if built else "The book is up to date")
        + ": open _build/html/index.html, or type `make serve`."
    )


if __name__ == "__main__":
    main()
