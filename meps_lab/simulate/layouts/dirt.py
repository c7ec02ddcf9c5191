"""Errors in annotation tables, put where one knows them: the documented dirt of real sets.

A loader meets mixed case, missing apexes and onsets behind apexes in every published table.
`spoil` puts such errors into a clean table, each in a row of its own where there are rows
enough, and writes into the truth what was done.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

Cells = dict[str, object]


@dataclass(frozen=True)
class Spoil:
    """One kind of error.

    Parameters
    ----------
    name : str
        What the truth's `dirt` column calls it.
    change : callable
        (row of the table, generator) -> cells that change, by column name; an empty
        dictionary says that this row cannot have the error.
    times : int
        How many rows get it.
    """

    name: str
    change: Callable[[pd.Series, np.random.Generator], Cells]
    times: int = 1


def spoil(
    table: pd.DataFrame,
    truth: pd.DataFrame,
    rng: np.random.Generator,
    spoils: Sequence[Spoil],
    on: bool = True,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put errors into an annotation table and record them.

    Parameters
    ----------
    table, truth : DataFrame
        Row i of both is clip i.
    rng : numpy Generator
        Chooses the rows.
    spoils : sequence of Spoil
        In this order. A kind that no row can have is left out.
    on : bool
        False returns clean copies.

    Returns
    -------
    table, truth : DataFrame
        Copies; `truth["dirt"]` joins the names of a row's errors with "; ".

    Examples
    --------
    >>> table = pd.DataFrame({"Emotion": ["fear", "disgust"], "Apex": [3, 9]})
    >>> truth = pd.DataFrame({"dirt": ["", ""]})
    >>> kinds = [rewritten("mixed case", "Emotion", str.title), overwritten("no apex", Apex="/")]
    >>> spoilt, truth = spoil(table, truth, np.random.default_rng(0), kinds)
    >>> sorted(truth["dirt"])
    ['mixed case', 'no apex']
    """
    table, truth = table.astype(object).reset_index(drop=True), truth.reset_index(drop=True)
    truth["dirt"] = ""
    dirt = truth.columns.get_loc("dirt")
    for kind in spoils if on else ():
        # Rows that are still clean come first, in a random order.
        order = rng.permutation(len(table))
        order = sorted(order, key=lambda i: truth.iat[i, dirt] != "")
        left = kind.times
        for i in order:
            cells = kind.change(table.iloc[i], rng) if left else {}
            if not cells or kind.name in truth.iat[i, dirt]:
                continue
            for column, value in cells.items():
                table.iat[i, table.columns.get_loc(column)] = value
            truth.iat[i, dirt] = "; ".join(filter(None, (truth.iat[i, dirt], kind.name)))
            left -= 1
    return table, truth


def rewritten(name: str, column: str, how: Callable[[str], str], times: int = 1) -> Spoil:
    """A cell written otherwise, e.g. in capitals; only where that makes a difference."""

    def change(row: pd.Series, rng: np.random.Generator) -> Cells:
        new = how(str(row[column]))
        return {} if new == str(row[column]) else {column: new}

    return Spoil(name, change, times)


def overwritten(name: str, times: int = 1, **cells: object) -> Spoil:
    """Cells that hold something else instead, e.g. ``ApexFrame="/"``."""
    return Spoil(name, lambda row, rng: cells, times)


def before(name: str, column: str, other: str, times: int = 1) -> Spoil:
    """A frame number set 1 to 5 below another's, e.g. an apex before its onset."""
    return _moved(name, column, other, -1, times)


def after(name: str, column: str, other: str, times: int = 1) -> Spoil:
    """A frame number set 1 to 5 above another's, e.g. an onset after its apex."""
    return _moved(name, column, other, 1, times)


def _moved(name: str, column: str, other: str, sign: int, times: int) -> Spoil:
    def change(row: pd.Series, rng: np.random.Generator) -> Cells:
        if not isinstance(row[other], (int, np.integer)) or row[other] + sign < 1:
            return {}
        return {column: max(1, int(row[other]) + sign * int(rng.integers(1, 6)))}

    return Spoil(name, change, times)
