"""Flow and strain against closed forms and scikit-image; the apex against a known one."""

import numpy as np
import pytest
from skimage.registration import optical_flow_ilk

from meps_lab.simulate import Scenario, simulate_cohort
from meps_lib.errors import MepsError
from meps_lib.video import apex
from meps_lib.video.apex import motion_curve, spot_apex
from meps_lib.video.flow import FLOW_METHODS, chain_flow, optical_flow, optical_strain, to_grey

SIDE = 64
Y, X = np.mgrid[:SIDE, :SIDE].astype(float)
CENTRE = (SIDE - 1) / 2


def texture(x, y):
    """A smooth picture that can be evaluated at any point, so motion needs no interpolation."""
    rng = np.random.default_rng(5)
    waves = rng.uniform(0.25, 0.9, (12, 2)) * rng.choice([-1, 1], (12, 2))
    phases = rng.uniform(0, 2 * np.pi, 12)
    total = sum(np.sin(a * x + b * y + p) for (a, b), p in zip(waves, phases, strict=True))
    return 0.5 + total / 24


def affine_pair(matrix, shift=(0.0, 0.0)):
    """Frames a, b and the exact flow of ``x -> centre + matrix (x - centre) + shift``."""
    matrix, inverse = np.asarray(matrix, float), np.linalg.inv(matrix)
    points = np.stack([X - CENTRE, Y - CENTRE])
    back = np.tensordot(inverse, points - np.reshape(shift, (2, 1, 1)), 1) + CENTRE
    true = np.tensordot(matrix, points, 1) + np.reshape(shift, (2, 1, 1)) - points
    return texture(X, Y), texture(*back), true


TURN = np.deg2rad(1.0)
FIELDS = {
    "right": affine_pair(np.eye(2), (0.6, 0.0)),
    "down": affine_pair(np.eye(2), (0.0, 0.8)),
    "sub-pixel": affine_pair(np.eye(2), (-0.15, 0.1)),
    "dilation": affine_pair(1.02 * np.eye(2)),
    "rotation": affine_pair([[np.cos(TURN), -np.sin(TURN)], [np.sin(TURN), np.cos(TURN)]]),
    "shear": affine_pair([[1, 0.03], [0, 1]]),
}


def inner_error(flow, true):
    """Mean end-point error away from the border, where the texture leaves the frame."""
    return np.hypot(*(flow - true))[6:-6, 6:-6].mean()


@pytest.mark.parametrize("method", FLOW_METHODS)
@pytest.mark.parametrize("name", FIELDS)
def test_flow_of_a_known_motion(name, method):
    a, b, true = FIELDS[name]
    flow = optical_flow(a, b, method)
    assert flow.shape == (2, SIDE, SIDE)
    assert flow.dtype == np.float32
    assert inner_error(flow, true) < 0.06
    assert inner_error(flow, true) < 0.4 * np.hypot(*true).mean()  # a zero flow would fail


@pytest.mark.parametrize("method", FLOW_METHODS)
def test_a_long_way_is_found_in_steps(method):
    """A turn by 15 degrees moves the corners by 11 pixels, more than half a wave."""
    steps = np.deg2rad(np.linspace(0, 15, 13))
    turns = [[[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]] for t in steps]
    frames = np.stack([affine_pair(turn)[1] for turn in turns])
    true = affine_pair(turns[-1])[2]
    chained = np.hypot(*(chain_flow(frames, method) - true))[12:-12, 12:-12].mean()
    at_once = np.hypot(*(optical_flow(frames[0], frames[-1], method) - true))[12:-12, 12:-12].mean()
    assert chained < 0.3
    assert chained < 0.5 * at_once


def test_a_chain_of_one_step_is_the_step():
    a, b, _ = FIELDS["shear"]
    assert np.array_equal(chain_flow([a, b]), optical_flow(a, b, "dis"))
    with pytest.raises(MepsError, match="at least two"):
        chain_flow([a])


def test_dis_agrees_with_another_method_of_another_library():
    a, b, _ = FIELDS["rotation"]
    judge = optical_flow_ilk(a, b, radius=5)[::-1]  # scikit-image: rows first
    assert inner_error(optical_flow(a, b, "dis"), judge) < 0.05


def test_flow_takes_every_shape_of_a_frame():
    a, b, _ = FIELDS["right"]
    grey = [np.round(255 * f).astype(np.uint8) for f in (a, b)]
    last = [np.repeat(g[..., None], 3, -1) for g in grey]
    first = [np.repeat(g[None], 3, 0) for g in grey]
    want = optical_flow(*grey, "dis")
    assert np.allclose(optical_flow(*last, "dis"), want, atol=0.01)
    assert np.allclose(optical_flow(*first, "dis"), want, atol=0.01)


def test_grey_is_the_luma_of_the_standard():
    red = np.zeros((4, 5, 3), np.uint8)
    red[..., 0] = 255
    assert np.allclose(to_grey(red), 0.299)


@pytest.mark.parametrize(
    ("a", "b", "method", "message"),
    [
        (np.zeros((40, 40)), np.zeros((40, 41)), "dis", "one size"),
        (np.zeros((40, 40)), np.zeros((40, 40)), "farneback", "unknown flow method"),
        (np.zeros((31, 40)), np.zeros((31, 40)), "dis", "at least 32"),
        (np.full((40, 40), np.nan), np.zeros((40, 40)), "dis", "NaN"),
        (np.full((40, 40), 7.0), np.zeros((40, 40)), "tvl1", "0-255"),
        (np.zeros((2, 4, 40, 40)), np.zeros((2, 4, 40, 40)), "dis", "expected \\(H, W\\)"),
    ],
)
def test_bad_frames_are_refused(a, b, method, message):
    with pytest.raises(MepsError, match=message):
        optical_flow(a, b, method)


