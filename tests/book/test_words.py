"""The glossary reaches the notebooks: each edition ends with the words that its chapter uses."""

from pathlib import Path

import nbformat
import pytest
from pybtex.database import BibliographyData

from tools.plain import References
from tools.words import read_glossary, words

ROOT = Path(__file__).parents[2]
REFS = References("demo", Path(), "", BibliographyData())
TEXT = """# Glossary

:::{glossary}
fold
  One division of the subjects.

ME
micro-expression
  A brief movement; see {term}`fold`. See equation {eq}`eq-x`.
:::
"""


@pytest.fixture
def glossary(tmp_path):
    (tmp_path / "g.md").write_text(TEXT)
    return read_glossary(tmp_path / "g.md")


def test_every_term_has_its_definition_whatever_its_capitals(glossary):
    assert set(glossary) == {"fold", "me", "micro-expression"}
    assert glossary["me"] == glossary["micro-expression"]


def test_used_words_are_told_once_in_order_without_pointers(glossary):
    texts = ["A {term}`micro-expression` and a {term}`fold`,", "{term}`folds <fold>` {term}`x`"]
    told = words(texts, glossary, REFS)
    assert "**fold**: One division of the subjects." in told
    assert "**micro-expression**: A brief movement; see fold." in told
    assert "equation" not in told and "**x**" not in told and told.count("**fold**") == 1
    assert words(["no term"], glossary, REFS) == ""


def test_a_missing_glossary_is_empty(tmp_path):
    assert read_glossary(tmp_path / "none.md") == {}


@pytest.mark.parametrize("folder", ["notebooks", "notebooks/student"])
def test_every_edition_of_the_book_ends_with_them(folder):
    for path in sorted((ROOT / folder).glob("*.ipynb")):
        if "{term}" not in (ROOT / "notebooks" / f"{path.stem}.md").read_text("utf8"):
            continue
        last = nbformat.read(path, as_version=4).cells[-1]
        assert last.cell_type == "markdown" and "Words of this chapter" in last.source, path.name
        assert "{term}" not in last.source and "{eq}" not in last.source
