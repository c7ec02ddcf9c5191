"""What the chapters of the book call beside the library: checks, quizzes, widgets, stand-ins.

May import every room but the command; nothing imports it but notebooks and the book's tools.
"""

from meps_lab.chapters.dials import view_action_unit, view_apex, view_depth, view_noise
from meps_lab.chapters.exercises import bet, check
from meps_lab.chapters.explore import flip_through, view_motion, view_window
from meps_lab.chapters.page import glue, show_source
from meps_lab.chapters.quiz import show_quiz
from meps_lab.chapters.standins import open_clip, open_signals
from meps_lab.chapters.views import SEVEN, animate, contact_sheet, express, tree

__all__ = [
    "SEVEN",
    "animate",
    "bet",
    "check",
    "contact_sheet",
    "express",
    "flip_through",
    "glue",
    "open_clip",
    "open_signals",
    "show_quiz",
    "show_source",
    "tree",
    "view_action_unit",
    "view_apex",
    "view_depth",
    "view_motion",
    "view_noise",
    "view_window",
]
