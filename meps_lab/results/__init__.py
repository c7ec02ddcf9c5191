"""Results that take long to compute, as one run of a benchmark left them.

A folder a result: its table, and the provenance that says how it was made and is made again.
"""

import json
from pathlib import Path

import pandas as pd

from meps_lib.arguments import one_of

__all__ = ["kept"]
_HERE = Path(__file__).parent


def kept(name: str) -> pd.DataFrame:
    """A kept table.

    Parameters
    ----------
    name : str
        "ceilings": what the truth of simulated people is worth, one row a preset and sense.
        "judges": what other libraries say of the simulator, one row a question.
        "shuffled_folds": what S1's body branch says of each trial under two rules of folding.

    Returns
    -------
    pandas.DataFrame
        In its `attrs`, "provenance": command that makes it again, date, seed, seconds and
        versions.

    Raises
    ------
    MepsError
        If nothing of that name is kept; the message names what is.

    Examples
    --------
    >>> table = kept("judges")
    >>> table.columns.tolist()
    ['what', 'judge', 'found', 'demanded', 'unit', 'passed']
    >>> table.attrs["provenance"]["command"]
    'python benchmarks/simulator_judges.py --keep'
    """
    one_of("kept result", name, sorted(p.parent.name for p in _HERE.glob("*/table.csv")))
    table = pd.read_csv(_HERE / name / "table.csv")
    text = (_HERE / name / "provenance.json").read_text(encoding="utf-8")
    table.attrs["provenance"] = json.loads(text)
    return table
