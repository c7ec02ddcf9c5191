"""Data sets on disk, each read into the same `Trial`."""

from meps_lib.datasets.folder import FolderDataset, save_dataset

__all__ = ["FolderDataset", "save_dataset"]
