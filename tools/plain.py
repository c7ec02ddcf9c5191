"""MyST turned into the Markdown that Jupyter and Colab draw."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it.token import Token
from pybtex.database import BibliographyData, parse_file

from meps_lib.errors import MepsError
from tools.myst import FENCES, MATH, ROLE, Directive, directive, directives, tokens

ADMONITIONS = {
    *("attention", "caution", "danger", "error", "hint"),
    *("important", "note", "seealso", "tip", "warning"),
}
CODE_ROLES = {"kbd", "file", "command", "program", "func", "class", "meth", "mod", "attr", "data"}
TEXT_ROLES = {"term", "abbr", "sub", "sup", "dfn"}
REFERENCES = {"ref", "numref", "eq", "doc"}
# A link to a label or a file of the repository leads nowhere from a notebook that stands alone.
INNER_LINK = re.compile(r"(?<![!`])\[([^\]]+)\]\((?!https?://|mailto:|data:)[^)\s]*\)")
BRACES = str.maketrans("", "", "{}")  # BibTeX's marks that keep capitals
WITH_TARGET = re.compile(r"^(?P<text>.*?)\s*<(?P<target>[^<>]+)>$", re.S)


@dataclass
class References:
    """What a chapter can point at, with the number or title that stands for it.

    Parameters
    ----------
    where : str
        The chapter's name, for messages.
    folder : Path
        The folder of the chapter, from which ``{doc}`` and picture paths are relative.
    raw : str
        Address of the repository's root for pictures, ending in a slash.
    bibliography : BibliographyData
    """

    where: str
    folder: Path
    raw: str
    bibliography: BibliographyData
    figures: dict[str, int] = field(default_factory=dict)
    equations: dict[str, int] = field(default_factory=dict)
    sections: dict[str, str] = field(default_factory=dict)

    def scan(self, text: str) -> None:
        """Collect the figures, equations and labelled headings of a text."""
        label = None
        for token in tokens(text):
            if token.type == "myst_target":
                label = token.content
            elif token.type == "inline" and label is not None:
                self.sections[label] = token.content
                label = None
            elif token.type == "math_block_label":
                self.equations[token.info] = len(self.equations) + 1
        for part in directives(text):
            if part.name == "figure":
                self.add_figure(part.options.get("name"))
            elif part.name == "math" and part.options.get("label"):
                self.equations[part.options["label"]] = len(self.equations) + 1

    def add_figure(self, name: str | None) -> None:
        """Number the next figure; one without a name counts too."""
        self.figures[name or f" {len(self.figures)}"] = len(self.figures) + 1


def read_bibliography(path: Path) -> BibliographyData:
    """Read a BibTeX file; one that is missing is empty."""
    return parse_file(str(path)) if path.is_file() else BibliographyData()


def to_plain(text: str, refs: References) -> str:
    """Turn MyST into Markdown without directives and roles.

    Raises
    ------
    MepsError
        Naming the chapter and the role, directive or reference that has no plain form.

    Examples
    --------
    >>> refs = References("demo", Path(), "", BibliographyData())
    >>> print(to_plain(":::{note}\\nA {term}`saccade` is fast.\\n:::", refs))
    > **Note**
    >
    > A saccade is fast.
    """
    lines = text.splitlines()
    kept: list[str] = []
    position = 0
    for token in tokens(text):
        if token.map is None or token.map[0] < position or not _is_special(token):
            continue
        start, stop = token.map
        kept += _roles(lines[position:start], refs)
        kept += _block(token, lines[start:stop], refs)
        position = stop
    kept += _roles(lines[position:], refs)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _roles(lines: list[str], refs: References) -> list[str]:
    text = INNER_LINK.sub(r"\1", "\n".join(lines))
    return ROLE.sub(lambda match: _role(match[1], match[2], refs), text).split("\n")


def _is_special(token: Token) -> bool:
    """Whether a block is more than running text with roles in it."""
    return token.type in (*FENCES, *MATH, "myst_target", "myst_line_comment", "html_block")


def _block(token: Token, lines: list[str], refs: References) -> list[str]:
    if token.type in ("myst_target", "myst_line_comment"):
        return []
    part = directive(token)
    if part is not None:
        plain = _directive(part, refs)
    elif token.type == "math_block_label":
        number = refs.equations[token.info]
        plain = f"$$\n{token.content.strip()} \\tag{{{number}}}\n$$"
    else:
        return lines  # code, formulas and HTML stay as they are
    indent = re.match(r"\s*", lines[0])[0]
    return [(indent + line).rstrip() for line in plain.splitlines()]


def _directive(part: Directive, refs: References) -> str:
    body = to_plain(part.body, refs) if part.body else ""
    if part.name == "admonition":
        return _quote(to_plain(part.argument, refs), body)
    if part.name in ADMONITIONS:
        title = "See also" if part.name == "seealso" else part.name.capitalize()
        first = to_plain(part.argument, refs) if part.argument else ""
        return _quote(title, "\n\n".join(filter(None, (first, body))))
    if part.name == "dropdown":
        title = part.argument or "More"
        return f"<details>\n<summary>{title}</summary>\n\n{body}\n\n</details>"
    if part.name in ("figure", "image"):
        picture = f"![{part.options.get('alt', '')}]({_address(part.argument, refs)})"
        if part.name == "image":
            return picture
        number = refs.figures.get(part.options.get("name", ""))
        return f"{picture}\n\n**Figure{f' {number}' if number else ''}.** {body}"
    if part.name == "math":
        number = refs.equations.get(part.options.get("label", ""))
        tag = f" \\tag{{{number}}}" if number else ""
        return f"$$\n{part.body}{tag}\n$$"
    if part.name in ("code-block", "code", "sourcecode"):
        return f"```{part.argument}\n{part.body}\n```"
    if part.name == "eval-rst":
        return _quote("On the page", "This part is drawn on the book's page only.")
    known = ", ".join(sorted([*ADMONITIONS, "admonition", "dropdown", "figure", "image", "math"]))
    raise MepsError(
        f"{refs.where}: the directive {{{part.name}}} has no plain form for Jupyter and Colab; "
        f"use one of {known}, code-block, eval-rst, or teach tools/plain.py"
    )


def _quote(title: str, body: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in (f"**{title}**", "", *body.splitlines()))


def _address(path: str, refs: References) -> str:
    """Address of a picture: Colab holds the notebook alone, so that it needs a full one."""
    if re.match(r"https?://", path):
        return path
    target = (refs.folder / path).resolve()
    root = refs.folder.resolve().parent
    if not target.is_file() or root not in target.parents:
        raise MepsError(f"{refs.where}: no picture {path!r} (looked for {target.name} there)")
    return refs.raw + target.relative_to(root).as_posix()


def _role(name: str, content: str, refs: References) -> str:
    match = WITH_TARGET.match(content)
    text, target = (match["text"], match["target"]) if match else ("", content)
    if name in ("cite", "cite:t", "cite:p", "cite:ps", "cite:ts"):
        return _citation(name, content.split(","), refs)
    if name in REFERENCES:
        return _reference(name, text, target.strip(), refs)
    if name == "math":
        return f"${content}$"
    if name in TEXT_ROLES:
        return text if name == "term" and text else content
    if name in CODE_ROLES or name.startswith("py:"):
        return f"`{(text or content).rsplit('.', 1)[-1] if content[0] == '~' else text or content}`"
    raise MepsError(
        f"{refs.where}: the role {{{name}}} has no plain form for Jupyter and Colab; "
        "use {term}, {ref}, {numref}, {eq}, {doc}, {cite:t}, {glue:text}, or teach tools/plain.py"
    )


def _reference(name: str, text: str, target: str, refs: References) -> str:
    if name == "numref" and target in refs.figures:
        return (text or "Figure %s").replace("%s", str(refs.figures[target]))
    if name == "eq" and target in refs.equations:
        return f"({refs.equations[target]})"
    if text:
        return text
    if name == "ref" and target in refs.sections:
        return f"“{refs.sections[target]}”"
    if name == "doc":
        page = refs.folder / f"{target}.md"
        title = page.is_file() and re.search(r"^# (.+)$", page.read_text("utf8"), re.M)
        if title:
            return f"“{title[1].strip()}”"
    raise MepsError(
        f"{refs.where}: {{{name}}}`{target}` points outside the chapter or nowhere; "
        f"write the words to show: {{{name}}}`words <{target}>`"
    )


def _citation(name: str, keys: Iterable[str], refs: References) -> str:
    cited = []
    for key in map(str.strip, keys):
        if key not in refs.bibliography.entries:
            raise MepsError(f"{refs.where}: {{{name}}}`{key}`: no such entry in references.bib")
        entry = refs.bibliography.entries[key]
        people = entry.persons.get("author") or entry.persons.get("editor") or []
        names = [
            " ".join([*person.prelast_names, *person.last_names]).translate(BRACES)
            for person in people
        ]
        if not names:
            names = [entry.fields.get("title", key)]
        author = " and ".join(names) if len(names) < 3 else f"{names[0]} et al."
        cited.append((author, entry.fields.get("year", "no year")))
    if name in ("cite:t", "cite:ts"):
        return ", ".join(f"{author} ({year})" for author, year in cited)
    return f"({'; '.join(f'{author}, {year}' for author, year in cited)})"
