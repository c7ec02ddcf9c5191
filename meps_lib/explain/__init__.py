"""What a model looked at.

Maps of its own weights and of attributions, and what each modality adds. May import every other
room of the library; no room imports it. Whether such a map can be believed is judged in the
laboratory, by `meps_lab.judging`.
"""

from meps_lib.explain.attribution import grad_cam, integrated_gradients, occlusion
from meps_lib.explain.maps import attention_map, plot_prediction, save_stacked
from meps_lib.explain.own_weights import own_weights
from meps_lib.explain.shares import answers, of_subsets, shapley

__all__ = [
    "answers",
    "attention_map",
    "grad_cam",
    "integrated_gradients",
    "occlusion",
    "of_subsets",
    "own_weights",
    "plot_prediction",
    "save_stacked",
    "shapley",
]
