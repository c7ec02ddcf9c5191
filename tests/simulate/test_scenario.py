"""The dials refuse what makes no sense, and say which dial it was."""

import dataclasses

import pytest

from meps_lib.errors import MepsError
from meps_lib.simulate import Scenario


@pytest.mark.parametrize(
    ("dial", "value"),
    [("frame_noise", -0.1), ("ps_noise", -1), ("depth_noise_mm", float("nan")),
     ("apex_position", 1.2), ("leak_share", 2), ("size", 8), ("size", 64.0), ("n_frames", 2),
     ("fps", 0), ("ps_sfreq", "200"), ("me_intensity", True), ("ps_before_s", 10.0),
     ("ps_sfreq", 124.0)],
)  # fmt: skip
def test_bad_dials_are_refused_by_name(dial, value):
    with pytest.raises(MepsError, match=rf"Scenario\.{dial}"):
        Scenario(**{dial: value})


def test_every_dial_is_checked():
    for field in dataclasses.fields(Scenario):
        with pytest.raises(MepsError, match=field.name):
            Scenario(**{field.name: -1})


def test_presets():
    for name in ("default", "ideal", "early_apex", "noisy_depth", "silent_face", "silent_body"):
        assert isinstance(Scenario.preset(name), Scenario)
    assert Scenario.preset("default") == Scenario()
    assert Scenario.preset("noisy_depth").depth_noise_mm > Scenario().depth_noise_mm
    assert Scenario.preset("silent_body", size=32).size == 32


def test_unknown_preset_and_dial_list_those_known():
    with pytest.raises(MepsError, match="nonsense.*ideal.*silent_body"):
        Scenario.preset("nonsense")
    with pytest.raises(MepsError, match="colour_noise.*frame_noise"):
        Scenario.preset("ideal", colour_noise=1)


def test_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Scenario().size = 128
