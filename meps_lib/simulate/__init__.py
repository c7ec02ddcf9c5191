"""Simulated people with faces and bodies, whose ground truth is known.

Nothing here is a measurement. It exists so that every step of the library can be checked
against what is known to be there, and so that the book runs without licensed data.
"""

from meps_lib.simulate.ceiling import ceiling
from meps_lib.simulate.cohort import CohortDataset, simulate_cohort
from meps_lib.simulate.scenario import Scenario

__all__ = ["CohortDataset", "Scenario", "ceiling", "simulate_cohort"]
