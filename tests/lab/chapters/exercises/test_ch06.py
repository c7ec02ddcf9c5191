"""The checks of chapter 6 tell right answers from plausible wrong ones."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from meps_lab.chapters.exercises import check


def verdict(capsys, number, answer):
    check(number, answer)
    return capsys.readouterr().out


def uf1(confusion):
    both = confusion.sum(axis=0) + confusion.sum(axis=1)
    return (2 * np.diag(confusion) / np.maximum(both, 1)).mean()


def uf1_of_those_present(confusion):
    both = confusion.sum(axis=0) + confusion.sum(axis=1)
    return (2 * np.diag(confusion)[both > 0] / both[both > 0]).mean()


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


def votes(subjects, labels, of_all=False):
    s, x = pd.Series(subjects), pd.Series(labels)
    return [x[(s != who) | of_all].mode()[0] for who in subjects]


def z(x, subjects, test):
    train = ~np.isin(subjects, list(test))
    return (x - x[train].mean(axis=0)) / x[train].std(axis=0)


def p_value(first, second, strict=False):
    d = np.subtract(first, second)
    sums = (1 - 2 * (np.arange(2 ** len(d))[:, None] >> np.arange(len(d)) & 1)) @ d
    return np.mean(np.abs(sums) > abs(d.sum()) if strict else np.abs(sums) >= abs(d.sum()))


def p_if_the_first_wins(first, second):
    d = np.subtract(first, second)
    signs = 1 - 2 * (np.arange(2 ** len(d))[:, None] >> np.arange(len(d)) & 1)
    return (np.abs(signs @ d) >= d.sum()).mean()


def p_of_arrays(first, second):
    d = first - second  # as arrays have it, and lists do not
    signs = np.array(list(product([-1, 1], repeat=len(d))))
    return (abs(signs @ d) >= abs(d.sum())).mean()


def majority_by_masks(subjects, labels):
    others = [labels[subjects != who] for who in subjects]
    return [max(sorted(set(x)), key=list(x).count) for x in others]


def uf1_of_three(confusion):
    return uf1(confusion) * len(confusion) / 3


def uar_of_three(confusion):
    hits = np.diag(confusion)
    return (hits / confusion.sum(axis=1)).sum() / 3, (hits / confusion.sum(axis=0)).sum() / 3


@pytest.mark.parametrize(
    ("number", "answer"),
    [
        ("06.1", uf1),
        ("06.2", lambda c: ((np.diag(c) / c.sum(1)).mean(), (np.diag(c) / c.sum(0)).mean())),
        ("06.3", folds_of),
        ("06.3", folds_by_masks),
        ("06.4", pool),
        ("06.5", votes),
        ("06.6", z),
        (
            "06.6",
            lambda x, s, t: (x - x[~np.isin(s, t)].mean(0)) / x[~np.isin(s, t)].std(0, ddof=1),
        ),
        ("06.5", majority_by_masks),
        ("06.7", p_value),
        ("06.7", p_of_arrays),
    ],
)
def test_right(number, answer, capsys):
    assert verdict(capsys, number, answer).startswith("correct")


@pytest.mark.parametrize(
    ("number", "answer", "hint"),
    [
        ("06.1", uf1_of_those_present, "stays in the mean"),
        ("06.1", lambda c: np.diag(c).sum() / c.sum(), "accuracy"),
        ("06.1", lambda c: 0.7209, "UF1 is"),
        ("06.1", uf1_of_three, "UF1 is"),
        ("06.2", uar_of_three, "expected UAR"),
        ("06.2", lambda c: ((np.diag(c) / c.sum(0)).mean(), (np.diag(c) / c.sum(1)).mean()), "row"),
        ("06.2", lambda c: (0.725, 0.717), "expected UAR"),
        ("06.3", lambda s: folds_of(s, cheat=True), "two roles"),
        ("06.3", lambda s: folds_of(s)[:-1], "folds"),
        ("06.3", lambda s: [folds_of(s)[0]] * len(set(s)), "tested twice"),
        ("06.4", lambda f: pool(f, fill=True), "classes that it has"),
        ("06.4", lambda f: pool(f)[::-1], "add the matrices"),
        ("06.5", lambda s, x: votes(s, x, of_all=True), "leave out all trials"),
        ("06.5", lambda s, x: [pd.Series(x).drop(k).mode()[0] for k in range(len(x))], "subject"),
        ("06.5", lambda s, x: "y", "6 trials need"),
        ("06.6", lambda x, s, t: (x - x.mean(0)) / x.std(0), "everybody"),
        ("06.6", lambda x, s, t: x, "mean 0"),
        ("06.6", lambda x, s, t: z(x, s, t[:1]), "c, d"),
        ("06.7", lambda a, b: p_value(a, b, strict=True), "counts"),
        ("06.7", lambda a, b: p_value(a, b) / 2, "other way"),
        ("06.7", p_if_the_first_wins, "for [3, 3, 3] and [5, 6, 7] p is 0.2500, got 1.0000"),
    ],
)
def test_wrong(number, answer, hint, capsys):
    out = verdict(capsys, number, answer)
    assert out.startswith("not yet") and hint in out
