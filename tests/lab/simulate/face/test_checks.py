"""Clips that cannot be: each wrong field is named, and what is right is kept as it came."""

import numpy as np
import pytest
import torch

from meps_lab.simulate import simulate_cohort
from meps_lab.simulate.face.clip import FaceClip
from meps_lab.simulate.face.identity import Identity
from meps_lab.simulate.scenario import Scenario
from meps_lib.errors import MepsError

AWAY = np.array([[0, 0, 0, 0], [0, 0, 0, -551.0]])


@pytest.mark.parametrize(
    ("field", "wrong", "says"),
    [
        ("who", None, "Identity.*got None"),
        ("aus", (12, 12), r"\[12\] more than once"),
        ("aus", (6, 99), r"\[99\].*AU12"),
        ("aus", ("grin", 12), "grin.*by itself"),
        ("aus", (6.0, 12.0), r"=6\.0; expected a whole number"),
        ("aus", (True, 12), "=True; expected a whole number"),
        ("aus", "12", "sequence.*'12'"),
        ("aus", 12, "sequence.*12"),
        (
            "intensity",
            np.array([[0, 0], [0, np.nan]]),
            r"from 0 to 1, got nan at intensity\[1, 1\]",
        ),
        ("intensity", np.full((2, 2), np.inf), "got inf"),
        ("intensity", np.full((2, 2), 1.5), r"from 0 to 1, got 1\.5"),
        ("intensity", np.full((2, 2), -0.1), r"got -0\.1"),
        ("intensity", np.zeros((2, 3)), r"\(T, 2\).*\(2, 3\)"),
        ("intensity", np.zeros((0, 2)), "rows of intensity=0; .* 1 or more"),
        ("intensity", np.zeros(2), r"got shape \(2,\)"),
        ("intensity", [["a", "b"]], "must be numbers"),
        ("intensity", [[0.0, 1.0], [0.0]], "must be numbers"),
        ("intensity", None, "got NoneType"),
        ("pose", np.zeros((3, 4)), r"\(2, 4\).*\(3, 4\)"),
        ("pose", np.full((2, 4), np.nan), "got nan"),
        ("pose", np.full((2, 4), np.inf), "got inf"),
        ("pose", np.full((2, 4), 1e30), "got 1e.30"),
        ("pose", AWAY, r"from -550 to 10000, got -551 at pose\[1, 3\]"),
        ("pose", "still", "must be numbers"),
        ("lateral", np.nan, "=nan; expected a number, -1 to 1"),
        ("lateral", 1.2, r"=1\.2; .* -1 to 1"),
        ("lateral", "left", "='left';"),
        ("light", (0, 0, 0), "not be all zero"),
        ("light", (np.nan, 0, 1), r"got nan at light\[0\]"),
        ("light", (0.0, 1.0), r"shape \(3,\)"),
        ("light", None, r"shape \(3,\).*got NoneType"),
        ("size", 64.0, r"size=64\.0; expected a whole number, 8 to 1024"),
        ("size", 7, "=7;"),
        ("size", 1025, "=1025;"),
        ("size", "64", "='64';"),
        ("blink", np.array([0.0, 1.5]), r"from 0 to 1, got 1\.5 at blink\[1\]"),
        ("blink", np.zeros((2, 1)), r"blink must be numbers of shape \(2,\), one for each row"),
        ("gain", np.array([1.0, np.nan]), r"got nan at gain\[1\]"),
        ("gain", 1.0, r"gain must be numbers of shape \(2,\)"),
        ("texture", np.zeros((64, 64, 3), np.uint8), "texture_from_photo"),
    ],
)
def test_a_wrong_field_is_named(field, wrong, says):
    right = {"who": Identity(), "aus": (6, 12), "intensity": np.zeros((2, 2))}
    FaceClip(**right)
    with pytest.raises(MepsError, match=f"(?s){says}") as caught:
        FaceClip(**{**right, field: wrong})
    assert field in str(caught.value) or "action units" in str(caught.value)


def test_the_ends_of_every_range_are_allowed():
    rows = np.array([[0.0], [1.0]])
    pose = np.array([[0, 0, 0, -550.0], [0, 0, 0, 3000.0]])
    for lateral, size in ((-1, 8), (1, np.int64(16))):
        ends = {"lateral": lateral, "light": (0, 0, 9), "blink": [0, 1], "gain": [0, 1000]}
        clip = FaceClip(Identity(), [12], rows, pose, size=size, **ends)
        colour, depth = clip.render(supersample=1)
        assert colour.isfinite().all() and depth[~depth.isnan()].min() > 0
    still = FaceClip(Identity(), (), np.zeros((1, 0)), size=16)  # no unit moves: a still face
    assert still.render()[0].shape == (1, 3, 16, 16)


def test_what_interpolation_rounds_is_cut_off():
    course = np.array([0.0, np.nextafter(1.0, 2.0)])
    clip = FaceClip(Identity(), (12,), course[:, None], size=16, blink=course)
    assert clip.intensity.max() == clip.blink.max() == 1.0


def test_every_light_that_a_scenario_draws_is_allowed():
    # Of 200 standard normal draws a few exceed log(10), the gain that was once the most.
    cohort = simulate_cohort(10, 20, scenario=Scenario(light_change=1.0, size=16))
    gains = [cohort.plan(k).face.gain.max() for k in range(len(cohort))]
    assert 10 < max(gains) < 1000


def test_a_clip_does_not_change_with_the_arrays_that_it_was_made_from():
    made_from = {"intensity": np.full((2, 1), 0.5), "pose": np.zeros((2, 4))}
    made_from |= {"blink": np.zeros(2), "gain": np.ones(2)}
    clip = FaceClip(Identity(), (12,), size=16, **made_from)
    before = clip.render()[0]
    for values in made_from.values():
        values += 0.25
    assert torch.equal(clip.render()[0], before)


@pytest.mark.parametrize("supersample", [0, 9, 2.0, "2", None])
def test_render_takes_one_to_eight_samples_a_side(supersample):
    with pytest.raises(MepsError, match="supersample=.*expected a whole number, 1 to 8"):
        FaceClip(Identity(), (12,), np.zeros((1, 1)), size=16).render(supersample)
