"""What the pages load: sphinx-thebe goes, widgets stay whatever their pictures spell."""

import re
from pathlib import Path

import pydata_sphinx_theme
from sphinx.builders.html._assets import _JavaScript

from tools.sphinx_page import drop_scripts, only_icons


def test_only_thebe_is_dropped():
    widgets = "application/vnd.jupyter.widget-state+json"
    scripts = [
        _JavaScript("_static/page.js"),
        _JavaScript("_static/sphinx-thebe.js"),
        _JavaScript("", body="const THEBE_JS_URL = 1"),
        _JavaScript("", type=widgets, body='{"value": "iVBORw0KGgoThEbE"}'),
    ]
    context = {"script_files": list(scripts)}
    drop_scripts(None, "page", "page.html", context, None)
    assert context["script_files"] == [scripts[0], scripts[3]]


def test_mathjax_comes_where_a_formula_is():
    scripts = [_JavaScript("_static/page.js"), _JavaScript("_static/mathjax/tex-mml-chtml.js")]
    for body, n in (("<p>words</p>", 1), ('<span class="math notranslate">x</span>', 2)):
        context = {"script_files": list(scripts), "body": body}
        drop_scripts(None, "page", "page.html", context, None)
        assert context["script_files"] == scripts[:n]


def test_icons_that_no_page_shows_lose_their_outlines():
    theme = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme"
    (script,) = theme.glob("static/scripts/fontawesome.js")
    before = script.read_text(encoding="utf-8")
    after = only_icons(before, {"bars", "download", "search"})
    assert len(after) < 300_000 < 1_200_000 < len(before)
    # By any of its names, and nothing else of the script is touched.
    for outline in (
        r"bars:\[448,512,\[\"navicon\"\],\"f0c9\",\"M",
        r"\"magnifying-glass\":\[[^\]]*\],\"[^\"]*\",\"M",
    ):
        assert re.search(outline, after)
    assert not re.search(r"monero:[^M]*\"M", after)
    outline = r'"M[^"]*"|\["[^\]]*\]'
    assert re.sub(outline, '""', after) == re.sub(outline, '""', before)
