"""The browser files that let the pages work with no network.

npm puts whole packages into `node_modules`; a page needs one script of MathJax with its fonts
and the bundle that draws widgets, a deck of slides three files of reveal.js. Where npm did not
run, the pages ask the CDNs instead.
"""

from __future__ import annotations

import shutil
from pathlib import Path

# folder in node_modules, patterns to take, folder beside the pages
PARTS = (
    ("mathjax/es5", ("tex-mml-chtml.js", "output/chtml/fonts/woff-v2/*.woff"), "mathjax"),
    (
        "@jupyter-widgets/html-manager/dist",
        ("embed.js", "*.embed.js", "*.woff", "*.woff2", "*.ttf", "*.eot", "*.svg"),
        "widgets",
    ),
    (
        "reveal.js",
        ("dist/reveal.js", "dist/reveal.css", "plugin/notes/notes.js", "LICENSE"),
        "reveal",
    ),
)
# What Sphinx has to be told, so that it links these files instead of the CDNs.
SPHINX_SETTINGS = {
    "mathjax_path": "mathjax/tex-mml-chtml.js",
    "nb_ipywidgets_js": {"widgets/embed.js": {"defer": "defer"}},
}


def available(node_modules: Path) -> bool:
    """Whether npm finished: it writes this file last."""
    return (node_modules / ".package-lock.json").exists() and all(
        (node_modules / source / patterns[0]).exists() for source, patterns, _ in PARTS
    )


def copy_assets(node_modules: Path, target: Path) -> int:
    """Copy what the pages need; return the number of files."""
    count = 0
    for source, patterns, name in PARTS:
        start = node_modules / source
        for path in sorted({path for pattern in patterns for path in start.glob(pattern)}):
            copy = target / name / path.relative_to(start)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            count += 1
    return count
