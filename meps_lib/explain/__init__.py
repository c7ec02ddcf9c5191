"""What a model looked at, and whether that can be believed.

Maps of its own weights and of attributions, what each modality adds, and what judges them: a known
truth, deletion, and controls that must fail. May import every other room of the library; no room
imports it.
"""

from meps_lib.explain.attribution import grad_cam, integrated_gradients, occlusion
from meps_lib.explain.controls import cascade, of_another, parts, randomised, uniform_like
from meps_lib.explain.curves import Curve, curve
from meps_lib.explain.judge import (
    by_area,
    pointing_game,
    rank_correlation,
    relevance_mass,
    relevance_rank,
)
from meps_lib.explain.maps import attention_map, plot_prediction, save_stacked
from meps_lib.explain.own_weights import own_weights
from meps_lib.explain.shares import answers, of_subsets, shapley

__all__ = [
    "Curve",
    "answers",
    "attention_map",
    "by_area",
    "cascade",
    "curve",
    "grad_cam",
    "integrated_gradients",
    "occlusion",
    "of_another",
    "of_subsets",
    "own_weights",
    "parts",
    "plot_prediction",
    "pointing_game",
    "randomised",
    "rank_correlation",
    "relevance_mass",
    "relevance_rank",
    "save_stacked",
    "shapley",
    "uniform_like",
]
