"""The dials refuse what makes no sense, and say which dial it was."""

import dataclasses
import inspect

import pytest

from meps_lib.errors import MepsError
from meps_lib.simulate import Scenario
from meps_lib.simulate.presets import PRESETS


@pytest.mark.parametrize(
    ("dial", "value"),
    [("frame_noise", -0.1), ("ps_noise", -1), ("depth_noise_mm", float("nan")),
     ("apex_position", 1.2), ("leak_share", 2), ("size", 8), ("size", 64.0), ("n_frames", 2),
     ("fps", 0), ("ps_sfreq", "200"), ("me_intensity", True), ("ps_before_s", 10.0),
     ("ps_sfreq", 124.0), ("n_frames", 7.5), ("apex", "late"), ("duration", 0.3), ("eeg", "64"),
     ("eeg", None), ("signals", ("EDA", "EMG")), ("signals", ()), ("signals", "EDA"),
     ("signals", ("EDA", "EDA")), ("signals", None), ("class_balance", (("joy", 1),)),
     ("class_balance", (("negative", 0),)), ("class_balance", (("negative", -2),)),
     ("class_balance", (("negative", float("nan")),)), ("class_balance", "negative"),
     ("class_balance", (("fear", 1), ("fear", 2))), ("class_balance", 3),
     ("missing_ps", 1.1), ("label_noise", -0.1), ("ps_saturation", 1.0), ("overlap", 1.5)],
)  # fmt: skip
def test_bad_dials_are_refused_by_name(dial, value):
    with pytest.raises(MepsError, match=rf"Scenario\.{dial}"):
        Scenario(**{dial: value})


def test_every_dial_is_checked():
    for field in dataclasses.fields(Scenario):
        with pytest.raises(MepsError, match=field.name):
            Scenario(**{field.name: -1})


def test_presets():
    named = ("default", "ideal", "casme3_c", "mmme", "early_apex", "noisy_depth", "silent_face")
    assert tuple(PRESETS) == (*named, "silent_body")
    for name in PRESETS:
        assert isinstance(Scenario.preset(name), Scenario)
        assert f'"{name}"' in Scenario.preset.__doc__
    assert Scenario.preset("default") == Scenario()
    assert Scenario.preset("noisy_depth").depth_noise_mm > Scenario().depth_noise_mm
    assert Scenario.preset("silent_body", size=32).size == 32


def test_unknown_preset_and_dial_list_those_known():
    with pytest.raises(MepsError, match="nonsense.*ideal.*silent_body"):
        Scenario.preset("nonsense")
    with pytest.raises(MepsError, match="unknown scenario \\['ideal'\\]"):
        Scenario.preset(["ideal"])
    with pytest.raises(MepsError, match="colour_noise.*frame_noise"):
        Scenario.preset("ideal", colour_noise=1)


def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Scenario().size = 128


def test_what_one_sets_is_read():
    """A preset draws apex and duration from published distributions until one says otherwise."""
    assert Scenario.preset("early_apex").apex == "casme3_a"
    assert Scenario.preset("early_apex", apex_position=0.3).apex == "middle"
    assert Scenario.preset("mmme").duration == "mmme"
    assert Scenario.preset("mmme", duration_s=0.3).duration == "log-normal"
    assert Scenario.preset("mmme", apex_spread=0.1, apex="mmme").apex == "mmme"


def test_lists_are_taken_and_a_scenario_hashes():
    a = Scenario(signals=["ECG"], class_balance=[["negative", 2], ["positive", 1]])
    b = Scenario(signals=("ECG",), class_balance=(("negative", 2.0), ("positive", 1.0)))
    assert a == b and hash(a) == hash(b)


def test_every_dial_has_its_unit_and_meaning_beside_it():
    lines = inspect.getsource(Scenario).splitlines()
    for field in dataclasses.fields(Scenario):
        (line,) = (x for x in lines if x.startswith(f"    {field.name}: "))
        assert "# " in line or field.name.startswith("missing_"), field.name
