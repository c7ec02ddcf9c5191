"""Exercises: the checks of each chapter, `chNN.py`, what runs them, `checking.py`, and bets.

Imports the rooms that a check needs for its truth; no other file of `chapters`.
"""

from meps_lab.chapters.exercises.bets import bet
from meps_lab.chapters.exercises.checking import check, exercise, exercise_ids

__all__ = ["bet", "check", "exercise", "exercise_ids"]
