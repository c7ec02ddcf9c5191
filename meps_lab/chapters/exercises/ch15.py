"""Checks of chapter 15: a term by hand, pairs under a mask, shares, a mean of nothing."""

import numpy as np
import torch

from meps_lab.chapters.exercises.checking import exercise
from meps_lib.losses import similarity, supervised_contrastive, towards


@exercise("15.1", correct="an eighth at a right angle for the target 1, and 0 for the target .5")
def term(learner):
    """Vectors of several lengths at several angles, against the library."""
    rng = np.random.default_rng(15)
    pairs = [*rng.normal(0, 3, (3, 2, 5)), np.eye(2), np.ones((2, 2))]
    for a, b in pairs:
        cos = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
        for alpha in (0.0, 0.5, 1.0):
            s = similarity(torch.from_numpy(a), torch.from_numpy(b))
            want = towards(s, alpha, torch.tensor(True)).item()
            got = float(learner(a.copy(), b.copy(), alpha))
            if np.isclose(got, want):
                continue
            case = f"cosine {cos:.2f}, target {alpha:g}: expected {want:.4f}, got {got:.4f}"
            slips = {
                "half of the square": 2 * want,
                "the target is one of s = (cos + 1) / 2, not of the cosine": (cos - alpha) ** 2 / 2,
                "lengths do not count: divide by both": ((a @ b + 1) / 2 - alpha) ** 2 / 2,
                "the distance is squared": abs((cos + 1) / 2 - alpha) / 2,
            }
            for hint, slip in slips.items():
                if np.isclose(got, slip):
                    return f"{case}; {hint}"
            return case
    return None


@exercise("15.2", correct="every pair of one class counts, and who is missing changes nothing")
def consistency(learner):
    """All there, some missing under NaN, and batches without a pair."""
    rng = np.random.default_rng(152)
    labels = np.array([0, 1, 0, 1, 0, 2])
    for there in ([1] * 6, [1, 1, 1, 0, 1, 1], [1, 1, 0, 0, 0, 1], [0] * 6):
        there = np.array(there, dtype=bool)
        z = rng.normal(size=(6, 4))
        unit = z / np.linalg.norm(z, axis=1, keepdims=True)
        off = ((unit @ unit.T + 1) / 2 - 1) ** 2
        both = there[:, None] & there
        same = labels[:, None] == labels
        pair = both & same & ~np.eye(6, dtype=bool)
        want = off[pair].mean() / 2 if pair.any() else 0.0
        z[~there] = np.nan
        got = float(learner(z.copy(), labels.copy(), there.copy()))
        if np.isclose(got, want):
            continue
        case = f"{there.sum()} of 6 trials there: expected {want:.4f}, got {got:.4f}"
        if not pair.any():
            return f"{case}; without a pair the term is 0"
        if np.isnan(got):
            return f"{case}; what is missing may be NaN, and NaN times 0 is NaN: leave rows out"
        slips = {
            "a trial is no pair with itself": off[both & same].mean() / 2,
            "pairs of two classes do not belong": off[both & ~np.eye(6, dtype=bool)].mean() / 2,
            "half of the mean": 2 * want,
            "a mean, not a sum": want * pair.sum(),
            "the mean is over the pairs, not over all cells": off[pair].sum() / 36 / 2,
            "s is (cos + 1) / 2, so that s - 1 is half of cos - 1": 4 * want,
        }
        for hint, slip in slips.items():
            if np.isclose(got, slip):
                return f"{case}; {hint}"
        return f"{case}; pairs are two different trials of one class that are both there"
    return None


