"""The flow map against known motions, an independent computation, and the simulator's truth."""

import cv2
import numpy as np
import pytest
import torch
from skimage.registration import optical_flow_tvl1

from meps_lab.simulate import Scenario, simulate_cohort
from meps_lib.errors import MepsError
from meps_lib.video.flow import optical_strain
from meps_lib.video.motion import flow_map

H, W = 84, 112  # pixels of the crop; a map of 28 is a third as high, a quarter as wide


def texture(x, y):
    """A smooth picture that can be evaluated at any point, so motion needs no interpolation."""
    rng = np.random.default_rng(5)
    waves = rng.uniform(0.25, 0.6, (12, 2)) * rng.choice([-1, 1], (12, 2))
    phases = rng.uniform(0, 2 * np.pi, 12)
    total = sum(np.sin(a * x + b * y + p) for (a, b), p in zip(waves, phases, strict=True))
    return 0.5 + total / 24


def clip(matrix=((1, 0), (0, 1)), shift=(0.0, 0.0), height=H, width=W, n=2):
    """A clip that rests, and in its last frame has moved by ``x -> matrix (x - c) + c + shift``."""
    y, x = np.mgrid[:height, :width].astype(float)
    centre = np.array([(width - 1) / 2, (height - 1) / 2]).reshape(2, 1, 1)
    back = np.stack([x, y]) - centre - np.reshape(shift, (2, 1, 1))
    back = np.tensordot(np.linalg.inv(np.asarray(matrix, float)), back, 1) + centre
    frames = np.stack([texture(x, y)] * (n - 1) + [texture(*back)])
    return torch.tensor(frames, dtype=torch.float32)[:, None].repeat(1, 3, 1, 1)


def inner(x):
    return x[..., 4:-4, 4:-4]


@pytest.mark.parametrize("method", ["tvl1", "dis"])
def test_a_shift_in_pixels_of_the_map(method):
    out = flow_map(clip(shift=(1.2, -0.9)), method=method)
    assert out.shape == (1, 3, 28, 28) and out.dtype == torch.float32
    u, v, strain = inner(out[0]).mean(dim=(1, 2))
    assert float(u) == pytest.approx(1.2 / 4, abs=0.02)
    assert float(v) == pytest.approx(-0.9 / 3, abs=0.02)
    assert float(strain) < 0.02


TURN = np.deg2rad(1.5)


@pytest.mark.parametrize("method", ["tvl1", "dis"])
@pytest.mark.parametrize(
    ("matrix", "strain"),
    [
        (1.03 * np.eye(2), 0.03 * 2**0.5),
        ([[1.04, 0], [0, 1]], 0.04),
        ([[1, 0.05], [0, 1]], 0.05 * 0.5**0.5),
        ([[1, 0.03], [0.03, 1]], 0.03 * 2**0.5),
        ([[np.cos(TURN), -np.sin(TURN)], [np.sin(TURN), np.cos(TURN)]], 0.0),
    ],
    ids=["dilation", "stretch", "shear", "pure shear", "rotation"],
)
def test_strain_has_no_unit_so_the_size_of_the_map_does_not_change_it(matrix, strain, method):
    frames = clip(matrix, height=112, width=112)
    for size in (28, 56):
        got = inner(flow_map(frames, size=size, method=method)[0, 2]).median()
        assert float(got) == pytest.approx(strain, abs=0.008)


def test_the_map_is_what_another_road_to_it_gives():
    """scikit-image's flow, area means as plain block means, slopes as written in the books."""
    frames = clip([[1.02, 0.03], [0, 0.99]], (0.5, 0.3))
    grey = [f[0].numpy() for f in frames]  # all channels are equal
    v, u = optical_flow_tvl1(*grey)
    u, v = (x.reshape(28, 3, 28, 4).mean(axis=(1, 3)) for x in (u / 4, v / 3))
    e_xx, e_yy = ((x[1:-1, 2:] - x[1:-1, :-2]) / 2 for x in (u, v.T))
    shear = (u[2:, 1:-1] - u[:-2, 1:-1]) / 4 + (v[1:-1, 2:] - v[1:-1, :-2]) / 4
    strain = np.sqrt(e_xx**2 + e_yy.T**2 + 2 * shear**2)
    ours = flow_map(frames)[0].numpy()
    np.testing.assert_allclose(ours[:2], [u, v], atol=2e-3)
    np.testing.assert_allclose(ours[2, 1:-1, 1:-1], strain, atol=2e-3)


