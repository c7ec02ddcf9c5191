"""A small Sphinx extension that mends what the theme gets wrong on every page."""

from __future__ import annotations

import re
from pathlib import Path

# What axe-core calls serious in the theme's own markup, and the markup that it accepts.
MENDED = (
    # the button reads "Search Ctrl+K": a label that says less contradicts what is seen
    (r'(class="btn search-button-field[^"]*") title="Search" aria-label="Search"', r"\1"),
    # three icons with titles inside a button that has a name already
    (r'(<i class="theme-switch [^>]*?)\s+title="[^"]*"', r'\1 aria-hidden="true"'),
    # the fold of a hidden cell reads "Show code cell source", or what the chapter put there
    (r'<summary aria-label="Toggle hidden content">', "<summary>"),
    # the list of source pages nests lists beside list items instead of in them
    (r"</li>\n<ul>", "\n<ul>"),
    (r"</ul>(?=<li>|</ul>)", "</ul></li>"),
    # a bibliography marked up as a list whose children are no list items
    (r'<div role="list" class="citation-list">', "<div>"),
    # a notebook beside the page is there to be saved; a browser would show its JSON in a new tab
    (r'<a href="([^":]+\.ipynb)" target="_blank"', r'<a href="\1" download'),
)


# An icon in the theme's script: its name, width, height, other names, letter and outline.
ICON = re.compile(
    r"""(?:"([\w-]+)"|\b([\w$]+)):(\[\d+,\d+,\[[^\]]*\],"[0-9a-f]*",("[^"]*"|\[[^\]]*\])\])"""
)


def drop_scripts(app, pagename, templatename, context, doctree) -> None:
    """Leave out sphinx-thebe, and MathJax (1.2 MB) where there is no formula.

    Jupyter Book loads sphinx-thebe for a button that this book lacks; it declares its constants
    twice, which is a console error on every page. What widgets hold is data, pictures among them,
    whose letters may spell anything.
    """
    formula = 'class="math' in context.get("body", "")

    def unwanted(script) -> bool:
        attributes = getattr(script, "attributes", {})
        if "widget" in str(attributes.get("type", "")):
            return False
        told = f"{script} {attributes.get('body', '')}".lower()
        return "thebe" in told or "mathjax" in told and not formula

    scripts = context.get("script_files", [])
    context["script_files"] = [script for script in scripts if not unwanted(script)]


def mend(app, exception) -> None:
    """Rewrite the finished pages; nothing earlier sees the theme's markup."""
    if exception or app.builder.name != "html":
        return
    used = {"xmark"}  # by the theme's own script
    for path in Path(app.outdir).rglob("*.html"):
        before = after = path.read_text(encoding="utf-8")
        for pattern, replacement in MENDED:
            after = re.sub(pattern, replacement, after)
        if after != before:
            path.write_text(after, encoding="utf-8")
        used.update(re.findall(r"\bfa-([\w-]+)", after))
    icons = Path(app.outdir) / "_static/scripts/fontawesome.js"
    if icons.is_file():
        icons.write_text(only_icons(icons.read_text(encoding="utf-8"), used), encoding="utf-8")


def only_icons(script: str, used: set[str]) -> str:
    """The theme's script without the outlines of icons that no page shows: 1.5 MB become 0.1.

    Their names stay, each with an empty outline, since other names are looked up among them.
    """

    def kept(icon: re.Match) -> str:
        others = re.findall(r'"([\w-]+)"', icon[3])
        if used & {icon[1], icon[2], *others}:
            return icon[0]
        return icon[0].replace(icon[4], '""')

    return ICON.sub(kept, script)


def setup(app) -> dict:
    app.connect("html-page-context", drop_scripts, priority=900)
    app.connect("build-finished", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
