"""Links of the built book, read from the HTML without a browser."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

from tests.web.pages import ROOT, built_pages
from tools.address import colab_url, is_public, read_address
from tools.sphinx_buttons import EDITIONS


class Page(HTMLParser):
    """Collects where a page points to, and what can be pointed at in it."""

    def __init__(self, text: str):
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.targets += [attrs[key] for key in ("href", "src") if attrs.get(key)]
        self.anchors |= {attrs[key] for key in ("id", "name") if attrs.get(key)}


def read(html, path: str) -> Page:
    return Page((html / path).read_text(encoding="utf-8"))


def test_local_links_lead_somewhere(html, page_path):
    broken = []
    for target in read(html, page_path).targets:
        parts = urlsplit(target)
        if parts.scheme or parts.netloc or target.startswith("#"):
            continue
        file = (html / page_path).parent / unquote(parts.path)
        if not file.is_file():
            broken.append(target)
        elif parts.fragment and file.suffix == ".html":
            anchors = Page(file.read_text(encoding="utf-8")).anchors
            if unquote(parts.fragment) not in anchors:
                broken.append(target)
    assert broken == []


def test_colab_links_open_files_of_the_repository(html):
    start = colab_url("")
    links = {
        target
        for page in built_pages()
        for target in read(html, page).targets
        if "colab.research.google.com" in target
    }
    assert bool(links) == is_public(read_address()), "a Colab link needs an address, and follows it"
    for link in links:
        assert link.startswith(start), f"{link} does not follow book/address.txt"
        assert (ROOT / link.removeprefix(start)).is_file(), f"{link}: no such file"


def test_every_chapter_offers_both_editions(html):
    chapters = [page for page in built_pages() if page.startswith("notebooks/")]
    assert chapters
    for page in chapters:
        name = page.removeprefix("notebooks/").removesuffix(".html") + ".ipynb"
        targets = read(html, page).targets
        for folder in EDITIONS.values():
            assert folder.removeprefix("notebooks/") + name in targets
            assert (html / folder / name).is_file()
            assert (colab_url(folder + name) in targets) == is_public(read_address())
