"""The matched filter, held by simulation: nothing that is drawn keeps more of a signal than it."""

import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from meps_lab.simulate import matched_weights, random_walk_covariance, snr_share
from meps_lib.errors import MepsError
from meps_lib.layers import normal_weights

N = 200_000
COURSE = torch.tensor([0.0, 0.1, 0.7, 1.0, 0.6, 0.3, 0.2, 0.0, -0.1])
T = len(COURSE)


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def walking_heads(walk, noise):
    """Noise of N clips (N, T): a head that starts at rest and drifts, and a sensor that hisses."""
    steps = walk * draw(N, T, seed=1)
    steps[:, 0] = 0
    return steps.cumsum(dim=1) + noise * draw(N, T, seed=2)


def measured_snr(weights, noise):
    """Power of the movement over that of the noise, in sums of N noisy clips."""
    clips = (COURSE.double() + noise) @ weights.double()
    return clips.mean().square() / clips.var()


@pytest.mark.parametrize(("walk", "noise"), [(0.0, 1.0), (0.3, 1.0), (1.0, 0.2)])
def test_the_share_is_what_noisy_clips_keep_of_the_best(walk, noise):
    covariance = random_walk_covariance(T, walk, noise)
    clips = walking_heads(walk, noise)
    best = matched_weights(COURSE, covariance)
    for weights in (normal_weights(T), torch.full((T,), 1 / T), draw(T, seed=5).float(), best):
        kept = measured_snr(weights, clips) / measured_snr(best, clips)
        share = snr_share(weights, COURSE, covariance)
        # both means and variances are those of the same 200,000 clips
        assert kept.item() == pytest.approx(share.item(), abs=0.03)
    assert snr_share(best, COURSE, covariance).item() == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(("walk", "noise"), [(0.3, 1.0), (1.0, 0.2)])
def test_the_covariance_is_that_of_a_head_that_walks(walk, noise):
    clips = walking_heads(walk, noise)
    wanted = clips.T @ clips / N
    got = random_walk_covariance(T, walk, noise).double()
    # the standard error of a covariance is at most that of the two variances
    error = (2 * got.diagonal()[:, None] * got.diagonal() / N).sqrt()
    assert ((got - wanted).abs() < 5 * error).all()


@pytest.mark.parametrize(("walk", "noise"), [(0.3, 1.0), (1.0, 0.2)])
def test_they_point_where_a_discriminant_analysis_does_that_learns_from_clips(walk, noise):
    """Half of the clips hold the movement: what scikit-learn needs 200,000 examples to find."""
    there = torch.arange(N) % 2
    clips = walking_heads(walk, noise) + there[:, None] * COURSE.double()
    analysis = LinearDiscriminantAnalysis().fit(clips.numpy(), there.numpy())
    found = torch.from_numpy(analysis.coef_[0])
    best = matched_weights(COURSE.double(), random_walk_covariance(T, walk, noise))
    assert torch.cosine_similarity(found, best, dim=0) > 0.999


@pytest.mark.parametrize("walk", [None, 0.3, 3.0])
def test_no_weights_that_were_drawn_keep_more(walk):
    covariance = None if walk is None else random_walk_covariance(T, walk)
    best = matched_weights(COURSE, covariance)
    near = best * (1 + 0.1 * draw(5000, T, seed=3).float())
    for weights in (draw(5000, T, seed=4).float(), near):
        shares = snr_share(weights, COURSE, covariance)
        assert shares.shape == (5000,)
        assert shares.min() >= 0 and shares.max() < 1
    assert snr_share(best, COURSE, covariance).item() == pytest.approx(1.0, abs=1e-6)
    assert best.abs().sum().item() == pytest.approx(1.0, abs=1e-6)


def test_noise_that_frames_share_makes_some_weights_negative():
    assert (matched_weights(COURSE.abs(), random_walk_covariance(T, 3.0)) < 0).any()
    torch.testing.assert_close(matched_weights(COURSE), COURSE / COURSE.abs().sum())


def test_a_bell_is_best_for_a_movement_that_is_a_bell_and_only_there():
    bell = normal_weights(31)
    assert snr_share(bell, 5 * bell).item() == pytest.approx(1.0, abs=1e-6)
    early = normal_weights(31, centre=0.3)
    # of two normal curves with one width, 0.2 apart: the squared cosine is exp(-d^2 / (2 s^2))
    assert snr_share(bell, early).item() == pytest.approx(
        torch.tensor(-0.72).exp().item(), abs=0.02
    )


def test_scale_decides_nothing_and_many_are_one_by_one():
    courses, weights = draw(7, T, seed=6), draw(7, T, seed=7)
    covariance = random_walk_covariance(T, 0.5).double()
    together, best = snr_share(weights, courses, covariance), matched_weights(courses, covariance)
    assert best.dtype == torch.float64
    for k in range(7):
        alone = snr_share(-3 * weights[k], 9 * courses[k], 5 * covariance)
        torch.testing.assert_close(together[k], alone)
        torch.testing.assert_close(best[k], matched_weights(9 * courses[k], 5 * covariance))


def test_whole_numbers_have_weights_that_are_not_whole():
    assert matched_weights(torch.tensor([0, 1, 3])).tolist() == [0.0, 0.25, 0.75]
    assert snr_share(torch.tensor([1, 1]), torch.tensor([1, 0])).item() == pytest.approx(0.5)


BAD = torch.eye(T)
BAD[0, 1] = 0.5


@pytest.mark.parametrize(
    ("course", "covariance", "told"),
    [
        (torch.zeros(T), None, "course is .* 0 in every frame"),
        (torch.tensor([1.0, float("nan")]), None, "course is not finite"),
        (torch.stack([COURSE, torch.zeros(T)]), None, "course"),
        (COURSE, torch.eye(T + 1), r"covariance of shape \(10, 10\); .* 9 x 9 frames"),
        (COURSE, torch.ones(T), r"covariance of shape \(9,\)"),
        (COURSE, torch.ones(T, T), "positive definite"),
        (COURSE, -torch.eye(T), "positive definite"),
        (COURSE, BAD, "symmetric"),
        (COURSE, torch.full((T, T), float("nan")), "positive definite"),
        (COURSE, random_walk_covariance(T, 1.0, noise=0.0), "positive definite"),
    ],
)
def test_what_is_no_movement_or_no_noise_is_refused(course, covariance, told):
    with pytest.raises(MepsError, match=told):
        matched_weights(course, covariance)
    with pytest.raises(MepsError, match=told):
        snr_share(torch.ones(course.shape[-1]), course, covariance)


@pytest.mark.parametrize("weights", [torch.zeros(T), torch.full((T,), float("inf"))])
def test_weights_that_are_none_are_refused(weights):
    with pytest.raises(MepsError, match="weights are not finite, or 0"):
        snr_share(weights, COURSE)


def test_weights_of_other_frames_are_refused():
    with pytest.raises(MepsError, match="8 weights for a course of 9 frames"):
        snr_share(torch.ones(8), COURSE)


@pytest.mark.parametrize(
    ("given", "told"),
    [((0, 1.0), "n_frames=0"), ((3, float("nan")), "walk=nan"), ((3, 1.0, -2.0), "noise=-2.0")],
)
def test_a_head_that_cannot_walk_is_refused(given, told):
    with pytest.raises(MepsError, match=told):
        random_walk_covariance(*given)
