"""Numbers in the text of the editions: those that were kept, and those of the reader's own run."""

import copy
import shutil

import pytest

from tests.book.conftest import ADDRESS, SOURCE
from tests.book.running import run_all, words
from tools.notebook import ROOT, read_chapter, to_colab, to_student
from tools.sentences import asked, read_kept

CHAPTERS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.md"))


def folded(notebook) -> list:
    title = "# @title Numbers of this run"
    return [cell for cell in notebook.cells if cell.source.startswith(title)]


def test_readers_see_no_glue(chapter, colab, student):
    for cell in chapter[1].cells:
        if "glue(" in cell.source:
            assert cell.metadata.tags == ["glue", "remove-cell"]
    for notebook in (colab, student):
        for cell in notebook.cells:
            if cell.source.startswith("glue(") or "\nglue(" in cell.source:
                assert cell.metadata.jupyter.source_hidden


def lines(notebook) -> list[str]:
    """All code that is no exercise, line by line."""
    return [
        line
        for cell in notebook.cells
        if cell.cell_type == "code" and "stub" not in cell.metadata
        for line in cell.source.splitlines()
    ]


@pytest.mark.parametrize("path", [SOURCE, *CHAPTERS], ids=lambda path: path.stem)
def test_an_edition_runs_what_the_page_runs_in_its_order(path):
    front, notebook = read_chapter(path)
    edition = iter(lines(to_student(front, notebook, ADDRESS, path.parent)))
    assert all(line in edition for line in lines(notebook))  # each after the one before it


def test_a_cell_that_only_glues_is_not_lost(edited):
    alone = "```\n\nText.\n\n```{code-cell} ipython3\nglue("
    front, notebook = edited('glue("rate"', alone + '"rate"')
    edition = to_student(front, notebook, ADDRESS, SOURCE.parent)
    (first, _) = folded(edition)
    assert 'glue("rate", rate)' in first.source and "in_this_run(" in first.source


def said_again(notebook) -> list[str]:
    """Sentences that a run of an edition showed with numbers of its own."""
    shown = [o for cell in folded(notebook) for o in cell.outputs]
    return [o.data["text/markdown"] for o in shown if "text/markdown" in o.data]


def test_a_run_with_the_kept_numbers_says_nothing_again(colab_ran):
    assert len(folded(colab_ran)) == 2  # the text's and the caption's
    assert said_again(colab_ran) == []


def test_a_run_with_other_numbers_says_the_sentences_again_with_them(colab):
    slower = copy.deepcopy(colab)
    for cell in slower.cells:
        cell.source = cell.source.replace("np.arange(10) * 0.8", "np.arange(10) * 1.0")
    assert said_again(run_all(slower)) == [
        "*In this run:* The rate is **60** beats a minute (Figure 1), by (1):",
        "*In this run:* **Figure 1.** Equally spaced beats give **60** beats a minute.",
    ]


def test_a_number_that_is_not_kept_yet_is_a_name_until_the_run(chapter, source, tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    shutil.copytree(source.parents[1] / "book", tmp_path / "book")
    fresh = to_colab(*chapter, ADDRESS, folder)
    assert "The rate is `rate` beats a minute" in words(fresh)
    assert len(said_again(run_all(fresh))) == 2


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_the_numbers_that_a_chapter_asks_for_are_kept_and_no_others(path):
    kept = set(read_kept(ROOT / "notebooks").get(path.stem, {}))
    wanted = set(asked(read_chapter(path)[1]))
    assert wanted - kept == set(), "not kept yet: type make book, then make numbers"
    assert kept - wanted == set(), "no text asks for these: type make numbers"


def test_no_chapter_that_is_gone_has_numbers():
    assert read_kept(ROOT / "notebooks").keys() <= {path.stem for path in CHAPTERS}
