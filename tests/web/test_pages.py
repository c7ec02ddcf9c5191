"""Every page in a real browser: it loads alone, is drawn whole, and can be read by all."""

from __future__ import annotations

import pytest

from tests.web.pages import AXE, WIDGET_VIEWS, unavailable

# What axe calls these is out of the reader's way; the rest may stand in a report.
GRAVE = ("serious", "critical")


def axe_violations(page) -> list[str]:
    """Serious and critical findings of axe-core, one line a place."""
    if not AXE.exists():
        unavailable("axe-core is missing: npm fetches it in make book")
    page.add_script_tag(path=str(AXE))
    result = page.evaluate("() => axe.run(document, {resultTypes: ['violations'], iframes: false})")
    return [
        f"{found['id']} ({found['impact']}): {' '.join(node['target'])}: {node['html'][:120]}"
        for found in result["violations"]
        if found["impact"] in GRAVE
        for node in found["nodes"]
    ]


def assert_drawn(page) -> None:
    """Formulas, tables and widgets stand where the source asks for them."""
    source = page.evaluate(
        "() => [...document.querySelectorAll('p')].map(e => e.textContent)"
        ".filter(text => text.trim().startsWith('|') || text.includes('|--'))"
    )
    assert source == []
    bare = page.evaluate(
        "() => [...document.querySelectorAll('.math')]"
        ".filter(e => !e.querySelector('mjx-container')).map(e => e.textContent)"
    )
    assert bare == []
    assert page.locator("mjx-merror").count() == 0
    drawn = page.evaluate(
        "() => [...document.querySelectorAll('.widget-subarea')]"
        ".filter(e => e.getBoundingClientRect().height > 5).length"
    )
    assert drawn == page.locator(WIDGET_VIEWS).count()
    said = page.evaluate(
        "() => [...document.querySelectorAll('.noUi-handle')].map(e => [e.ariaValueText,"
        " e.closest('.widget-inline-hbox').querySelector('.widget-readout').textContent])"
    )
    assert all(value == readout for value, readout in said)


def assert_well(opened, colours: str) -> None:
    """Nothing failed, nothing left the machine, nothing is missing or hard to read."""
    assert opened.external == []
    assert opened.failed == []
    assert opened.errors == []
    assert_drawn(opened.page)
    assert opened.page.evaluate("document.documentElement.dataset.theme") == colours
    if opened.home.startswith("http"):  # axe finds the same whatever the scheme
        found = axe_violations(opened.page)
        assert found == [], "\n".join(found)


def test_loads_alone_is_drawn_and_accessible(visit, page_path):
    with visit(page_path) as opened:
        assert_well(opened, "light")


@pytest.mark.parametrize(("scheme", "colours"), [("http", "dark"), ("file", "light")])
def test_does_so_in_the_dark_and_from_the_disk(visit, written_page, scheme, colours):
    with visit(written_page, scheme=scheme, colours=colours) as opened:
        assert_well(opened, colours)


def test_no_line_of_code_runs_out_of_its_column(visit, written_page):
    with visit(written_page, width=1280) as opened:
        cut = opened.page.evaluate(
            """() => [...document.querySelectorAll('.bd-article pre')]
              .filter(e => e.offsetParent && e.scrollWidth > e.clientWidth + 1)
              .map(e => e.textContent.slice(0, 60))"""
        )
        assert cut == []


def test_fits_a_phone(visit, written_page):
    with visit(written_page, width=420) as opened:
        wide = opened.page.evaluate(
            """() => {
              const room = document.documentElement.clientWidth + 1;
              if (document.documentElement.scrollWidth <= room) return [];
              const scrolls = e => e && (getComputedStyle(e).overflowX !== 'visible'
                || scrolls(e.parentElement));
              return [...document.querySelectorAll('body *')]
                .filter(e => e.getBoundingClientRect().right > room && !scrolls(e.parentElement))
                .map(e => `${e.tagName}.${e.className}: ${e.textContent.slice(0, 60)}`);
            }"""
        )
        assert wide == []
        assert opened.page.locator("h1:visible").count() == 1


def test_search_finds_a_word(visit):
    with visit("search.html?q=recognition") as opened:
        opened.page.wait_for_selector("#search-results li a", timeout=15_000)
        assert opened.errors == []
        assert opened.external == []
