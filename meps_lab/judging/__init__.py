"""Whether a map can be believed: held against a truth, by deletion, beside controls that must fail.

What draws maps stands in `meps_lib.explain`, and knows nothing of this room.
"""

from meps_lab.judging.controls import cascade, of_another, parts, randomised, uniform_like
from meps_lab.judging.curves import Curve, curve
from meps_lab.judging.judge import (
    by_area,
    pointing_game,
    rank_correlation,
    relevance_mass,
    relevance_rank,
)

__all__ = [
    "Curve",
    "by_area",
    "cascade",
    "curve",
    "of_another",
    "parts",
    "pointing_game",
    "randomised",
    "rank_correlation",
    "relevance_mass",
    "relevance_rank",
    "uniform_like",
]
