"""Checks of chapter 8: a curve at an apex, shares of signal-to-noise, noise that frames share."""

import numpy as np
import torch

from meps_lab.chapters.exercises.checking import exercise
from meps_lab.simulate import time_course
from meps_lib.layers import matched_weights, normal_weights, random_walk_covariance, snr_share


@exercise("08.1", correct="a peak at the apex, a deviation of a sixth, and a sum of 1")
def bell(learner):
    """The library's weights, with the apex in and off the middle and two lengths."""
    for n_frames, apex in ((5, 0.5), (9, 0.28), (16, 0.7)):
        want = normal_weights(n_frames, centre=apex).double().numpy()
        got = np.asarray(learner(n_frames, apex), dtype=float)
        if got.shape != want.shape:
            return f"{n_frames} frames need {n_frames} weights, got an array of shape {got.shape}"
        if np.allclose(got, want, atol=1e-5):
            continue
        if not np.isclose(got.sum(), 1, atol=1e-5):
            return f"the weights of {n_frames} frames should sum to 1, got {got.sum():.4f}"
        if got.argmax() != want.argmax():
            return (
                f"with {n_frames} frames and an apex at {apex:g} frame {want.argmax()} weighs "
                f"most, here frame {got.argmax()}: frame t lies at t / (n_frames - 1) of the clip"
            )
        return (
            f"the peak is right, the width is not: {got.max():.3f} at the top for {n_frames} "
            f"frames, expected {want.max():.3f}; z is the distance from the apex in sixths"
        )
    return None


@exercise("08.2", correct="the squared cosine of weights and course, whatever their scale")
def share_kept(learner):
    """The library's share, for weights of any sum, and the best weights, which keep all."""
    course = time_course(12, 4.0)
    for weights in (3 * course, np.linspace(1, 2, 12), np.eye(12)[4], -course):
        want = snr_share(torch.tensor(weights), torch.tensor(course)).item()
        got = float(learner(weights.copy(), course.copy()))
        if np.isclose(got, want, atol=1e-6):
            continue
        if np.isclose(got, np.sqrt(want), atol=1e-6):
            return f"{got:.3f} is the cosine, a share of strengths: powers are their squares"
        if np.isclose(got, np.corrcoef(weights, course)[0, 1] ** 2, atol=1e-6):
            return "that is a squared correlation: do not take the means away first"
        return (
            f"expected {want:.4f}, got {got:.4f}: the squared scalar product, divided by the "
            "squared lengths of both"
        )
    return None


@exercise("08.3", correct="each frame is weighed by what the others say of its noise")
def best_weights(learner):
    """The matched filter under a drift and under noise that grows, with negative weights."""
    growing = np.diag(np.linspace(1, 4, 10))
    drift = random_walk_covariance(10, walk=0.5).double().numpy()
    course = time_course(10, 3.0)
    for covariance in (np.eye(10), growing, drift):
        want = matched_weights(torch.tensor(course), torch.tensor(covariance)).numpy()
        got = np.asarray(learner(course.copy(), covariance.copy()), dtype=float)
        if got.shape != want.shape:
            return f"10 frames need 10 weights, got an array of shape {got.shape}"
        if np.allclose(got, want, atol=1e-6):
            continue
        if np.allclose(got / np.abs(got).sum(), want, atol=1e-6):
            return (
                "the curve is right, its scale is not: the absolute values sum to "
                f"{np.abs(got).sum():.4f}, expected 1"
            )
        if want.min() < 0 <= got.min():
            return "no weight is negative here, and the best have some: leave their signs alone"
        return (
            "these weights are not the best for the noise that was given: solve covariance @ w "
            "= course, then divide by the sum of absolute values"
        )
    return None


@exercise("08.4", correct="the first frame's noise is in every difference, so all of them share it")
def after_first(learner):
    """The closed form, checked against drawn frames."""
    for n_frames, noise in ((4, 1.0), (6, 0.5)):
        frames = np.random.default_rng(8).normal(0, noise, (200_000, n_frames))
        want = np.cov((frames[:, 1:] - frames[:, :1]).T)
        got = np.asarray(learner(n_frames, noise), dtype=float)
        if got.shape != want.shape:
            return f"{n_frames} frames leave {n_frames - 1} differences, got shape {got.shape}"
        if np.allclose(got, want, atol=0.02):
            continue
        if np.allclose(np.diag(got), np.diag(want), atol=0.02):
            return (
                "the variances are right; two differences share the first frame's noise, so off "
                f"the diagonal stands {want[0, 1]:.2f}, got {got[0, 1]:.2f}"
            )
        return (
            f"with noise {noise:g} a difference has the variance {want[0, 0]:.2f}, got "
            f"{got[0, 0]:.2f}: the squares of two frames' noise"
        )
    return None


@exercise("08.5", correct="the noise of frames is all that weights can lower; people stay")
def what_remains(learner):
    """The closed form: without people, with people, and with endless frames."""
    for ratio, share, spread in ((20, 0.8, 0), (20, 0.8, 0.5), (1e9, 0.5, 0.5), (6, 1, 1)):
        want = 1 / (spread**2 + 1 / (share * ratio))
        got = float(learner(ratio, share, spread))
        if np.isclose(got, want, rtol=1e-4):
            continue
        if spread == 0:
            return f"with spread 0 only frames are noisy: {share:g} of {ratio:g}, got {got:.4g}"
        return (
            f"ratio {ratio:g}, share {share:g}, spread {spread:g}: expected {want:.4g}, got "
            f"{got:.4g}; the two variances add, each in units of the squared mean"
        )
    return None
