"""The slides: of a page one figure and one sentence each, with what to say.

A deck is a text in `book/slides/`. Each `## ` heading is a slide and its sentence, the line below
it names a chapter and the label of a figure there, and the rest are speaker notes:

    ## The skin answers when the face has long been still.

    figure: 00_ten_minutes fig-ten-body

    Minute 5-17. The grey band is the clip.

Of a tall figure, rows may be shown alone: `figure: 03_meps fig-broken 20-75%`, of its height.
{bet}`A` becomes what the table of bets says to bet A, on the page that the front matter names.
`python -m tools.slides` makes the decks from the built pages, into `_build/html/slides`; a build
of the book does the same. `--pdf` prints each with Chromium, and the handout.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

import nbformat
import yaml
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt

from tools import prose_numbers
from tools.execute import ROOT, BuildError
from tools.numbers import last_run
from tools.sentences import BETWEEN, GLUE, filled

FRONT = re.compile(r"---\n(.*?\n)---\n", re.S)
FIGURE = re.compile(r"figure: +(\S+) +(\S+)(?: +(\d+)-(\d+)%)?")
BET = re.compile(r"\{bet\}`(\w+)`")
VIEW_BOX = re.compile(r'viewBox="([\d.-]+) ([\d.-]+) ([\d.]+) ([\d.]+)"')
TOLD = ("title", "for", "page")  # what the front matter has to say
# Where npm did not run: the same version from its CDN.
CDN = "https://cdn.jsdelivr.net/npm/reveal.js@{}/"
READY = (
    "document.querySelectorAll('.pdf-page').length && [...document.images].every(i => i.complete)"
)
MARGIN = dict.fromkeys(("top", "right", "bottom", "left"), "8mm")
SLIDE = Template("""
<section>
<div class="slide">
<h2>$sentence</h2>
<img src="$picture" alt="$alt"$shape>
<p><a href="$address">$title</a></p>
</div>
<aside class="notes">
$notes</aside>
</section>""")


@dataclass(frozen=True)
class Slide:
    """One slide as its author wrote it; `line` is where its figure is named."""

    line: int
    sentence: str
    chapter: str
    label: str
    rows: tuple[int, int] | None
    notes: str


def read_deck(path: Path, numbers: Mapping[str, Mapping[str, str]]) -> tuple[dict, list[Slide]]:
    """Read the front matter and the slides of a deck, numbers of the chapters filled in.

    Raises
    ------
    BuildError
        With file and line: a slide without sentence, figure or notes, with two sentences, or with
        a number that somebody typed; and a bet that the deck's page does not have.
    """
    text = path.read_text(encoding="utf-8")
    front = FRONT.match(text)
    told = yaml.safe_load(front[1]) if front else None
    if not isinstance(told, dict) or not all(isinstance(told.get(key), str) for key in TOLD):
        raise _wrong(path, 1, f"a deck begins with {', '.join(TOLD)} between two lines of ---")
    answers = answers_of(path.parents[2] / f"{told['page']}.md")
    for role in BET.finditer(text):
        if role[1] not in answers:
            at = text.count("\n", 0, role.start()) + 1
            raise _wrong(path, at, f"{told['page']} answers no bet {role[1]}")
    text = BET.sub(lambda role: answers[role[1]], text)
    slides = []
    for heading in re.finditer(r"^## +(.*)\n((?:(?!## ).*\n?)*)", text, re.M):
        line = text.count("\n", 0, heading.start()) + 1
        sentence, (named, _, notes) = heading[1].strip(), heading[2].strip().partition("\n")
        at = line + 1 + len(heading[2]) - len(heading[2].lstrip("\n"))
        figure = FIGURE.fullmatch(named.strip())
        if not figure:
            told_so = f"got {named!r}, expected a line such as: figure: 01_signals fig-answers"
            raise _wrong(path, at, f"below the sentence {told_so}")
        if not re.search(r"[.?]”?$", sentence) or len(BETWEEN.split(sentence)) > 1:
            raise _wrong(path, line, f"a slide has one sentence, got {sentence!r}")
        if not notes.strip():
            raise _wrong(path, line, f"no notes: what to say to {sentence!r}")
        kept = numbers.get(figure[1], {})
        for role in GLUE.findall(heading[0]):
            if role not in kept:
                raise _wrong(path, line, f"{figure[1]} has no number {role!r} in its text")
        words = re.sub(r"\b[Mm]inute [\d–]+", "", f"{sentence}\n\n{notes}")  # of the plan's clock
        cell = nbformat.v4.new_markdown_cell(words)
        for typed in prose_numbers.numbers(cell, told):
            raise _wrong(path, line, typed.replace("`meps: numbers`", "`numbers` at the top"))
        rows = (int(figure[3]), int(figure[4])) if figure[3] else None
        words = filled(sentence, kept), *figure.groups()[:2], rows, filled(notes, kept)
        slides.append(Slide(at, *words))
    if not slides:
        raise _wrong(path, 1, "no slide: each begins with ## and its sentence")
    return told, slides


def answers_of(page: Path) -> dict[str, str]:
    """What a workshop's page says to each bet, the last cell of its row, by the bet's name."""
    table = page.read_text("utf-8").partition("\n## Bets\n")[2] if page.is_file() else ""
    return dict(re.findall(r"^\| (\w+) \|.*\| (.+) \|$", table.partition("\n#")[0], re.M))


def make(root: Path, html: Path, numbers: Mapping[str, Mapping[str, str]]) -> list[Path]:
    """Write the decks of `book/slides` into the built pages, none if one of them is wrong.

    Raises
    ------
    BuildError
        What `read_deck` raises, and, with file and line, a figure that the pages do not have.
    """
    folder = root / "book/slides"
    frame = Template((folder / "deck.html").read_text("utf-8")) if folder.is_dir() else None
    pages: dict[str, BeautifulSoup] = {}
    decks = {}
    for path in sorted(folder.glob("*.md")):
        told, slides = read_deck(path, numbers)
        shown = "".join(_section(path, slide, html, pages) for slide in slides)
        if not (html / f"{told['page']}.html").is_file():
            raise _wrong(path, 1, f"there is no page {told['page']}")
        words = {key: escape(told[key]) for key in TOLD}
        decks[path.stem] = frame.substitute(words, slides=shown, reveal=_reveal(root, html))
    for name, deck in decks.items():
        (html / "slides").mkdir(exist_ok=True)
        (html / "slides" / f"{name}.html").write_text(deck, encoding="utf-8")
    if decks:
        shutil.copy(folder / "deck.css", html / "slides")
    return [html / "slides" / f"{name}.html" for name in decks]


def _section(path: Path, slide: Slide, html: Path, pages: dict[str, BeautifulSoup]) -> str:
    source = f"notebooks/{slide.chapter}.html"
    if source not in pages:
        if not (html / source).is_file():
            raise _wrong(path, slide.line, f"there is no chapter {slide.chapter}")
        pages[source] = BeautifulSoup((html / source).read_text("utf-8"), "html.parser")
    page = pages[source]
    place = page.find("figure", id=slide.label)
    picture = place and place.find("img")
    if not picture:
        there = ", ".join(figure["id"] for figure in page.select("figure[id]:has(img)"))
        raise _wrong(
            path,
            slide.line,
            f"{slide.chapter} has no picture with the label {slide.label!r}, but {there or 'none'}",
        )
    view, shape = _rows(path, slide, html / "notebooks" / picture["src"])
    return SLIDE.substitute(
        sentence=escape(slide.sentence),
        picture=escape(picture["src"] + view),
        shape=shape,
        alt=escape(picture["alt"]),
        address=escape(f"../{source}#{slide.label}"),
        title=escape(page.h1.get_text().rstrip("#")),
        notes=MarkdownIt().render(slide.notes),
    )


def _rows(path: Path, slide: Slide, picture: Path) -> tuple[str, str]:
    """The rows of a drawing that are shown: the end of its address, and an attribute."""
    if not slide.rows:
        return "", ""
    first, last = slide.rows
    box = VIEW_BOX.search(picture.read_text("utf-8")) if picture.suffix == ".svg" else None
    if not box or not first < last <= 100:
        raise _wrong(path, slide.line, f"cannot show {first} to {last} % of {picture.name}")
    left, top, width, height = map(float, box.groups())
    top, height = top + height * first / 100, height * (last - first) / 100
    view = f"#svgView(viewBox({left:g},{top:g},{width:g},{height:g}))"
    return view, f' style="aspect-ratio: {width:g} / {height:g}"'


def _reveal(root: Path, html: Path) -> str:
    if (html / "_static/reveal").is_dir():
        return "../_static/reveal/"
    wanted = json.loads((root / "package.json").read_text("utf-8"))["dependencies"]["reveal.js"]
    return CDN.format(wanted)


def _wrong(path: Path, line: int, words: str) -> BuildError:
    return BuildError(f"{path.parent.parent.name}/slides/{path.name}:{line}: {words}")


def print_pdfs(browser, targets: Mapping[Path, Path]) -> Iterator[Path]:
    """Print pages with a browser of playwright: decks as reveal.js does, others on A4."""
    page = browser.new_page()
    for path, pdf in targets.items():
        deck = path.parent.name == "slides"
        page.goto(path.as_uri() + ("?print-pdf" if deck else ""))
        page.wait_for_function(READY if deck else "window.MathJax?.startup?.promise ?? true")
        paper = {"prefer_css_page_size": True} if deck else {"format": "A4", "margin": MARGIN}
        page.pdf(path=pdf, print_background=True, tagged=True, **paper)
        yield pdf
    page.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pdf", action="store_true", help="print them with Chromium, too")
    options = parser.parse_args()
    html = ROOT / "_build/html"
    if not (html / "index.html").is_file():
        sys.exit("There is no book yet: type make book")
    try:
        decks = make(ROOT, html, last_run(ROOT))
    except BuildError as error:
        sys.exit(f"The slides were not made.\n{error}")
    print(f"{len(decks)} decks are in _build/html/slides.")
    if not options.pdf:
        return
    chromium = os.environ.get("MEPS_CHROMIUM", "/usr/bin/chromium")
    if shutil.which(chromium) is None:
        sys.exit(f"No PDF: there is no Chromium at {chromium}; set MEPS_CHROMIUM to one.")
    from playwright.sync_api import sync_playwright

    targets = {path: path.with_suffix(".pdf") for path in [*decks, html / "book/handout.html"]}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for pdf in print_pdfs(browser, targets):
            print(f"{pdf.relative_to(ROOT)}, {pdf.stat().st_size / 1e6:.1f} MB", flush=True)


if __name__ == "__main__":
    main()
