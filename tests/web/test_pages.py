"""Every page in a real browser: it loads alone, is drawn whole, and can be read by all."""

from __future__ import annotations

import re

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


def test_a_search_shows_the_sentence_with_the_word(visit):
    with visit("search.html?q=apex") as opened:
        opened.page.wait_for_selector("#search-results p.context", timeout=15_000)
        opened.page.wait_for_function("document.querySelectorAll('p.context').length > 3")
        said = opened.page.locator("#search-results p.context").all_text_contents()
        assert [text for text in said if "apex" not in text.lower()] == []
        assert sum(not text.startswith("...") for text in said) > len(said) / 2
        assert opened.errors == []
        assert opened.external == []


def test_a_figure_that_is_touched_is_as_wide_as_it_was_drawn(visit):
    with visit("notebooks/02_micro_expressions.html", width=420) as opened:
        figure, large = opened.page.locator("img.enlarges").first, opened.page.locator("dialog img")
        small = figure.bounding_box()["width"]
        figure.click()
        assert large.bounding_box()["width"] > 800 > 420 > small
        large.click()
        assert not large.is_visible()


def test_an_enlarged_figure_is_whole_on_a_projector_until_escape(visit):
    with visit("notebooks/02_micro_expressions.html") as opened:
        opened.page.set_viewport_size({"width": 1280, "height": 720})
        opened.page.locator("details summary", has_text="Play it").click()
        large = opened.page.locator("dialog img")
        for figure in opened.page.locator("img.enlarges").all()[:3]:  # one of them the clip
            figure.click()
            box = large.bounding_box()
            assert box["width"] > 1100
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= 720
            opened.page.keyboard.press("Escape")
            assert not large.is_visible()


def test_an_exercise_has_room_for_an_answer_on_paper_alone(visit):
    heights = """parts => parts.map(part => parseFloat(getComputedStyle(part, "::after").height))"""
    with visit("notebooks/02_micro_expressions.html") as opened:
        exercises = opened.page.locator("section[id*=exercise-]")
        assert [x for x in exercises.evaluate_all(heights) if x > 0] == []
        opened.page.emulate_media(media="print")
        assert exercises.count() == 3
        assert min(exercises.evaluate_all(heights)) > 80


def test_a_term_says_what_it_means(written_page, html):
    text = (html / written_page).read_text(encoding="utf-8")
    links = re.findall(r'<a class="reference internal" href="[^"#]*#term-[^>]*>', text)
    assert all('title="' in link for link in links), links


def test_a_page_is_drawn_before_its_widgets_have_come(written_page, html):
    head = (html / written_page).read_text(encoding="utf-8").partition("</head>")[0]
    at_once = re.findall(r'<script (?!defer)[^>]*src="([^"?]+)', head)
    at_once += re.findall(r'<link [^>]*stylesheet[^>]*href="([^"?]+)', head)
    sizes = {name: (html / written_page).parent.joinpath(name).stat().st_size for name in at_once}
    # At 5 Mbit/s a megabyte takes 1.6 s.
    assert len(head) + sum(sizes.values()) < 1_000_000, sizes


def test_a_slider_fetches_the_picture_that_it_comes_to(visit, html):
    pictures = "[...document.querySelectorAll('.jupyter-widgets img')]"
    fetched = f"{pictures}.filter(e => e.naturalWidth).map(e => e.src)"
    held = (html / "_static/widgets/notebooks-04_laboratory.js").read_text(encoding="utf-8")
    assert len(held) < 200_000 and held.count("<img") > 10
    with visit("notebooks/04_laboratory.html") as opened:
        page = opened.page
        handle = page.locator(".noUi-handle").first
        handle.scroll_into_view_if_needed()
        page.wait_for_function(f"() => {fetched}.length > 0")
        page.wait_for_load_state("networkidle")
        before = page.evaluate(fetched)
        assert len(before) < held.count("<img") / 2
        handle.press("ArrowRight")
        page.wait_for_function(
            f"before => {fetched}.some(src => !before.includes(src))", arg=before
        )
        assert all(src.endswith(".svg") for src in page.evaluate(fetched))
