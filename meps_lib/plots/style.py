"""The look of every figure: one palette, one style sheet.

Figures bring their own light card as background, so that they read the same on light and on
dark pages.
"""

from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from IPython import get_ipython
from matplotlib.colors import LinearSegmentedColormap

CARD, GRID = "#FBFAF6", "#E4E1D8"
INK, BLUE, TEAL = "#10233F", "#0B8FD6", "#2E7F6A"
VERMILION, PLUM, OCHRE, SLATE = "#B2382A", "#7F458A", "#C47A02", "#6B7280"

# WHY: lightness varies with hue, so that the names of one group stay apart for protanopes,
# deuteranopes and tritanopes, and on grey prints (tests/lib/plots/test_plots.py measures it).
GROUPS = {
    "signals": dict(EDA=TEAL, ECG=VERMILION, PPG=PLUM, EEG=INK, RSP=BLUE, SKT=OCHRE),
    "modalities": dict(colour=OCHRE, depth=BLUE, PS=PLUM, ME=TEAL),
    "classes": dict(negative=VERMILION, positive=BLUE, surprise=OCHRE, others=SLATE),
    "roles": dict(truth=INK, estimate=VERMILION),
}
PALETTE: dict[str, str] = {name: ink for group in GROUPS.values() for name, ink in group.items()}

# Light to dark in one hue: order survives every kind of colour vision.
SEQUENTIAL = LinearSegmentedColormap.from_list("meps", [CARD, "#9CCBE8", BLUE, "#1B4F86", INK])

STYLE: dict[str, Any] = {
    **dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), CARD),
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.titlecolor"), INK),
    **dict.fromkeys(("xtick.color", "ytick.color"), INK),
    **dict.fromkeys(("xtick.labelsize", "ytick.labelsize"), 9.5),
    **dict.fromkeys(("axes.spines.right", "axes.spines.top", "legend.frameon"), False),
    **dict.fromkeys(("axes.grid", "axes.axisbelow", "figure.constrained_layout.use"), True),
    "axes.edgecolor": SLATE,
    "axes.prop_cycle": mpl.cycler(color=[BLUE, VERMILION, TEAL, OCHRE, PLUM, INK]),
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
    "figure.figsize": (7.2, 3.6),
    "font.size": 10.5,
    "grid.color": GRID,
    "image.cmap": "meps",
    "path.simplify_threshold": 0.5,
    "svg.hashsalt": "meps",
}


def use_style() -> None:
    """Set the figure style of the book, and vector output where a notebook runs.

    Examples
    --------
    >>> use_style()
    >>> plt.rcParams["figure.facecolor"] == CARD
    True
    """
    for colours in (SEQUENTIAL, SEQUENTIAL.reversed()):  # "meps" and "meps_r"
        if colours.name not in mpl.colormaps:
            mpl.colormaps.register(colours)
    plt.rcParams.update(STYLE)
    if getattr(get_ipython(), "kernel", None) is not None:
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        # WHY: without a date and with a fixed salt, the same figure is the same file.
        set_matplotlib_formats("svg", metadata={"Date": None})
