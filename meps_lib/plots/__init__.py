"""Pictures of frames, signals and scores in one style, readable in light and dark.

Imports nothing of a model or a data set: it draws arrays.
"""

from meps_lib.plots.charts import plot_flow, plot_frames, plot_signals
from meps_lib.plots.scores import plot_confusion, plot_intervals
from meps_lib.plots.style import PALETTE, SEQUENTIAL, use_style

__all__ = [
    "PALETTE",
    "SEQUENTIAL",
    "plot_confusion",
    "plot_flow",
    "plot_frames",
    "plot_intervals",
    "plot_signals",
    "use_style",
]
