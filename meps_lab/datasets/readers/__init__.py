"""Files as data sets have them: tables, pictures in folders, recordings, trigger lines.

Knows no data set; imports the library and `cache`.
"""

from meps_lab.datasets.readers.cells import action_units, decimal, emotion, integer
from meps_lab.datasets.readers.folders import (
    any_case,
    entries,
    finder,
    folders_below,
    spelled,
    the_one,
)
from meps_lab.datasets.readers.frames import frame_files, frames_between
from meps_lab.datasets.readers.media import video_fields, video_files
from meps_lab.datasets.readers.table_places import find_table
from meps_lab.datasets.readers.tables import read_table

__all__ = [
    "action_units",
    "any_case",
    "decimal",
    "emotion",
    "entries",
    "find_table",
    "finder",
    "folders_below",
    "frame_files",
    "frames_between",
    "read_table",
    "spelled",
    "the_one",
    "video_fields",
    "video_files",
    "integer",
]
