"""The decks in a real browser; that they load alone, light and dark, `test_pages.py` tests."""

from __future__ import annotations

import re

import pytest

from tests.web.pages import ROOT
from tools.slides import print_pdfs

DECKS = sorted(path.stem for path in (ROOT / "book/slides").glob("*.md"))


@pytest.mark.parametrize("deck", DECKS)
def test_every_slide_is_reached_by_an_arrow_and_shown_whole(visit, deck):
    with visit(f"slides/{deck}.html", scheme="file") as opened:
        page = opened.page
        page.set_viewport_size({"width": 1280, "height": 720})
        page.wait_for_function("Reveal.isReady()")
        total = page.evaluate("Reveal.getTotalSlides()")
        for number in range(2, total + 1):
            page.keyboard.press("ArrowRight")
            shown = page.locator(".slide-number").inner_text().split()
            assert shown == [str(number), "/", str(total)]
            slide = page.locator("section.present")
            image = slide.locator("img")
            assert image.evaluate("async i => { await i.decode(); return i.naturalWidth; }") > 0
            assert len(image.get_attribute("alt")) >= 20
            sentence, figure, place = (
                slide.locator(part).bounding_box() for part in ("h2", "img", "p > a")
            )
            assert sentence["y"] >= 0 and sentence["height"] < 100, "two lines at most"
            assert sentence["y"] + sentence["height"] <= figure["y"]
            assert figure["height"] > 340 and figure["width"] > 1100
            assert figure["y"] + figure["height"] <= place["y"]
            assert place["y"] + place["height"] <= 720
        assert opened.external == []
        assert opened.failed == []
        assert opened.errors == []


def test_s_opens_the_notes_and_t_turns_dark(visit):
    with visit("slides/workshop_90.html", scheme="file") as opened:
        opened.page.wait_for_function("Reveal.isReady()")
        opened.page.keyboard.press("ArrowRight")
        with opened.page.expect_popup() as popup:
            opened.page.keyboard.press("s")
        notes = popup.value.locator(".speaker-controls-notes .value")
        notes.get_by_text("Hand out the sheet").wait_for(timeout=15_000)
        opened.page.keyboard.press("t")
        assert opened.page.evaluate("document.documentElement.dataset.theme") == "dark"
        assert opened.external == []


def test_a_printed_deck_has_a_page_for_each_slide(browser, html, tmp_path):
    copy = html / "slides/weighted_fusion.html"
    (pdf,) = print_pdfs(browser, {copy: tmp_path / "deck.pdf"})
    sides = len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes()))
    assert sides == copy.read_text("utf-8").count("<section>")


def test_the_printed_handout_has_two_pages(browser, html, tmp_path):
    (pdf,) = print_pdfs(browser, {html / "book/handout.html": tmp_path / "handout.pdf"})
    assert len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes())) == 2
