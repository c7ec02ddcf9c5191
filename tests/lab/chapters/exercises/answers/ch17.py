"""Chapter 17: right answers written otherwise, and plausible wrong ones with their hint."""

import math
from fractions import Fraction

import numpy as np
from scipy.stats import sem, t


def by_fractions(length, people, wanted):
    ratio = Fraction(str(length)) / Fraction(str(wanted))
    return max(2, math.ceil(people * ratio**2))


def by_counting(length, people, wanted):
    n = 2
    while length * (people / n) ** 0.5 > wanted + 1e-9:
        n += 1
    return n


def flat(table, above=""):
    found = {}
    for name, value in table.items():
        found[above + name] = {} if isinstance(value, dict) else value
        if isinstance(value, dict):
            found |= flat(value, f"{above}{name}.")
    return found


def by_flattening(plan, done):
    a, b = (set((k, repr(v)) for k, v in flat(x).items()) for x in (plan, done))
    return sorted({k for k, _ in a ^ b})


def by_recursion(plan, done, above=""):
    missing, found = object(), []
    for name in plan.keys() | done.keys():
        a, b = plan.get(name, missing), done.get(name, missing)
        tables = [x if isinstance(x, dict) else {} for x in (a, b)]
        found += by_recursion(*tables, f"{above}{name}.")
        both_tables = isinstance(a, dict) and isinstance(b, dict)
        if not both_tables and (a is missing or b is missing or a != b):
            found.append(above + name)
    return sorted(found)


def shallow(plan, done):
    return sorted(k for k in plan.keys() | done.keys() if plan.get(k) != done.get(k))


def one_side(plan, done):
    a, b = flat(plan), flat(done)
    return sorted(k for k in a if k not in b or a[k] != b[k])


def with_get(plan, done):
    a, b = flat(plan), flat(done)
    return sorted(k for k in a.keys() | b.keys() if a.get(k) != b.get(k))


def settings_only(plan, done):
    """Without the tables themselves."""
    a, b = ({k: v for k, v in flat(x).items() if v != {}} for x in (plan, done))
    return sorted(k for k in a.keys() | b.keys() if k not in a or k not in b or a[k] != b[k])


def two_levels(plan, done):
    def two(table):
        found = {}
        for name, value in table.items():
            found[name] = {} if isinstance(value, dict) else value
            if isinstance(value, dict):
                found |= {f"{name}.{k}": v for k, v in value.items()}
        return found

    a, b = two(plan), two(done)
    return sorted(k for k in a.keys() | b.keys() if k not in a or k not in b or a[k] != b[k])


def table_as_one(plan, done):
    found = by_flattening(plan, done)
    alone = {k for k in found if k in plan or k in done if isinstance((plan | done)[k], dict)}
    return [k for k in found if k.partition(".")[0] not in alone or k in alone]


def in_any_order(plan, done):
    a, b = (
        {k: sorted(v) if isinstance(v, list) else v for k, v in flat(x).items()}
        for x in (plan, done)
    )
    return by_flattening(a, b)


def as_text(plan, done):
    a, b = ({k: str(v) for k, v in flat(x).items()} for x in (plan, done))
    return sorted(k for k in a.keys() | b.keys() if a.get(k, "missing") != b.get(k, "missing"))


def emptying(plan, done):
    found = by_flattening(plan, done)
    plan.clear()
    return found


def every_name(plan, done):
    return sorted(flat(plan).keys() | flat(done).keys())


def last_names(plan, done):
    return [path.rpartition(".")[2] for path in by_flattening(plan, done)]


def by_ifs(low, high, matters):
    side = "more" if low > 0 else "less" if high < 0 else "open"
    if min(abs(low), abs(high)) > matters and low * high > 0:
        return side, "matters"
    return side, "too small" if max(abs(low), abs(high)) < matters else "open"


def by_lists(low, high, matters):
    sides = [name for name, true in (("more", low > 0), ("less", high < 0)) if true]
    sizes = [
        name
        for name, true in (
            ("matters", low > matters or high < -matters),
            ("too small", -matters < low and high < matters),
        )
        if true
    ]
    return [*sides, "open"][0], [*sizes, "open"][0]


def by_middle(low, high, matters):
    middle = (low + high) / 2
    return by_ifs(low, high, matters)[0], "matters" if abs(middle) > matters else "too small"


def no_difference(low, high, matters):
    side, size = by_ifs(low, high, matters)
    return side, "too small" if side == "open" else size


def upwards_only(low, high, matters):
    side, size = by_ifs(low, high, matters)
    return side, "open" if size == "matters" and side == "less" else size


def side_by_middle(low, high, matters):
    return "more" if low + high > 0 else "less", by_ifs(low, high, matters)[1]


def side_with_ends(low, high, matters):
    side = "more" if low >= 0 else "less" if high <= 0 else "open"
    return side, by_ifs(low, high, matters)[1]


