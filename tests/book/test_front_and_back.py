"""The pages around the chapters: what they name exists, and what they show can be read."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml
from pybtex.database import parse_file

import meps_lib
from meps_lib.plots.style import CARD
from tests.lib.plots.test_plots import contrast

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
PAGES = sorted(BOOK.glob("*.md"))
LEDGER = (BOOK / "replication_ledger.md").read_text(encoding="utf-8")
NAMED_ROW = re.compile(r"ledger:\s*([a-z0-9]+(?:-[a-z0-9]+)*(?:,\s+[a-z0-9]+(?:-[a-z0-9]+)+)*)")


def named_rows() -> dict[str, str]:
    """Every ledger row that code or a chapter names, and one place that names it."""
    found = {}
    for folder, pattern in (("meps_lib", "*.py"), ("meps_lab", "*.py"), ("notebooks", "*.md")):
        for path in (ROOT / folder).rglob(pattern):
            for rows in NAMED_ROW.findall(path.read_text(encoding="utf-8")):
                for row in re.split(r",\s+", rows):
                    found[row] = path.relative_to(ROOT).as_posix()
    return found


def test_every_row_that_code_names_stands_in_the_ledger():
    rows = named_rows()
    assert {"fusion-interval", "attention-tokens", "fusion-place"} <= rows.keys()
    missing = {row: where for row, where in rows.items() if f"(ledger-{row})=" not in LEDGER}
    assert missing == {}


def test_every_row_of_the_ledger_has_its_five_cells():
    rows = re.split(r"\n\* - \(ledger-", LEDGER)[1:]
    assert len(rows) >= 20
    for row in rows:
        cells = re.findall(r"^  - ", row.split("\n:::")[0], flags=re.M)
        assert len(cells) == 4, row.splitlines()[0]


def test_every_citation_has_an_entry_and_every_entry_is_whole():
    entries = parse_file(str(BOOK / "references.bib")).entries
    sources = [*PAGES, *(ROOT / "notebooks").glob("*.md")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    cited = {
        key.strip()
        for keys in re.findall(r"\{cite:\w+\}`([^`]+)`", text)
        for key in keys.split(",")
    }
    assert cited - set(entries) == set()
    for key, entry in entries.items():
        assert entry.persons.get("author") or entry.persons.get("editor"), key
        assert {"title", "year"} <= set(entry.fields), key
        published = {"journal", "booktitle", "eprint", "howpublished", "publisher"}
        assert published & set(entry.fields), key
    dois = [e.fields["doi"].lower() for e in entries.values() if "doi" in e.fields]
    assert len(dois) == len(set(dois)), "one publication under two keys"


def test_citation_file_agrees_with_the_package():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    config = yaml.safe_load((BOOK / "_config.yml").read_text(encoding="utf-8"))
    assert citation["version"] == meps_lib.__version__
    assert citation["title"] == config["title"]
    assert citation["license"] == ["MIT", "CC-BY-4.0"]


def test_composite_counts_add_up():
    text = (BOOK / "data_access.md").read_text(encoding="utf-8")
    rows = [
        [int(cell) for cell in re.findall(r"\| (\d+) (?=\|)", line)]
        for line in text.splitlines()
        if re.match(r"\| (SMIC-HS|CASME II|SAMM|composite) \| \d+ \| \d+ \| \d+ \| \d+ \|", line)
    ]
    assert len(rows) == 4
    assert [sum(column) for column in zip(*rows[:3], strict=True)] == rows[3]
    for _, *classes, total in rows:
        assert sum(classes) == total


@pytest.mark.parametrize("path", sorted((BOOK / "_static").glob("*.svg")), ids=lambda p: p.name)
def test_drawings_are_whole_and_stand_alone(path):
    tree = ET.parse(path)
    title = tree.find("{http://www.w3.org/2000/svg}title")
    assert title is not None
    assert title.text
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|@import|<image|<script", text)


def test_style_sheet_fetches_nothing():
    css = (BOOK / "_static/custom.css").read_text(encoding="utf-8")
    assert "@import" not in css
    assert "@font-face" not in css
    fetched = re.findall(r"url\(\"?([^\")]+)", css)
    assert fetched
    assert all((BOOK / "_static" / name).exists() for name in fetched)


@pytest.mark.parametrize("theme, ground", [("light", "#ffffff"), ("dark", "#12161d")])
def test_text_and_links_stand_out_from_the_page(theme, ground):
    css = (BOOK / "_static/custom.css").read_text(encoding="utf-8")
    block = re.search(rf'html\[data-theme="{theme}"\] {{(.*?)}}', css, flags=re.S).group(1)
    colours = dict(re.findall(r"--pst-color-([\w-]+): (#[0-9a-f]{6})", block))
    assert colours.get("background", ground) == ground
    for behind in (ground, colours["surface"]):
        for name in ("text-base", "text-muted", "heading", "link", "inline-code", "primary"):
            assert contrast(colours[name], behind) >= 4.5, (name, behind)


def test_drawing_and_figures_share_one_card():
    assert CARD in (BOOK / "_static/overview.svg").read_text(encoding="utf-8")
    assert CARD.lower() in (BOOK / "_static/custom.css").read_text(encoding="utf-8")
