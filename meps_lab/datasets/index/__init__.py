"""The one table that every data set becomes, its rules, and where a set's folder is.

Imports the library, `cache` and `readers`; the data sets it finds by name, when asked for.
"""

from meps_lab.datasets.index.build import Indexed, build_index, read_index, rows_of
from meps_lab.datasets.index.kind import Expected, IndexOptions, Kind, Missing, Rows
from meps_lab.datasets.index.kinds import MODULES, kind_of, seen_table
from meps_lab.datasets.index.rules import Rule, apply_rules
from meps_lab.datasets.index.schema import COLUMNS, SCHEMA, check_index, frame_of

__all__ = [
    "COLUMNS",
    "Expected",
    "IndexOptions",
    "Indexed",
    "Kind",
    "MODULES",
    "Missing",
    "Rows",
    "Rule",
    "SCHEMA",
    "apply_rules",
    "build_index",
    "check_index",
    "frame_of",
    "kind_of",
    "read_index",
    "rows_of",
    "seen_table",
]
