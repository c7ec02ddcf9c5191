"""Ablations: a question, dials that lead from where a mechanism should help to where it fails.

Networks learn from cohorts drawn apart and answer for the same strangers, so that a difference
comes with an interval over both. Imports `simulate` and `experiments`.
"""

from meps_lab.ablations.pictures import plot_dial, show_dial
from meps_lab.ablations.question import Ablation, Dial, read_ablation
from meps_lab.ablations.run import find_ablation, run_ablation
from meps_lab.ablations.scores import answers_of, kept_ablation, kept_row, scores_of, settled

__all__ = [
    "Ablation",
    "Dial",
    "answers_of",
    "find_ablation",
    "kept_ablation",
    "kept_row",
    "plot_dial",
    "read_ablation",
    "run_ablation",
    "scores_of",
    "settled",
    "show_dial",
]
