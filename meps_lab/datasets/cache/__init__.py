"""What is slow to make, kept on disk: tensors by name, trials by the files they were made of.

Imports the library alone.
"""

from meps_lab.datasets.cache.disk import Cache, CacheWarning
from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.cache.stamps import stamp_of
from meps_lab.datasets.cache.trials import TrialCache

__all__ = [
    "Cache",
    "CacheWarning",
    "LoadConfig",
    "TrialCache",
    "stamp_of",
]
