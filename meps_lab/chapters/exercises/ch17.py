"""Checks of chapter 17: people for a length, two plans, a verdict in two words, seeds or people."""

import math

import numpy as np
from scipy.stats import norm, t

from meps_lab.chapters.exercises.checking import exercise


@exercise("17.1", correct="half the length takes four times as many people")
def people_needed(learner):
    """Shorter, longer, exact and rounded lengths."""
    cases = ((0.2, 30, 0.1), (0.2, 30, 0.06), (0.3, 12, 0.3), (0.39, 12, 0.1), (0.2, 30, 0.16))
    for length, people, wanted in (*cases, (0.20013, 30, 0.2), (0.1, 30, 0.2), (0.1, 12, 0.9)):
        exact = people * (length / wanted) ** 2
        want = max(2, math.ceil(exact - 1e-9))
        got = learner(length, people, wanted)
        if got == want:
            continue
        case = f"{people} people, {length:g} long, {wanted:g} wanted: expected {want}, got {got}"
        if want == 2 and got < 2:
            return f"{case}; fewer than two people have no interval"
        slips = {
            "the length falls with the root, so the ratio is squared": people * length / wanted,
            "a shorter interval takes more people": people * (wanted / length) ** 2,
            "take the square, not the root": people * (length / wanted) ** 0.5,
        }
        if math.isclose(got, exact):
            return f"{case}; a part of a person does not take part"
        if math.isclose(exact, want) and got == want + 1:
            return f"{case}; what is whole already is not rounded up"
        if got in (math.floor(exact), round(exact)):
            return f"{case}; round up, or the interval is a little too long"
        for hint, slip in slips.items():
            if got in (slip, math.ceil(slip), math.floor(slip), round(slip)):
                return f"{case}; {hint}"
        if wanted > length and got > want:
            return f"{case}; a longer interval needs fewer people"
        return f"{case}; how often must the number of people be doubled to halve the length?"
    return None


_PLANS = (
    ({"seeds": [0, 1]}, {"seeds": [0, 1]}, []),
    ({"train": {"epochs": 5}}, {"train": {"epochs": 8}}, ["train.epochs"]),
    ({"seeds": [0, 1], "folds": 5}, {"seeds": [0, 2], "folds": 5}, ["seeds"]),
    ({"a": {"x": 1}}, {"a": {"x": 1, "y": 2}}, ["a.y"]),
    ({"a": {"x": 1, "y": 2}}, {"a": {"x": 1}}, ["a.y"]),
    ({"a": {"b": {"x": 1, "y": 2}}}, {"a": {"b": {"x": 1, "y": 3}}}, ["a.b.y"]),
    ({"a": {}, "b": 1}, {"a": {"y": 2, "x": 1}, "b": 1}, ["a.x", "a.y"]),
    ({"rate": None, "keep": 0}, {"keep": 0}, ["rate"]),
    ({"rate": 1}, {"rate": 1, "clip": None}, ["clip"]),
    ({"b": 1}, {"b": 1, "a": {"x": 1}}, ["a", "a.x"]),
    ({"b": 1, "a": {"x": 1}}, {"b": 1}, ["a", "a.x"]),
    ({"a": {}}, {"a": {"b": {"c": 1}}}, ["a.b", "a.b.c"]),
    ({"variants": {"one": {}}}, {"variants": {"one": {}, "third": {}}}, ["variants.third"]),
    ({"variants": {"one": {}, "third": {}}}, {"variants": {"one": {}}}, ["variants.third"]),
    ({"a": 1}, {"a": {"y": 2}}, ["a", "a.y"]),
    ({"a": {"y": 2}}, {"a": 1}, ["a", "a.y"]),
    ({"seeds": [0, 1]}, {"seeds": [1, 0]}, ["seeds"]),
    ({"epochs": 5}, {"epochs": "5"}, ["epochs"]),
    ({"z": 1, "b": {"y": 1, "a": 1}}, {"z": 2, "b": {"y": 2, "a": 2}}, ["b.a", "b.y", "z"]),
)


@exercise("17.2", correct="what was registered and what was run can be held side by side")
def deviations(learner):
    """Changed, missing on either side, None, deep, tables in one alone, order and type."""
    for plan, done, want in _PLANS:
        given = _copy(plan), _copy(done)
        got = learner(*given)
        case = f"{plan} and {done}"
        if not isinstance(got, list | tuple):
            return f"{case}: a list of paths is expected, got {got!r}"
        got = list(got)
        if given != (plan, done):
            return f"{case}: leave both plans as they are; make a table of your own"
        if got == want:
            continue
        case = f"{case}: expected {want}, got {got}"
        if got and sorted(map(str, got)) == want:
            return f"{case}; put them in order with sorted"
        if got and got == sorted({path.partition(".")[0] for path in want}):
            return f"{case}; go into the tables: a path names the setting, with dots between"
        if got and got == [path.rpartition(".")[2] for path in want]:
            return f"{case}; the whole path: two tables may have a setting of one name"
        if missing := set(want) - set(map(str, got)):
            path = min(missing)
            if None in (plan.get(path, 0), done.get(path, 0)):
                return f"{case}; a setting that is None and one that is not there differ"
            if any(path.startswith(f"{name}.") for name in got):
                return f"{case}; tables stand in tables, to any depth"
            values = [_at(table, path) for table in (plan, done)]
            if any(isinstance(value, dict) for value in values):
                return f"{case}; {path} is a table that stands in one alone: it is a setting too"
            if all(isinstance(value, list) for value in values):
                return f"{case}; a list in another order is another list"
            if str(values[0]) == str(values[1]):
                return f"{case}; compare the values of {path} as they are, not as text"
            return f"{case}; {path} differs; look at the settings of both, not of one"
        return f"{case}; {got[0]!r} is the same in both, or is no setting"
    return None


