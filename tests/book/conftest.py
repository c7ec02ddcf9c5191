"""One small chapter that keeps every promise; the tests break it in one place at a time."""

import copy
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from tests.book.running import run_all
from tools.notebook import read_chapter, to_colab, to_student

FIXTURES = Path(__file__).parent / "fixtures"
SOURCE = FIXTURES / "notebooks/90_beats.md"
ADDRESS = "someone/somewhere"


@pytest.fixture(scope="session")
def source() -> Path:
    return SOURCE


@pytest.fixture(scope="session")
def ran() -> tuple[dict, NotebookNode]:
    """The chapter, executed once."""
    front, notebook = read_chapter(SOURCE)
    # A test run may ask matplotlib for no display; a notebook needs the inline one.
    env = {key: value for key, value in os.environ.items() if key != "MPLBACKEND"}
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute(env=env)
    return front, notebook


@pytest.fixture(scope="session")
def chapter() -> tuple[dict, NotebookNode]:
    """The chapter as it is read, not run."""
    return read_chapter(SOURCE)


@pytest.fixture(scope="session")
def colab(chapter) -> NotebookNode:
    return to_colab(*chapter, ADDRESS, SOURCE.parent)


@pytest.fixture(scope="session")
def student(chapter) -> NotebookNode:
    return to_student(*chapter, ADDRESS, SOURCE.parent)


@pytest.fixture(scope="session")
def colab_ran(colab) -> NotebookNode:
    return run_all(colab)


@pytest.fixture
def executed(ran) -> tuple[dict, NotebookNode]:
    """A copy of the executed chapter that a test may spoil."""
    return copy.deepcopy(ran)


@pytest.fixture
def edited(tmp_path, ran) -> Callable[[str, str], tuple[dict, NotebookNode]]:
    """Read the chapter with one passage replaced, as if it had then run: `edited(old, new)`.

    Outputs come from the run of the unchanged chapter, cell by cell.
    """

    def edit(old: str, new: str) -> tuple[dict, NotebookNode]:
        text = SOURCE.read_text("utf8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the fixture"
        path = tmp_path / SOURCE.name
        path.write_text(text.replace(old, new), "utf8")
        front, notebook = read_chapter(path)
        before = [cell for cell in ran[1].cells if cell.cell_type == "code"]
        after = [cell for cell in notebook.cells if cell.cell_type == "code"]
        for cell, twin in zip(after, before, strict=False):
            cell.outputs = copy.deepcopy(twin.outputs)
            cell.execution_count = twin.execution_count
        return front, notebook

    return edit