@pytest.mark.parametrize("shape", [(32, 32), (32, 50), (33, 300), (200, 35)])
@pytest.mark.parametrize("method", FLOW_METHODS)
def test_any_size_from_32_pixels_works(shape, method):
    y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
    u, v = optical_flow(texture(x, y), texture(x - 0.5, y), method)
    assert u.shape == shape
    assert np.median(u) == pytest.approx(0.5, abs=0.1)
    assert np.median(v) == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize(
    ("u", "v", "strain"),
    [
        (-Y, X, 0.0),
        (0 * X + 3, 0 * X - 2, 0.0),
        (X, Y, 2**0.5),
        (X, 0 * X, 1.0),
        (Y, 0 * X, 0.5**0.5),
        (Y, X, 2**0.5),
    ],
    ids=["rotation", "translation", "dilation", "stretch", "shear", "pure shear"],
)
def test_strain_of_a_known_field(u, v, strain):
    assert np.allclose(optical_strain(np.stack([u, v])), strain, atol=1e-5)


def test_strain_refuses_what_is_no_flow():
    with pytest.raises(MepsError, match="expected \\(2, H, W\\)"):
        optical_strain(np.zeros((8, 8)))


def moving_mouth(intensity, shift=(0.0, 0.0)):
    """Frames in which a patch stretches by `intensity` pixels while all of it drifts."""
    bump = np.exp(-((X - CENTRE) ** 2 + (Y - 44) ** 2) / (2 * 7.0**2))
    return np.stack(
        [
            texture(X - k * (X - CENTRE) / 10 * bump - t * shift[0], Y - t * shift[1])
            for t, k in enumerate(intensity)
        ]
    )


RISE = np.clip(1 - np.abs(np.arange(16) - 5) / 5, 0, 1)  # apex at frame 5 of 16


@pytest.mark.parametrize("measure", ["strain", "flow"])
@pytest.mark.parametrize("shift", [(0.0, 0.0), (0.05, -0.08)], ids=["still", "drifting"])
def test_the_apex_of_a_known_motion_is_spotted(measure, shift):
    frames = moving_mouth(1.5 * RISE, shift)
    assert abs(spot_apex(frames, measure) - 5) <= 1


def test_strain_is_not_fooled_by_a_drift_that_fools_plain_flow():
    frames = moving_mouth(1.5 * RISE, (0.2, 0.1))
    plain = [np.hypot(*optical_flow(frames[0], f, "dis")).mean() for f in frames]
    assert np.argmax(plain) == len(frames) - 1  # the drift wins
    assert abs(spot_apex(frames) - 5) <= 1


def test_the_motion_curve_starts_at_nothing_and_has_one_value_a_frame():
    curve = motion_curve(moving_mouth(RISE))
    assert curve.shape == (16,)
    assert curve[0] == 0
    assert curve[5] > 3 * curve[15]


@pytest.mark.parametrize(
    ("frames", "arguments", "message"),
    [
        (np.full((6, 32, 32), 0.5), {}, "nothing moves"),
        (np.zeros((2, 32, 32)), {}, "at least three"),
        (np.zeros((6, 32, 32)), {"measure": "speed"}, "unknown measure"),
    ],
)
def test_an_apex_cannot_be_spotted(frames, arguments, message):
    with pytest.raises(MepsError, match=message):
        spot_apex(frames, **arguments)


@pytest.fixture(scope="module")
def simulated():
    """Six clips in which a micro-expression leaks, with their true flow and apex."""
    dials = {"frame_noise": 0.005, "apex_spread": 0.1, "head_drift_mm": 0.6}
    cohort = simulate_cohort(2, 4, seed=3, scenario=Scenario.preset("ideal", **dials))
    return [cohort[k] for k in range(6)]


@pytest.mark.parametrize("method", FLOW_METHODS)
def test_flow_on_simulated_faces_is_better_than_none(simulated, method):
    errors, lengths = [], []
    for trial in simulated:
        true = trial.truth["flow"](0, trial.apex).numpy()
        face = ~trial.truth["clean_depth"][0, 0].isnan().numpy()  # skin, not the plain wall
        flow = optical_flow(trial.colour[0], trial.colour[trial.apex], method)
        errors.append(np.hypot(*(flow - true))[face].mean())
        lengths.append(np.hypot(*true)[face].mean())
    assert np.mean(errors) < {"dis": 0.5, "tvl1": 0.7}[method] * np.mean(lengths)


def test_the_apex_of_simulated_micro_expressions_is_spotted(simulated):
    misses = [abs(spot_apex(t.colour) - t.truth["apex"]) for t in simulated]
    middles = [abs((t.n_frames - 1) / 2 - t.truth["apex"]) for t in simulated]
    assert np.mean(misses) < 1
    assert np.mean(misses) < np.mean(middles)  # better than to guess the middle


def test_one_noisy_frame_is_no_apex(monkeypatch):
    """The largest value of the smoothed course, not of the course: one spike is no movement."""
    course = np.exp(-0.5 * ((np.arange(30) - 18) / 4.0) ** 2)
    course[5] = 1.2
    monkeypatch.setattr(apex, "motion_curve", lambda *args: course)
    frames = np.zeros((30, 32, 32))
    assert spot_apex(frames) == 18
    assert spot_apex(frames, sigma=1e-3) == 5  # unsmoothed, the spike would win
