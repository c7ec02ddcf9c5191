"""Errors in annotation tables, put where one knows them: the documented dirt of real sets.

A loader meets mixed case, missing apexes and onsets behind apexes in every published table.
`spoil` puts such errors into a clean table, each in a row of its own where there are rows
enough, and writes into the truth what was done.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

Cells = dict[str, object]


@dataclass(frozen=True)
class Spoil:
    """One kind of error."""

    name: str  # what the truth's `dirt` column calls it
    # (row of the table, generator) -> cells that change; none where the row cannot have the error
    change: Callable[[pd.Series, np.random.Generator], Cells]
    times: int = 1  # how many rows get it


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
    table, dirt = table.astype(object).reset_index(drop=True), [""] * len(table)
    for kind in spoils if on else ():
        left = kind.times
        # Rows that are still clean come first, in a random order.
        for i in sorted(rng.permutation(len(table)), key=lambda i: dirt[i] != ""):
            cells = kind.change(table.iloc[i], rng) if left else {}
            if cells and kind.name not in dirt[i]:
                for column, value in cells.items():
                    table.at[i, column] = value
                dirt[i] = "; ".join(filter(None, (dirt[i], kind.name)))
                left -= 1
    return table, truth.reset_index(drop=True).assign(dirt=dirt)


def rewritten(name: str, column: str, how: Callable[[str], str], times: int = 1) -> Spoil:
    """A cell written otherwise, e.g. in capitals; only where that makes a difference."""

    def change(row: pd.Series, rng: np.random.Generator) -> Cells:
        new = how(str(row[column]))
        return {} if new == str(row[column]) else {column: new}

    return Spoil(name, change, times)


def overwritten(name: str, times: int = 1, **cells: object) -> Spoil:
    """Cells that hold something else instead, e.g. ``ApexFrame="/"``."""
    return Spoil(name, lambda row, rng: cells, times)


def moved(name: str, column: str, sign: int, other: str) -> Spoil:
    """A frame number 1 to 5 below (-1) or above (1) another's, e.g. an apex before its onset."""

    def change(row: pd.Series, rng: np.random.Generator) -> Cells:
        if not isinstance(row[other], (int, np.integer)) or row[other] + sign < 1:
            return {}
        return {column: max(1, int(row[other]) + sign * int(rng.integers(1, 6)))}

    return Spoil(name, change)
