"""Chapter 15: right answers written otherwise, and plausible wrong ones with their hint."""

import numpy as np
import torch
from scipy.spatial.distance import cosine
from scipy.special import log_softmax
from torch.nn.functional import cosine_similarity, normalize

from meps_lib.losses import ContrastiveConfig, contrastive_terms, supervised_contrastive


def by_scipy(a, b, alpha):
    return (1 - cosine(a, b) / 2 - alpha) ** 2 / 2


def by_torch(a, b, alpha):
    a, b = (torch.from_numpy(x) for x in (a, b))
    return 0.5 * ((cosine_similarity(a, b, dim=0) + 1) / 2 - alpha).square()


def cos_of(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


def towards(s, alpha):
    return (s - alpha) ** 2 / 2


def by_library(z, labels, there):
    config = ContrastiveConfig((("a", "b"),), "mean", 0.0, 1.0, 0.0)
    z, labels, there = (torch.from_numpy(x) for x in (z, labels, there))
    return contrastive_terms({"a": z, "b": z}, labels, {"a": there, "b": there}, config)[1].item()


def by_loops(z, labels, there, itself=False, classes=False, zero=0.0, rows=None):
    rows = [i for i in range(len(z)) if there[i]] if rows is None else rows
    found = [
        ((cos_of(z[i], z[j]) - 1) / 2) ** 2 / 2
        for i in rows
        for j in rows
        if (itself or i != j) and (classes or labels[i] == labels[j])
    ]
    return np.mean(found) if found else zero


def no_mask(z, labels, there):
    return by_loops(z, labels, there, rows=range(len(z)))


def blind(z, labels, there):
    """`there` is never read: what is NaN is left out."""
    return by_loops(z, labels, ~np.isnan(z).any(axis=1))


def times_mask(z, labels, there):
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    pair = (labels[:, None] == labels) & ~np.eye(len(z), dtype=bool) & there[:, None] & there
    return (towards((unit @ unit.T + 1) / 2, 1) * pair).sum() / max(pair.sum(), 1)


def anchor_alone(z, labels, there):
    z, every = np.nan_to_num(z, nan=1.0), range(len(z))
    found = [
        ((cos_of(z[i], z[j]) - 1) / 2) ** 2 / 2
        for i in every
        for j in every
        if there[i] and i != j and labels[i] == labels[j]
    ]
    return np.mean(found) if found else 0.0


def terms_of(z, labels, there):
    """Of each anchor that is there, the terms of its pairs, and its class."""
    rows = np.flatnonzero(there)
    every = [
        (
            [
                towards((cos_of(z[i], z[j]) + 1) / 2, 1)
                for j in rows
                if j != i and labels[i] == labels[j]
            ],
            labels[i],
        )
        for i in rows
    ]
    return [(terms, c) for terms, c in every if terms]


def pooled(how):
    """Consistency by another way to pool the terms of its pairs."""

    def way(z, labels, there):
        terms = terms_of(z, labels, there)
        return how(terms, int(there.sum())) if terms else 0.0

    return way


def every_term(terms):
    return np.concatenate([t for t, _ in terms])


def by_class(terms, n):
    return np.mean([np.mean([t for t, c in terms if c == k]) for k in {c for _, c in terms}])


def to_centre(z, labels, there):
    """Each trial against the mean of its class."""
    found = []
    for c in np.unique(labels[there]):
        mine = z[there & (labels == c)]
        if len(mine) > 1:
            found += [towards((cos_of(row, mine.mean(axis=0)) + 1) / 2, 1) for row in mine]
    return np.mean(found) if found else 0.0


def neighbours(z, labels, there):
    z, labels = z[there], labels[there]
    order = np.argsort(labels, kind="stable")
    found = [
        towards((cos_of(z[i], z[j]) + 1) / 2, 1)
        for i, j in zip(order, order[1:], strict=False)
        if labels[i] == labels[j]
    ]
    return np.mean(found) if found else 0.0


def of_mean_similarity(z, labels, there):
    terms = terms_of(z, labels, there)
    return towards(1 - np.sqrt(2 * every_term(terms)).mean(), 1) if terms else 0.0


def by_lengths(length):
    def way(z, labels, there):
        z, labels = z[there], labels[there]
        unit = z / length(z) if len(z) else z
        pair = (labels[:, None] == labels) & ~np.eye(len(z), dtype=bool)
        return towards((unit @ unit.T + 1) / 2, 1)[pair].mean() if pair.any() else 0.0

    return way


def with_negatives(z, labels, there):
    z, labels = z[there], labels[there]
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    s, apart = (unit @ unit.T + 1) / 2, labels[:, None] != labels
    pull = by_loops(z, labels, np.ones(len(z), dtype=bool))
    return pull + (towards(s, 0)[apart].mean() if apart.any() else 0.0)


def supervised_by_library(cos, labels, temperature):
    # a root of the matrix of cosines has rows with these cosines
    values, vectors = np.linalg.eigh(cos)
    z = vectors * np.sqrt(values.clip(0))
    return supervised_contrastive(
        torch.from_numpy(z), torch.from_numpy(labels), None, temperature
    ).item()


def anchors(cos, labels, temperature, cold=False):
    """Each anchor's log shares of its positives."""
    out = []
    for i in range(len(labels)):
        other = np.delete(np.arange(len(labels)), i)
        logits = cos[i, other] * temperature if cold else cos[i, other] / temperature
        out.append(-log_softmax(logits)[labels[other] == labels[i]])
    return out


def by_scipy_softmax(cos, labels, temperature, cold=False):
    return np.mean([x.mean() for x in anchors(cos, labels, temperature, cold) if len(x)])


def with_itself(cos, labels, temperature):
    log = -log_softmax(cos / temperature, axis=1)
    positive = (labels[:, None] == labels) & ~np.eye(len(labels), dtype=bool)
    return np.mean([row[p].mean() for row, p in zip(log, positive, strict=True) if p.any()])


def over_pairs(cos, labels, temperature):
    return np.concatenate(anchors(cos, labels, temperature)).mean()


def by_all(cos, labels, temperature):
    every = [x.mean() if len(x) else 0 for x in anchors(cos, labels, temperature)]
    return np.mean(every)


def negatives_alone(cos, labels, temperature):
    heat, out = np.exp(cos / temperature), []
    for i in range(len(labels)):
        positive = (labels == labels[i]) & (np.arange(len(labels)) != i)
        if positive.any():
            out.append(-np.log(heat[i, positive] / heat[i, labels != labels[i]].sum()).mean())
    return np.mean(out)


def of_shares(cos, labels, temperature):
    found = anchors(cos, labels, temperature)
    return np.mean([-np.log(np.exp(-x).mean()) for x in found if len(x)])


def at_temperature(given):
    return lambda cos, labels, temperature: by_scipy_softmax(cos, labels, given)


def with_one_positive(cos, labels, temperature):
    """Among the others of a positive only negatives."""
    heat, out = np.exp(cos / temperature), []
    for i in range(len(labels)):
        positive = (labels == labels[i]) & (np.arange(len(labels)) != i)
        rest = heat[i, labels != labels[i]].sum()
        if positive.any():
            out.append(-np.log(heat[i, positive] / (heat[i, positive] + rest)).mean())
    return np.mean(out)


def each_pair_once(cos, labels, temperature):
    out = []
    for i, row in enumerate(anchors(cos, labels, temperature)):
        later = np.delete(np.arange(len(labels)), i)
        later = later[labels[later] == labels[i]] > i
        if later.any():
            out.append(row[later].mean())
    return np.mean(out)


def best_positive(cos, labels, temperature):
    return np.mean([x.min() for x in anchors(cos, labels, temperature) if len(x)])


def over_classes(cos, labels, temperature):
    found = anchors(cos, labels, temperature)
    means = [
        np.mean([x.mean() for x, c in zip(found, labels, strict=True) if c == k and len(x)])
        for k in np.unique(labels)
        if (labels == k).sum() > 1
    ]
    return np.mean(means)


def half_heated(cos, labels, temperature):
    """The temperature in the numerator alone."""
    heat, out = np.exp(cos), []
    for i in range(len(labels)):
        other = np.arange(len(labels)) != i
        positive = other & (labels == labels[i])
        if positive.any():
            out.append((np.log(heat[i, other].sum()) - cos[i, positive] / temperature).mean())
    return np.mean(out)


def by_where(values, where):
    return torch.where(where, values, torch.zeros(())).sum() / max(int(where.sum()), 1)


def by_index(values, where):
    return values[where].sum() / where.sum().clamp(min=1)


def cut_off(values, where):
    return values[where].mean() if where.any() else torch.tensor(0.0)


def hidden(values, where):
    return torch.nan_to_num(values * where).sum() / where.sum().clamp(min=1)


RIGHT = {
    "15.1": [by_scipy, by_torch],
    "15.2": [by_library, by_loops],
    "15.3": [supervised_by_library, by_scipy_softmax],
    "15.4": [by_where, by_index],
}

WRONG = {
    "15.1": [
        (lambda a, b, alpha: ((cos_of(a, b) + 1) / 2 - alpha) ** 2, "half of the square"),
        (lambda a, b, alpha: (cos_of(a, b) - alpha) ** 2 / 2, "not of the cosine"),
        (lambda a, b, alpha: ((a @ b + 1) / 2 - alpha) ** 2 / 2, "divide by both"),
        (lambda a, b, alpha: abs((cos_of(a, b) + 1) / 2 - alpha) / 2, "is squared"),
        (lambda a, b, alpha: by_scipy(a, b, 1.0), "target 0.5: expected"),
        (lambda a, b, alpha: towards((np.corrcoef(a, b)[0, 1] + 1) / 2, alpha), "np.corrcoef"),
        (lambda a, b, alpha: towards(1 - np.arccos(cos_of(a, b)) / np.pi, alpha), "not the angle"),
        (lambda a, b, alpha: by_scipy(a, b, alpha) / 2, "before the square, not in it"),
        (lambda a, b, alpha: by_scipy(a, b, (alpha + 1) / 2), "the target lies in it already"),
        (lambda a, b, alpha: towards((1 - cos_of(a, b)) / 2, alpha), "where they are opposed"),
        (lambda a, b, alpha: towards((abs(cos_of(a, b)) + 1) / 2, alpha), "its sign counts"),
        (lambda a, b, alpha: by_scipy(a, b, 0.5), "the one that was given"),
    ],
    "15.2": [
        (no_mask, "though `there` says otherwise"),
        (times_mask, "leave rows out"),
        (lambda *x: by_loops(*x, itself=True), "with itself"),
        (lambda *x: by_loops(*x, classes=True), "two classes do not belong"),
        (lambda *x: by_loops(*x, zero=np.nan), "without a pair the term is 0"),
        (lambda *x: 2 * by_loops(*x), "half of the mean"),
        (lambda *x: 4 * by_loops(*x), "half of cos - 1"),
        (lambda z, labels, there: by_loops(np.nan_to_num(z) + 1, labels, there), "both there"),
        (blind, "though `there` says otherwise"),
        (anchor_alone, "both trials of a pair"),
        (pooled(lambda terms, n: every_term(terms).sum() / 2), "a mean, not a sum"),
        (pooled(lambda terms, n: every_term(terms).sum()), "a mean, not a sum"),
        (pooled(lambda terms, n: np.mean([np.mean(t) for t, _ in terms])), "a large class"),
        (pooled(by_class), "a large class"),
        (pooled(lambda terms, n: every_term(terms).sum() / (n * (n - 1))), "not over all"),
        (pooled(lambda terms, n: every_term(terms).sum() / n**2), "not over all cells"),
        (by_lengths(lambda z: 1), "divide each row by its length"),
        (with_negatives, "both there"),
        (by_lengths(lambda z: np.linalg.norm(z, axis=0)), "by its own length"),
        (pooled(lambda terms, n: every_term(terms).mean() / 2), "each counts once or each twice"),
        (pooled(lambda terms, n: every_term(terms).sum() / n), "not over trials"),
        (of_mean_similarity, "first the square"),
        (pooled(lambda terms, n: np.sqrt(every_term(terms) / 2).mean()), "is squared"),
        (to_centre, "both there"),
        (neighbours, "both there"),
    ],
    "15.3": [
        (with_itself, "not among its own others"),
        (lambda *x: by_scipy_softmax(*x, cold=True), "do not multiply"),
        (negatives_alone, "positives too"),
        (by_all, "leave them out"),
        (over_pairs, "a mean over its positives"),
        (lambda *x: -by_scipy_softmax(*x), "minus the log"),
        (of_shares, "not of shares"),
        (lambda *x: 2 * by_scipy_softmax(*x), "expected"),
        (
            lambda *x: np.mean([-np.log(np.exp(-a).sum()) for a in anchors(*x) if len(a)]),
            "their sum",
        ),
        (lambda *x: by_scipy_softmax(*x) / np.log(10), "the natural logarithm"),
        (at_temperature(0.07), "not by that of the library"),
        (at_temperature(1.0), "divide by the temperature that was given"),
        (with_one_positive, "more positives too"),
        (lambda *x: np.sum([a.mean() for a in anchors(*x) if len(a)]), "over anchors, not a sum"),
        (lambda *x: np.mean([a.sum() for a in anchors(*x) if len(a)]), "its positives, not a sum"),
        (each_pair_once, "expected"),
        (best_positive, "expected"),
        (over_classes, "expected"),
        (half_heated, "expected"),
    ],
    "15.4": [
        (lambda values, where: (values * where).sum() / where.sum().clamp(min=1), "NaN times 0"),
        (
            lambda values, where: values.masked_fill(~where, 0).sum() / where.sum(),
            "one at least",
        ),
        (lambda values, where: values.masked_fill(~where, 0).mean(), "over what counts"),
        (cut_off, "lost its slope"),
        (hidden, "must not be hidden"),
        (lambda values, where: by_where(values, where).item(), "a tensor with one number"),
        (lambda values, where: by_where(values.detach(), where), "lost its slope"),
        (lambda values, where: normalize(values, dim=0).nansum() / 4, "over what counts"),
    ],
}
