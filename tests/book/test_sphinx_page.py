"""What the pages load and when, and what a link to a term says."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pydata_sphinx_theme
from bs4 import BeautifulSoup
from sphinx.builders.html._assets import _JavaScript

from meps_lab.chapters.explore import image_tag
from tools.offline_assets import SPHINX_SETTINGS
from tools.sphinx_page import mend, only_icons, order_scripts

EMBED = "widgets/embed.js"


def test_thebe_is_dropped_and_what_widgets_hold_waits(tmp_path):
    # Letters of a picture spell anything; a closing tag would end a script in the page.
    state = '{"state": {"a": {"state": {"value": "ThEbE mathjax </script>", "index": 2}}}}'
    scripts = [
        _JavaScript("_static/page.js"),
        _JavaScript("_static/sphinx-thebe.js"),
        _JavaScript("", body="const THEBE_JS_URL = 1"),
        _JavaScript("", type="application/vnd.jupyter.widget-state+json", body=state),
        _JavaScript("_static/widgets/embed.js", **SPHINX_SETTINGS["nb_ipywidgets_js"][EMBED]),
    ]
    context = {"script_files": list(scripts)}
    order_scripts(SimpleNamespace(outdir=tmp_path), "notebooks/04", "page.html", context, None)
    page, held, embed = context["script_files"]
    assert (page, embed) == (scripts[0], scripts[4])
    assert held.attributes == embed.attributes == {"defer": "defer"}
    said = (tmp_path / held.filename).read_text("utf8")
    assert json.loads(re.search(r"JSON.stringify\((.*)\)", said)[1]) == json.loads(state)
    assert "notebooks-04" in held.filename and "widget-state+json" in said


def test_a_picture_of_a_widget_is_a_file_that_is_fetched_when_it_is_shown(tmp_path):
    drawn = b'<svg viewBox="0 0 331.5 120" xmlns="http://www.w3.org/2000/svg"/>'
    picture = image_tag(drawn, "svg+xml", 'A "card".', "46rem")
    values = {"a": picture, "b": picture.replace("A ", "B "), "c": "plain <img>", "d": 2}
    state = json.dumps({"state": {name: {"state": {"value": x}} for name, x in values.items()}})
    script = _JavaScript("", type="application/vnd.jupyter.widget-state+json", body=state)
    context = {"script_files": [script]}
    order_scripts(SimpleNamespace(outdir=tmp_path), "notebooks/04", "page.html", context, None)
    said = (tmp_path / context["script_files"][0].filename).read_text("utf8")
    held = json.loads(re.search(r"JSON.stringify\((.*)\)", said)[1])["state"]
    (file,) = tmp_path.glob("_static/widgets/*.svg")  # the two are one
    assert file.read_bytes() == drawn
    for name, alt in (("a", 'A "card".'), ("b", 'B "card".')):
        told = BeautifulSoup(held[name]["state"]["value"], "html.parser").img.attrs
        assert (tmp_path / "notebooks" / told["src"]).resolve() == file
        assert told["loading"] == "lazy" and told["alt"] == alt
        assert told["style"] == "width: 100%; max-width: 46rem; aspect-ratio: 331.5 / 120"
    assert [held[name]["state"]["value"] for name in "cd"] == ["plain <img>", 2]


def test_a_link_to_a_term_says_what_the_term_means(tmp_path):
    (tmp_path / "book").mkdir()
    term = '<dl><dt id="term-lead">lead</dt><dd><p>How an <a href="#">ECG</a> is "seen".</p></dd>'
    (tmp_path / "book/glossary.html").write_text(term)
    link = '<a class="reference internal" href="{}"><span>a lead</span></a>'
    links = [link.format(to) for to in ("book/glossary.html#term-lead", "g.html#term-x", "a.html")]
    (tmp_path / "page.html").write_text("".join(links))
    builder = SimpleNamespace(name="html")
    mend(SimpleNamespace(outdir=tmp_path, builder=builder), None)
    first, *others = links
    first = first.replace('lead">', 'lead" title="How an ECG is &quot;seen&quot;.">')
    assert (tmp_path / "page.html").read_text() == "".join([first, *others])


def test_mathjax_comes_where_a_formula_is():
    scripts = [_JavaScript("_static/page.js"), _JavaScript("_static/mathjax/tex-mml-chtml.js")]
    for body, n in (("<p>words</p>", 1), ('<span class="math notranslate">x</span>', 2)):
        context = {"script_files": list(scripts), "body": body}
        order_scripts(None, "page", "page.html", context, None)
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
