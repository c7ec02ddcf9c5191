"""Checks of chapter 15: a term by hand, pairs under a mask, shares, a mean of nothing."""

import numpy as np
import torch

from meps_lab.chapters.exercises.checking import exercise
from meps_lib.losses import similarity, supervised_contrastive, towards


@exercise("15.1", correct="an eighth at a right angle for the target 1, and 0 for the target .5")
def term(learner):
    """Vectors of several lengths at several angles, against the library."""
    rng = np.random.default_rng(154)
    pairs = [*rng.normal(0, 3, (3, 2, 5)), np.eye(2), np.ones((2, 2))]
    for a, b in pairs:
        cos = a @ b / np.linalg.norm(a) / np.linalg.norm(b)
        for alpha in (1.0, 0.5, 0.0):
            s = similarity(torch.from_numpy(a), torch.from_numpy(b))
            want = towards(s, alpha, torch.tensor(True)).item()
            got = float(learner(a.copy(), b.copy(), alpha))
            if np.isclose(got, want):
                continue
            case = f"cosine {cos:.2f}, target {alpha:g}: expected {want:.4f}, got {got:.4f}"
            with np.errstate(divide="ignore", invalid="ignore"):
                slips = _slips_of_term(a, b, cos, alpha)
            for hint, slip in slips.items():
                if np.isclose(got, slip):
                    return f"{case}; {hint}"
            return case
    return None


def _slips_of_term(a, b, cos, alpha) -> dict[str, float]:
    """What likely mistakes of 15.1 give."""

    def half(s, target=alpha):
        return (s - target) ** 2 / 2

    return {
        "half of the square": 2 * half((cos + 1) / 2),
        "the half stands before the square, not in it": half((cos + 1) / 2) / 2,
        "the target is one of s = (cos + 1) / 2, not of the cosine": half(cos),
        "s alone is moved to the range from 0 to 1; the target lies in it already": half(
            (cos + 1) / 2, (alpha + 1) / 2
        ),
        "lengths do not count: divide by both": half((a @ b + 1) / 2),
        "lengths do not count: divide by both, not by one": half((a @ b / np.sqrt(a @ a) + 1) / 2),
        "the distance is squared": np.sqrt(2 * half((cos + 1) / 2)) / 2,
        "np.corrcoef takes the mean off each vector first; a cosine does not": half(
            (np.corrcoef(a, b)[0, 1] + 1) / 2
        ),
        "s moves the cosine, not the angle": half(1 - np.arccos(cos.clip(-1, 1)) / np.pi),
        "opposed vectors have the cosine -1; its sign counts": half((abs(cos) + 1) / 2),
        "s is 1 where the vectors are alike, and 0 where they are opposed": half((1 - cos) / 2),
        "the target is the one that was given": half((cos + 1) / 2, 0.5),
    }


@exercise("15.2", correct="every pair of one class counts, and who is missing changes nothing")
def consistency(learner):
    """All there, some missing under a number and under NaN, and batches without a pair."""
    rng = np.random.default_rng(152)
    labels = np.array([0, 1, 0, 1, 0, 0, 1, 2])
    for there in ([1] * 8, [1, 1, 1, 0, 1, 0, 1, 1], [1, 1, 0, 0, 0, 0, 0, 1], [0] * 8):
        there = np.array(there, dtype=bool)
        for filler in (5.0, np.nan):
            z = rng.normal(size=(8, 4))
            z[~there] = filler
            off = _off(z)
            pair = (labels[:, None] == labels) & ~np.eye(8, dtype=bool)
            ours = pair & there[:, None] & there
            want = off[ours].mean() / 2 if ours.any() else 0.0
            got = float(learner(z.copy(), labels.copy(), there.copy()))
            if np.isclose(got, want):
                continue
            under = "" if there.all() else f", {filler:g} in the other rows"
            case = f"{there.sum()} of 8 trials there{under}: expected {want:.4f}, got {got:.4f}"
            if np.isnan(got) and ours.any():
                return f"{case}; what is missing may be NaN, and NaN times 0 is NaN: leave rows out"
            with np.errstate(divide="ignore", invalid="ignore"):
                slips = _slips_of_pairs(z, labels, there)
            for hint, slip in slips:
                if np.isclose(got, slip):
                    return f"{case}; {hint}"
            if not ours.any():
                return f"{case}; without a pair the term is 0"
            return f"{case}; pairs are two different trials of one class that are both there"
    return None


