"""One source a chapter, three notebooks: the page's, the one Colab opens, the student's.

`notebooks/NN_slug.md` is edited; `python -m tools.notebook` writes the other two beside it and
`python -m tools.notebook --check` says which are out of step. How a chapter is written stands
in CONTRIBUTING.md.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from myst_nb.core.read import MystMetadataParsingError, read_myst_markdown_notebook
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from meps_lib.errors import MepsError
from tools.address import read_address
from tools.editions import assemble, to_colab, to_student
from tools.glue_cells import split_glue
from tools.reading import reading_minutes
from tools.student import split_solution

ROOT = Path(__file__).resolve().parents[1]
# What our tags ask of the page; every other tag is myst-nb's own.
PAGE_TAGS = {
    "solution": "hide-cell",
    "check": "hide-cell",
    "quiz": "remove-input",
    "glue": "remove-cell",
}
# What the page's folds are called: the task and its stub stand above them.
FOLDS = {"solution": "the solution", "check": "what the check says of it"}
# Cells whose code is an exercise, or not shown at all, stay whole.
WHOLE = {"solution", "check", "quiz", "remove-cell"}


def read_chapter(path: Path | str) -> tuple[dict[str, Any], NotebookNode]:
    """Read a chapter's source with MyST-NB's own reader.

    Parameters
    ----------
    path : Path
        ``NN_slug.md``.

    Returns
    -------
    front : dict
        The mapping ``meps`` of the front matter, with ``title`` and ``name`` (the file's stem).
    notebook : NotebookNode
        Text cells keep their MyST; code cells have no outputs. Solutions stand without their
        marks and carry the stub as ``metadata.stub``; the box "In this chapter" is in place;
        ``glue`` lines stand in cells of their own, tagged ``glue``.

    Raises
    ------
    MepsError
        Naming the chapter and what cannot be read.
    """
    path = Path(path)
    text = path.read_text("utf8")
    try:
        raw = read_myst_markdown_notebook(text, path=path)
    except MystMetadataParsingError as error:
        raise MepsError(f"{path.stem}: {error}") from error
    except nbformat.ValidationError as error:
        reason = str(error).splitlines()[0]
        raise MepsError(f"{path.stem}: {reason}; tags are a list, `:tags: [quiz]`") from error
    front = {**(raw.metadata.get("meps") or {}), "name": path.stem}
    if "{code-cell}" not in text or not raw.metadata.get("kernelspec"):
        raise MepsError(f"{path.stem}: front matter without `kernelspec`, or no {{code-cell}}")
    cells = []
    for number, cell in enumerate(_with_card(raw.cells, front, path), 1):
        where = f"{path.stem}, cell {number}"
        cells += [cell] if cell.cell_type == "markdown" else _without_glue(cell, where)
    shown = []
    for number, cell in enumerate(cells, 1):
        if cell.cell_type == "code":
            _prepare(cell, f"{path.stem}, cell {number}")
            if "stub" in cell.metadata:
                shown.append(_stub(cell.metadata.stub))
        shown.append(cell)
    return front, assemble(shown)


def _with_card(cells: list[NotebookNode], front: dict, path: Path) -> list[NotebookNode]:
    """Part the title from the text under it, and put the box made from the front matter there."""
    match = re.match(r"\s*((?:\(.*\)=\s*\n)?# (.+))\n?", cells[0].source if cells else "")
    if not match or cells[0].cell_type != "markdown":
        raise MepsError(f"{path.stem}: the text must begin with the title, `# Title`")
    front["title"] = match[2].strip()
    rest = cells[0].source[match.end() :].strip()
    front["reading"], front["exercises"] = reading_minutes(cells)
    parts = [new_markdown_cell(match[1]), new_markdown_cell(_card(front))]
    parts[1].metadata["part"] = "card"
    if rest:
        parts.append(new_markdown_cell(rest))
    return [*parts, *cells[1:]]


def _card(front: dict) -> str:
    """What the reader wants to know first; tools/contract.py holds the numbers to the run."""
    goals = "\n".join(f"- {goal}" for goal in front.get("objectives") or [])
    before = "; ".join(map(str, front.get("prerequisites") or []))
    minutes = [front.get(f"minutes_{device}") for device in ("cpu", "gpu")]
    cpu, gpu = (f"{value} minute{'' if value == 1 else 's'}" for value in minutes)
    return (
        ":::{admonition} In this chapter\n:class: tip chapter-card\n\n"
        f"{goals}\n\n**Before you start:** {before}.\n\n"
        f"**Your time:** about {front['reading']} minutes to read it, {front['exercises']} for the "
        "exercises.\n\n"
        f"**To run it:** about {cpu} on two CPU cores, {gpu} with a GPU, "
        f"{front.get('memory_mb')} MB of memory.\n:::"
    )


def _without_glue(cell: NotebookNode, where: str) -> list[NotebookNode]:
    """Part a code cell from the lines that only hand values to the text."""
    if WHOLE & set(cell.metadata.get("tags", [])):
        return [cell]
    try:
        cell.source, glue = split_glue(cell.source)
    except SyntaxError as error:
        raise MepsError(f"{where}: the code cannot be read: {error}") from error
    beside = [new_code_cell(glue, metadata={"tags": ["glue"]})] if glue else []
    return [part for part in (cell, *beside) if part.source.strip() or part is cell and not beside]


def _stub(code: str) -> NotebookNode:
    """What the page shows of an exercise: the function that is to be written."""
    cell = new_markdown_cell(f"```python\n{code}\n```")
    cell.metadata["part"] = "stub"
    return cell


def _prepare(cell: NotebookNode, where: str) -> None:
    """Complete a code cell for the page, in place."""
    tags = cell.metadata.get("tags", [])
    if "solution" in tags:
        cell.source, cell.metadata["stub"] = split_solution(cell.source, where)
    for what in (FOLDS[tag] for tag in tags if tag in FOLDS):
        prompts = {"code_prompt_show": f"Show {what}", "code_prompt_hide": f"Hide {what}"}
        cell.metadata.setdefault("mystnb", {}).update(prompts)
    wanted = [PAGE_TAGS[tag] for tag in tags if tag in PAGE_TAGS]
    if wanted:
        cell.metadata["tags"] = list(dict.fromkeys([*tags, *wanted]))


def generated(folder: Path, address: str) -> dict[Path, str]:
    """Contents of every notebook that `folder`'s chapters give, by path."""
    texts = {}
    for path in sorted(folder.glob("[0-9][0-9]_*.md")):
        chapter = read_chapter(path)
        for make, place in ((to_colab, folder), (to_student, folder / "student")):
            notebook = make(*chapter, address, folder)
            texts[place / f"{path.stem}.ipynb"] = nbformat.writes(notebook, indent=1) + "\n"
    return texts


def out_of_step(folder: Path, address: str) -> list[Path]:
    """Generated notebooks that differ from their source, are missing, or have lost it."""
    wanted = generated(folder, address)
    present = {*folder.glob("*.ipynb"), *folder.glob("student/*.ipynb")}
    stale = {
        path
        for path, text in wanted.items()
        if not path.is_file() or path.read_text("utf8") != text
    }
    return sorted(stale | (present - set(wanted)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail if out of step")
    folder, address = ROOT / "notebooks", read_address()
    try:
        if parser.parse_args().check:
            stale = [str(path.relative_to(ROOT)) for path in out_of_step(folder, address)]
            if stale:
                sys.exit(
                    f"Out of step with their sources: {', '.join(stale)}.\n"
                    "Run `python -m tools.notebook`; delete notebooks whose source is gone."
                )
            return
        for path, text in generated(folder, address).items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf8")
            print(path.relative_to(ROOT))
    except MepsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