def _at(table: dict, path: str) -> object:
    """What stands at a path, or "missing"."""
    for name in path.split("."):
        table = table.get(name, "missing") if isinstance(table, dict) else "missing"
    return table


def _copy(table: dict) -> dict:
    return {
        k: _copy(v) if isinstance(v, dict) else v[:] if isinstance(v, list) else v
        for k, v in table.items()
    }


_VERDICTS = {
    (-0.3, 0.1): ("open", "open"),
    (0.01, 0.2): ("more", "open"),
    (-0.2, -0.01): ("less", "open"),
    (0.07, 0.12): ("more", "matters"),
    (-0.12, -0.07): ("less", "matters"),
    (-0.02, 0.03): ("open", "too small"),
    (0.01, 0.03): ("more", "too small"),
    (-0.03, -0.01): ("less", "too small"),
    (-0.01, 0.2): ("open", "open"),
    (-0.3, 0.01): ("open", "open"),
    (0.0, 0.1): ("open", "open"),
    (-0.1, 0.0): ("open", "open"),
    (0.05, 0.2): ("more", "open"),
    (-0.2, -0.05): ("less", "open"),
    (0.01, 0.05): ("more", "open"),
    (-0.05, -0.01): ("less", "open"),
}


@exercise("17.3", correct="the side and the size are two questions, and one may be open alone")
def verdict(learner):
    """Intervals on both sides of 0 and of both edges, for two smallest differences."""
    for scale in (1.0, 2.0):
        matters = 0.05 * scale
        for ends, want in _VERDICTS.items():
            low, high = (x * scale for x in ends)
            got = learner(low, high, matters)
            case = f"from {low:+.2f} to {high:+.2f}, {matters:g} matters"
            if not isinstance(got, tuple | list) or len(got) != 2:
                return f"{case}: two words are expected, got {got!r}"
            if tuple(got) == want:
                continue
            case = f"{case}: expected {want}, got {tuple(got)}"
            if got[0] in ("matters", "too small") or got[1] in ("more", "less"):
                return f"{case}; the side first, then the size"
            if got[0] != want[0]:
                if want[0] == "open":
                    return f"{case}; an interval that holds 0 does not tell the side"
                return f"{case}; the whole interval lies on one side of 0"
            if want[1] == "open" and matters in (abs(low), abs(high)) and got[1] != "open":
                return f"{case}; an end on the edge is neither beyond it nor inside"
            if want[1] == "open":
                why = "its middle does not count" if got[1] == "matters" else "part of it is larger"
                return f"{case}; an interval that crosses an edge leaves the size open: {why}"
            if want[1] == "too small":
                return f"{case}; all of it is smaller than what matters, whatever its side"
            return f"{case}; all of it is as large as what matters; look below 0 as well"
    return None


@exercise("17.4", correct="more seeds are no more people")
def half_width(learner):
    """One seed, several, and many; people who differ much and little."""
    rng = np.random.default_rng(174)
    for seeds, people, spread in ((2, 12, 0.2), (1, 12, 0.2), (5, 30, 0.3), (50, 4, 0.1)):
        own = 0.5 + spread * rng.normal(size=people)
        right = (own + 0.1 * rng.normal(size=(seeds, people))).clip(0, 1)
        mean = right.mean(axis=0)
        want = 1.96 * mean.std(ddof=1) / people**0.5
        got = learner(right.copy())
        if np.ndim(got):
            return f"one number is expected, got an array of shape {np.shape(got)}"
        if np.isclose(got, want):
            continue
        case = f"{seeds} seeds, {people} people: expected {want:.6f}, got {got:.6f}"
        each = right.std(axis=1, ddof=1).mean()
        slips = {
            "seeds are no people: take the mean over seeds first": (
                1.96 * right.std(ddof=1) / right.size**0.5
            ),
            "after the mean over seeds there are as many values as people": (
                1.96 * mean.std(ddof=1) / right.size**0.5
            ),
            "the mean over seeds comes before the spread": 1.96 * each / people**0.5,
            "of few people take the standard deviation with ddof=1": (
                1.96 * mean.std() / people**0.5
            ),
            "half of the length": 2 * want,
            "divide by the root of the number of people": 1.96 * mean.std(ddof=1),
            "times 1.96": want / 1.96,
            "take 1.96, as told": want / 1.96 * norm.ppf(0.975),
            "take 1.96, as told, and no quantile of t": want / 1.96 * t.ppf(0.975, people - 1),
            "all seeds count: take their mean": 1.96 * right[0].std(ddof=1) / people**0.5,
            "take the mean over seeds, not the median": (
                1.96 * np.median(right, axis=0).std(ddof=1) / people**0.5
            ),
        }
        if seeds > 1:
            of_seeds = right.mean(axis=1).std(ddof=1) / seeds**0.5
            slips["that is the luck of seeds; the question is about people"] = 1.96 * of_seeds
        for hint, slip in slips.items():
            if np.isclose(got, slip):
                return f"{case}; {hint}"
        return f"{case}; a value a person, their spread, and the root of how many they are"
    return None
