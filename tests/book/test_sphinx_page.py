"""What the pages load: sphinx-thebe goes, widgets stay whatever their pictures spell."""

from sphinx.builders.html._assets import _JavaScript

from tools.sphinx_page import drop_thebe


def test_only_thebe_is_dropped():
    widgets = "application/vnd.jupyter.widget-state+json"
    scripts = [
        _JavaScript("_static/page.js"),
        _JavaScript("_static/sphinx-thebe.js"),
        _JavaScript("", body="const THEBE_JS_URL = 1"),
        _JavaScript("", type=widgets, body='{"value": "iVBORw0KGgoThEbE"}'),
    ]
    context = {"script_files": list(scripts)}
    drop_thebe(None, "page", "page.html", context, None)
    assert context["script_files"] == [scripts[0], scripts[3]]
