"""The editions of a chapter that people run: for Jupyter and Colab, and for students.

Both come from the notebook that `tools.notebook.read_chapter` gives: MyST becomes plain
Markdown, solutions become stubs, and a cell installs the library in Colab.
"""

from __future__ import annotations

import hashlib
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.address import BRANCH
from tools.plain import References, read_bibliography, to_plain

ROOT = Path(__file__).resolve().parents[1]
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell", "solution", "quiz"}
INSTALL = """\
# @title Install the library (acts in Colab only)
import sys

if "google.colab" in sys.modules:
    # Any torch >= 2.2 will do, so that Colab keeps its own build for the GPU.
    %pip install --quiet "meps-lib[lab] @ git+https://github.com/{address}"
"""


def to_colab(
    front: dict, notebook: NotebookNode, address: str, folder: Path | None = None
) -> NotebookNode:
    """Make the notebook that Jupyter and Colab open: plain Markdown, stubs, folded solutions.

    Parameters
    ----------
    front, notebook
        From `read_chapter`.
    address : str
        ``owner/name`` of the repository, for the install cell, links and pictures.
    folder : Path, optional
        Where the chapter lies; ``notebooks/`` of this repository when not given. The
        bibliography is ``../book/references.bib`` from there.

    Returns
    -------
    NotebookNode
        Without outputs, its cell ids derived from the cells' content.
    """
    return _edition(front, notebook, address, folder or ROOT / "notebooks", solutions=True)


def to_student(
    front: dict, notebook: NotebookNode, address: str, folder: Path | None = None
) -> NotebookNode:
    """Make the student edition: as `to_colab`, without the solutions."""
    return _edition(front, notebook, address, folder or ROOT / "notebooks", solutions=False)


def _edition(
    front: dict, notebook: NotebookNode, address: str, folder: Path, *, solutions: bool
) -> NotebookNode:
    source = deepcopy(notebook.cells)
    raw = f"https://raw.githubusercontent.com/{address}/{BRANCH}/"
    bibliography = read_bibliography(folder.parent / "book/references.bib")
    refs = References(front["name"], folder, raw, bibliography)
    for cell in source:
        if cell.cell_type == "markdown":
            refs.scan(cell.source)
        elif "figure" in cell.metadata.get("mystnb", {}):
            refs.add_figure(cell.metadata.mystnb.figure.get("name"))
    cells: list[NotebookNode] = []
    waiting: NotebookNode | None = None  # a solution stands after the check of its stub
    for cell in source:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "markdown":
            cells.append(new_markdown_cell(to_plain(cell.source, refs)))
        elif "solution" in tags:
            cells.append(new_code_cell(cell.metadata.stub))
            waiting = _code(cell, "Solution")
        else:
            cells.append(_code(cell, "Quiz: run this cell" if "quiz" in tags else ""))
            cells += _figure_text(cell, refs)
        if "check" in tags and solutions and waiting is not None:
            cells.append(waiting)
    install = new_code_cell(INSTALL.format(address=address).strip(), metadata={"cellView": "form"})
    cells[1:1] = [new_markdown_cell(_ways(front, address, solutions)), install]
    return assemble([cell for cell in cells if cell.source.strip()], colab=True)


def _code(cell: NotebookNode, title: str) -> NotebookNode:
    """Copy a code cell with the metadata that folds it in Jupyter and in Colab."""
    folded = FOLDED & set(cell.metadata.get("tags", []))
    form = f"# @title {title}\n" if folded and title else ""
    metadata = {"jupyter": {"source_hidden": True}, "cellView": "form"} if folded else {}
    return new_code_cell(form + cell.source, metadata=metadata)


def _figure_text(cell: NotebookNode, refs: References) -> list[NotebookNode]:
    """Caption and description of a figure, which Jupyter cannot attach to an output."""
    options = cell.metadata.get("mystnb", {})
    figure, alt = options.get("figure", {}), options.get("image", {}).get("alt", "")
    parts = []
    if figure.get("caption"):
        number = refs.figures.get(figure.get("name"))
        caption = to_plain(str(figure["caption"]), refs)
        parts.append(f"**Figure{f' {number}' if number else ''}.** {caption}")
    if alt:
        parts.append(f"<details><summary>The figure in words</summary>{alt}</details>")
    return [new_markdown_cell("\n\n".join(parts))] if parts else []


def _ways(front: dict, address: str, solutions: bool) -> str:
    """Where this notebook opens, and where it is faster."""
    home = f"https://colab.research.google.com/github/{address}/blob/{BRANCH}/notebooks/"
    name = front["name"]
    full, student = f"{home}{name}.ipynb", f"{home}student/{name}.ipynb"
    text = f"[Open in Colab]({full if solutions else student}). " + (
        f"Without the solutions: [student edition]({student})."
        if solutions
        else f"With the solutions: [the full notebook]({full})."
    )
    text += " A name in `code face` inside a sentence is a value that a cell above it prints."
    cpu, gpu = front.get("minutes_cpu") or 0, front.get("minutes_gpu") or 0
    if gpu < cpu:
        text += (
            f" With a GPU this takes about {gpu:g} minutes instead of {cpu:g}; in Colab: "
            "*Runtime*, *Change runtime type*, *T4 GPU*."
        )
    return text


def assemble(cells: list[NotebookNode], colab: bool = False) -> NotebookNode:
    """Put cells into a notebook under ids that follow from their content."""
    seen: dict[str, int] = {}
    for cell in cells:
        key = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[key] = seen.get(key, 0) + 1
        cell["id"] = key if seen[key] == 1 else f"{key}-{seen[key]}"
    metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    if colab:
        metadata["colab"] = {"provenance": [], "toc_visible": True}
    notebook = new_notebook(cells=cells, metadata=metadata, nbformat_minor=5)
    nbformat.validate(notebook)
    return notebook
