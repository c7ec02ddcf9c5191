"""What a chapter's code tells its page: a number for the text, the source of a function.

The page prints the numbers of the run that made it. A notebook's text stands there before anything
runs, with the numbers of the book's last build; `in_this_run` says a sentence again where the
reader's own run gives others.
"""

import ast
import inspect
import math
import numbers
import textwrap
from collections.abc import Callable
from typing import Any

from IPython.display import Markdown, display

from meps_lib.errors import MepsError

# myst-nb takes outputs under this prefix for its glue roles and draws nothing for them.
_RECORD = "application/papermill.record/"
# What this run has glued so far, by name.
_glued: dict[str, str | int | float] = {}


def glue(name: str, value: Any) -> None:
    """Hand a value of the run to the text, where ``{glue:text}`name:.1f``` prints it.

    The same idea as `myst_nb.glue` without its dependency on Sphinx, which a reader in Colab
    does not have. Neither the page nor Jupyter shows anything here.

    Parameters
    ----------
    name : str
        Unique in its chapter.
    value : number, str, or an array or tensor of one element

    Raises
    ------
    MepsError
        For NaN, infinity, an array of several elements, or any other type.

    Examples
    --------
    >>> glue("beats", 12)  # doctest: +SKIP
    """
    _glued[name] = plain = _plain(name, value)
    display(
        {f"{_RECORD}text/plain": repr(plain)},
        raw=True,
        metadata={"scrapbook": {"name": name, "mime_prefix": _RECORD}},
    )


def shown(value: str | int | float, spec: str = "") -> str:
    """Write a value as ``{glue:text}`name:spec``` does on the page.

    Parameters
    ----------
    value : str, int or float
    spec : str
        A format such as ``.1f``, ``d`` or ``.0%``; none for the value as it is.

    Examples
    --------
    >>> shown(0.256, ".0%"), shown(12.0, "d"), shown("neutral")
    ('26%', '12', 'neutral')
    """
    if not spec:
        return str(value)
    return format(int(value) if spec[-1] == "d" else value, spec)


def in_this_run(*sentences: str, kept: dict[str, str]) -> None:
    """Say sentences of the text again where this run has other numbers; else show nothing.

    Parameters
    ----------
    sentences : str
        Markdown with ``{name:spec}`` where the text has a number.
    kept : dict
        What the text has, by ``name:spec``.

    Raises
    ------
    MepsError
        Where a name was not glued yet, because a cell above did not run.

    Examples
    --------
    >>> glue("beats", 12)  # doctest: +SKIP
    >>> in_this_run("It has {beats:d} beats.", kept={"beats:d": "12"})  # doctest: +SKIP
    """
    now = {role: _now(role) for role in kept}
    for sentence in sentences:
        told = [role for role in kept if f"{{{role}}}" in sentence]
        if any(now[role] != kept[role] for role in told):
            for role in told:
                mark = "" if now[role] == kept[role] else "**"
                sentence = sentence.replace(f"{{{role}}}", f"{mark}{now[role]}{mark}")
            display(Markdown(f"*In this run:* {sentence}"))


def _now(role: str) -> str:
    """What this run would print for ``name:spec``."""
    name, _, spec = role.partition(":")
    if name not in _glued:
        raise MepsError(
            f"the text needs the value {name!r}, which this run does not have yet; "
            "run the cells above this one first (in Colab: Runtime, Run before)"
        )
    return shown(_glued[name], spec)


def _plain(name: str, value: Any) -> str | int | float:
    """Turn NumPy and torch scalars into Python's own, whose repr the glue role can format."""
    if hasattr(value, "item") and getattr(value, "size", None) != 0:
        try:
            value = value.item()
        except (ValueError, RuntimeError):
            shape = tuple(value.shape)
            raise MepsError(
                f"glue({name!r}): got an array of shape {shape}; expected one number; "
                "glue the element or the mean that the text is about"
            ) from None
    if isinstance(value, numbers.Real) and not math.isfinite(value):
        raise MepsError(f"glue({name!r}): got {value}; the text cannot print it; find its cause")
    if not isinstance(value, str | int | float):
        raise MepsError(
            f"glue({name!r}): got {type(value).__name__}; expected a number or a string"
        )
    return value


def show_source(thing: Callable, *, docstring: bool = False) -> None:
    """Show the source of a function or class as it stands in the library.

    The page and the tested code cannot differ, because the page asks the code.

    Parameters
    ----------
    thing : function or class
    docstring : bool
        Keep the docstring, which is usually longer than the idea.
    """
    source = textwrap.dedent(inspect.getsource(thing))
    if not docstring:
        source = _without_docstring(source)
    display(Markdown(f"```python\n{source.rstrip()}\n```"))


def _without_docstring(source: str) -> str:
    """Drop the docstrings of a definition and its methods; comments stay as they are.

    Examples
    --------
    >>> print(_without_docstring('def f(x):\\n    "Say so."\\n    return x  # why'))
    def f(x):
        return x  # why
    """
    lines = source.splitlines()
    dropped: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            start, stop = node.body[0].lineno - 1, node.body[0].end_lineno
            while stop < len(lines) and not lines[stop].strip():
                stop += 1
            dropped.update(range(start, stop))
    return "\n".join(line for number, line in enumerate(lines) if number not in dropped)
