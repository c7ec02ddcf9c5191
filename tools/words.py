"""The glossary's words elsewhere: in the notebook that uses them, and on a card to print.

On the page a term is a link into the glossary; a notebook stands alone, so its last cell has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from meps_lib.errors import MepsError
from tools.plain import References, to_plain

GLOSSARY = "book/glossary.md"
_TERM = re.compile(r"\{term\}`(?:[^`<]*<)?([^`<>]+)>?`")
# A sentence that points at an equation or a page has nothing to point at here.
_POINTER = re.compile(r"\s*[^.;]*\{(?:eq|ref|numref|doc)\}`[^`]*`[^.]*\.")


def read_glossary(path: Path) -> dict[str, str]:
    """Definition by term, in lower case; several terms may share one. Empty without the file."""
    text = path.read_text("utf8") if path.is_file() else ""
    block = re.search(r"^:::\{glossary\}\n(.*?)^:::", text, re.M | re.S)
    found: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)(?<=\n\n)", block[1]) if block else ():
        lines = entry.strip("\n").splitlines()
        terms = [line for line in lines if line and not line[0].isspace()]
        said = " ".join(line.strip() for line in lines if line[:1].isspace())
        found.update(dict.fromkeys((term.lower() for term in terms), said))
    return found


def words(texts: list[str], glossary: dict[str, str], refs: References) -> str:
    """What the terms of some texts mean, in plain Markdown, folded; "" if there are none.

    Examples
    --------
    >>> from pybtex.database import BibliographyData
    >>> refs = References("demo", Path(), "", BibliographyData())
    >>> print(words(["A {term}`fold <fold>`."], {"fold": "One division."}, refs))
    <details><summary>Words of this chapter</summary>
    <BLANKLINE>
    **fold**: One division.
    <BLANKLINE>
    </details>
    """
    used = {term.strip() for text in texts for term in _TERM.findall(text)}
    known = sorted((term for term in used if term.lower() in glossary), key=str.lower)
    lines = [
        f"**{term}**: {to_plain(_POINTER.sub('', glossary[term.lower()]).strip(' ;'), refs)}"
        for term in known
    ]
    if not lines:
        return ""
    head = "<details><summary>Words of this chapter</summary>"
    return "\n\n".join([head, *lines, "</details>"])


def card(wanted: Iterable[str], glossary: dict[str, str]) -> str:
    """A paragraph of MyST for each word, with the first sentence of its entry.

    Raises
    ------
    MepsError
        Naming a word that the glossary lacks, or that stands twice.

    Examples
    --------
    >>> print(card(["Fold"], {"fold": "One division. It has three parts."}))
    **{term}`Fold`** One division.
    """
    wanted = [word.strip() for word in wanted if word.strip()]
    for word in wanted:
        if word.lower() not in glossary:
            raise MepsError(f"{word!r} is no word of {GLOSSARY}: add it there, or take it out")
        if wanted.count(word) > 1:
            raise MepsError(f"{word!r} stands twice on the card: take one out")
    firsts = (re.split(r"(?<=[.])\s", glossary[word.lower()])[0] for word in wanted)
    entries = (f"**{{term}}`{word}`** {said}" for word, said in zip(wanted, firsts, strict=True))
    return "\n\n".join(entries)
