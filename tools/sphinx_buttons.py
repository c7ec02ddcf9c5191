"""A small Sphinx extension: which notebooks a chapter's page opens or saves, and where to report.

The theme offers a page's own source, which is MyST with its solutions in. A reader wants the
generated editions, that for students first: `tools/build_book.py` lays them beside the pages.
Each section has a link that opens an issue with its page and title filled in.
"""

from __future__ import annotations

import re
from html import escape, unescape
from urllib.parse import urlencode

from tools.address import PLACEHOLDER, colab_link, is_public

FOLDER = "notebooks/"
# What a menu calls an edition, and where it lies under the pages' root and the repository's alike.
EDITIONS = {"student": "notebooks/student/", "with solutions": "notebooks/"}
# A heading up to the end of the theme's link to it.
HEADING = re.compile(r'<h[1-3]>(.*?)<a class="headerlink" href="#[^"]*"[^>]*>.*?</a>', re.DOTALL)


def menu(label: str, icon: str, tooltip: str, buttons: list[dict]) -> dict:
    """A button of the header that opens a list."""
    kind = {"type": "group", "label": label, "icon": icon, "tooltip": tooltip}
    return {**kind, "buttons": buttons}


def offers(app, pagename, templatename, context, doctree) -> None:
    """Offer the two editions to save in place of the sources, and with an address in Colab."""
    theirs = {button.get("label"): button for button in context.get("header_buttons", [])}
    saved = theirs.get("download-buttons")
    if saved is None:
        return
    prints = [button for button in saved["buttons"] if button["type"] == "javascript"]
    if not pagename.startswith(FOLDER):
        saved["buttons"] = prints
        return
    paths = {
        name: folder + pagename.removeprefix(FOLDER) + ".ipynb" for name, folder in EDITIONS.items()
    }
    saved["buttons"] = [
        {
            "type": "link",
            "url": context["pathto"](path, 1),
            "text": f".ipynb, {name}",
            "icon": "fas fa-file-code",
            "tooltip": f"Save the notebook, {name}",
        }
        for name, path in paths.items()
    ] + prints
    address = app.config.meps_address
    if is_public(address):
        links = [
            {
                "type": "link",
                "url": colab_link(address, path),
                "text": name,
                "icon": "_static/images/logo_colab.png",
                "tooltip": f"Open in Colab, {name}",
            }
            for name, path in paths.items()
        ]
        rocket = menu("launch-buttons", "fas fa-rocket", "Run this chapter in Colab", links)
        context["header_buttons"].insert(0, rocket)


def reports(app, pagename, templatename, context, doctree) -> None:
    """Put beside each heading a link that opens an issue about this section."""
    address = app.config.meps_address
    if not is_public(address) or "body" not in context:
        return

    def with_link(heading: re.Match) -> str:
        section = " ".join(unescape(re.sub("<[^>]+>", "", heading[1])).split())
        asked = urlencode({"title": f"{pagename}, {section}: "})
        url = escape(f"https://github.com/{address}/issues/new?{asked}")
        label = "Report a problem in this section"
        return f'{heading[0]}<a class="headerlink report" href="{url}" title="{label}">report</a>'

    context["body"] = HEADING.sub(with_link, context["body"])


def setup(app) -> dict:
    app.add_config_value("meps_address", PLACEHOLDER, "html")
    app.connect("html-page-context", reports)
    app.connect("html-page-context", offers, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
