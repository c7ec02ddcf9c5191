"""Short real recordings under open licences, found by name or fetched with a checked SHA-256.

Imports the library alone.
"""

from meps_lab.recordings.find import NAMES, RecordingUnavailable, available, fetch

__all__ = ["NAMES", "RecordingUnavailable", "available", "fetch"]
