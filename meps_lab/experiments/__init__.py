"""Folds, seeds and what they leave on disk: from a data set and a config to predictions.

Imports the library, `datasets` and `prepare`; no simulator and no page.
"""

from meps_lab.experiments.config import ExperimentConfig
from meps_lab.experiments.folds import make_model, run, tabulate, train_fold
from meps_lab.experiments.plans import Plan, read_plan
from meps_lab.experiments.results import PREDICTIONS, Results, ResultsWarning
from meps_lab.experiments.runner import run_plan
from meps_lab.experiments.scorelines import summary
from meps_lab.experiments.stacked import fit_stacked
from meps_lab.experiments.status import plan_status

__all__ = [
    "ExperimentConfig",
    "PREDICTIONS",
    "Plan",
    "Results",
    "ResultsWarning",
    "fit_stacked",
    "make_model",
    "plan_status",
    "read_plan",
    "run",
    "run_plan",
    "summary",
    "tabulate",
    "train_fold",
]
