"""A small Sphinx extension that mends what the theme gets wrong on every page."""

from __future__ import annotations

import base64
import json
import re
from hashlib import sha256
from html import escape
from pathlib import Path

from bs4 import BeautifulSoup

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


# A link to a term of the glossary.
TERM = re.compile(r'<a class="reference internal" href="[^"#]*#(term-[^"]+)"')
# An icon in the theme's script: its name, width, height, other names, letter and outline.
ICON = re.compile(
    r"""(?:"([\w-]+)"|\b([\w$]+)):(\[\d+,\d+,\[[^\]]*\],"[0-9a-f]*",("[^"]*"|\[[^\]]*\])\])"""
)


# As a script and not as JSON, which no browser fetches for a page that was opened from a disk.
HOLD = """document.head.append(Object.assign(document.createElement("script"), {
  type: "application/vnd.jupyter.widget-state+json",
  textContent: JSON.stringify(%s),
}));
"""

# A picture that a widget carries, and how wide and high it says it is.
CARRIED = re.compile(r'style="([^"]*)" src="data:image/svg\+xml;base64,([^"]*)"')
SIZE = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')


def order_scripts(app, pagename, templatename, context, doctree) -> None:
    """Have a page drawn before megabytes of scripts arrive; leave out those that it does not need.

    MathJax (1.2 MB) comes only with a formula, and sphinx-thebe never: Jupyter Book loads it for a
    button that this book lacks, and it declares its constants twice, which is a console error on
    every page. What widgets hold moves from the page's head to a file of its own, which waits until
    the page is drawn, as the widgets' script does; and their pictures to files that a browser
    fetches when a slider comes to them.
    """
    formula, kept = 'class="math' in context.get("body", ""), []
    for script in context.get("script_files", []):
        attributes = getattr(script, "attributes", {})
        if "widget-state" in str(attributes.get("type", "")):
            name = f"_static/widgets/{pagename.replace('/', '-')}.js"
            path = Path(app.outdir, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            told = _without_pictures(attributes["body"], path.parent, "../" * pagename.count("/"))
            path.write_text(HOLD % told, encoding="utf-8")
            kept.append(type(script)(name, defer="defer"))
            continue
        told = f"{script} {attributes.get('body', '')}".lower()
        if "thebe" in told or "mathjax" in told and not formula:
            continue
        kept.append(script)
    context["script_files"] = kept


def _without_pictures(state: str, folder: Path, root: str) -> str:
    """What widgets hold, with each picture in a file of the folder, and the room that it takes."""

    def filed(picture: re.Match) -> str:
        drawn = base64.b64decode(picture[2])
        name = f"{sha256(drawn).hexdigest()[:16]}.svg"
        (folder / name).write_bytes(drawn)
        width, height = SIZE.search(drawn.decode()).groups()
        style = f"{picture[1]}; aspect-ratio: {width} / {height}"
        return f'style="{style}" loading="lazy" src="{root}_static/widgets/{name}"'

    held = json.loads(state)
    for model in held["state"].values():
        if "<img" in str(model["state"].get("value")):
            model["state"]["value"] = CARRIED.sub(filed, model["state"]["value"])
    return json.dumps(held)


def mend(app, exception) -> None:
    """Rewrite the finished pages; nothing earlier sees the theme's markup."""
    if exception or app.builder.name != "html":
        return
    used = {"xmark"}  # by the theme's own script
    glossary = Path(app.outdir, "book/glossary.html")
    told = definitions(glossary.read_text(encoding="utf-8")) if glossary.is_file() else {}
    for path in Path(app.outdir).rglob("*.html"):
        before = after = path.read_text(encoding="utf-8")
        for pattern, replacement in MENDED:
            after = re.sub(pattern, replacement, after)
        after = TERM.sub(lambda link: link[0] + told.get(link[1], ""), after)
        if after != before:
            path.write_text(after, encoding="utf-8")
        used.update(re.findall(r"\bfa-([\w-]+)", after))
    icons = Path(app.outdir) / "_static/scripts/fontawesome.js"
    if icons.is_file():
        icons.write_text(only_icons(icons.read_text(encoding="utf-8"), used), encoding="utf-8")


def definitions(page: str) -> dict[str, str]:
    """What the glossary's page says of each term, by the term's label, as an attribute of a link.

    Examples
    --------
    >>> definitions('<dt id="term-lead">lead</dt><dd><p>Where an <a>ECG</a> is &quot;seen&quot;.')
    {'term-lead': ' title="Where an ECG is &quot;seen&quot;."'}
    """
    entries = BeautifulSoup(page, "html.parser").select("dt[id^=term-]")
    said = {entry["id"]: entry.find_next("dd").p.get_text() for entry in entries}
    return {label: f' title="{escape(" ".join(text.split()))}"' for label, text in said.items()}


def only_icons(script: str, used: set[str]) -> str:
    """The theme's script without the outlines of icons that no page shows: 1.5 MB become 0.2.

    Their names stay, each with an empty outline, since other names are looked up among them.
    """

    def kept(icon: re.Match) -> str:
        others = re.findall(r'"([\w-]+)"', icon[3])
        if used & {icon[1], icon[2], *others}:
            return icon[0]
        return icon[0].replace(icon[4], '""')

    return ICON.sub(kept, script)


def setup(app) -> dict:
    app.connect("html-page-context", order_scripts, priority=900)
    app.connect("build-finished", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
