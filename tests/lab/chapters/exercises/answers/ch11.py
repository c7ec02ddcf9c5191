"""Chapter 11: right answers written otherwise, and plausible wrong ones with their hint."""

import copy

import numpy as np
from scipy.stats import norm, t, ttest_rel


def interval(a, b, ddof=1, root=True, quantile=None):
    d = a - b
    k = len(d)
    error = d.std(ddof=ddof) / (k**0.5 if root else 1)
    q = t.ppf(0.975, k - 1) if quantile is None else quantile
    return d.mean() - q * error, d.mean() + q * error


def by_scipy(a, b):
    return tuple(ttest_rel(a, b).confidence_interval(0.95))


def unpaired(a, b):
    k = len(a)
    error = ((a.var(ddof=1) + b.var(ddof=1)) / k) ** 0.5
    return np.array([-1, 1]) * t.ppf(0.975, 2 * k - 2) * error + (a - b).mean()


def exact(spread, length):
    return (2 * 1.96 * spread / length) ** 2


def needed_by_loop(spread, length):
    k = 1
    while 2 * 1.96 * spread / k**0.5 > length + 1e-12:
        k += 1
    return k


def needed(spread, length):
    return max(1, int(np.ceil(exact(spread, length) - 1e-9)))


def turned(plan, path, value):
    first, _, rest = path.partition(".")
    return {**plan, first: turned(plan.get(first, {}), rest, value) if rest else value}


def turned_deep(plan, path, value):
    out = at = copy.deepcopy(plan)
    *above, last = path.split(".")
    for name in above:
        at = at.setdefault(name, {})
    at[last] = value
    return out


def turned_whole(plan, path, value):
    return copy.deepcopy(turned(plan, path, value))


def in_place(plan, path, value):
    at = plan
    *above, last = path.split(".")
    for name in above:
        at = at.setdefault(name, {})
    at[last] = value
    return plan


def shallow(plan, path, value):
    return in_place(dict(plan), path, value)


def no_new_tables(plan, path, value):
    out = at = copy.deepcopy(plan)
    *above, last = path.split(".")
    for name in above:
        at = at[name]
    at[last] = value
    return out


def alone(plan, path, value):
    for name in reversed(path.split(".")):
        value = {name: value}
    return {**copy.deepcopy(plan), **value}


def flat(plan, path, value):
    return {**copy.deepcopy(plan), path: value}


def inner(plan, path, value):
    at = out = copy.deepcopy(plan)
    *above, last = path.split(".")
    for name in above:
        at = at.setdefault(name, {})
    at[last] = value
    return at if above else out


def of_three(plan, path, value):
    """What stands below three names is taken for a name."""
    out = at = copy.deepcopy(plan)
    *above, last = path.split(".", 2)
    for name in above:
        at = at.setdefault(name, {})
    at[last] = value
    return out


def at_most_three(plan, path, value):
    *above, last = path.split(".")
    return turned_deep(plan, ".".join([*above[:2], last]), value)


def middle(low, high):
    at = (low + high) / 2
    return "first" if at > 0.02 else "second" if at < -0.02 else judge_width(low, high)


def judge_width(low, high, edge=0.06):
    return "alike" if high - low < edge else "open"


def judge_edge(low, high, edge):
    return "first" if low > 0 else "second" if high < 0 else judge_width(low, high, edge)


def judge(low, high):
    if low > 0:
        return "first"
    if high < 0:
        return "second"
    return "alike" if high - low < 0.06 else "open"


def judge_in_numbers(low, high):
    return {1: "first", -1: "second"}.get(
        int(low > 0) - int(high < 0), "alike" if high - low < 0.06 else "open"
    )


def drawn(table, rng, n, cohorts=True, strangers=True):
    K, N = table.shape
    out = []
    for _ in range(n):
        rows = rng.integers(K, size=K) if cohorts else np.arange(K)
        columns = rng.integers(N, size=N) if strangers else np.arange(N)
        out.append(table[np.ix_(rows, columns)].mean())
    return np.array(out)


def one_cell_a_column(table, rng, n):
    K, N = table.shape
    return table[rng.integers(K, size=(n, N)), rng.integers(N, size=(n, N))].mean(axis=1)


def strangers_of_each(table, rng, n):
    K, N = table.shape
    rows = rng.integers(K, size=(n, K, 1))
    return table[rows, rng.integers(N, size=(n, K, N))].mean(axis=(1, 2))


def one_too_few(table, rng, n):
    K, N = table.shape
    return by_counts(table, rng, n, K - 1)


