"""What a chapter's text says in numbers: made by the run or of a named origin, and still true.

The rules of `tools/contract.py` that read the text. A run on another machine may give another
number, and the page prints it. What the sentence around it says of the number stands in the front
matter as `claims`, expressions over the names, and must hold in every run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from nbformat import NotebookNode

from tools.myst import ROLE, directives, prose, written
from tools.sentences import glued, is_glue

# What a claim may call beside the names of the chapter's numbers.
CALLS = {call.__name__: call for call in (abs, max, min, round)}
UNITS = (
    "s|min|h|k?Hz|mm|cm|m|px|pixels?|fps|[µμum][SVs]|MB|GB|bits?|bpm|°C?|degrees?|points?|"
    "milliseconds?|seconds?|minutes?|hours?|days?|beats?|frames?|samples?|trials?|clips?|folds|"
    "seeds?|subjects?|people|participants?|videos?|channels?|electrodes?|parameters?|epochs?|steps?"
)
YEAR = r"(?:19|20)\d\d\b(?!\s*(?:" + UNITS + r"|%)\b)"
# A number that somebody measured or counted: a decimal, a share, one with a unit, a big one.
MEASURED = re.compile(
    r"(?<![\w.,-])[-−+]?(?:"
    rf"(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?:\s?%|\s?per\s?cent|[\s-](?:{UNITS})\b)|"
    r"\d[\d,]*\.\d+|\.\d+|"
    rf"(?!{YEAR})\d[\d,]{{2,}}"
    r")(?!\w)"
)

Problems = Iterator[str]


def undeclared_names(front: Mapping[str, Any], notebook: NotebookNode) -> Problems:
    """Glue names in the text come from cells before it; declared literals are in the text."""
    made: set[str] = set()
    ever = glued(notebook.cells)
    for cell, after in zip(notebook.cells, [*notebook.cells[1:], None], strict=True):
        made |= glued([cell, after] if is_glue(after) else [cell]).keys()
        for role, content in ROLE.findall("\n".join(written(cell))):
            name = content.split(":")[0]
            if not role.startswith("glue"):
                continue
            if not re.fullmatch(r"[\w-]+(:[^\s{}]*)?", content):
                yield f"cannot read {{glue:text}}`{content[:40]}`; is its closing mark missing?"
            elif name in ever and name not in made:
                yield f"the text asks for {{glue:text}}`{name}` above the cell that glues it"
            elif name not in ever:
                yield f"the text asks for {{glue:text}}`{name}`, which no cell glues"
    text = "\n".join(part for cell in notebook.cells for part in written(cell))
    words = _spaces(" ".join(_words(text)))
    for literal in front.get("numbers") or {}:
        if _spaces(str(literal)) not in words:
            yield f"front matter: numbers: {literal!r} is not in the text; remove it"


def numbers(cell: NotebookNode, front: Mapping[str, Any]) -> Problems:
    """Numbers in prose come from the run or from a named origin."""
    if cell.metadata.get("part") == "card":
        return  # made from the front matter, which `declared_cost` checks
    literals = sorted(map(str, front.get("numbers") or {}), key=len, reverse=True)
    for words in (words for part in written(cell) for words in _words(part)):
        text = _spaces(re.sub(r"\b(?:Exercise|Chapter|Section) [\d.]+", "", words))
        for literal in literals:
            text = re.sub(rf"(?<![\w.]){re.escape(_spaces(literal))}(?!\w)", "␣", text)
        for match in MEASURED.finditer(text):
            yield (
                f"the number {match[0].strip()!r} in “{_around(text, match)}” is not made by "
                "the run: glue it, or name its origin in `meps: numbers`"
            )


def claims(front: Mapping[str, Any], notebook: NotebookNode) -> Problems:
    """What the text says of its numbers holds for those of this run."""
    said = front.get("claims") or []
    if not isinstance(said, list) or not all(isinstance(claim, str) for claim in said):
        yield f"front matter: claims are {said!r}, expected a list of expressions"
        return
    values = glued(notebook.cells)
    for claim in said:
        try:
            true = eval(claim, {"__builtins__": {}, **CALLS}, values)
        except Exception as error:
            yield f"front matter: the claim {claim!r} cannot be read: {error}"
            continue
        if not true:
            names = dict.fromkeys(re.findall(r"[a-z]\w*", claim))
            had = ", ".join(f"{name} = {values[name]}" for name in names if name in values)
            yield f"the text claims {claim!r}, but this run has {had}: mend the text or the run"


def _words(text: str) -> list[str]:
    alts = [part.options["alt"] for part in directives(text) if "alt" in part.options]
    return [*prose(text), *alts]


def _spaces(text: str) -> str:
    return re.sub(r"[\s\u00a0\u202f\u2009]+", " ", text)


def _around(text: str, match: re.Match) -> str:
    return text[max(0, match.start() - 25) : match.end() + 15].strip()
