"""Chapter 12: right answers written otherwise, and plausible wrong ones with their hint."""

from itertools import permutations
from math import factorial

import numpy as np


def mass(relevance, mask):
    positive = np.where(relevance > 0, relevance, 0)
    return np.average(mask, weights=positive)


def mass_by_loop(relevance, mask):
    cells = [(max(r, 0), m) for r, m in zip(relevance.flat, mask.flat, strict=True)]
    return sum(r for r, m in cells if m) / sum(r for r, _ in cells)


def mass_signed(relevance, mask):
    return relevance[mask].sum() / relevance.sum()


def mass_of_sizes(relevance, mask):
    return np.abs(relevance)[mask].sum() / np.abs(relevance).sum()


def mass_a_cell(relevance, mask):
    return relevance.clip(min=0)[mask].mean()


def rank(relevance, mask):
    edge = np.sort(relevance, axis=None)[-mask.sum()]
    return (mask & (relevance >= edge)).sum() / mask.sum()


def rank_by_sort(relevance, mask):
    cells = sorted(zip(relevance.flat, mask.flat, strict=True), reverse=True)[: mask.sum()]
    return sum(m for _, m in cells) / len(cells)


def rank_least(relevance, mask):
    return mask.ravel()[np.argsort(relevance.ravel())[: mask.sum()]].mean()


def rank_of_all(relevance, mask):
    edge = np.sort(relevance, axis=None)[-mask.sum()]
    return (mask & (relevance >= edge)).mean()


def rank_one_too_few(relevance, mask):
    order = np.argsort(-relevance.ravel())[: mask.sum() - 1]
    return mask.ravel()[order].sum() / mask.sum()


def rank_first(relevance, mask):
    return float(mask.ravel()[relevance.argmax()])


def way(gradient, x, baseline, steps, places=None):
    t = (np.arange(steps) + 0.5) / steps if places is None else places
    return (x - baseline) * np.mean([gradient(baseline + a * (x - baseline)) for a in t], axis=0)


def way_end_to_end(gradient, x, baseline, steps):
    return way(gradient, x, baseline, steps, np.linspace(0, 1, steps))


def way_of_left_ends(gradient, x, baseline, steps):
    return way(gradient, x, baseline, steps, np.arange(steps) / steps)


def way_of_right_ends(gradient, x, baseline, steps):
    return way(gradient, x, baseline, steps, (np.arange(steps) + 1) / steps)


def way_by_trapezoid(gradient, x, baseline, steps):
    t = np.linspace(0, 1, steps + 1)
    values = [gradient(baseline + a * (x - baseline)) for a in t]
    return (x - baseline) * np.trapezoid(values, t, axis=0)


def way_times_x(gradient, x, baseline, steps):
    return way_mean(gradient, x, baseline, steps) * x


def way_by_sum(gradient, x, baseline, steps):
    total, step = np.zeros(len(x)), (x - baseline) / steps
    for k in range(steps):
        total = total + step * gradient(baseline + (k + 0.5) * step)
    return total


def way_end(gradient, x, baseline, steps):
    return (x - baseline) * gradient(x)


def way_mean(gradient, x, baseline, steps):
    return way(gradient, x, baseline, steps) / (x - baseline)


def way_from_zero(gradient, x, baseline, steps):
    return way(gradient, x, np.zeros(len(x)), steps)


def way_summed(gradient, x, baseline, steps):
    return way(gradient, x, baseline, steps).sum()


def exchange(maps, subjects, turn=None):
    order = np.argsort(subjects, kind="stable")
    most = max(subjects.count(s) for s in subjects) if turn is None else turn
    out = np.empty_like(maps)
    out[order] = maps[np.roll(order, most)]
    return out


def exchange_by_search(maps, subjects):
    for source in permutations(range(len(maps))):
        if all(subjects[k] != subjects[j] for k, j in enumerate(source)):
            return maps[list(source)]
    return maps


def exchange_by_one(maps, subjects):
    return np.roll(maps, 1, axis=0)


def exchange_unsorted(maps, subjects):
    return np.roll(maps, subjects.count(subjects[0]), axis=0)


def exchange_by_first(maps, subjects):
    return exchange(maps, subjects, subjects.count(min(subjects)))