def test_marks_decide_between_which_frames():
    frames = torch.cat([clip(shift=(s, 0.0))[-1:] for s in (0, 0.3, 0.6, 0.9, 1.2, 1.5, 1.8)])
    marks = [(None, None, None), (0, 3, 6), (0, 6, None), (2, 5, 6), (2, None, 6), (2, None, 3)]
    steps = [4 / 0.3 * float(inner(flow_map(frames, *k)[0, 0]).mean()) for k in marks]
    assert steps == pytest.approx([3, 3, 6, 3, 2, 1], abs=0.15)
    assert not flow_map(frames, 4, 4, 6).any()  # an apex at the onset: nothing has moved yet


@pytest.mark.parametrize(
    ("frames", "arguments", "message"),
    [
        (clip()[:1], {}, "at least two frames"),
        (clip()[0], {}, "at least two frames"),
        (clip(), {"apex": 2}, "apex 2, .*2 frames"),
        (clip(n=5), {"onset": 3, "apex": 1}, "onset 3, apex 1"),
        (clip(n=5), {"apex": 3, "offset": 2}, "apex 3, offset 2"),
        (clip(), {"method": "farneback"}, "unknown flow method"),
        (clip(height=20), {}, "at least 32"),
        (clip(), {"size": 1}, "size=1"),
    ],
)
def test_what_has_no_map_is_refused(frames, arguments, message):
    with pytest.raises(MepsError, match=message):
        flow_map(frames, **arguments)


@pytest.fixture(scope="module")
def simulated():
    """Faces that show a micro-expression while the head drifts, with their true flow."""
    dials = {"frame_noise": 0.01, "apex_spread": 0.1, "head_drift_mm": 0.6, "size": 128}
    cohort = simulate_cohort(2, 4, seed=3, scenario=Scenario.preset("ideal", **dials))
    return [cohort[k] for k in range(5)]


def test_maps_of_simulated_faces_follow_the_true_motion(simulated):
    errors, lengths, ours, plain = [], [], [], []
    for trial in simulated:
        true = trial.truth["flow"](trial.onset, trial.apex).numpy()
        skin = (~trial.truth["clean_depth"][0, 0].isnan()).numpy().astype(np.float32)

        def small(x):
            return cv2.resize(x.astype(np.float32), (28, 28), interpolation=cv2.INTER_AREA)

        whole = small(skin) > 0.99  # pixels of the map that show nothing but skin
        out = flow_map(trial.colour, trial.onset, trial.apex, trial.offset)[0].numpy()
        want = np.stack([small(x * skin) for x in true]) * 28 / 128
        errors.append(np.hypot(*(out[:2] - want))[whole].mean())
        lengths.append(np.hypot(*want)[whole].mean())
        strain = small(optical_strain(true) * skin)[whole]
        ours.append(np.corrcoef(out[2][whole], strain)[0, 1])
        # The other way round, which `flow_map` decided against.
        pair = trial.colour[[trial.onset, trial.apex]].permute(0, 2, 3, 1).numpy()
        v, u = optical_flow_tvl1(*(cv2.cvtColor(x, cv2.COLOR_RGB2GRAY) for x in pair))
        plain.append(np.corrcoef(small(optical_strain(np.stack([u, v])))[whole], strain)[0, 1])
    assert np.mean(errors) < 0.4 * np.mean(lengths)
    assert np.mean(ours) > 0.8
    assert np.mean(ours) > np.mean(plain) + 0.05
