"""The chapter table of the README and the cards of the title page, made from the chapters' heads.

`python -m tools.readme` writes both, `--check` says whether they are in step.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tools.notebook import read_chapter

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- chapters: made by `python -m tools.readme` -->", "<!-- /chapters -->"


def heads(root: Path = ROOT) -> list[tuple[Path, dict]]:
    """Each chapter's path and front matter."""
    paths = sorted((root / "notebooks").glob("[0-9][0-9]_*.md"))
    return [(path, read_chapter(path)[0]) for path in paths]


def chapter_cards(root: Path = ROOT) -> str:
    """A card a chapter for the title page: title, what one learns, the reader's minutes."""
    cards = [":::::{grid} 1 1 2 3", ":gutter: 3", ""]
    for path, front in heads(root):
        cards += [
            f"::::{{grid-item-card}} {int(path.stem[:2])} · {front['title']}",
            f":link: ../notebooks/{path.stem}",
            ":link-type: doc",
            front["learn"],
            ":::{card-footer}",
            f"{front['reading']} min to read, {front['exercises']} for exercises",
            ":::",
            "::::",
            "",
        ]
    return "\n".join([*cards[:-1], ":::::"])


def chapter_table(root: Path = ROOT) -> str:
    """A Markdown table, one row a chapter: title, what one learns, minutes."""
    rows = ["| | chapter | what you learn | minutes, two cores | minutes, GPU |", "|-|-|-|-|-|"]
    for path, front in heads(root):
        link = f"[{front['title']}](notebooks/{path.stem}.ipynb)"
        minutes = f"{front['minutes_cpu']} | {front['minutes_gpu']}"
        number = int(path.stem[:2])  # as the text calls it: "chapter 3"
        rows.append(f"| {number} | {link} | {front['learn']} | {minutes} |")
    return "\n".join(rows)


def with_made(text: str, made: str) -> str:
    """A page's text with what is made between its two marks."""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise SystemExit(f"the page should hold {BEGIN!r} and {END!r} once each")
    before, rest = text.split(BEGIN)
    return before + f"{BEGIN}\n{made}\n{END}" + rest.split(END)[1]


MADE = {"README.md": chapter_table, "book/intro.md": chapter_cards}


def main() -> None:
    for name, make in MADE.items():
        path = ROOT / name
        old = path.read_text(encoding="utf-8")
        new = with_made(old, make())
        if "--check" not in sys.argv[1:]:
            path.write_text(new, encoding="utf-8")
        elif new != old:
            sys.exit(f"{name}: the list of chapters is out of step; run make notebooks")


if __name__ == "__main__":
    main()
