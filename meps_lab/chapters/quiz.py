"""Quizzes that need no kernel and no script: radio buttons, a <details>, and a style sheet.

The same output works on the built page, from the file system, in Jupyter and in Colab. A reader
chooses an answer and opens "Check my answer"; the style sheet shows the reason that belongs
to the choice. Words and signs say what is right, colour only repeats it.
"""

import hashlib
import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

from IPython.display import display

from meps_lib.errors import MepsError

MAX_OPTIONS = 6

# One rule an option: the style sheet alone connects the n-th button with the n-th reason.
_REASONS = ",\n".join(
    f".meps-quiz input:nth-of-type({n}):checked ~ details .meps-why:nth-of-type({n + 1})"
    for n in range(1, MAX_OPTIONS + 1)
)
_STYLE = f"""<style>
/* The theme lays a pale card under HTML outputs on dark pages; a quiz is text, so it goes. */
html[data-theme=dark] .bd-content div.cell_output div.text_html:has(fieldset.meps-quiz) {{
  background: none; color: inherit; padding: 0;
}}
.meps-quiz {{
  border: 1px solid; border-radius: .4rem; color: inherit; display: grid;
  gap: .35rem .6rem; grid-template-columns: max-content 1fr; margin: 0 0 1.2rem; min-width: 0;
  padding: .4rem 1rem .8rem;
}}
/* A floated legend is an ordinary grid item: it stands inside the border and wraps like text. */
.meps-quiz legend {{
  border: 0; float: left; font-size: inherit; font-weight: 600; grid-column: 1 / -1;
  margin: .2rem 0; padding: 0; width: auto;
}}
.meps-quiz input {{ height: 1.1em; margin: .25em 0 0; width: 1.1em; }}
.meps-quiz label {{ cursor: pointer; margin: 0; }}
.meps-quiz input:focus-visible, .meps-quiz summary:focus-visible {{
  outline: 3px solid #0B8FD6; outline-offset: 2px;
}}
.meps-quiz details {{
  background: none; border: 0; box-shadow: none; grid-column: 1 / -1; margin: .3rem 0 0;
  padding: 0;
}}
.meps-quiz summary {{ cursor: pointer; font-weight: 600; width: max-content; }}
.meps-quiz details p {{ border-left: 4px solid; margin: .4rem 0 0; padding: .1rem .8rem; }}
.meps-quiz .meps-right {{ border-color: #0B8FD6; }}
.meps-quiz .meps-wrong {{ border-color: #D9822B; }}
.meps-quiz .meps-why, .meps-quiz input:checked ~ details .meps-none {{ display: none; }}
{_REASONS} {{ display: block; }}
</style>"""


def show_quiz(questions: Sequence[Mapping[str, Any]]) -> None:
    """Display multiple-choice questions, each option with its reason.

    Parameters
    ----------
    questions : sequence of dict
        ``{"ask": str, "right": (option, reason), "wrong": [(option, reason), ...]}``.
        Plain text; `` `code` `` and ``*emphasis*`` are turned into HTML, nothing else.
        Options are ordered by a hash of their text: the same on every run, and without a
        habit of putting the right one first.

    Raises
    ------
    MepsError
        Naming the question and what is missing or doubled in it.

    Examples
    --------
    >>> show_quiz(
    ...     [
    ...         {
    ...             "ask": "How many classes has the three-class set?",
    ...             "right": ("Three", "As its name says."),
    ...             "wrong": [("Four", "That set adds *others*.")],
    ...         }
    ...     ]
    ... )  # doctest: +SKIP
    """
    if not questions:
        raise MepsError("quiz: no questions; pass a list with at least one")
    asked = [_validated(number, question) for number, question in enumerate(questions, 1)]
    bundle = {
        "text/html": "\n".join([_STYLE, *(_as_html(*parts) for parts in asked)]),
        "text/plain": "\n\n".join(_as_text(*parts) for parts in asked),
    }
    display(bundle, raw=True)


Option = tuple[str, str, bool]


def _validated(number: int, question: Mapping[str, Any]) -> tuple[int, str, list[Option]]:
    """Check one question and put its options in their order."""
    if set(question) != {"ask", "right", "wrong"}:
        raise MepsError(
            f"quiz question {number}: got the keys {sorted(question)}; "
            "expected 'ask', 'right' and 'wrong'"
        )
    ask, pairs = question["ask"], [question["right"], *question["wrong"]]
    for pair in pairs:
        if not (isinstance(pair, tuple | list) and len(pair) == 2 and all(map(_is_text, pair))):
            raise MepsError(
                f"quiz question {number} ({ask!r}): got the option {pair!r}; "
                "expected a pair (option, reason) of texts"
            )
    options = [(text, reason, k == 0) for k, (text, reason) in enumerate(pairs)]
    if len({text for text, _, _ in options}) < len(options):
        raise MepsError(f"quiz question {number} ({ask!r}): two options read the same")
    if not 2 <= len(options) <= MAX_OPTIONS:
        raise MepsError(
            f"quiz question {number} ({ask!r}): got {len(options)} options; "
            f"expected 2 to {MAX_OPTIONS}, one of them right"
        )
    return number, ask, sorted(options, key=lambda option: _digest(ask + option[0]))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _as_html(number: int, ask: str, options: list[Option]) -> str:
    group = f"quiz-{_digest(ask)}"
    choices = "".join(
        f'<input type="radio" name="{group}" id="{group}-{k}">'
        f'<label for="{group}-{k}">{_inline(text)}</label>\n'
        for k, (text, _, _) in enumerate(options)
    )
    reasons = "".join(
        f'<p class="meps-why meps-{"right" if right else "wrong"}">'
        f"<strong>{'✓ Right.' if right else '✗ Not this one.'}</strong> {_inline(reason)}</p>\n"
        for _, reason, right in options
    )
    return (
        f'<fieldset class="meps-quiz"><legend>{number}. {_inline(ask)}</legend>\n'
        f"{choices}<details><summary>Check my answer</summary>\n"
        f'<div role="status"><p class="meps-none">Choose an answer above first.</p>\n'
        f"{reasons}</div></details></fieldset>"
    )


def _as_text(number: int, ask: str, options: list[Option]) -> str:
    lines = [f"Question {number}. {ask}"]
    lines += [f"  {chr(97 + k)}) {text}" for k, (text, _, _) in enumerate(options)]
    lines += ["  Answers:"]
    for k, (_, reason, right) in enumerate(options):
        lines.append(f"  {chr(97 + k)}) {'right' if right else 'wrong'}: {reason}")
    return "\n".join(lines)


def _inline(text: str) -> str:
    """Escape HTML; turn `code` and *emphasis* into tags, emphasis never inside code."""
    parts = re.split(r"`([^`]+)`", html.escape(text, quote=False))
    plain = [re.sub(r"\*([^*]+)\*", r"<em>\1</em>", part) for part in parts[::2]]
    code = [f"<code>{part}</code>" for part in parts[1::2]]
    return "".join(a + b for a, b in zip(plain, [*code, ""], strict=True))
