"""Tables of a TOML file held against the fields that they fill: known names, right types."""

from collections.abc import Mapping
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from meps_lib.errors import MepsError


def check_table(table: Any, fields: Mapping[str, Any], where: str) -> None:
    """Refuse what is no table, a name that is no field, and a value of another type.

    Parameters
    ----------
    table
        As `tomllib` reads it.
    fields : mapping
        From names to types, as `typing.get_type_hints` gives them, or to fields of a table within.
    where : str
        The table's place in its file.

    Examples
    --------
    >>> check_table({"epoch": 5}, {"epochs": int, "device": str}, "experiment.train")
    Traceback (most recent call last):
    meps_lib.errors.MepsError: experiment.train.epoch: no such setting; did you mean epochs
    >>> check_table({"epochs": "five"}, {"epochs": int}, "experiment.train")
    Traceback (most recent call last):
    meps_lib.errors.MepsError: experiment.train.epochs = 'five'; expected a whole number
    """
    if not isinstance(table, dict):
        raise MepsError(f"{where} = {table!r}; expected a table of {', '.join(fields)}")
    for name, value in table.items():
        place = f"{where}.{name}".removeprefix(".")
        if name not in fields:
            near = get_close_matches(name, fields, 1)
            known = f"did you mean {near[0]}" if near else f"there are {', '.join(fields)}"
            raise MepsError(f"{place}: no such setting; {known}")
        if isinstance(fields[name], Mapping):
            check_table(value, fields[name], place)
        elif not _fits(value, fields[name]):
            raise MepsError(f"{place} = {value!r}; expected {_words(fields[name])}")


_PLAIN = {bool: "true or false", str: "text", dict: "a table", list: "a list"}


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value of TOML is of a type; a list is a tuple, a text a path."""
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if kind in (Union, UnionType):
        return any(_fits(value, one) for one in inner)
    if kind is Literal:
        return value in inner
    if kind is tuple:
        if not isinstance(value, list):
            return False
        of = inner[:1] * len(value) if inner[-1] is Ellipsis else inner
        return len(of) == len(value) and all(map(_fits, value, of))
    if kind in (int, float):
        whole_too = (int, float) if kind is float else int
        return isinstance(value, whole_too) and not isinstance(value, bool)
    if kind in _PLAIN:
        return isinstance(value, kind)
    if kind is NoneType:
        return False  # TOML has no word for it: what is to be None is left out
    return isinstance(value, dict if kind is Mapping else str)  # the rest are paths


def _words(hint: Any) -> str:
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if kind in (Union, UnionType):
        return " or ".join(_words(one) for one in inner if one is not NoneType)
    if kind is Literal:
        return f"one of {', '.join(map(str, inner))}"
    if kind is tuple:
        several = f"a list, each {_words(inner[0])}"
        return several if inner[-1] is Ellipsis else f"a list of {len(inner)}"
    numbers = {int: "a whole number", float: "a number", Mapping: "a table"}
    return (_PLAIN | numbers).get(kind, "a path, as text")


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """One table over another, table by table.

    Examples
    --------
    >>> merged({"train": {"epochs": 5}, "seeds": [0]}, {"train": {"batch_size": 4}})
    {'train': {'epochs': 5, 'batch_size': 4}, 'seeds': [0]}
    """
    out = dict(below)
    for name, value in above.items():
        both = isinstance(value, dict) and isinstance(out.get(name), dict)
        out[name] = merged(out[name], value) if both else value
    return out
