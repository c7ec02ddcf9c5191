"""What a person may ask of a clip, and what is refused before anything is read."""

import math

import pytest

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lib.errors import MepsError


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"modalities": ("colour", "sound")}, "'sound'.*expected some of colour, depth, ps, eeg"),
        ({"modalities": ()}, r"modalities=\(\); expected some of colour"),
        ({"crop": "eyes"}, "crop='eyes'; expected one of auto, face, frame"),
        ({"size": 31}, "size=31; expected at least 32 pixels"),
        ({"ps_window": (3.0,)}, "expected seconds before and after"),
        ({"ps_window": (-1.0, 3.0)}, "expected seconds before and after"),
        ({"ps_window": (3.0, math.inf)}, "expected seconds before and after"),
        ({"ps_window": (math.nan, 3.0)}, "expected seconds before and after"),
        ({"ps_window": (0.0, 0.0)}, "empty; expected more than 0 s"),
    ],
)
def test_a_wrong_setting_is_refused(fields, message):
    with pytest.raises(MepsError, match=message):
        LoadConfig(**fields)


def test_the_least_that_is_accepted():
    config = LoadConfig(modalities=["flow"], size=32, ps_window=[0, 1], ps_names=["EDA"])
    same = LoadConfig(modalities=("flow",), size=32, ps_window=(0, 1), ps_names=("EDA",))
    # Lists become tuples: the settings name a folder of the cache.
    assert config == same and hash(config) == hash(same) and repr(config) == repr(same)
