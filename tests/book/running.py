"""What the tests of the editions share: a run from top to bottom, and what a reader sees."""

import copy

from nbformat import NotebookNode

from tools.execute import run_notebook


def code(notebook: NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def words(notebook: NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def run_all(notebook: NotebookNode) -> NotebookNode:
    """Execute as a reader does, from the first cell to the last."""
    notebook = copy.deepcopy(notebook)
    run_notebook("a chapter", notebook)
    return notebook
