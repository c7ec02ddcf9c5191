"""From any data set's trials to trials of one size: frames sampled, signals resampled.

`size` prepares one trial, `dataset` all of a data set, kept in memory and on disk.
"""

from meps_lab.prepare.dataset import PreparedDataset
from meps_lab.prepare.size import PrepareConfig, prepare

__all__ = ["PrepareConfig", "PreparedDataset", "prepare"]
