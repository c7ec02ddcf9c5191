"""What every chapter promises its reader, held against the run that made the page.

Each rule is a small function that yields what is wrong; `check_chapter` runs them all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode

from tools.myst import directives
from tools.prose_numbers import Problems, claims, numbers, undeclared_names

REQUIRED = ("minutes_cpu", "minutes_gpu", "memory_mb", "learn", "prerequisites", "objectives")
MAX_LINES = 25
MIN_EXERCISES = 3
MIN_QUESTIONS = 3
MIN_ALT = 20  # characters: "A plot." describes nothing
# How far a run may lie from what its box declares: more than `warn` times the declaration is told,
# more than `fail` times is too much; a declaration of `loose` times the run misleads, unless it is
# at most `free`. Minutes are those of the CPU, divided by the pace that the machine had meanwhile.
ROOM = {
    "minutes_cpu": {"warn": 1.5, "fail": 3.0, "loose": 10.0, "free": 2.0},
    "memory_mb": {"warn": 1.25, "fail": 1.25, "loose": 5.0, "free": 500.0},
}


def check_chapter(
    front: Mapping[str, Any], notebook: NotebookNode, row: Mapping[str, Any]
) -> list[str]:
    """List what an executed chapter does not keep of its promises.

    Parameters
    ----------
    front : dict
        From `tools.notebook.read_chapter`.
    notebook : NotebookNode
        The notebook that `read_chapter` gave, executed.
    row : dict
        What the run cost: ``seconds`` (wall clock, only to see that it ran), ``cpu_seconds``,
        ``pace`` (see `tools.pace`) and ``memory_mb`` (peak).

    Returns
    -------
    list of str
        One line a problem, beginning with the chapter and, where there is one, the cell;
        empty when all is well.
    """
    name = front.get("name", "chapter")
    found = [*front_matter(front), *ran(notebook, row), *declared_cost(front, row)]
    found += parts(notebook, bool(front.get("short")))
    found += [*undeclared_names(front, notebook), *claims(front, notebook)]
    for number, cell in enumerate(notebook.cells, 1):
        for rule in CODE_RULES if cell.cell_type == "code" else TEXT_RULES:
            found += [f"cell {number}: {problem}" for problem in rule(cell)]
        found += [f"cell {number}: {problem}" for problem in numbers(cell, front)]
    return [f"{name}, {problem}" for problem in found]


def front_matter(front: Mapping[str, Any]) -> Problems:
    """Every key is there and says something; the box and the README are made from them."""
    for key in REQUIRED:
        if not front.get(key):
            yield f"front matter: `meps: {key}` is missing or empty"
    for key in ("minutes_cpu", "minutes_gpu", "memory_mb"):
        if front.get(key) and not isinstance(front[key], int | float):
            yield f"front matter: {key} is {front[key]!r}, expected a number"
    for key in ("prerequisites", "objectives"):
        if front.get(key) and not isinstance(front[key], list):
            yield f"front matter: {key} is {type(front[key]).__name__}, expected a list"
    if not isinstance(front.get("numbers"), dict):
        yield "front matter: `meps: numbers` is missing; expected literal -> origin, or {}"
        return
    for literal, origin in front["numbers"].items():
        if not isinstance(literal, str) or not str(origin or "").strip():
            yield f"front matter: numbers: {literal!r} needs quotes and an origin"


def ran(notebook: NotebookNode, row: Mapping[str, Any]) -> Problems:
    """A page that did not run shows nothing, or what ran some other day."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    idle = [cell for cell in code if cell.get("execution_count") is None]
    if not row.get("seconds"):
        yield "ran 0 s: the notebook was not executed"
    elif not code or idle:
        yield f"{len(idle)} of {len(code)} code cells were not executed"


def declared_cost(front: Mapping[str, Any], row: Mapping[str, Any]) -> Problems:
    """Minutes and memory in the box are near what the run took."""
    for key, took in measured(row).items():
        said = front.get(key)
        if not isinstance(said, int | float) or not took:
            continue
        room = ROOM[key]
        if took > said * room["fail"]:
            yield f"declares {key} {said:g}, took {took:.2f}; raise it or make the chapter lighter"
        elif said > max(took * room["loose"], room["free"]):
            yield f"declares {key} {said:g}, took only {took:.2f}; lower it"


def measured(row: Mapping[str, Any]) -> dict[str, float]:
    """What the run took, in the terms of the box; nobody's wall clock is among them."""
    cpu = row.get("cpu_seconds", 0) / row.get("pace", 1)
    return {"minutes_cpu": cpu / 60, "memory_mb": row.get("memory_mb", 0)}


def dear(front: Mapping[str, Any], row: Mapping[str, Any]) -> Problems:
    """What a chapter takes more of than it declares, and not yet so much that it fails."""
    for key, took in measured(row).items():
        said = front.get(key) or took
        if ROOM[key]["warn"] < took / said <= ROOM[key]["fail"]:
            yield f"{front['name']} declares {key} {said:g}, took {took:.2f}: lighten it soon"


