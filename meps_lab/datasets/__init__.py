"""Data sets on disk, each read into the same `Trial`: one file a data set.

What they share stands in `cache`, `readers` and `index`; imports nothing else of the laboratory.
"""

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.dataset import IndexedDataset, open_dataset
from meps_lab.datasets.index.build import Indexed, build_index, read_index
from meps_lab.datasets.index.kind import IndexOptions
from meps_lab.datasets.index.kinds import kind_of, seen_table

__all__ = [
    "IndexOptions",
    "Indexed",
    "IndexedDataset",
    "LoadConfig",
    "build_index",
    "kind_of",
    "open_dataset",
    "read_index",
    "seen_table",
]
