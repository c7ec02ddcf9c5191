"""The book's public address, which stands in one place: `book/address.txt`.

`make address REPO=owner/name` writes it there, renews it in the few files that a person
reads on the way in (README and its like), and makes the notebooks' install cells and Colab
links again. The pages take it from the file when the book is built. Until somebody has set it,
pages and notebooks show no link that would lead nowhere.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILE = "book/address.txt"
PLACEHOLDER = "OWNER" + "/" + "REPO"
# Files written by hand that carry the address, because nothing generates them.
CARRIERS = ("README.md", "CITATION.cff", "CONTRIBUTING.md", "pyproject.toml")
BRANCH = "main"


def read_address(root: Path = ROOT) -> str:
    """The address as `owner/name`."""
    return (root / FILE).read_text(encoding="utf-8").strip()


def is_public(address: str) -> bool:
    """Whether somebody has set the address, so that links can lead there."""
    return address != PLACEHOLDER


def repository_url(root: Path = ROOT) -> str:
    """Where the repository lives; empty while nobody has set it."""
    address = read_address(root)
    return f"https://github.com/{address}" if is_public(address) else ""


def colab_link(address: str, path: str) -> str:
    """The link that opens a notebook of a repository in Colab."""
    return f"https://colab.research.google.com/github/{address}/blob/{BRANCH}/{path}"


def colab_url(path: str, root: Path = ROOT) -> str:
    """The link that opens a notebook of this repository in Colab."""
    return colab_link(read_address(root), path)


def mentions(text: str, address: str) -> list[int]:
    """Line numbers on which `address` stands as a whole, not as a part of a longer name."""
    whole = _whole(address)
    return [n for n, line in enumerate(text.splitlines(), start=1) if whole.search(line)]


def set_address(new: str, root: Path = ROOT) -> list[str]:
    """Write the new address everywhere by hand-written files; return the files that changed.

    Parameters
    ----------
    new : str
        `owner/name` on GitHub.

    Raises
    ------
    ValueError
        `new` is not of that form.
    """
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*/[\w.-]+", new):
        raise ValueError(f"REPO should be owner/name, as on GitHub; got {new!r}")
    old = read_address(root)
    changed = []
    for name in (FILE, *CARRIERS):
        path = root / name
        if not path.exists():
            continue
        before = path.read_text(encoding="utf-8")
        after = _whole(old).sub(lambda _: new, before)
        if after != before:
            path.write_text(after, encoding="utf-8")
            changed.append(name)
    return changed


def _whole(address: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-]){re.escape(address)}(?:(?=\.git\b)|(?![\w-]))")


if __name__ == "__main__":
    if sys.argv[1:] in ([], [""]):
        print(f"The address is {read_address()}. To change it: make address REPO=owner/name")
        sys.exit()
    try:
        files = set_address(sys.argv[1])
    except ValueError as error:
        sys.exit(str(error))
    print("Changed: " + (", ".join(files) or "nothing, it was so already"))
