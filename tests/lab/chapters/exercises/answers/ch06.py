"""Chapter 6: right answers written otherwise, and plausible wrong ones with their hint."""

from itertools import product

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon
from sklearn.preprocessing import StandardScaler


def uf1(confusion):
    both = confusion.sum(axis=0) + confusion.sum(axis=1)
    return (2 * np.diag(confusion) / np.maximum(both, 1)).mean()


def uf1_by_precision(confusion):
    scores = []
    for k, hits in enumerate(np.diag(confusion)):
        precision, recall = (hits / max(confusion.sum(axis=a)[k], 1) for a in (0, 1))
        scores.append(2 * precision * recall / (precision + recall) if hits else 0.0)
    return np.mean(scores)


def uf1_of_those_present(confusion):
    both = confusion.sum(axis=0) + confusion.sum(axis=1)
    return (2 * np.diag(confusion)[both > 0] / both[both > 0]).mean()


def readings(confusion):
    hits = np.diag(confusion)
    return np.array([np.mean(hits / confusion.sum(axis=a)) for a in (1, 0)])


def folds_of(subjects, cheat=False):
    names = sorted(set(subjects))
    out = []
    for k, name in enumerate(names):
        rest = names[k + 1 :] + names[:k]
        out.append((set(rest) if cheat else set(rest[2:]), set(rest[:2]), {name}))
    return out


def folds_by_masks(subjects):
    others = [(who, np.unique(subjects[subjects != who])) for who in np.unique(subjects)]
    return [(rest[2:], rest[:2], [who]) for who, rest in others]


def pool(folds, fill=False):
    pooled, own = folds.sum(axis=0), []
    for fold in folds:
        there = fold.sum(axis=1) > 0
        recall = np.diag(fold) / np.maximum(fold.sum(axis=1), 1)
        own.append(recall.mean() if fill else recall[there].mean())
    return (np.diag(pooled) / pooled.sum(axis=1)).mean(), np.mean(own)


def pool_by_nan(folds):
    with np.errstate(invalid="ignore"):
        recall = np.diagonal(folds, axis1=1, axis2=2) / folds.sum(axis=2)
    return uar(folds.sum(axis=0)), np.nanmean(recall, axis=1).mean()


def uar(confusion):
    return (np.diag(confusion) / confusion.sum(axis=1)).mean()


def votes(subjects, labels, of_all=False):
    s, x = pd.Series(subjects), pd.Series(labels)
    return [x[(s != who) | of_all].mode()[0] for who in subjects]


def votes_by_masks(subjects, labels):
    others = [labels[subjects != who] for who in subjects]
    return [max(sorted(set(x)), key=list(x).count) for x in others]


def z(x, subjects, test, ddof=0):
    train = ~np.isin(subjects, list(test))
    return (x - x[train].mean(axis=0)) / x[train].std(axis=0, ddof=ddof)


def scaler(x, subjects, test):
    train = [name not in test for name in subjects]
    return StandardScaler().fit(x[train]).transform(x)


def p_value(first, second, strict=False):
    d = np.subtract(first, second)
    sums = (1 - 2 * (np.arange(2 ** len(d))[:, None] >> np.arange(len(d)) & 1)) @ d
    return np.mean(np.abs(sums) > abs(d.sum()) if strict else np.abs(sums) >= abs(d.sum()))


def p_if_the_first_wins(first, second):
    d = np.subtract(first, second)
    signs = np.array(list(product([-1, 1], repeat=len(d))))
    return (np.abs(signs @ d) >= d.sum()).mean()


def p_of_arrays(first, second):
    d = first - second  # as arrays have it, and lists do not
    signs = np.array(list(product([-1, 1], repeat=len(d))))
    return (abs(signs @ d) >= abs(d.sum())).mean()


def f1_of_each(confusion):
    return 2 * np.diag(confusion) / np.maximum(confusion.sum(axis=0) + confusion.sum(axis=1), 1)


def folds_of_numbers(subjects):
    places = range(len(set(subjects)))
    return [tuple(map(set, fold)) for fold in folds_of(places)]


RIGHT = {
    "06.1": [uf1_by_precision],
    "06.2": [readings],
    "06.3": [folds_by_masks],
    "06.4": [pool, pool_by_nan],
    "06.5": [votes_by_masks],
    "06.6": [scaler, lambda x, s, t: z(x, s, t, ddof=1)],
    "06.7": [p_of_arrays],
}

WRONG = {
    "06.1": [
        (uf1_of_those_present, "stays in the mean"),
        (lambda c: np.diag(c).sum() / c.sum(), "accuracy"),
        (lambda c: uf1(c) * len(c) / 3, "UF1 is"),
        (uar, "UF1 is"),
        (lambda c: 0.7209, "UF1 is"),
        (f1_of_each, "take the mean over the classes"),
    ],
    "06.2": [
        (lambda c: readings(c)[::-1], "wrong order"),
        (lambda c: readings(c) * len(c) / 3, "expected UAR"),
        (lambda c: (0.725, 0.717), "expected UAR"),
        (uar, "two numbers are expected"),
    ],
    "06.3": [
        (lambda s: folds_of(s, cheat=True), "two roles"),
        (lambda s: folds_of(s)[:-1], "folds"),
        (lambda s: [folds_of(s)[0]] * len(set(s)), "tested twice"),
        (lambda s: [(train, [], test) for train, _, test in folds_of(s)], "two validate"),
        (lambda s: [(*fold[:2], *fold[2]) for fold in folds_of(s)], "three sets"),
        (folds_of_numbers, "put names in the sets"),
    ],
    "06.4": [
        (lambda f: pool(f, fill=True), "classes that it has"),
        (lambda f: pool(f)[::-1], "add the matrices"),
        (lambda f: (uar(f.sum(axis=0)),) * 2, "the mean over folds"),
    ],
    "06.5": [
        (lambda s, x: votes(s, x, of_all=True), "leave out all trials"),
        (lambda s, x: [pd.Series(x).drop(k).mode()[0] for k in range(len(x))], "subject"),
        (lambda s, x: "y", "6 trials need"),
        # One answer for each trial, person after person.
        (lambda s, x: [votes(s, x)[k] for k in np.argsort(s, kind="stable")], "bacaba"),
    ],
    "06.6": [
        (lambda x, s, t: (x - x.mean(0)) / x.std(0), "everybody"),
        (lambda x, s, t: x, "mean 0"),
        (lambda x, s, t: z(x, s, t[:1]), "c, d"),
        (lambda x, s, t: x - x[~np.isin(s, t)].mean(0), "standard deviation 1"),
    ],
    "06.7": [
        (lambda a, b: p_value(a, b, strict=True), "without a swap"),
        (lambda a, b: p_value(a, b) / 2, "other way"),
        (
            lambda a, b: wilcoxon(a, b, method="exact").pvalue if any(a != b) else 1.0,
            "[12, 5, 2, 6]",
        ),
        (p_if_the_first_wins, "for [3, 3, 3] and [5, 6, 7] p is 0.2500, got 1.0000"),
    ],
}