@exercise("15.3", correct="an anchor without a positive is left out, and the others share evenly")
def supervised(learner):
    """Three trials, then eight with a class of one, at two temperatures; against the library."""
    rng = np.random.default_rng(153)
    for labels in ([0, 0, 1], [0, 0, 0], [0, 1, 2, 0, 1, 1, 0, 1]):
        labels, n = np.array(labels), len(labels)
        z = torch.from_numpy(rng.normal(size=(n, 4)))
        unit = (z / z.norm(dim=1, keepdim=True)).numpy()
        cos = unit @ unit.T
        for temperature in (1.0, 0.3):
            want = supervised_contrastive(z, torch.from_numpy(labels), None, temperature).item()
            got = float(learner(cos.copy(), labels.copy(), temperature))
            if np.isclose(got, want):
                continue
            case = f"labels {labels.tolist()}, temperature {temperature:g}"
            case = f"{case}: expected {want:.4f}, got {got:.4f}"
            for hint, slip in _slips(cos, labels, temperature).items():
                if np.isclose(got, slip, equal_nan=True):
                    return f"{case}; {hint}"
            return case
    return None


def _slips(cos, labels, temperature) -> dict[str, float]:
    """What likely mistakes of 15.3 give."""
    n = len(labels)
    itself = np.eye(n, dtype=bool)
    positive = (labels[:, None] == labels) & ~itself
    heat = np.exp(cos / temperature)
    log = -np.log(heat / heat.sum(axis=1, where=~itself, keepdims=True))
    many, sums = positive.sum(axis=1), log.sum(axis=1, where=positive)
    has, negative = many > 0, labels[:, None] != labels
    with_self = -np.log(heat / heat.sum(axis=1, keepdims=True))
    cold = np.exp(cos * temperature)
    cold = -np.log(cold / cold.sum(axis=1, where=~itself, keepdims=True))
    share = (heat / heat.sum(axis=1, where=~itself, keepdims=True)).sum(axis=1, where=positive)

    def over(logs):
        return (logs.sum(axis=1, where=positive)[has] / many[has]).mean()

    with np.errstate(divide="ignore", invalid="ignore"):
        alone = -np.log(heat / heat.sum(axis=1, where=negative, keepdims=True))
        return {
            "an anchor is not among its own others": over(with_self),
            "divide by the temperature, do not multiply": over(cold),
            "the others are all but the anchor, positives too": over(alone),
            "anchors without a positive are no anchors: leave them out": sums[has].sum() / n,
            "the mean is over anchors, and each has a mean over its positives": log[
                positive
            ].mean(),
            "minus the log of the share": -over(log),
            "the mean over positives is of logs, not of shares": -np.log(
                share[has] / many[has]
            ).mean(),
            "anchors without a positive give 0 / 0: leave them out": np.mean(sums / many),
        }


@exercise("15.4", correct="nothing has the mean 0, and what does not count reaches nobody")
def mean_where(learner):
    """Some, none and all; NaN where it does not count, and where it does; each slope."""
    for where in ([1, 1, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1]):
        where = torch.tensor(where, dtype=torch.bool)
        for spoilt in (7.0, float("nan"), float("inf")):
            values = torch.tensor([1.0, 2.0, 3.0, 6.0]).where(where, spoilt).requires_grad_()
            want = values[where].mean().item() if where.any() else 0.0
            got = learner(values, where)
            case = f"{where.sum()} of 4 count"
            if not torch.is_tensor(got) or got.ndim:
                return f"{case}: a tensor with one number is expected, got {got!r}"
            if got.isnan():
                why = "a mean of nothing is 0 / 0: divide by one at least"
                nan = "NaN times 0 is NaN: fill in a number where it does not count"
                return f"{case}: got NaN; {nan if where.any() or spoilt != 7.0 else why}"
            if not np.isclose(got.item(), want):
                hint = "the mean is over what counts" if where.any() else "of nothing it is 0"
                return f"{case}: expected {want:g}, got {got.item():g}; {hint}"
            if not got.requires_grad:
                return f"{case}: the result has lost its slope; training could not go on"
            (slope,) = torch.autograd.grad(got, values, allow_unused=True)
            if slope is None or not slope.isfinite().all():
                return f"{case}: the slope is {slope}; expected finite numbers"
            if not torch.allclose(slope, where / max(int(where.sum()), 1)):
                return f"{case}: the slope is {slope.tolist()}; each that counts has the same"
    broken = learner(torch.tensor([1.0, float("nan"), 3.0]), torch.tensor([True, True, False]))
    if not broken.isnan():
        return f"a NaN that counts: expected NaN, got {broken.item():g}; it must not be hidden"
    return None
