"""The registry of data sets that can be given by a path, which the tests and the CLI read.

To add one: a file with a `Kind` named ``KIND``, and its name here, a hyphen for an underscore.
"""

from importlib import import_module

import pandas as pd

from meps_lab.datasets.index.kind import Kind
from meps_lib.errors import MepsError

_NAMES = "casme3-a casme3-b casme3-c mmme casme2 samm smic megc2019 flowmaps case wesad table"
# Name on the command line -> module that defines KIND. Imported when asked for.
MODULES = {name: name.replace("-", "_") for name in _NAMES.split()}


def kind_of(name: str) -> Kind:
    """The data set of this name.

    Raises
    ------
    MepsError
        If there is none; the message lists those that exist.
    """
    if name not in MODULES:
        raise MepsError(f"unknown data set {name!r}; known are {', '.join(MODULES)}")
    return import_module(f"meps_lab.datasets.{MODULES[name]}").KIND


def seen_table() -> pd.DataFrame:
    """Which files the readers have met: one row a kind of file of a data set.

    Returns
    -------
    DataFrame
        Columns data set, files, read from real files, our guess.
    """
    kinds = [kind_of(name) for name in MODULES if name != "megc2019"]  # whose parts stand there
    columns = ["data set", "files", "read from real files", "our guess"]
    rows = [(k.title, one.files, one.real, one.guess) for k in kinds for one in k.seen]
    return pd.DataFrame(rows, columns=columns)