def exchange_by_mean(maps, subjects):
    return exchange(maps, subjects, len(subjects) // len(set(subjects)))


def exchange_nothing(maps, subjects):
    return maps


def exchange_all_from_first(maps, subjects):
    return np.stack([maps[0] if s != subjects[0] else maps[-1] for s in subjects])


def deletion(f, x, baseline, relevance, order=None):
    order = np.argsort(-relevance) if order is None else order
    curve = [
        f(np.where(np.isin(np.arange(len(x)), order[:k]), baseline, x)) for k in range(len(x) + 1)
    ]
    return np.trapezoid(curve) / len(x)


def deletion_in_place(f, x, baseline, relevance):
    now, area = x.astype(float), 0.0
    before = f(now)
    for k in relevance.argsort()[::-1]:
        now[k] = baseline[k]
        area, before = area + (before + f(now)) / 2 / len(x), f(now)
    return area


def deletion_least(f, x, baseline, relevance):
    return deletion(f, x, baseline, relevance, np.argsort(relevance))


def deletion_by_rank(f, x, baseline, relevance):
    return deletion(f, x, baseline, relevance, np.argsort(np.argsort(-relevance)))


def deletion_by_size(f, x, baseline, relevance):
    return deletion(f, x, baseline, relevance, np.argsort(-np.abs(relevance)))


def insertion(f, x, baseline, relevance):
    return deletion(f, baseline, x, relevance)


def deletion_to_zero(f, x, baseline, relevance):
    return deletion(f, x, np.zeros(len(x)), relevance)


def deletion_of_points(f, x, baseline, relevance):
    now, curve = x.copy(), [f(x)]
    for k in np.argsort(-relevance):
        now[k] = baseline[k]
        curve.append(f(now))
    return np.mean(curve)


def shapley(value, players):
    orders = list(permutations(players))
    found = dict.fromkeys(players, 0.0)
    for order in orders:
        there = frozenset()
        for name in order:
            found[name] += (value[there | {name}] - value[there]) / len(orders)
            there = there | {name}
    return found


def shapley_by_weights(value, players):
    n = len(players)
    return {
        p: sum(
            factorial(len(s))
            * factorial(n - len(s) - 1)
            / factorial(n)
            * (value[s | {p}] - value[s])
            for s in value
            if p not in s
        )
        for p in players
    }


def first(value, players):
    return {p: value[frozenset([p])] - value[frozenset()] for p in players}


def last(value, players):
    return {p: value[frozenset(players)] - value[frozenset(players) - {p}] for p in players}


def plain_mean(value, players):
    return {
        p: float(np.mean([value[s | {p}] - value[s] for s in value if p not in s])) for p in players
    }


RIGHT = {
    "12.1": [mass, mass_by_loop],
    "12.2": [rank, rank_by_sort],
    "12.3": [exchange, exchange_by_search],
    "12.4": [way, way_by_sum],
    "12.5": [deletion, deletion_in_place],
    "12.6": [shapley, shapley_by_weights],
}
WRONG = {
    "12.1": [
        (mass_signed, "negative cells cancel"),
        (mass_of_sizes, "a cell that speaks against"),
        (mass_a_cell, "the share of the relevance inside"),
    ],
    "12.2": [
        (rank_least, "the least relevant cells"),
        (rank_of_all, "most relevant cells"),
        (rank_first, "the pointing game"),
        (rank_one_too_few, "most relevant cells 0.50 lie inside"),
    ],
    "12.3": [
        (exchange_by_one, "a map of its own subject"),
        (exchange_unsorted, "a map of its own subject"),
        (exchange_by_first, "a map of its own subject"),
        (exchange_by_mean, "a map of its own subject"),
        (exchange_nothing, "a map of its own subject"),
        (exchange_all_from_first, "none twice"),
    ],
    "12.4": [
        (way_end, "at the end alone"),
        (way_mean, "how far each input went"),
        (way_from_zero, "starts at the baseline"),
        (way_summed, "one part an input"),
        (way_times_x, "the factor is not"),
        (way_end_to_end, "from end to end"),
        (way_of_left_ends, "where each step begins"),
        (way_of_right_ends, "where each step ends"),
        (way_by_trapezoid, "the trapezoid rule"),
        (lambda g, x, base, n: way(g, x, base, 50), "as many as `steps` says"),
        (lambda g, x, base, n: n * way(g, x, base, n), "the sum over the steps"),
        (lambda g, x, base, n: -way(g, x, base, n), "the sign"),
        (lambda g, x, base, n: 2 * way(g, x, base, n), "with 2 steps"),
    ],
    "12.5": [
        (deletion_least, "the least relevant went first"),
        (insertion, "begins with the baseline"),
        (deletion_by_rank, "rank was taken for the order"),
        (deletion_by_size, "the least relevant of all"),
        (deletion_of_points, "the ends count by half"),
        (deletion_to_zero, "the area is"),
    ],
    "12.6": [
        (first, "when it comes first"),
        (last, "when it comes last"),
        (plain_mean, "all subsets count alike"),
        (lambda value, players: dict.fromkeys(players, 0.0), "the values are"),
    ],
}
