"""Checks of chapter 11: intervals of differences, how many cohorts, dials, verdicts."""

import copy

import numpy as np
from scipy.stats import t

from meps_lab.chapters.exercises.checking import exercise


@exercise("11.1", correct="paired first, then the spread of the differences, and Student's t")
def paired_interval(learner):
    """Scores that move together, so that pairing matters; few cohorts, so that t matters."""
    rng = np.random.default_rng(0)
    for k in (4, 9):
        luck = rng.normal(0.5, 0.2, k)
        a, b = luck + rng.normal(0.03, 0.02, k), luck + rng.normal(0, 0.02, k)
        got = np.asarray(learner(a, b), dtype=float)
        if got.shape != (2,):
            return f"two numbers are expected, the low and the high end, got shape {got.shape}"
        d = a - b
        error = d.std(ddof=1) / k**0.5
        want = d.mean() + error * t.ppf([0.025, 0.975], k - 1)
        if np.allclose(got, want):
            continue
        if np.allclose(got[::-1], want):
            return "the low end comes first, then the high one"
        if np.isclose(got.mean(), -d.mean()):
            return "the difference is the first minus the second"
        if np.allclose(got, (d.mean(), want[1] - d.mean())):
            return "those are the mean and its reach; the ends lie that far to both sides of it"
        if np.allclose(got, np.quantile(d, [0.025, 0.975])):
            return "those are quantiles of single cohorts; the interval of their mean is asked for"
        reach = (got[1] - got[0]) / 2 / error  # how many errors the interval goes to each side
        student, normal, biased = t.ppf(0.975, k - 1), 1.96, ((k - 1) / k) ** 0.5
        few = f"{k} cohorts are few: take the quantile of Student's t with {k - 1} degrees"
        divide = "the spread of a sample divides by one less than its number: `ddof=1`"
        for other, why in (
            (normal, few),
            (normal * biased, f"{few}; and {divide}"),
            (student * biased, divide),
            (t.ppf(0.95, k - 1), "95 % in the middle leave 2.5 % on each side: quantile 0.975"),
            (t.ppf(0.975, k), f"{k} cohorts leave {k - 1} degrees of freedom: one is the mean's"),
            (
                student * k**0.5,
                "that is where single cohorts lie; a mean varies less, by the root of K",
            ),
        ):
            if np.isclose(reach, other, rtol=1e-3):
                return why
        if reach > 1.5 * student:
            return "too wide: take the differences first, cohort by cohort, and then their spread"
        return f"expected {want.round(4)}, got {got.round(4)}"
    return None


@exercise("11.2", correct="the length falls with the root of the number of cohorts")
def cohorts_needed(learner):
    """Spreads and lengths whose number can be done by hand, an exact one included."""
    for spread, length, want in (
        (0.05, 0.06, 11),
        (0.05, 0.03, 43),
        (0.05, 0.05, 16),  # 15.4 as it comes out: the nearest whole number is one too few
        (0.1, 0.392, 1),
        (0.01, 1, 1),
    ):
        got = learner(spread, length)
        if got == want:
            continue
        exact = (2 * 1.96 * spread / length) ** 2
        about = f"spread {spread:g}, length {length:g}: the smallest number is {want}, got {got}"
        if np.isclose(float(got), exact) or (want > 1 and got == want - 1):
            return f"{about}; cohorts are whole, and one too few is not enough"
        if got in (int(np.ceil(exact / 4)), max(1, int(np.ceil((1.96 * spread / length) ** 2)))):
            return f"{about}; an interval reaches to both sides of the mean"
        if got == int(np.ceil(exact**0.5)):
            return f"{about}; the length falls with the root of the number, so square it"
        if got > 0:
            return f"{about}; with {got:g} the length is {2 * 1.96 * spread / got**0.5:.3f}"
        return about
    return None


def _leaves(table, way: tuple = ()) -> dict[tuple, object]:
    """Each value of a plan, under the names on the way to it."""
    if not isinstance(table, dict):
        return {way: table}
    return {
        names: value
        for name, below in table.items()
        for names, value in _leaves(below, (*way, name)).items()
    }


