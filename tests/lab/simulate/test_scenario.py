"""The dials refuse what makes no sense and say which it was; each half of a face has its own."""

import dataclasses
import inspect

import numpy as np
import pytest

from meps_lab.simulate import Scenario, simulate_cohort
from meps_lab.simulate.face.camera import VIEW_MM
from meps_lab.simulate.presets import PRESETS
from meps_lib.errors import MepsError
from tests.lab.simulate.test_dials import plans

NAN, HUGE = float("nan"), 10**400
WRONG = {
    "size": (8, 64.0),
    "n_frames": (2, 7.5),
    "fps": (0, HUGE),
    "ps_sfreq": ("200", 124.0),
    "frame_noise": (-0.1,),
    "ps_noise": (-1,),
    "depth_noise_mm": (NAN,),
    "me_intensity": (True,),
    "apex_position": (1.2,),
    "leak_share": (2,),
    "ps_before_s": (10.0,),
    "ps_saturation": (1.0,),
    "overlap": (1.5,),
    "missing_ps": (1.1,),
    "label_noise": (-0.1,),
    "apex": ("late",),
    "duration": (0.3,),
    "eeg": ("64", None, np.array(["none"])),
    "signals": (("EDA", "EMG"), (), "EDA", ("EDA", "EDA"), None),
    "class_balance": ("negative", 3, (("joy", 1),), (("fear", 1), ("fear", 2)), (("fear", HUGE),)),
}
WRONG["class_balance"] += tuple((("negative", weight),) for weight in (0, -2, NAN))


@pytest.mark.parametrize(("dial", "value"), [(d, v) for d, values in WRONG.items() for v in values])
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
    with pytest.raises(MepsError, match="scenario=\\['ideal'\\]; expected one of"):
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


def test_a_duration_is_not_ignored():
    """30 frames a second: half a second is 16 frames, two are 61; both at once is too much."""

    def frames(scenario):
        return len(simulate_cohort(2, 3, scenario=scenario).plan(0).face.intensity)

    assert frames(Scenario()) == 16 and frames(Scenario(fps=60)) == 31
    assert frames(Scenario(duration_s=2.0)) == 61
    assert frames(Scenario.preset("default", duration_s=2.0)) == 61
    assert frames(Scenario.preset("mmme", n_frames=9)) == 9
    for dial in ({"duration_s": 2.0}, {"duration_spread_s": 0.1}, {"duration": "mmme"}):
        with pytest.raises(MepsError, match=rf"n_frames=16 .*{next(iter(dial))} would not be read"):
            Scenario.preset("default", n_frames=16, **dial)


@pytest.mark.parametrize(
    ("dials", "named"),
    [
        ({"fps": 1, "duration_s": 0.5}, "duration_s is 0.5 s on average, 1 frames at fps=1"),
        ({"fps": 30, "duration_s": 0.02}, "duration_s is 0.02 s.* 2 frames"),
        ({"fps": 1000, "duration_s": 30, "ps_duration_s": 60}, "duration_s is 30 s.* 30001 frames"),
        ({"fps": 3, "duration": "mmme"}, "duration is 0.3817 s.* 2 frames"),
        ({"fps": 1, "n_frames": 16}, "ps_duration_s is 10 s, of which 3 s.*16 frames.* 15 s"),
        ({"duration_s": 7.1}, "ps_duration_s .* lasts 7.1"),
    ],
)
def test_a_clip_that_cannot_be_is_refused(dials, named):
    with pytest.raises(MepsError, match=rf"Scenario\.{named}"):
        Scenario(**dials)


def test_the_shortest_and_the_longest_clip_are_taken():
    Scenario(fps=30, duration_s=2 / 30), Scenario(fps=333, duration_s=3.0)
    Scenario(fps=1, n_frames=8), Scenario(fps=1, n_frames=16, ps_duration_s=18.0)


def test_lists_are_taken_and_a_scenario_hashes():
    a = Scenario(signals=["ECG"], class_balance=[["negative", 2], ["positive", 1]])
    b = Scenario(signals=("ECG",), class_balance=(("negative", 2.0), ("positive", 1.0)))
    assert a == b and hash(a) == hash(b)


def test_every_dial_has_its_unit_and_meaning_beside_it():
    lines = inspect.getsource(Scenario).splitlines()
    for field in dataclasses.fields(Scenario):
        (line,) = (x for x in lines if x.startswith(f"    {field.name}: "))
        assert "# " in line or field.name.startswith("missing_"), field.name


@pytest.mark.parametrize("shown", ["contempt", "disgust"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_side_moves_by_its_factor(side, shown):
    """True motion of either cheek with the dial against that without, off the midline."""
    size, cheek = 64, int(24 / VIEW_MM * 64)  # px from the midline; nearer the sides blend
    left, right = np.s_[:, :, : size // 2 - cheek], np.s_[:, :, size // 2 + cheek :]
    weak, other = (left, right) if side == "left" else (right, left)

    def motion(dial):
        dials = {"me_intensity": 0.6, "asymmetry": 0.6, "head_pose_mm": 0.0, "size": size}
        made = plans((3, 4), 0, (shown, "surprise"), "ideal", **dials, **{f"{side}_leak": dial})
        flows = [p.face(0, p.face.intensity.sum(1).argmax()) for p in made if p.shown == shown]
        return np.array([[float(f[at].norm(dim=0).max()) for f in flows] for at in (weak, other)])

    (weak_1, other_1), (weak_half, other_half), (weak_0, other_0) = map(motion, (1.0, 0.5, 0.0))
    most = np.maximum(weak_1, other_1)
    assert most.min() > 0.3 and (weak_1 == most).any()  # px; there is something to weaken
    assert (weak_0 < 0.05 * most).all()
    assert (np.abs(weak_half - weak_1 / 2) < 0.05 * most).all()
    for others in (other_half, other_0):
        assert (np.abs(others - other_1) < 0.05 * most).all()


def test_with_both_sides_still_nothing_moves():
    for p in plans((2, 3), left_leak=0.0, right_leak=0.0):
        assert not p.face.intensity.any() and p.face.lateral == 0
