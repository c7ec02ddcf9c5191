"""The glossary reaches the notebooks, with the words that each uses, and the card to print."""

import re
from pathlib import Path

import nbformat
import pytest
from pybtex.database import BibliographyData

from meps_lib.errors import MepsError
from tools.plain import References
from tools.words import card, read_glossary, words

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


def test_the_card_has_the_first_sentence_of_each_entry(glossary):
    assert card(["ME", "", "fold "], glossary) == (
        "**{term}`ME`** A brief movement; see {term}`fold`.\n\n"
        "**{term}`fold`** One division of the subjects."
    )
    with pytest.raises(MepsError, match="'apex' is no word of book/glossary.md"):
        card(["fold", "apex"], glossary)
    with pytest.raises(MepsError, match="'fold' stands twice"):
        card(["fold", "fold"], glossary)


def test_the_card_of_the_book_has_about_forty_words_of_three_lines_at_most():
    text = (ROOT / "book/glossary_card.md").read_text("utf8")
    listed = "\n".join(re.findall(r"```{glossary-card}\n(.*?)```", text, re.S)).splitlines()
    told = card(listed, read_glossary(ROOT / "book/glossary.md")).split("\n\n")
    assert 35 <= len(told) <= 45
    plain = [re.sub(r"{\w+}`([^`<]*)[^`]*`", r"\1", line) for line in told]
    assert all(line.endswith(".") and len(line) < 185 for line in plain), max(plain, key=len)
