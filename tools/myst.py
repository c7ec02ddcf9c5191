"""MyST seen by its own parser: blocks, directives and the plain words between them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from docutils.parsers.rst import Directive as DocutilsDirective
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.directives import parse_directive_text
from myst_parser.parsers.mdit import create_md_parser
from nbformat import NotebookNode

EXTENSIONS = {"amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath", "tasklist"}
FENCES = ("fence", "colon_fence")
MATH = ("math_block", "math_block_label", "amsmath")
ROLE = re.compile(r"(?<!`)\{([A-Za-z][\w:+-]*)\}`([^`]+)`")


@dataclass(frozen=True)
class Directive:
    """A fenced directive: ``{name} argument``, its options and its body."""

    name: str
    argument: str
    options: dict[str, str]
    body: str


class _AnyDirective(DocutilsDirective):
    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec = {"any": str}  # not empty, so that options are read; which is not checked


@functools.cache
def _parser() -> MarkdownIt:
    return create_md_parser(MdParserConfig(enable_extensions=EXTENSIONS), RendererHTML)


def tokens(text: str) -> list[Token]:
    """Parse MyST into markdown-it's tokens, block by block."""
    return _parser().parse(text)


def directive(token: Token) -> Directive | None:
    """Read a fence as a directive; None for a fence that only shows code.

    Examples
    --------
    >>> directive(tokens(":::{figure} a.png\\n:alt: A face\\n\\nA caption.\\n:::")[0])
    Directive(name='figure', argument='a.png', options={'alt': 'A face'}, body='A caption.')
    """
    match = re.match(r"\{([\w:-]+)\}\s*(.*)", token.info) if token.type in FENCES else None
    if match is None:
        return None
    parsed = parse_directive_text(
        directive_class=_AnyDirective,
        first_line=match[2],
        content=token.content,
        validate_options=False,
    )
    # WHY: the parser may move the first line into the body; the info line keeps the argument.
    body = "\n".join(parsed.body).strip()
    if match[2] and body.startswith(match[2]) and not parsed.arguments:
        body = body[len(match[2]) :].strip()
    options = {key: str(value) for key, value in (parsed.options or {}).items()}
    return Directive(match[1], match[2].strip(), options, body)


def directives(text: str) -> Iterator[Directive]:
    """Yield every directive of a text, the nested ones after the one that holds them."""
    for token in tokens(text):
        found = directive(token)
        if found:
            yield found
            yield from directives(found.body)


def prose(text: str) -> list[str]:
    """List the plain words of a text, one string a paragraph, cell or heading.

    Code, formulas, roles, addresses and directive options are left out; the words in
    admonitions and captions are in. Emphasis is dissolved, so that ``**3** ms`` reads "3 ms".

    Examples
    --------
    >>> prose("About **30** `x[2]` and $y = 3$.\\n\\n:::{note}\\nOr {glue:text}`n:d` ms.\\n:::")
    ['About 30 ␣ and ␣.', 'Or ␣ ms.']
    """
    found: list[str] = []
    for token in tokens(text):
        part = directive(token)
        if part is not None:
            if part.name not in ("math", "code-block", "code", "eval-rst"):
                title = part.argument if part.name not in ("figure", "image") else ""
                found += [*prose(title), *prose(part.body)]
        elif token.type == "inline":
            found.append("".join(_words(child) for child in token.children or []))
        elif token.type == "html_block":
            found.append(re.sub(r"<!--.*?-->|<[^>]+>", " ", token.content, flags=re.S))
    return [words for words in found if words.strip()]


def written(cell: NotebookNode) -> list[str]:
    """MyST that a person wrote: a text cell, or a figure's caption and alternative text."""
    if cell.cell_type == "markdown":
        return [cell.source]
    options = cell.metadata.get("mystnb", {})
    texts = options.get("figure", {}).get("caption"), options.get("image", {}).get("alt")
    return [str(text) for text in texts if text]


def _words(token: Token) -> str:
    if token.type == "text":
        return token.content
    if token.type in ("softbreak", "hardbreak"):
        return " "
    if token.type == "image":
        return token.content
    if token.type in ("code_inline", "math_inline", "math_inline_double", "myst_role"):
        return "␣"  # a word that holds no number of ours
    return ""