def _off(z, length=None):
    """(s - 1)^2 of all pairs of rows, each divided by its length."""
    unit = z / (np.linalg.norm(z, axis=1, keepdims=True) if length is None else length)
    return ((unit @ unit.T + 1) / 2 - 1) ** 2


def _slips_of_pairs(z, labels, there) -> list[tuple[str, float]]:
    """What likely mistakes of 15.2 give."""
    itself, both = np.eye(len(z), dtype=bool), there[:, None] & there
    same, off = labels[:, None] == labels, _off(z)
    pair = both & same & ~itself
    alone, half = there[:, None] & same & ~itself, same & ~itself
    n, many, sums = there.sum(), pair.sum(axis=1), np.where(pair, off, 0).sum(axis=1)
    each = [(many[labels == c].sum(), sums[labels == c].sum()) for c in np.unique(labels)]
    uneven = "the mean is over pairs, and a large class has more of them"

    def mean(of, where):
        return of[where].mean() / 2 if where.any() else 0.0

    want = mean(off, pair)
    return [
        ("rows that are not there count, though `there` says otherwise", mean(off, half)),
        ("both trials of a pair have to be there", mean(off, alone)),
        ("a trial is no pair with itself", mean(off, both & same)),
        ("pairs of two classes do not belong", mean(off, both & ~itself)),
        ("half of the mean", 2 * want),
        ("a mean, not a sum", want * pair.sum()),
        ("a mean, not a sum", want * pair.sum() / 2),
        ("a mean over all pairs of one class: each counts once or each twice", want / 2),
        (uneven, np.mean([s / m for m, s in each if m] or [0]) / 2),
        (uneven, np.mean(sums[many > 0] / many[many > 0]) / 2 if many.any() else 0.0),
        (
            "the mean is over the pairs of one class, not over all",
            want * pair.sum() / max(n * (n - 1), 1),
        ),
        ("the mean is over the pairs, not over all cells", want * pair.sum() / max(n, 1) ** 2),
        ("the mean is over the pairs, not over trials", want * pair.sum() / max(n, 1)),
        ("divide each row by its length", mean(_off(z, 1), pair)),
        (
            "divide each row by its own length",
            mean(_off(z, np.linalg.norm(z[there], axis=0)), pair),
        ),
        ("s is (cos + 1) / 2, so that s - 1 is half of cos - 1", 4 * want),
        ("the distance is squared", mean(np.sqrt(off), pair)),
        ("first the square, then the mean", 2 * mean(np.sqrt(off), pair) ** 2),
    ]


@exercise("15.3", correct="an anchor without a positive is left out, and the others share evenly")
def supervised(learner):
    """Three trials, then eight with a class of one, then one class alone, at two temperatures."""
    rng = np.random.default_rng(153)
    for labels in ([0, 0, 1], [0, 1, 2, 0, 1, 1, 0, 1], [0, 0, 0]):
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
    one_and_negatives = -np.log(heat / (heat + heat.sum(axis=1, where=negative, keepdims=True)))

    def over(logs):
        return (logs.sum(axis=1, where=positive)[has] / many[has]).mean()

    def at(tau):
        fixed = np.exp(cos / tau)
        return over(-np.log(fixed / fixed.sum(axis=1, where=~itself, keepdims=True)))

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
            "the mean is over the logs of the positives, not the log of their sum": -np.log(
                share[has]
            ).mean(),
            "the others of a positive are all but the anchor, more positives too": over(
                one_and_negatives
            ),
            "the natural logarithm": over(log) / np.log(10),
            "divide by the temperature that was given, not by that of the library": at(0.07),
            "divide by the temperature that was given": at(1.0),
            "a mean over anchors, not a sum": over(log) * has.sum(),
            "a mean over its positives, not a sum": sums[has].mean(),
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
