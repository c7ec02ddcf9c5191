"""Chapter 8: right answers written otherwise, and plausible wrong ones with their hint."""

import numpy as np


def bell(n_frames, apex, sixths=6, places=None):
    t = np.arange(n_frames) / (n_frames - 1) if places is None else places
    density = np.exp(-((sixths * (t - apex)) ** 2) / 2)
    return density / density.sum()


def bell_by_frames(n_frames, apex):
    last = n_frames - 1
    weights = [np.exp(-18 * (t / last - apex) ** 2) for t in range(n_frames)]
    return [w / sum(weights) for w in weights]


def cosine(w, s):
    return w @ s / np.linalg.norm(w) / np.linalg.norm(s)


def solved(s, c):
    w = np.linalg.solve(c, s)
    return w / np.abs(w).sum()


def inverted(s, c):
    w = np.linalg.inv(c) @ s
    return w / np.linalg.norm(w, 1)


def positive(s, c):
    w = np.linalg.solve(c, s).clip(min=0)
    return w / w.sum()


def whitened(s, c):
    root = np.linalg.cholesky(c)
    w = np.linalg.solve(root.T, np.linalg.solve(root, s))
    return w / np.abs(w).sum()


def triangle(n_frames, apex):
    weights = 1 - np.abs(np.linspace(0, 1, n_frames) - apex)
    return weights / weights.sum()


def by_rounded_apex(n_frames, apex):
    last = n_frames - 1
    return bell(n_frames, round(apex * last) / last)


def shared(n_frames, noise):
    signs = np.hstack([-np.ones((n_frames - 1, 1)), np.eye(n_frames - 1)])
    return noise**2 * signs @ signs.T


def shared_by_loop(n_frames, noise):
    one = noise**2
    return [[2 * one if i == j else one for i in range(1, n_frames)] for j in range(1, n_frames)]


def to_the_frame_before(n_frames, noise):
    steps = np.diff(np.eye(n_frames), axis=0)
    return noise**2 * steps @ steps.T


def banded(n_frames, noise):
    k = n_frames - 1
    return noise**2 * (2 * np.eye(k) + np.eye(k, k=1) + np.eye(k, k=-1))


def remains(ratio, share, spread):
    return 1 / (1 / (share * ratio) + spread**2)


RIGHT = {
    "08.1": [bell_by_frames, bell],
    "08.2": [
        lambda w, s: cosine(w, s) ** 2,
        lambda w, s: float(np.square(w @ s) / sum(w**2) / sum(s**2)),
    ],
    "08.3": [inverted, solved, whitened],
    "08.4": [shared, shared_by_loop],
    "08.5": [remains, lambda r, share, spread: share * r / (1 + spread**2 * share * r)],
}

WRONG = {
    "08.1": [
        (lambda n, a: bell(n, 0.5), "peaks at 0.500 of the clip, expected 0.28"),
        (lambda n, a: bell(n, a, sixths=3), "deviation is 0.333 of the clip, expected a sixth"),
        (lambda n, a: bell(n, a, sixths=6 * 2**0.5), "the width is not"),
        (lambda n, a: bell(n, a) * n, "sum to 1"),
        (lambda n, a: bell(n, a, places=np.arange(n) / n), "peaks at 0.625 of the clip"),
        (by_rounded_apex, "peaks at 0.250 of the clip, expected 0.28"),
        (lambda n, a: bell(n, a / 6), "expected 0.5"),
        (triangle, "no normal curve"),
        (lambda n, a: np.full(n, 1 / n), "no normal curve"),
        (lambda n, a: np.eye(n)[round(a * (n - 1))], "frame 0 has 0.000"),
        (lambda n, a: bell(n - 1, a), "need 5 weights"),
    ],
    "08.2": [
        (cosine, "is the cosine"),
        (lambda w, s: w @ s, "squared lengths"),
        (lambda w, s: np.corrcoef(w, s)[0, 1] ** 2, "means away"),
        (lambda w, s: (w @ s) ** 2 / (w @ w), "three times the course: expected 1.0000"),
        (lambda w, s: (w @ s) ** 2 / sum(w) ** 2 / (s @ s), "squared lengths"),
    ],
    "08.3": [
        (lambda s, c: s / s.sum(), "that is the course alone"),
        (lambda s, c: s / np.diag(c) / (s / np.diag(c)).sum(), "only the variances"),
        (lambda s, c: c @ s / np.abs(c @ s).sum(), "multiplied by the covariance"),
        (lambda s, c: np.abs(solved(s, c)) / np.abs(solved(s, c)).sum(), "the signs are gone"),
        (positive, "cut to 0"),
        (lambda s, c: -solved(s, c), "all signs are turned"),
        (lambda s, c: np.linalg.solve(c, s), "its scale is not"),
        (lambda s, c: 0 * s, "sum to 0, expected 1"),
        (lambda s, c: solved(s, np.linalg.cholesky(c)), "solve covariance @ w = course, then"),
        (lambda s, c: np.linalg.inv(c), "got an array of shape (10, 10)"),
    ],
    "08.4": [
        (lambda n, noise: 2 * noise**2 * np.eye(n - 1), "variances are right"),
        (to_the_frame_before, "variances are right"),
        (banded, "stands 1.00, got 0.00 at [0, 2]"),
        (lambda n, noise: noise * (np.eye(n - 1) + 1), "squared noise of two"),
        (lambda n, noise: noise**2 * np.eye(n - 1), "squared noise of two"),
        (lambda n, noise: noise**2 * (np.eye(n) + 1), "leave 3 differences"),
    ],
    "08.5": [
        (lambda r, share, spread: share * r, "without the differences of people"),
        (lambda r, share, spread: 1 / spread**2, "without the frames"),
        (lambda r, share, spread: 1 / (1 / r + spread**2), "the share is not used"),
        (lambda r, share, spread: share / (spread**2 + 1 / r), "not the differences of people"),
        (lambda r, share, spread: 1 / (spread + 1 / (share * r)), "square it for a variance"),
        (lambda r, share, spread: share * r + 1 / spread**2, "ratios do not"),
        (lambda r, share, spread: r / share, "expected 3.2, got 25"),
        (
            lambda r, share, spread: remains(r, share, spread) if spread else 0.0,
            "all clips move alike",
        ),
    ],
}
