"""Checks of chapter 8: a curve at an apex, shares of signal-to-noise, noise that frames share."""

import numpy as np
import torch

from meps_lab.chapters.exercises.checking import exercise
from meps_lab.simulate import matched_weights, random_walk_covariance, snr_share, time_course
from meps_lib.layers import normal_weights


@exercise("08.1", correct="a peak at the apex, a deviation of a sixth, and a sum of 1")
def bell(learner):
    """The library's weights, with the apex in and off the middle and three lengths."""
    for n_frames, apex in ((5, 0.5), (9, 0.28), (16, 0.7)):
        want = normal_weights(n_frames, centre=apex).double().numpy()
        got = np.asarray(learner(n_frames, apex), dtype=float)
        if got.shape != want.shape:
            return f"{n_frames} frames need {n_frames} weights, got an array of shape {got.shape}"
        if np.allclose(got, want, atol=1e-5):
            continue
        if not np.isclose(got.sum(), 1, atol=1e-5):
            return f"the weights of {n_frames} frames should sum to 1, got {got.sum():.4f}"
        return f"{n_frames} frames, apex at {apex:g}: {_curve(got, apex)}"
    return None


def _curve(weights: np.ndarray, apex: float) -> str:
    """What is wrong with weights that sum to 1; the logarithms of a normal curve are a parabola."""
    if not (weights > 0).all():
        low = weights.argmin()
        return f"a normal curve is above 0 everywhere, frame {low} has {weights[low]:.3f}"
    place, logs = np.linspace(0, 1, len(weights)), np.log(weights)
    bend, slope, level = np.polyfit(place, logs, 2)
    if bend > -1e-6 or not np.allclose(np.polyval((bend, slope, level), place), logs, atol=0.01):
        return "that is no normal curve: expected exp(-z**2 / 2), divided by its sum"
    peak, deviation = -slope / (2 * bend), (-2 * bend) ** -0.5
    if not np.isclose(peak, apex, atol=1e-3):
        return (
            f"the curve peaks at {peak:.3f} of the clip, expected {apex:g}; frame t lies at "
            "t / (n_frames - 1)"
        )
    return (
        f"the peak is right, the width is not: the standard deviation is {deviation:.3f} of the "
        f"clip, expected a sixth, {1 / 6:.3f}"
    )


@exercise("08.2", correct="the squared cosine of weights and course, whatever their scale")
def share_kept(learner):
    """The library's share, for weights of any sum, and the best weights, which keep all."""
    course = time_course(12, 4.0)
    for weights, name in (
        (3 * course, "three times the course"),
        (np.linspace(1, 2, 12), "rising weights"),
        (np.eye(12)[4], "one frame alone"),
        (-course, "the course turned round"),
    ):
        want = snr_share(torch.tensor(weights), torch.tensor(course)).item()
        got = float(learner(weights.copy(), course.copy()))
        if np.isclose(got, want, atol=1e-6):
            continue
        if np.isclose(got, np.sqrt(want), atol=1e-6):
            return f"{name}: {got:.3f} is the cosine, a share of strengths: square it for powers"
        if np.isclose(got, np.corrcoef(weights, course)[0, 1] ** 2, atol=1e-6):
            return "that is a squared correlation: do not take the means away first"
        return (
            f"{name}: expected {want:.4f}, got {got:.4f}: the squared scalar product, divided by "
            "the squared lengths of both"
        )
    return None


