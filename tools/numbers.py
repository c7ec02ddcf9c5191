"""The numbers that the notebooks' text carries, kept in `notebooks/numbers.json`.

`python -m tools.numbers` says where the last run of the chapters shows others than are kept;
`--write` keeps those of that run, and `make notebooks` puts them into the editions. A build says
the same and changes nothing, so that a small difference between two machines stays where it is.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import nbformat

from tools.notebook import ROOT, read_chapter
from tools.sentences import FILE, asked, numbers_of, read_kept

Numbers = Mapping[str, Mapping[str, str]]
EXECUTED = "_build/executed"


def last_run(root: Path) -> dict[str, dict[str, str]]:
    """Numbers that each chapter's text shows after its last run; those of no run are kept ones."""
    kept = read_kept(root / "notebooks")
    found = {}
    for path in sorted((root / "notebooks").glob("[0-9][0-9]_*.md")):
        _, notebook = read_chapter(path)
        ran = root / EXECUTED / f"{path.stem}.ipynb"
        now = numbers_of(notebook, nbformat.read(ran, as_version=4)) if ran.is_file() else {}
        before = {role: text for role, text in kept.get(path.stem, {}).items() if role not in now}
        wanted = set(asked(notebook))
        both = {**before, **now}
        found[path.stem] = {role: both[role] for role in sorted(both) if role in wanted}
    return found


def differences(kept: Numbers, now: Numbers) -> Iterator[str]:
    """Say, one line a number, what the text shows now and did not when the numbers were kept."""
    for chapter, numbers in now.items():
        before = kept.get(chapter, {})
        for role in sorted({*before, *numbers}):
            if before.get(role) != numbers.get(role):
                was, is_now = (part.get(role, "nothing") for part in (before, numbers))
                yield f"{chapter}: {role} is {is_now}, kept is {was}"


def write(root: Path, numbers: Numbers) -> None:
    """Keep the numbers, chapters and names in order, so that a change shows as one line."""
    text = json.dumps(numbers, indent=1, sort_keys=True, ensure_ascii=False)
    (root / "notebooks" / FILE).write_text(text + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="keep the numbers of the last run")
    options = parser.parse_args()
    now = last_run(ROOT)
    told = list(differences(read_kept(ROOT / "notebooks"), now))
    print("\n".join(told) or "The notebooks' text has the numbers of the last run.")
    if options.write:
        write(ROOT, now)


if __name__ == "__main__":
    main()
