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


def shared(n_frames, noise):
    signs = np.hstack([-np.ones((n_frames - 1, 1)), np.eye(n_frames - 1)])
    return noise**2 * signs @ signs.T


RIGHT = {
    "08.1": [bell_by_frames, bell],
    "08.2": [lambda w, s: cosine(w, s) ** 2],
    "08.3": [inverted, solved],
    "08.4": [shared],
    "08.5": [lambda r, share, spread: share * r / (1 + spread**2 * share * r)],
}

WRONG = {
    "08.1": [
        (lambda n, a: bell(n, 0.5), "weighs most"),
        (lambda n, a: bell(n, a, sixths=3), "the width is not"),
        (lambda n, a: bell(n, a) * n, "sum to 1"),
        (lambda n, a: bell(n, a, places=np.arange(n) / n), "the width is not"),
        (lambda n, a: bell(n - 1, a), "need 5 weights"),
    ],
    "08.2": [
        (cosine, "is the cosine"),
        (lambda w, s: w @ s, "squared lengths"),
        (lambda w, s: np.corrcoef(w, s)[0, 1] ** 2, "means away"),
        (lambda w, s: (w @ s) ** 2 / (w @ w), "squared lengths"),
    ],
    "08.3": [
        (lambda s, c: s / s.sum(), "solve covariance"),
        (lambda s, c: c @ s / np.abs(c @ s).sum(), "solve covariance"),
        (positive, "some: leave their signs"),
        (lambda s, c: np.linalg.solve(c, s), "its scale is not"),
    ],
    "08.4": [
        (lambda n, noise: 2 * noise**2 * np.eye(n - 1), "variances are right"),
        (lambda n, noise: noise * (np.eye(n - 1) + 1), "squares of two"),
        (lambda n, noise: noise**2 * np.eye(n - 1), "squares of two"),
        (lambda n, noise: noise**2 * (np.eye(n) + 1), "leave 3 differences"),
    ],
    "08.5": [
        (lambda r, share, spread: share * r, "spread 0.5"),
        (lambda r, share, spread: share / (spread**2 + 1 / r), "variances add"),
        (lambda r, share, spread: 1 / (spread + 1 / (share * r)), "variances add"),
        (lambda r, share, spread: r / share, "only frames are noisy"),
    ],
}
