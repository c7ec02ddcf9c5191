"""Exercises: the checks of each chapter, `chNN.py`, and what runs them, `checking.py`.

Imports the rooms that a check needs for its truth; no other file of `chapters`.
"""

from meps_lab.chapters.exercises.checking import check, exercise, exercise_ids

__all__ = ["check", "exercise", "exercise_ids"]
