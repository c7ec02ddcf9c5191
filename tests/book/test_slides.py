"""Decks made of a small book: what is shown, what is refused, and what the real decks promise."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tools.build_book import inputs_digest
from tools.execute import BuildError
from tools.sentences import read_kept
from tools.slides import answers_of, make, read_deck

REPOSITORY = Path(__file__).resolve().parents[2]
DECKS = sorted((REPOSITORY / "book/slides").glob("*.md"))
NUMBERS = {"01_hearts": {"rate:.0f": "75"}}
PAGE = """<section id="words"><h1>1. Hearts</h1>
<figure id="fig-beats">
<img alt="Ten &quot;spikes&quot; &amp; a line &lt; 2" src="../_images/a.svg">
</figure>
<figure id="fig-plain"><img alt="A photograph of nothing" src="../_images/b.png"></figure>
<figure id="fig-last"><p>A table.</p></figure></section>"""
DECK = """---
title: Hearts
for: People with one.
page: book/workshop
---

## A heart beats {glue:text}`rate:.0f` times.

figure: 01_hearts fig-beats

Minute 5–117. Ask *who* has counted {glue:text}`rate:.0f`.

Then wait.

## Is that much?

figure: 01_hearts fig-plain

Hands up.
"""


@pytest.fixture
def book(tmp_path):
    """A repository with one deck, and its built pages."""
    (tmp_path / "book/slides").mkdir(parents=True)
    for name in ("deck.html", "deck.css"):
        shutil.copy(REPOSITORY / "book/slides" / name, tmp_path / "book/slides")
    (tmp_path / "package.json").write_text('{"dependencies": {"reveal.js": "5.4.3"}}')
    for folder in ("notebooks", "_images", "_static/reveal", "book"):
        (tmp_path / "html" / folder).mkdir(parents=True)
    (tmp_path / "html/notebooks/01_hearts.html").write_text(PAGE)
    (tmp_path / "html/book/workshop.html").write_text("<h1>A workshop</h1>")
    (tmp_path / "html/_images/a.svg").write_text('<svg viewBox="0 10 300 400" width="300pt"/>')
    (tmp_path / "book/slides/hearts.md").write_text(DECK)
    return tmp_path


def made(book, deck: str = DECK) -> str:
    (book / "book/slides/hearts.md").write_text(deck)
    (path,) = make(book, book / "html", NUMBERS)
    return path.read_text("utf-8")


class Tags(HTMLParser):
    """All start tags of a page with their attributes."""

    def __init__(self, text: str):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def all(self, name: str) -> list[dict]:
        return [attributes for tag, attributes in self.found if tag == name]


def test_a_slide_is_a_sentence_a_figure_its_place_and_notes(book):
    text = made(book)
    tags = Tags(text)
    assert re.findall("<h2>(.*)</h2>", text) == ["A heart beats 75 times.", "Is that much?"]
    first, second = tags.all("img")
    assert first == {"src": "../_images/a.svg", "alt": 'Ten "spikes" & a line < 2'}
    assert second == {"src": "../_images/b.png", "alt": "A photograph of nothing"}
    links = [link["href"] for link in tags.all("a")]
    assert "../notebooks/01_hearts.html#fig-beats" in links
    assert "../book/workshop.html" in links
    assert ">1. Hearts</a>" in text
    notes = re.findall(r'<aside class="notes">\n(.*?)</aside>', text, re.S)
    assert notes[0] == (
        "<p>Minute 5–117. Ask <em>who</em> has counted 75.</p>\n<p>Then wait.</p>\n"
    )
    assert "CC BY 4.0" in text.partition("<h2>")[0]
    assert (book / "html/slides/deck.css").is_file()


def test_a_deck_loads_nothing_from_elsewhere_unless_npm_did_not_run(book):
    def loaded() -> list[str]:
        tags = Tags(made(book))
        return [
            *(x["href"] for x in tags.all("link")),
            *(x["src"] for x in tags.all("script") if x),
        ]

    here = loaded()
    assert "../_static/reveal/dist/reveal.js" in here
    assert [address for address in here if "//" in address] == []
    (book / "html/_static/reveal").rmdir()
    there = [address for address in loaded() if "//" in address]
    assert len(there) == 3
    assert all("reveal.js@5.4.3/" in address for address in there)


def test_a_figure_that_is_not_there_stops_with_file_and_line(book):
    shutil.copy(book / "book/slides/hearts.md", book / "book/slides/a_good_one.md")
    wrong = DECK.replace("fig-plain", "words")
    (book / "book/slides/hearts.md").write_text(wrong)
    line = wrong.split("\n").index("figure: 01_hearts words") + 1
    with pytest.raises(BuildError) as error:
        make(book, book / "html", NUMBERS)
    assert f"slides/hearts.md:{line}: 01_hearts has no picture" in str(error.value)
    assert "fig-beats, fig-plain" in str(error.value)
    assert not (book / "html/slides").exists()


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("title: Hearts\n", "", 1, "a deck begins with title, for, page"),
        ("page: book/workshop", "page: book/nowhere", 1, "no page book/nowhere"),
        ("Is that much?", "Is that much? It is.", 15, "one sentence"),
        ("Is that much?", "That is much", 15, "one sentence"),
        ("figure: 01_hearts fig-plain\n\n", "", 17, "got 'Hands up.'"),
        ("Hands up.", "", 15, "no notes"),
        ("Is that much?", "Is 75.3 much?", 15, "'75.3'"),
        ("Hands up.", "They beat for 3 s.", 15, "'3 s'"),
        ("counted {glue:text}`rate:.0f`", "counted {glue:text}`rat`", 7, "no number 'rat'"),
        ("fig-plain", "fig-last", 17, "no picture with the label 'fig-last'"),
        ("01_hearts fig-plain", "02_lungs fig-plain", 17, "no chapter 02_lungs"),
        ("fig-plain", "fig-plain 20-70%", 17, "cannot show 20 to 70 % of b.png"),
        ("fig-beats", "fig-beats 70-20%", 9, "cannot show 70 to 20 %"),
        ("fig-beats", "fig-beats 20-170%", 9, "cannot show 20 to 170 %"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(book, old, new, line, words):
    assert old in DECK
    with pytest.raises(BuildError, match=re.escape(words)) as error:
        made(book, DECK.replace(old, new))
    assert f"slides/hearts.md:{line}: " in str(error.value)


def test_a_number_of_named_origin_may_be_typed(book):
    text = DECK.replace("Is that much?", "Is 75.3 much?")
    assert "Is 75.3 much?" in made(book, text.replace("page:", "numbers: {'75.3': here}\npage:"))


def test_rows_of_a_tall_figure_are_shown_alone(book):
    (first, _) = Tags(made(book, DECK.replace("fig-beats", "fig-beats 25-75%"))).all("img")
    assert first["src"] == "../_images/a.svg#svgView(viewBox(0,110,300,200))"
    assert first["style"] == "aspect-ratio: 300 / 200"


def test_an_answer_is_written_once_on_the_workshops_page(book):
    rows = "| Bet | Question | The page says |\n|---|---|---|\n| A | Much? | Yes. It is. |\n"
    (book / "book/workshop.md").write_text(f"# One\n\n## Bets\n\n{rows}\n### More\n\n| B | No. |\n")
    text = DECK.replace("Hands up.", "Hands up. {bet}`A` So wait.")
    assert "<p>Hands up. Yes. It is. So wait.</p>" in made(book, text)
    with pytest.raises(BuildError, match=r"hearts.md:19: book/workshop answers no bet B"):
        made(book, text.replace("`A`", "`B`"))


def test_a_changed_deck_is_a_changed_book(book):
    before = inputs_digest(book, ())
    made(book, DECK.replace("Hands up.", "Hands down."))
    assert inputs_digest(book, ()) != before


@pytest.mark.parametrize("path", DECKS, ids=lambda path: path.stem)
def test_the_books_decks_name_what_its_sources_have(path):
    front, slides = read_deck(path, read_kept(REPOSITORY / "notebooks"))
    page = (REPOSITORY / f"{front['page']}.md").read_text("utf-8")
    for slide in slides:
        source = (REPOSITORY / f"notebooks/{slide.chapter}.md").read_text("utf-8")
        assert re.search(rf"^ *:?name: {slide.label}$", source, re.M), slide
        for minute in re.findall(r"[Mm]inute (\d+–\d+)", slide.notes):
            assert f"| {minute} |" in page, f"line {slide.line}: the plan has no minute {minute}"


@pytest.mark.parametrize("name", ["workshop_90", "workshop_half_day", "workshop_two_days"])
def test_a_workshops_deck_has_every_bet_of_its_page_in_order(name):
    _, *bets = answers_of(REPOSITORY / f"book/{name}.md")  # without the table's head
    deck = (REPOSITORY / f"book/slides/{name}.md").read_text("utf-8")
    assert len(bets) >= 5
    assert re.findall(r"^## .*\b[Bb]et (\w+): ", deck, re.M) == bets
