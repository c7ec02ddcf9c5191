"""The chapter table of the README, made from the chapters' own front matter.

`python -m tools.readme` writes it, `--check` says whether it is in step.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tools.notebook import read_chapter

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- chapters: made by `python -m tools.readme` -->", "<!-- /chapters -->"


def chapter_table(root: Path = ROOT) -> str:
    """A Markdown table, one row a chapter: title, what one learns, minutes."""
    rows = ["| | chapter | what you learn | minutes, two cores | minutes, GPU |", "|-|-|-|-|-|"]
    for path in sorted((root / "notebooks").glob("[0-9][0-9]_*.md")):
        front, _ = read_chapter(path)
        link = f"[{front['title']}](notebooks/{path.stem}.ipynb)"
        minutes = f"{front['minutes_cpu']} | {front['minutes_gpu']}"
        number = int(path.stem[:2])  # as the text calls it: "chapter 3"
        rows.append(f"| {number} | {link} | {front['learn']} | {minutes} |")
    return "\n".join(rows)


def with_table(text: str, table: str) -> str:
    """The README's text with the table between its two marks."""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise SystemExit(f"README.md should hold {BEGIN!r} and {END!r} once each")
    before, rest = text.split(BEGIN)
    return before + f"{BEGIN}\n{table}\n{END}" + rest.split(END)[1]


def main() -> None:
    path = ROOT / "README.md"
    old = path.read_text(encoding="utf-8")
    new = with_table(old, chapter_table())
    if "--check" in sys.argv[1:]:
        sys.exit(0 if new == old else "README.md: chapter table out of step; run make notebooks")
    path.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
