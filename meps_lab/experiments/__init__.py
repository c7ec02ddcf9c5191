"""Folds, seeds and what they leave on disk: from a data set and a config to predictions.

Imports the library, `datasets` and `prepare`; no simulator and no page.
"""

from meps_lab.experiments.config import ExperimentConfig
from meps_lab.experiments.folds import make_model, run, tabulate, train_fold
from meps_lab.experiments.results import PREDICTIONS, Results, ResultsWarning

__all__ = [
    "ExperimentConfig",
    "PREDICTIONS",
    "Results",
    "ResultsWarning",
    "make_model",
    "run",
    "tabulate",
    "train_fold",
]
