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
        (lambda a, b, alpha: by_scipy(a, b, 1.0), "target 0: expected"),
    ],
    "15.2": [
        (no_mask, "leave rows out"),
        (lambda *x: by_loops(*x, itself=True), "with itself"),
        (lambda *x: by_loops(*x, classes=True), "two classes do not belong"),
        (lambda *x: by_loops(*x, zero=np.nan), "without a pair the term is 0"),
        (lambda *x: 2 * by_loops(*x), "half of the mean"),
        (lambda *x: 4 * by_loops(*x), "half of cos - 1"),
        (lambda z, labels, there: by_loops(np.nan_to_num(z) + 1, labels, there), "both there"),
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
