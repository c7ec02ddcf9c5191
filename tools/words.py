"""The words of a chapter for its notebooks: what the glossary says of the terms that it uses.

On the page a term is a link into the glossary; a notebook stands alone, so its last cell has them.
"""

from __future__ import annotations

import re
from pathlib import Path

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
