"""The editions of a chapter that people run: for Jupyter and Colab, and for students.

Both come from the notebook that `tools.notebook.read_chapter` gives: MyST becomes plain
Markdown, solutions become stubs, and a cell installs the library in Colab. Numbers in the text are
those of the last kept build; a folded cell after it says its sentences again where a run differs.
"""

from __future__ import annotations

import hashlib
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.address import BRANCH, colab_link, is_public
from tools.install_cell import install_cell
from tools.myst import written
from tools.plain import References, read_bibliography, to_plain
from tools.sentences import (
    GLUE,
    filled,
    is_glue,
    read_kept,
    sections,
    sentences,
    stands_for,
)
from tools.words import GLOSSARY, read_glossary, words

ROOT = Path(__file__).resolve().parents[1]
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
FOLD = {"jupyter": {"source_hidden": True}, "cellView": "form"}
FOLDED = {"hide-input", "hide-cell", "remove-input", "remove-cell", "solution", "quiz"}
TITLE = "Numbers of this run"


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
    here = "../" if solutions else "../../"  # where pictures are while nothing is published
    raw = f"https://raw.githubusercontent.com/{address}/{BRANCH}/" if is_public(address) else here
    bibliography = read_bibliography(folder.parent / "book/references.bib")
    refs = References(front["name"], folder, raw, bibliography)
    for cell in source:
        if cell.cell_type == "markdown":
            refs.scan(cell.source)
        elif "figure" in cell.metadata.get("mystnb", {}):
            refs.add_figure(cell.metadata.mystnb.figure.get("name"))
    edition = _Edition(refs, read_kept(folder).get(front["name"], {}))
    waiting: NotebookNode | None = None  # a solution stands after the check of its stub
    drawn: NotebookNode | None = None  # a caption stands after the `glue` lines of its cell
    for cell in source:
        tags = cell.metadata.get("tags", [])
        if is_glue(cell):
            edition.glue.append(cell.source)
            continue
        if drawn is not None:
            edition.add_figure_text(drawn)
            drawn = None
        if cell.metadata.get("part") == "stub":
            continue  # here it is a cell to be filled
        if cell.cell_type == "markdown":
            for part in sections(cell.source):
                edition.add_text(part)
        elif "solution" in tags:
            edition.add_code(new_code_cell(cell.metadata.stub))
            waiting = _code(cell, "Solution")
        else:
            edition.add_code(_code(cell, "Quiz: run this cell" if "quiz" in tags else ""))
            drawn = cell
        if "check" in tags and solutions and waiting is not None:
            edition.add_code(waiting)
    if drawn is not None:
        edition.add_figure_text(drawn)
    edition.add_numbers([])
    cells = edition.cells
    texts = [part for cell in source for part in written(cell)]
    told = words(texts, read_glossary(folder.parent / GLOSSARY), refs)
    cells.append(new_markdown_cell(told))
    install = new_code_cell(install_cell(address), metadata={"cellView": "form"})
    cells[1:1] = [new_markdown_cell(_ways(front, address, solutions)), install]
    return assemble([cell for cell in cells if cell.source.strip()], colab=True)


@dataclass
class _Edition:
    """The cells of an edition as they come; `glue` lines wait for the next code cell."""

    refs: References
    kept: dict[str, str]
    cells: list[NotebookNode] = field(default_factory=list)
    glue: list[str] = field(default_factory=list)

    def add_code(self, cell: NotebookNode) -> None:
        self.add_numbers([])
        self.cells.append(cell)

    def add_text(self, *parts: str) -> None:
        """Add parts of MyST as one text cell, and what renews their numbers in a run."""
        plain = [to_plain(filled(part, self.kept), self.refs) for part in parts]
        self.cells.append(new_markdown_cell("\n\n".join(plain)))
        said = [sentence for part in parts for sentence in sentences(part)]
        if said:
            self.add_numbers(said)

    def add_figure_text(self, cell: NotebookNode) -> None:
        """Add caption and description of a figure, which Jupyter cannot attach to an output."""
        options = cell.metadata.get("mystnb", {})
        figure, alt = options.get("figure", {}), options.get("image", {}).get("alt", "")
        parts = []
        if figure.get("caption"):
            number = self.refs.figures.get(figure.get("name"))
            parts.append(f"**Figure{f' {number}' if number else ''}.** {figure['caption']}")
        if alt:
            parts.append(f"<details><summary>The figure in words</summary>{alt}</details>")
        if parts:
            self.add_text(*parts)

    def add_numbers(self, said: list[str]) -> None:
        """Add the folded cell that glues what waits and says the sentences again."""
        parts = [*self.glue]
        if said:
            parts[:0] = ["from meps_lab.chapters.page import in_this_run", ""]
            roles = list(dict.fromkeys(role for part in said for role in GLUE.findall(part)))
            plain = [to_plain(GLUE.sub(r"{\1}", part), self.refs) for part in said]
            parts.append(_again(plain, {role: stands_for(role, self.kept) for role in roles}))
        if parts:
            source = "\n".join([f"# @title {TITLE}", *parts])
            self.cells.append(new_code_cell(source, metadata=deepcopy(FOLD)))
        self.glue.clear()


def _again(said: list[str], kept: dict[str, str]) -> str:
    """The call that says sentences again, laid out to be read by whoever unfolds it."""
    lines = [f"    {' '.join(sentence.split())!r}," for sentence in said]
    return "\n".join(["in_this_run(", *lines, f"    kept={kept!r},", ")"])


def _code(cell: NotebookNode, title: str) -> NotebookNode:
    """Copy a code cell with the metadata that folds it in Jupyter and in Colab."""
    tags = set(cell.metadata.get("tags", []))
    folded = FOLDED & tags if "check" not in tags else set()
    form = f"# @title {title}\n" if folded and title else ""
    return new_code_cell(form + cell.source, metadata=deepcopy(FOLD) if folded else {})


def _ways(front: dict, address: str, solutions: bool) -> str:
    """Where this notebook opens, and where it is faster."""
    name = front["name"]
    full = colab_link(address, f"notebooks/{name}.ipynb")
    student = colab_link(address, f"notebooks/student/{name}.ipynb")
    text = (
        "Numbers in the text are those of the book's last build. Where your run gives another, "
        "the sentence comes again below the text, with yours in bold."
    )
    if is_public(address):
        other = f"[student edition]({student})" if solutions else f"[the full notebook]({full})"
        text = (
            f"[Open in Colab]({full if solutions else student}). "
            f"{'Without' if solutions else 'With'} the solutions: {other}. {text}"
        )
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
