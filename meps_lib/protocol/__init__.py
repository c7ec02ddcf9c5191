"""Who trains, who validates, who is tested, and what the predictions are worth.

Imports `trial` and what everything is called; never a model, so that any model can be judged.
"""

from meps_lib.protocol.confusion import confusions
from meps_lib.protocol.metrics import per_fold_average, score, score_by_set
from meps_lib.protocol.normalise import NORMALISERS, per_subject
from meps_lib.protocol.paired import PairedComparison, paired_comparison, permutation_test
from meps_lib.protocol.split_files import read_splits, save_splits
from meps_lib.protocol.splits import Split, composite, cross_data_set, grouped_kfold, loso
from meps_lib.protocol.statistics import (
    bootstrap_interval,
    majority,
    majority_predictions,
)

__all__ = [
    "NORMALISERS",
    "PairedComparison",
    "Split",
    "bootstrap_interval",
    "composite",
    "confusions",
    "cross_data_set",
    "grouped_kfold",
    "loso",
    "majority",
    "majority_predictions",
    "paired_comparison",
    "per_fold_average",
    "per_subject",
    "permutation_test",
    "read_splits",
    "save_splits",
    "score",
    "score_by_set",
]