def parts(notebook: NotebookNode, short: bool = False) -> Problems:
    """Exercises with their checks, a quiz, take-aways, one title; a short chapter has one."""
    kinds = [
        kind
        for cell in notebook.cells
        for kind in ("solution", "check")
        if kind in cell.metadata.get("tags", [])
    ]
    pairs = list(zip(kinds[::2], kinds[1::2], strict=False))
    if len(kinds) % 2 or any(pair != ("solution", "check") for pair in pairs):
        yield f"every solution cell needs one check cell after it; the order is {kinds}"
    least = 1 if short else MIN_EXERCISES
    if kinds.count("solution") < least:
        yield f"has {kinds.count('solution')} exercises, expected {least} or more"
    asked = sum(_text(cell).count("Answers:") for cell in _tagged(notebook, "quiz"))
    if asked < MIN_QUESTIONS:
        yield f"has {asked} quiz questions, expected {MIN_QUESTIONS} or more"
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    if not re.search(r"^## Take-aways\s*$", text, re.M):
        yield "has no heading `## Take-aways`"
    lines = re.sub(r"^(```+).*?^\1", "", text, flags=re.M | re.S).splitlines()
    count = sum(line.startswith("# ") for line in lines)
    if count != 1:
        yield f"has {count} titles (`# ...`), expected one"


def errors(cell: NotebookNode) -> Problems:
    """No cell shows an error, allowed or not."""
    for output in cell.outputs:
        if output.output_type == "error":
            yield f"raised {output.ename}: {output.evalue}"


def warnings(cell: NotebookNode) -> Problems:
    """No cell shows a warning, which is told of the machine that built the page."""
    shown = "remove-output" not in cell.metadata.get("tags", [])
    for output in cell.outputs if shown else ():
        if output.get("name") == "stderr":
            yield f"warns on the page: {output.text.strip().splitlines()[0]}"


def alternative_text(cell: NotebookNode) -> Problems:
    """Every picture that the run drew has words that stand for it."""
    data = [output.get("data", {}) for output in cell.outputs]
    pictures = [part for part in data if any(mime.startswith("image/") for mime in part)]
    alt = str(cell.metadata.get("mystnb", {}).get("image", {}).get("alt") or "").strip()
    if not pictures and (alt or "figure" in cell.metadata.get("mystnb", {})):
        yield "describes a figure, but the run drew none"
    if pictures and len(alt) < MIN_ALT:
        yield (
            f"draws a figure with the alternative text {alt!r}; say what one sees "
            f"({MIN_ALT} characters or more) under `mystnb: image: alt:`"
        )
    if len(pictures) > 1:
        yield f"draws {len(pictures)} figures; one alternative text fits one: split the cell"
    for part in data:
        yield from _bare_images("".join(part.get("text/html", "")))


def passes_check(cell: NotebookNode) -> Problems:
    """The executed solution passes its own check."""
    if "check" in cell.metadata.get("tags", []):
        text = _text(cell).strip()
        if not text or not all(line.startswith("correct") for line in text.splitlines()):
            yield f"the solution does not pass its check: {text or 'no output'!r}"


def short_code(cell: NotebookNode) -> Problems:
    """Code longer than a screen's half belongs in the library."""
    lines = len(cell.source.strip().splitlines())
    if lines > MAX_LINES and "quiz" not in cell.metadata.get("tags", []):
        yield f"{lines} lines of code, more than {MAX_LINES}: move it into meps_lib or split it"


def described_pictures(cell: NotebookNode) -> Problems:
    """Pictures in the text have alternative text too."""
    for part in directives(cell.source):
        if part.name in ("figure", "image") and len(part.options.get("alt", "")) < MIN_ALT:
            yield f"{{{part.name}}} {part.argument} needs `:alt:` of {MIN_ALT} characters or more"
    for alt, target in re.findall(r"!\[([^\]]*)\]\(([^)]*)\)", cell.source):
        if len(alt) < MIN_ALT:
            yield f"the picture {target} needs alternative text of {MIN_ALT} characters or more"
    yield from _bare_images(cell.source)


CODE_RULES = (errors, warnings, alternative_text, passes_check, short_code)
TEXT_RULES = (described_pictures,)


def _bare_images(html: str) -> Problems:
    for tag in re.findall(r"<img\b[^>]*>", html):
        if not re.search(r"\balt\s*=\s*[\"']?[^\"'\s>]", tag):
            yield f"an <img> without alt: {tag[:60]}"


def _tagged(notebook: NotebookNode, tag: str) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def _text(cell: NotebookNode) -> str:
    """What a cell printed or displayed, as plain text."""
    outputs = cell.get("outputs", [])
    return "\n".join(
        "".join(output.get("text", output.get("data", {}).get("text/plain", "")))
        for output in outputs
    )
