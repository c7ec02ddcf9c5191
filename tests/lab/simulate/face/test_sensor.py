"""The sensors: how noise, holes, steps and jumps are distributed, and that pictures keep."""

import cv2
import numpy as np
import pytest
import torch

from meps_lab.simulate.face.clip import FaceClip
from meps_lab.simulate.face.identity import Identity
from meps_lab.simulate.face.sensor import sense_colour, sense_depth, to_uint16
from meps_lib.errors import MepsError


def rng():
    return np.random.default_rng(0)


def face_depth(frames=2):
    return FaceClip(Identity(), (12,), np.zeros((frames, 1)), size=128).render()[1]


def test_rounded_and_lost_in_places():
    depth = face_depth()
    seen = sense_depth(depth, rng(), noise_mm=3.0, holes=0.5)
    assert torch.equal(seen.nan_to_num(0), seen.nan_to_num(0).round())
    inside = ~seen.isnan()
    assert (seen - depth)[inside].std() == pytest.approx(3.0, rel=0.1)
    lost = ~depth.isnan() & seen.isnan()
    assert 0.005 < lost.float().sum() / (~depth.isnan()).float().sum() < 0.2
    assert depth[~depth.isnan()].min() > 600 and depth[~depth.isnan()].max() < 850


def test_holes_lie_at_the_outline():
    depth = face_depth()[:1]
    lost = (sense_depth(depth, rng(), 0.0, 1.0).isnan() & ~depth.isnan())[0, 0].numpy()
    person = (~depth[0, 0].isnan()).numpy().astype(np.uint8)
    rim = person - cv2.erode(person, np.ones((5, 5), np.uint8))
    assert lost[rim == 1].mean() > 0.5
    assert lost[48:90, 48:80].mean() < 0.15  # the sides of the nose


def test_noise_grows_with_the_square_of_range():
    spread = []
    for mm in (700.0, 1400.0):
        flat = torch.full((1, 1, 128, 128), mm)
        spread.append((sense_depth(flat, rng(), 5.0, 0.0) - flat).std())
    assert spread[1] / spread[0] == pytest.approx(4, rel=0.05)


def test_the_scale_has_steps():
    flat = 700 + 20 * torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    seen = sense_depth(flat, rng(), 0.0, 0.0, quantum_mm=4.0)
    assert set(seen.unique().tolist()) <= {700.0 + 4 * k for k in range(6)}
    assert (seen - flat).abs().max() <= 2.0


def test_the_gain_jumps_now_and_then_and_holds_between():
    flat = torch.full((4000, 1, 2, 2), 700.0)
    level = sense_depth(flat, rng(), 0.0, 0.0, gain_jumps=20.0, quantum_mm=0.001)[:, 0, 0, 0] - 700
    changes = level.diff().abs() > 0.01
    assert changes.float().mean() == pytest.approx(0.1, abs=0.02)
    assert level[1:][changes].std() == pytest.approx(20.0, rel=0.15)
    steady = sense_depth(flat, rng(), 2.0, 0.3)
    jumpy = sense_depth(flat, rng(), 2.0, 0.3, gain_jumps=20.0)
    assert torch.equal(steady.isnan(), jumpy.isnan())  # the dial draws nothing else anew


def test_colour_noise():
    grey = torch.full((2, 3, 64, 64), 0.5)
    seen = sense_colour(grey, rng(), 0.02)
    assert (seen - grey).std() == pytest.approx(0.02, rel=0.05)
    assert torch.equal(sense_colour(grey, rng(), 0.0), grey)
    loud = sense_colour(grey, rng(), 3.0)
    assert loud.min() == 0 and loud.max() == 1


def test_sixteen_bits_there_and_back(tmp_path):
    seen = sense_depth(face_depth(1), rng(), 1.0, 0.5)[0, 0]
    cv2.imwrite(str(tmp_path / "1.png"), to_uint16(seen))
    stored = cv2.imread(str(tmp_path / "1.png"), cv2.IMREAD_UNCHANGED)
    assert stored.dtype == np.uint16 and (stored == 0).any()
    mm = np.where(stored == 0, np.nan, stored.astype(np.float32))
    np.testing.assert_array_equal(mm, seen.numpy())


@pytest.mark.parametrize("far", [70_000.0, 0.2, -5.0])
def test_what_does_not_fit_is_refused(far):
    with pytest.raises(MepsError, match="1..65535 mm"):
        to_uint16(torch.tensor([700.0, far, torch.nan]))


@pytest.mark.parametrize(
    "dial",
    [
        {"noise_mm": -1.0},
        {"holes": 1.5},
        {"gain_jumps": np.inf},
        {"quantum_mm": 0.0},
        {"noise_mm": np.nan},
        {"noise_mm": "1"},
        {"holes": None},
        {"quantum_mm": np.inf},
    ],
)
def test_bad_dials_are_named(dial):
    flat = torch.full((1, 1, 4, 4), 700.0)
    with pytest.raises(MepsError, match=next(iter(dial))):
        sense_depth(flat, rng(), **{"noise_mm": 0.0, "holes": 0.0, **dial})


@pytest.mark.parametrize(
    ("depth", "says"),
    [
        ("near", "got str"),
        (None, "got NoneType"),
        (np.full((1, 1, 4, 4), 700.0), "got ndarray"),
        (torch.full((1, 1, 4, 4), 700), "got torch.int64"),
        (torch.full((4, 4), 700.0), r"\(T, 1, H, W\), got \(4, 4\)"),
        (torch.full((1, 3, 4, 4), 700.0), r"got \(1, 3, 4, 4\)"),
    ],
)
def test_what_is_no_range_is_refused(depth, says):
    with pytest.raises(MepsError, match=f"depth must.*{says}"):
        sense_depth(depth, rng(), 0.0, 0.0)


@pytest.mark.parametrize("noise", [-1, np.nan, np.inf, "loud", None])
def test_bad_colour_noise_is_named(noise):
    with pytest.raises(MepsError, match="noise=.*expected a number, 0 or more"):
        sense_colour(torch.zeros(1, 3, 4, 4), rng(), noise)


@pytest.mark.parametrize("colour", ["grey", torch.zeros(1, 3, 4, 4, dtype=torch.uint8)])
def test_what_is_no_picture_is_refused(colour):
    with pytest.raises(MepsError, match="colour must be a floating-point Tensor"):
        sense_colour(colour, rng(), 0.0)