def by_counts(table, rng, n, most=None):
    K, N = table.shape
    rows = rng.multinomial(most or K, np.full(K, 1 / K), n) / (most or K)
    columns = rng.multinomial(N, np.full(N, 1 / N), n) / N
    return np.einsum("ik,kj,ij->i", rows, table, columns)


def own_luck(table, rng, n):
    return drawn(table, np.random.default_rng(0), n)


def luck_of_the_day(table, rng, n):
    return drawn(table, np.random.default_rng(), n)


def cells(table, rng, n):
    return rng.choice(table.ravel(), (n, table.size)).mean(axis=1)


RIGHT = {
    "11.1": [by_scipy, lambda a, b: list(interval(a, b))],
    "11.2": [needed_by_loop, needed],
    "11.3": [turned_whole, turned_deep],
    "11.4": [judge, judge_in_numbers],
    "11.5": [drawn, by_counts],
}

WRONG = {
    "11.1": [
        (lambda a, b: interval(a, b, quantile=norm.ppf(0.975)), "Student's t"),
        (lambda a, b: interval(b, a), "minus the second"),
        (lambda a, b: interval(a, b, ddof=0), "ddof=1"),
        (lambda a, b: interval(a, b, root=False), "root of K"),
        (unpaired, "cohort by cohort"),
        (lambda a, b: (a - b).mean(), "two numbers"),
        (lambda a, b: interval(a, b)[::-1], "the low end comes first"),
        (lambda a, b: interval(a, b, quantile=t.ppf(0.95, len(a) - 1)), "2.5 % on each side"),
        (lambda a, b: interval(a, b, quantile=t.ppf(0.975, len(a))), "degrees of freedom"),
        (lambda a, b: interval(a, b, ddof=0, quantile=1.96), "Student's t with 3 degrees; and"),
        (lambda a, b: ((a - b).mean(), np.ptp(interval(a, b)) / 2), "the mean and its reach"),
        (lambda a, b: np.quantile(a - b, [0.025, 0.975]), "quantiles of single cohorts"),
    ],
    "11.2": [
        (exact, "cohorts are whole"),
        (lambda s, x: max(1, int(exact(s, x))), "one too few"),
        (lambda s, x: max(1, int(np.ceil(exact(s, x) / 4))), "both sides"),
        (lambda s, x: int(np.ceil(exact(s, x) ** 0.5)), "square it"),
        (lambda s, x: max(1, round(exact(s, x))), "one too few"),
        (lambda s, x: int(np.ceil(exact(s, x) ** 0.5)) ** 2, "with 16 the length is 0.049"),
    ],
    "11.3": [
        (in_place, "has changed"),
        (shallow, "has changed"),
        (no_new_tables, "KeyError"),
        (alone, "is gone"),
        (flat, "a name with a dot"),
        (of_three, "a name with a dot"),
        (at_most_three, "expected"),
        (inner, "the inner table alone"),
        (lambda p, path, v: v, "a dictionary is expected"),
        (lambda p, path, v: copy.deepcopy(p), "nothing was turned"),
    ],
    "11.4": [
        (lambda a, b: "first" if a > 0 else "second" if b < 0 else "alike", "large differences"),
        (lambda a, b: "open" if b - a >= 0.06 else judge(a, b), "one side of 0"),
        (lambda a, b: "first" if a >= 0 else judge(a, b), "holds 0"),
        (
            lambda a, b: "alike" if a <= 0 <= b and b - a <= 0.0600001 else judge(a, b),
            "is not shorter",
        ),
        (middle, "one side of 0"),
        (lambda a, b: "first" if a + b > 0.05 else judge(a, b), "wherever its middle"),
        (lambda a, b: "second" if b <= 0 else judge(a, b), "holds 0"),
        (lambda a, b: judge_edge(a, b, 0.055), "shorter than .06"),
        (lambda a, b: judge_edge(a, b, 0.1), "is not shorter"),
    ],
    "11.5": [
        (cells, "one by one"),
        (lambda x, r, n: drawn(x, r, n, strangers=False), "strangers are a sample too"),
        (lambda x, r, n: drawn(x, r, n, cohorts=False), "cohorts are a sample too"),
        (lambda x, r, n: drawn(x, r, n, False, False), "with replacement"),
        (lambda x, r, n: drawn(x, r, 7), "each of 4000"),
        (one_cell_a_column, "all drawn rows of all drawn columns"),
        (strangers_of_each, "once for all cohorts"),
        (one_too_few, "as many cohorts as there are"),
        (own_luck, "the `rng` that is given"),
        (luck_of_the_day, "the `rng` that is given"),
    ],
}