@exercise("08.3", correct="each frame is weighed by what the others say of its noise")
def best_weights(learner):
    """The matched filter under even noise, growing noise and a drift, with negative weights."""
    growing = np.diag(np.linspace(1, 4, 10))
    drift = random_walk_covariance(10, walk=0.5).double().numpy()
    course = time_course(10, 3.0)
    for covariance, noise in (
        (np.eye(10), "even noise"),
        (growing, "growing noise"),
        (drift, "drift"),
    ):
        want = matched_weights(torch.tensor(course), torch.tensor(covariance)).numpy()
        got = np.asarray(learner(course.copy(), covariance.copy()), dtype=float)
        if got.shape != want.shape:
            return f"10 frames need 10 weights, got an array of shape {got.shape}"
        if np.allclose(got, want, atol=1e-6):
            continue
        total = np.abs(got).sum()
        if not 0 < total < np.inf:
            return f"{noise}: the absolute values of the weights sum to {total:g}, expected 1"
        if np.allclose(got, total * want, atol=1e-6 * total):
            return (
                f"the curve is right, its scale is not: absolute values sum to {total:.4f}, not 1"
            )
        worst = np.abs(got - want).argmax()
        case = f"{noise}: frame {worst} should weigh {want[worst]:+.3f}, got {got[worst]:+.3f}"
        own = course / np.diag(covariance)
        slips = {
            "all signs are turned: divide by the sum of absolute values, which is positive": -want,
            "the signs are gone, and the best weights have some below 0": np.abs(want),
            "negative weights were cut to 0; the best have some": want.clip(min=0),
            "that is the course alone: the covariance is not used": course,
            "only the variances are used; what frames share stands off the diagonal": own,
            "multiplied by the covariance; solve covariance @ w = course": covariance @ course,
        }
        for hint, slip in slips.items():
            if np.allclose(got / total, slip / np.abs(slip).sum(), atol=1e-6):
                return f"{case}; {hint}"
        return f"{case}; solve covariance @ w = course, then divide by the sum of absolute values"
    return None


@exercise(
    "08.4", correct="all differences share the first frame's noise, and still frames weigh below 0"
)
def after_first(learner):
    """The closed form, checked against drawn frames."""
    for n_frames, noise in ((4, 1.0), (6, 0.5)):
        frames = np.random.default_rng(8).normal(0, noise, (200_000, n_frames))
        want = np.cov((frames[:, 1:] - frames[:, :1]).T)
        got = np.asarray(learner(n_frames, noise), dtype=float)
        if got.shape != want.shape:
            k = n_frames - 1
            return f"{n_frames} frames leave {k} differences, shape ({k}, {k}); got {got.shape}"
        if np.allclose(got, want, atol=0.02):
            continue
        i, j = np.unravel_index(np.abs(got - want).argmax(), want.shape)
        if np.allclose(np.diag(got), np.diag(want), atol=0.02):
            return (
                "the variances are right; two differences share the first frame's noise, so off "
                f"the diagonal stands {want[i, j]:.2f}, got {got[i, j]:.2f} at [{i}, {j}]"
            )
        return (
            f"with noise {noise:g} a difference has the variance {want[0, 0]:.2f}, got "
            f"{got[0, 0]:.2f}: the squared noise of two frames, added"
        )
    return None


@exercise("08.5", correct="the noise of frames is all that weights can lower; people stay")
def what_remains(learner):
    """The closed form: with people, with endless frames, and last without people."""
    for ratio, share, spread in ((20, 0.8, 0.5), (1e9, 0.5, 0.5), (6, 1, 1), (20, 0.8, 0)):
        frames = 1 / (share * ratio)
        want = 1 / (frames + spread**2)
        got = float(learner(ratio, share, spread))
        if np.isclose(got, want, rtol=1e-4):
            continue
        given = f"ratio {ratio:g}, share {share:g}, spread {spread:g}"
        case = f"{given}: expected {want:.4g}, got {got:.4g}"
        if spread == 0:
            return f"{case}; all clips move alike, and only the frames are noisy: share * ratio"
        whole = 1 / ratio + spread**2  # as if the weights were the best
        slips = {
            "that is what frames alone leave, without the differences of people": 1 / frames,
            "that is what people alone leave, without the frames": 1 / spread**2,
            "the share is not used": 1 / whole,
            "weights lower the noise of frames, not the differences of people": share / whole,
            "the spread is a deviation; square it for a variance": 1 / (frames + spread),
        }
        for hint, slip in slips.items():
            if np.isclose(got, slip, rtol=1e-4):
                return f"{case}; {hint}"
        return f"{case}; variances add, ratios do not: for a mean of 1 a variance is 1 / ratio"
    return None