def beyond_with_ends(low, high, matters):
    side, size = by_ifs(low, high, matters)
    return side, "matters" if low >= matters or high <= -matters else size


def small_if_open(low, high, matters):
    side, size = by_ifs(low, high, matters)
    return side, "matters" if size == "too small" and side != "open" else size


def by_scipy(right):
    return 1.96 * sem(right.mean(axis=0))


def by_sums(right):
    means = right.sum(axis=0) / len(right)
    off = means - means.mean()
    n = len(means)
    return 1.96 * math.sqrt((off**2).sum() / (n - 1) / n)


RIGHT = {
    "17.1": [by_fractions, by_counting],
    "17.2": [by_flattening, by_recursion],
    "17.3": [by_ifs, by_lists],
    "17.4": [by_scipy, by_sums],
}

WRONG = {
    "17.1": [
        (lambda length, n, wanted: max(2, math.ceil(n * length / wanted)), "squared"),
        (lambda length, n, wanted: n * (length / wanted) ** 2, "a part of a person"),
        (lambda length, n, wanted: max(2, int(n * (length / wanted) ** 2)), "round up"),
        (lambda length, n, wanted: max(2, round(n * (length / wanted) ** 2)), "round up"),
        (lambda length, n, wanted: math.ceil(n * (wanted / length) ** 2), "takes more people"),
        (lambda length, n, wanted: math.ceil(n * (length / wanted) ** 0.5), "not the root"),
        (
            lambda length, n, wanted: math.ceil(n * (length / wanted) ** 2 - 1e-9),
            "fewer than two people",
        ),
        (lambda length, n, wanted: int(n * (length / wanted) ** 2) + 1, "whole already"),
        (lambda length, n, wanted: max(n, by_counting(length, n, wanted)), "needs fewer people"),
        (
            lambda length, n, wanted: max(2, math.ceil(round(n * (length / wanted) ** 2, 1))),
            "round up",
        ),
        (lambda length, n, wanted: 400, "halve the length"),
    ],
    "17.2": [
        (shallow, "go into the tables"),
        (one_side, "not of one"),
        (lambda plan, done: one_side(done, plan), "not of one"),
        (with_get, "None and one that is not there differ"),
        (every_name, "is the same in both"),
        (last_names, "the whole path"),
        (lambda plan, done: by_flattening(plan, done)[::-1], "with sorted"),
        (lambda plan, done: plan == done, "a list of paths"),
        (lambda plan, done: [], "not of one"),
        (settings_only, "it is a setting too"),
        (two_levels, "to any depth"),
        (table_as_one, "go into the tables"),
        (in_any_order, "in another order"),
        (as_text, "not as text"),
        (emptying, "leave both plans"),
    ],
    "17.3": [
        (by_middle, "its middle does not count"),
        (no_difference, "part of it is larger"),
        (upwards_only, "look below 0 as well"),
        (side_by_middle, "does not tell the side"),
        (side_with_ends, "does not tell the side"),
        (beyond_with_ends, "neither beyond it nor inside"),
        (lambda low, high, matters: by_ifs(low, high, matters)[::-1], "the side first"),
        (small_if_open, "whatever its side"),
        (lambda low, high, matters: by_ifs(low, high, matters)[0], "two words"),
        (lambda low, high, matters: by_ifs(low, high, 0.05), "expected"),
        (lambda low, high, matters: ("open", by_ifs(low, high, matters)[1]), "one side of 0"),
    ],
    "17.4": [
        (lambda right: 1.96 * right.std(ddof=1) / right.size**0.5, "take the mean over seeds"),
        (lambda right: 1.96 * right.mean(axis=0).std(ddof=1) / right.size**0.5, "as many values"),
        (lambda right: 1.96 * sem(right, axis=1).mean(), "comes before the spread"),
        (lambda right: 1.96 * sem(right.mean(axis=0), ddof=0), "ddof=1"),
        (lambda right: 2 * by_scipy(right), "half of the length"),
        (lambda right: 1.96 * right.mean(axis=0).std(ddof=1), "root of the number"),
        (lambda right: sem(right.mean(axis=0)), "times 1.96"),
        (lambda right: 1.96 * np.nan_to_num(sem(right.mean(axis=1))), "the luck of seeds"),
        (lambda right: by_scipy(right) / 1.96 * 1.959963985, "take 1.96"),
        (lambda right: by_scipy(right) / 1.96 * t.ppf(0.975, right.shape[1] - 1), "quantile of t"),
        (lambda right: 1.96 * sem(right[0]), "all seeds count"),
        (lambda right: 1.96 * sem(np.median(right, axis=0)), "not the median"),
        (lambda right: 0.5, "root of how many"),
        (lambda right: right.mean(axis=0), "one number"),
    ],
}
