"""Simulated people with faces and bodies, whose ground truth is known.

Nothing here is a measurement. It exists so that every step of the library can be checked
against what is known to be there, and so that the book runs without licensed data. Imports the
library and the cache of `datasets`.
"""

from meps_lab.simulate.body import (
    Body,
    Event,
    Response,
    effects_table,
    record,
    respond,
    responses_table,
)
from meps_lab.simulate.ceiling import ceiling, ceiling_answers
from meps_lab.simulate.cohort import CohortDataset, simulate_cohort
from meps_lab.simulate.face import FaceClip, Identity
from meps_lab.simulate.folder import FolderDataset, save_dataset
from meps_lab.simulate.matched_filter import (
    matched_weights,
    random_walk_covariance,
    snr_share,
)
from meps_lab.simulate.scenario import Scenario
from meps_lab.simulate.strangers import STRANGERS, CohortsDataset, simulate_strangers
from meps_lab.simulate.timing import draw_apex, draw_duration, time_course

__all__ = [
    "Body",
    "CohortDataset",
    "CohortsDataset",
    "Event",
    "FaceClip",
    "FolderDataset",
    "Identity",
    "Response",
    "STRANGERS",
    "Scenario",
    "ceiling",
    "ceiling_answers",
    "draw_apex",
    "draw_duration",
    "effects_table",
    "matched_weights",
    "random_walk_covariance",
    "record",
    "respond",
    "responses_table",
    "save_dataset",
    "simulate_cohort",
    "simulate_strangers",
    "snr_share",
    "time_course",
]
