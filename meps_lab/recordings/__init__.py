"""Short real recordings under open licences, which come with the package, each with its licence.

Imports the library alone.
"""

from meps_lab.recordings.find import NAMES, RecordingUnavailable, available, fetch

__all__ = ["NAMES", "RecordingUnavailable", "available", "fetch"]