@exercise("11.3", correct="one value is turned, and the plan itself stays as it was")
def turn(learner):
    """Paths of one name to four, and tables that are not there yet."""
    plan = {"data": {"dials": {"noise": 0.01, "size": 40}, "people": 20}, "epochs": 10}
    for path, value in (
        ("data.dials.noise", 0.06),
        ("epochs", 5),
        ("data.asked.missing", 1.0),
        ("data.dials.light.strength", 0.5),
    ):
        before, want = copy.deepcopy(plan), copy.deepcopy(plan)
        *above, last = way = tuple(path.split("."))
        at = want
        for name in above:
            at = at.setdefault(name, {})
        at[last] = value
        got = learner(plan, path, value)
        if plan != before:
            return f"{path}: the plan that was given has changed; copy the tables on the way"
        if got != want:
            if not isinstance(got, dict):
                return f"{path}: a dictionary is expected, the new plan, got {got!r}"
            if got == plan:
                return f"{path} = {value}: nothing was turned"
            about = f"{path} = {value}: expected {want}, got {got}"
            if got == at:
                return f"{about}: that is the inner table alone; return the whole plan"
            found = _leaves(got)
            if any("." in str(name) for names in found for name in names):
                return f"{about}: a name with a dot in it was added; go down one table a name"
            if _leaves(plan).keys() - found.keys() - {way}:
                return f"{about}: what stood beside it is gone"
            return about
        got["data"]["dials"]["size"] = "changed"
        if plan != before:
            return f"{path}: the two plans share a table; copy it too"
    return None


@exercise("11.4", correct="what is not seen is not the same as what is not there")
def verdict(learner):
    """Intervals on both sides of 0, narrow and wide ones over it, far off its middle, and edges."""
    for low, high, want in (
        (0.01, 0.05, "first"),
        (-0.08, -0.01, "second"),
        (-0.02, 0.03, "alike"),
        (-0.05, 0.09, "open"),
        (0.01, 0.30, "first"),
        (-0.03, 0.03, "open"),
        (0.0, 0.04, "alike"),
        (-0.04, 0.0, "alike"),
        (0.001, 0.02, "first"),
        (-0.02, 0.20, "open"),
        (-0.02, 0.038, "alike"),
    ):
        got = learner(low, high)
        if got == want:
            continue
        about = f"[{low:g}, {high:g}] is {want!r}, got {got!r}"
        if want == "open" and got == "alike":
            if np.isclose(high - low, 0.06):
                return f"{about}: shorter than .06 is asked for, and this is not shorter"
            return f"{about}: an interval as wide as this holds large differences too"
        if want == "alike" and got == "open":
            return f"{about}: it holds 0 and is shorter than .06"
        if want in ("first", "second"):
            return f"{about}: all of it lies on one side of 0, however wide or narrow it is"
        if got in ("first", "second"):
            return f"{about}: the interval holds 0, wherever its middle is"
        return about
    return None


@exercise("11.5", correct="both kinds of luck are drawn anew, each as a whole")
def redraw(learner):
    """Strangers who differ more than cohorts, then the reverse: no wrong spread fits both."""
    rng = np.random.default_rng(1)
    for K, N, cohorts, strangers in ((8, 50, 0.15, 0.6), (5, 30, 0.6, 0.15)):
        table = rng.normal(0, cohorts, (K, 1)) + rng.normal(0, strangers, (1, N))
        table += rng.normal(0, 0.2, (K, N))
        if wrong := _spread_wrong(learner, table):
            return wrong
    first, same, other = (
        np.asarray(learner(table, np.random.default_rng(seed), 20)) for seed in (3, 3, 4)
    )
    if np.allclose(first, same) and not np.allclose(first, other):
        return None
    return "take every draw from the `rng` that is given, and from no other generator"


def _spread_wrong(learner, table):
    """What is wrong with the mean and the spread of the draws, which have closed forms."""
    K, N = table.shape
    got = np.asarray(learner(table, np.random.default_rng(2), 4000), dtype=float)
    if got.shape != (4000,):
        return f"one mean for each of 4000 draws is expected, got shape {got.shape}"
    of_k, of_n, of_both = table.mean(axis=1).var(), table.mean(axis=0).var(), table.var()
    rest = of_both - of_k - of_n
    want = (of_k / K + of_n / N + rest / (K * N)) ** 0.5
    if abs(got.mean() - table.mean()) > 0.1 * want:  # six standard errors of the 4000
        return f"the draws have mean {got.mean():.3f}, and the table {table.mean():.3f}"
    spread = got.std()
    if np.isclose(spread, want, rtol=0.08):
        return None
    if spread < 1e-9:
        return "all draws are the same: draw with replacement"
    about = f"the draws spread by {spread:.3f}, and {want:.3f} is expected"
    for variance, why in (
        (of_both / (K * N), "cells were drawn one by one; draw rows and columns"),
        (of_both / N, "one cell a column was drawn; take all drawn rows of all drawn columns"),
        (of_k / K + (of_both - of_k) / (K * N), "draw the strangers once for all cohorts"),
        (of_k / K, "only cohorts were drawn; strangers are a sample too"),
        (of_n / N, "only strangers were drawn; cohorts are a sample too"),
        (want**2 * K / (K - 1), "draw as many cohorts as there are, and as many strangers"),
    ):
        if np.isclose(spread, variance**0.5, rtol=0.05):
            return f"{about}: {why}"
    return about
