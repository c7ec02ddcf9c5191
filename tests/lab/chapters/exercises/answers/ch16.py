"""Chapter 16: right answers written otherwise, and plausible wrong ones with their hint."""

from math import comb

import numpy as np
import torch
from scipy.stats import binom

from meps_lib.models import build


def slopes(u, v):
    return (*np.gradient(u), *np.gradient(v))  # uy, ux, vy, vx


def by_tensor(u, v):
    """Norm of the symmetric part of the Jacobian."""
    uy, ux, vy, vx = slopes(u, v)
    jacobian = np.stack([np.stack([ux, uy]), np.stack([vx, vy])])
    part = (jacobian + jacobian.swapaxes(0, 1)) / 2
    return np.sqrt((part**2).sum(axis=(0, 1)))


def by_torch(u, v):
    (uy, ux), (vy, vx) = (torch.gradient(torch.from_numpy(x)) for x in (u, v))
    return torch.sqrt(ux**2 + vy**2 + 0.5 * (uy + vx) ** 2)


def size(xx, yy, cross):
    return np.sqrt(xx**2 + yy**2 + cross)


def of(make):
    """A strain from the four slopes."""
    return lambda u, v: make(*slopes(u, v))


def square_only(u, v):
    n = min(u.shape)
    return by_tensor(u[:n, :n], v[:n, :n])


def built(filters, n_classes):
    return sum(
        p.numel() for p in build("ststnet", filters=filters, n_classes=n_classes).parameters()
    )


def by_layers(filters, n_classes):
    return sum(f * 27 + f + 2 * f for f in filters) + 25 * sum(filters) * n_classes + n_classes


def without(part):
    return lambda filters, n: by_layers(filters, n) - part(sum(filters), n)


def at_most(n, p):
    """The chance of k right clips or fewer, k from 0 to n, by hand."""
    each = [comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    return np.cumsum(each)


def by_hand(n, p, epochs):
    best = at_most(n, p) ** epochs
    return sum(k * (best[k] - (best[k - 1] if k else 0)) for k in range(n + 1)) / n


def by_scipy(n, p, epochs):
    return (1 - binom.cdf(range(n), n, p) ** epochs).mean()


def drawn(n, p, epochs):
    """Near, and no answer."""
    rng = np.random.default_rng(0)
    return (rng.random((400, epochs, n)) < p).mean(axis=2).max(axis=1).mean()


RIGHT = {
    "16.1": [by_tensor, by_torch],
    "16.2": [built, by_layers],
    "16.3": [by_hand, by_scipy],
}
WRONG = {
    "16.1": [
        (of(lambda uy, ux, vy, vx: size(uy, vx, (ux + vy) ** 2 / 2)), "along the rows first"),
        (of(lambda uy, ux, vy, vx: size(ux, vy, (uy + vx) ** 2)), "half of a sum"),
        (of(lambda uy, ux, vy, vx: size(ux, vy, (uy + vx) ** 2 / 4)), "once for xy and once"),
        (of(lambda uy, ux, vy, vx: size(ux, vy, (uy - vx) ** 2 / 2)), "not taken off"),
        (of(lambda uy, ux, vy, vx: size(ux, vy, 0)), "the shear is missing"),
        (of(lambda uy, ux, vy, vx: size(ux, vy, (uy**2 + vx**2) / 2)), "after the sum"),
        (of(lambda uy, ux, vy, vx: ux + vy), "may be negative"),
        (lambda u, v: by_tensor(u, v) ** 2, "the root is missing"),
        (lambda u, v: by_tensor(u, v).mean(), "shape"),
        (square_only, "shape"),
        (lambda u, v: np.hypot(u, v), "expected"),
        (of(lambda uy, ux, vy, vx: size(ux + vy, uy + vx, 0)), "a bent field"),
    ],
    "16.2": [
        (without(lambda width, n: width), "each filter has a bias"),
        (without(lambda width, n: n), "each class has a bias"),
        (without(lambda width, n: width + n), "filters and classes"),
        (without(lambda width, n: 2 * width), "two numbers for each filter"),
        (without(lambda width, n: -2 * width), "are no parameters"),
        (without(lambda width, n: 18 * width), "reads three channels"),
        (without(lambda width, n: 24 * width * n), "25 numbers"),
        (lambda filters, n: 1683, "got 1683"),
        (lambda filters, n: by_layers(filters, 3), "expected"),
    ],
    "16.3": [
        (lambda n, p, epochs: n * by_hand(n, p, epochs), "divide by the number"),
        (lambda n, p, epochs: p, "one epoch's"),
        (lambda n, p, epochs: 1 - (1 - at_most(n, p)[:-1]).mean() ** epochs, "expected"),
        (lambda n, p, epochs: 1 - at_most(n, p)[-2] ** epochs, "all right"),
        (lambda n, p, epochs: (1 - at_most(n, p)[1:] ** epochs).sum() / n, "where the sum begins"),
        (lambda n, p, epochs: 1 - (1 - p) ** epochs, "expected"),
        (lambda n, p, epochs: min(1, p * epochs), "expected"),
        (lambda n, p, epochs: p + np.sqrt(p * (1 - p) / n), "expected"),
        (lambda n, p, epochs: binom.ppf(1 - 1 / (epochs + 1), n, p) / n, "expected"),
        (drawn, "expected"),
        (lambda n, p, epochs: by_hand(n, p, epochs + 1), "expected"),
    ],
}
