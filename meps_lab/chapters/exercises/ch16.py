"""Checks of chapter 16: strain by hand, a count, the best of many tries."""

import numpy as np
from scipy.stats import binom

from meps_lab.chapters.exercises.checking import exercise
from meps_lib.models import build
from meps_lib.video import optical_strain


@exercise("16.1", correct="a rotation has no strain, a stretch has, and a slope has its own axis")
def strain(learner):
    """Fields of known strain and a bent one, not square, against the library."""
    y, x = np.mgrid[-3:4, -5:6].astype(float)
    rng = np.random.default_rng(161)
    fields = {
        "translation": (0 * x + 2, 0 * y - 1),
        "rotation": (-y, x),
        "dilation": (x, y),
        "stretch along x": (x, 0 * y),
        "shear": (y, 0 * x),
        "a bent field": (x**2 / 9 + rng.normal(size=x.shape), x * y / 7 + rng.normal(size=x.shape)),
    }
    hint = ""
    for name, (u, v) in reversed(fields.items()):  # on the bent one no two mistakes look alike
        got, want = np.asarray(learner(u.copy(), v.copy())), optical_strain(np.stack([u, v]))
        if got.shape != want.shape:
            return f"{name}: shape {got.shape}, expected {want.shape}, that of u"
        if np.allclose(got, want, atol=1e-9):
            continue
        for told, slip in _slips_of_strain(u, v).items():
            if not hint and np.allclose(got, slip, atol=1e-9, equal_nan=True):
                hint = f"; {told}"
        row, column = np.unravel_index(np.abs(got - want).argmax(), want.shape)
        return (
            f"{name}, row {row}, column {column}: got {got[row, column]:.3f}, "
            f"expected {want[row, column]:.3f}{hint}"
        )
    return None


def _slips_of_strain(u, v) -> dict[str, np.ndarray]:
    """What likely mistakes of 16.1 give."""
    (uy, ux), (vy, vx) = np.gradient(u), np.gradient(v)

    def size(xx, yy, cross):
        return np.sqrt(xx**2 + yy**2 + cross)

    return {
        "np.gradient gives the slope along the rows first, and that is y": size(
            uy, vx, (ux + vy) ** 2 / 2
        ),
        "the shear e_xy is half of a sum; its square counts twice": size(ux, vy, (uy + vx) ** 2),
        "the shear counts twice, once for xy and once for yx": size(ux, vy, (uy + vx) ** 2 / 4),
        "the slopes of the shear are added, not taken off": size(ux, vy, (uy - vx) ** 2 / 2),
        "the root is missing": size(ux, vy, (uy + vx) ** 2 / 2) ** 2,
        "the shear is missing": size(ux, vy, 0),
        "in the shear, each slope is squared after the sum, not before": size(
            ux, vy, (uy**2 + vx**2) / 2
        ),
        "a sum of slopes may be negative: square them first": ux + vy,
    }


@exercise("16.2", correct="most of STSTNet's 1,683 numbers stand in its last layer")
def count(learner):
    """Counts of networks that are built."""
    for filters, n in (((3, 5, 8), 3), ((4,), 3), ((3, 5, 8), 7), ((1, 2, 3, 4), 2)):
        network = build("ststnet", filters=filters, n_classes=n)
        want = sum(p.numel() for p in network.parameters())
        got, width = learner(filters, n), sum(filters)
        if got == want:
            continue
        slips = {
            "each filter has a bias, and a batch norm two numbers for it": want - width,
            "each class has a bias": want - n,
            "the biases of filters and classes are missing": want - width - n,
            "a batch norm has two numbers for each filter": want - 2 * width,
            "running means of the batch norm are no parameters": want + 2 * width,
            "a filter reads three channels": want - 18 * width,
            "the classifier reads 25 numbers of each filter": want - 24 * width * n,
        }
        for hint, slip in slips.items():
            if got == slip:
                return f"filters {filters}, {n} classes: got {got}, expected {want}; {hint}"
        return f"filters {filters}, {n} classes: got {got}, expected {want}"
    return None


@exercise("16.3", correct="six clips of three classes, guessed 40 times: three quarters look right")
def best_share(learner):
    """Against the sum over the best epoch's own distribution."""
    for n, p, epochs in ((1, 0.5, 1), (6, 1 / 3, 40), (2, 0.3, 5), (30, 1 / 3, 40), (4, 0.7, 1)):
        k = np.arange(n + 1)
        below = binom.cdf(k, n, p)
        want = float((k * np.diff(below**epochs, prepend=0)).sum() / n)
        got = float(learner(n, p, epochs))
        if np.isclose(got, want, atol=1e-6):
            continue
        slips = {
            "a share: divide by the number of clips": n * want,
            "that is one epoch's; the best of several stands above": p,
            "a cumulative chance says 'at most k', so the best of all has its power": float(
                (k * np.diff(1 - (1 - below) ** epochs, prepend=0)).sum() / n
            ),
            "at most k - 1 and at most k differ: see where the sum begins": float(
                (1 - below[1:] ** epochs).sum() / n
            ),
            "that is the chance that the best epoch has all right": 1 - below[-2] ** epochs,
            "all clips of all epochs together are not one epoch": binom.ppf(0.5, n * epochs, p) / n,
        }
        about = f"n={n}, p={p:.2f}, {epochs} epochs: got {got:.3f}, expected {want:.3f}"
        for hint, slip in slips.items():
            if np.isclose(got, slip, atol=1e-6):
                return f"{about}; {hint}"
        if got < 0 or got > 1:
            return f"{about}; a share lies between 0 and 1"
        return about
    return None
