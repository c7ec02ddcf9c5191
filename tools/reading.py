"""How many minutes a chapter takes to read and to do, by a rule.

CHOICE: `WORDS`, `LINES`, `FIGURE` and `EXERCISE`, for a reader whose first language is another one.
No class has been timed yet, so the rule is a guess and the pages say so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from nbformat import NotebookNode

WORDS, LINES = 110, 12  # a minute, of text and of code that is shown
FIGURE, EXERCISE = 0.7, 10  # minutes for each
HIDDEN = {"hide-input", "hide-cell", "remove-input", "remove-cell", "quiz", "solution", "check"}


def reading_minutes(cells: Sequence[NotebookNode]) -> tuple[int, int]:
    """Minutes to read a chapter, and to do its exercises, in steps of five.

    Examples
    --------
    >>> from nbformat.v4 import new_code_cell, new_markdown_cell
    >>> check = new_code_cell("check('01.1', x)", metadata={"tags": ["check"]})
    >>> reading_minutes([new_markdown_cell("word " * 1100), check])
    (10, 10)
    """
    reading, exercises = 0.0, 0
    for cell in cells:
        tags = set(cell.metadata.get("tags", []))
        if cell.cell_type == "markdown":
            reading += len(re.findall(r"\w+", cell.source)) / WORDS
            continue
        if not tags & HIDDEN:
            reading += len(cell.source.splitlines()) / LINES
        reading += FIGURE * ("figure" in cell.metadata.get("mystnb", {}))
        exercises += EXERCISE * ("check" in tags)
    return tuple(5 * round(minutes / 5) for minutes in (reading, exercises))
