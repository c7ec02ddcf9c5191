"""What a model looked at, drawn over the frames that it saw.

May import every other room of the library; no room imports it.
"""

from meps_lib.explain.maps import attention_map, plot_prediction, save_stacked

__all__ = [
    "attention_map",
    "plot_prediction",
    "save_stacked",
]
