"""Numbers of the run in a chapter's text: which ones it asks for, and what they were.

In the source a number is a role, {glue:text}`rate:.1f`; the page prints that of its own run. A
notebook is read before it runs, so that its text carries the number that the last kept build had,
from `notebooks/numbers.json`; where a number is not kept yet, its name stands there.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from myst_nb.core.variables import format_plain_text
from nbformat import NotebookNode

from tools.myst import directive, tokens, written

FILE = "numbers.json"
GLUE = re.compile(r"(?<!`)\{glue(?::text)?\}`([\w-]+(?::[^\s{}`]*)?)`")
# A full stop, not that of "et al.", and the beginning of the next sentence.
BETWEEN = re.compile(r"(?<=[.?!])(?<!\bal\.)\s+(?=[A-Z{*`“\"])")


def read_kept(folder: Path) -> dict[str, dict[str, str]]:
    """Shown numbers of the last kept build, by chapter and by what the role says (`rate:.1f`)."""
    path = folder / FILE
    return json.loads(path.read_text("utf8")) if path.is_file() else {}


def is_glue(cell: NotebookNode | None) -> bool:
    """Whether a cell holds nothing but the `glue` lines of the one before it."""
    return cell is not None and "glue" in cell.metadata.get("tags", [])


def asked(notebook: NotebookNode) -> list[str]:
    """What the roles of a chapter's text and captions say, each once, sorted."""
    parts = (part for cell in notebook.cells for part in written(cell))
    return sorted({role for part in parts for role in GLUE.findall(part)})


def glued(cells: Iterable[NotebookNode]) -> dict[str, Any]:
    """Values that executed cells handed to the text, by name."""
    values = {}
    for cell in cells:
        for output in cell.get("outputs", []):
            mark = output.get("metadata", {}).get("scrapbook")
            if mark:
                values[mark["name"]] = ast.literal_eval(
                    output["data"][f"{mark['mime_prefix']}text/plain"]
                )
    return values


def numbers_of(notebook: NotebookNode, ran: NotebookNode) -> dict[str, str]:
    """What the text of `notebook` shows after the run `ran`, by role, as far as that glued it."""
    values = glued(ran.cells)
    found = {}
    for role in asked(notebook):
        name, _, spec = role.partition(":")
        if name in values:  # written as the page's own role writes it
            found[role] = format_plain_text(repr(values[name]), spec)
    return found


def stands_for(role: str, kept: dict[str, str]) -> str:
    """What a notebook's text says in place of a role: its number, or its name in code face."""
    return kept.get(role, f"`{role.partition(':')[0]}`")


def filled(text: str, kept: dict[str, str]) -> str:
    """Put the kept numbers into a text.

    Examples
    --------
    >>> filled("{glue:text}`rate:.1f` and {glue:text}`n`", {"rate:.1f": "75.0"})
    '75.0 and `n`'
    """
    return GLUE.sub(lambda match: stands_for(match[1], kept), text)


def sentences(text: str) -> list[str]:
    """List the sentences of a text that hold a number of the run.

    Examples
    --------
    >>> sentences("One. Two has {glue:text}`n:d` beats. Three.")
    ['Two has {glue:text}`n:d` beats.']
    """
    parts = (part for words in _paragraphs(text) for part in BETWEEN.split(words))
    return [part for part in parts if GLUE.search(part)]


def sections(text: str) -> list[str]:
    """Part a text before a heading, wherever numbers stand above it.

    Examples
    --------
    >>> sections("# One\\n\\n# Two\\n{glue:text}`n`\\n\\n# Three")
    ['# One\\n\\n# Two\\n{glue:text}`n`\\n', '# Three']
    """
    starts = ("heading_open", "myst_target")
    cuts = [token.map[0] for token in tokens(text) if token.type in starts and not token.level]
    lines, parts, first = text.splitlines(), [], 0
    for cut in cuts:
        part = "\n".join(lines[first:cut])
        if GLUE.search(part):
            parts.append(part)
            first = cut
    return [*parts, "\n".join(lines[first:])]


def _paragraphs(text: str) -> Iterator[str]:
    for token in tokens(text):
        part = directive(token)
        if part is not None:
            yield from _paragraphs(part.body)
        elif token.type == "inline":
            yield token.content
