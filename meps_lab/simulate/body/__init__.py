"""One person's body: heart, skin and brain, what an event does to them, and the sensors on it.

Imports `simulate.timing` and `simulate.checks`, and nothing else of the simulator.
"""

from meps_lab.simulate.body.artefacts import Artefacts
from meps_lab.simulate.body.brain import BANDS, MONTAGE_19, MONTAGE_62
from meps_lab.simulate.body.event import Body, Event
from meps_lab.simulate.body.heart import beat
from meps_lab.simulate.body.physiology import NAMES, SIGNAL_UNITS, SIGNALS, UNITS, Episode, record
from meps_lab.simulate.body.responses import Response, effects_table, respond, responses_table
from meps_lab.simulate.body.skin import scr

__all__ = [
    "Artefacts",
    "BANDS",
    "Body",
    "Episode",
    "Event",
    "MONTAGE_19",
    "MONTAGE_62",
    "NAMES",
    "Response",
    "SIGNALS",
    "SIGNAL_UNITS",
    "UNITS",
    "beat",
    "effects_table",
    "record",
    "respond",
    "responses_table",
    "scr",
]
