"""Checks of chapter 12: judges of maps, controls, the way of a gradient, deletion, shares."""

from itertools import permutations

import numpy as np

from meps_lab.chapters.exercises.checking import exercise
from meps_lab.judging import relevance_mass, relevance_rank

_MASK = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0]], dtype=bool)
_MAPS = (
    np.array([[9.0, 1, 0], [3, 1, 2], [0, 4, 0]]),
    np.array([[-5.0, 2, 1], [4, -1, 3], [0, 0, 6]]),  # what speaks against is no relevance
    np.array([[0.2, 0.3, 0.1], [0.5, 0.4, 0.7], [0.8, 0.9, 0.6]]),
)


@exercise("12.1", correct="what is positive in the map, inside the mask and over all")
def mass(learner):
    """The library's relevance mass, with negative cells, on masks of two sizes."""
    for mask in (_MASK, np.eye(3, dtype=bool), np.arange(9).reshape(3, 3) > 7):
        for relevance in _MAPS:
            got, want = (
                float(learner(relevance.copy(), mask.copy())),
                relevance_mass(relevance, mask),
            )
            if np.isclose(got, want, atol=1e-9):
                continue
            if np.isclose(got, np.abs(relevance)[mask].sum() / np.abs(relevance).sum()):
                return "a cell that speaks against is no relevance: set what is negative to 0"
            if np.isclose(got, relevance[mask].sum() / relevance.sum()):
                return "negative cells cancel positive ones in your sums: set them to 0 first"
            return (
                f"map {relevance.tolist()}, mask {mask.astype(int).tolist()}: the share of the "
                f"relevance inside is {want:.4f}, got {got:.4f}"
            )
    return None


@exercise("12.2", correct="as many cells as the truth has, the most relevant first")
def rank(learner):
    """The library's relevance rank on maps without equal cells; and a scale, which is nothing."""
    masks = (_MASK, np.eye(3, dtype=bool), np.arange(9).reshape(3, 3) > 3)
    pairs = [(r, m) for m in masks for r in (_MAPS[2], _MAPS[2][::-1], 100 * _MAPS[2].T)]
    # Here the last cell that counts is true: who counts one too few misses it.
    pairs.append((_MAPS[2], np.array([[0, 0, 0], [0, 0, 1], [1, 0, 0]], dtype=bool)))
    got = np.array([float(learner(r.copy(), m.copy())) for r, m in pairs])
    want = np.array([relevance_rank(r, m) for r, m in pairs])
    if np.allclose(got, want, atol=1e-9):
        return None
    if np.allclose(got, [relevance_rank(-r + r.max(), m) for r, m in pairs]):
        return "those are the least relevant cells: sort the other way"
    if np.allclose(got, [m.flat[r.argmax()] for r, m in pairs]):
        return "one cell alone is the pointing game: take as many as the mask has"
    k = int(np.argmax(~np.isclose(got, want, atol=1e-9)))
    (relevance, mask), n = pairs[k], int(pairs[k][1].sum())
    return (
        f"map {relevance.tolist()}, mask {mask.astype(int).tolist()}: of the {n} most relevant "
        f"cells {want[k]:.2f} lie inside, got {got[k]:.4f}"
    )


@exercise("12.3", correct="everything once, nobody their own: the map of somebody else")
def exchange(learner):
    """Each trial's map comes from another subject, and each map goes once."""
    for subjects in map(list, ("aabbcc", "abcabc", "aaabbbccc", "abcd", "abbbca")):
        n = len(subjects)
        maps = np.arange(n, dtype=float)[:, None, None] * np.ones((1, 2, 2))
        got = np.asarray(learner(maps.copy(), list(subjects)), dtype=float)
        if got.shape != maps.shape:
            return f"{n} maps of 2 x 2 should come back, got {got.shape}"
        source = got[:, 0, 0].astype(int).tolist()
        if sorted(source) != list(range(n)):
            return "each map goes to one trial: none twice, none lost"
        same = [k for k, j in enumerate(source) if subjects[k] == subjects[j]]
        if same:
            return (
                f"subjects {''.join(subjects)}: trial {same[0]} got a map of its own subject: "
                "faces of one person look alike, so no trial may end at another of its person; "
                "mind that one may have more trials than the others, and not all together"
            )
    return None


_GRADIENTS = (
    lambda x: np.array([3.0, -1.0]),  # of 3 x0 - x1
    lambda x: np.array([x[1], x[0]]),  # of x0 x1
    lambda x: np.array([2 * x[0], 3 * x[1] ** 2]),  # of x0^2 + x1^3
)


def _ways(gradient, x, base, steps) -> dict[str, np.ndarray]:
    """The parts under "", and as plausible mistakes give them under what is to be said of each."""

    def mean(places, start=base, weights=None):
        found = [gradient(start + a * (x - start)) for a in places]
        return np.average(found, axis=0, weights=weights)

    went, middles, ends = x - base, (np.arange(steps) + 0.5) / steps, np.arange(steps + 1) / steps
    trapezoid = np.r_[0.5, np.ones(steps - 1), 0.5]
    return {
        "": went * mean(middles),
        "that is the gradient at the end alone: take its mean on the way": went * gradient(x),
        "that is the mean gradient: times how far each input went, x - baseline": mean(middles),
        "the way is right, the factor is not: each input went x - baseline": x * mean(middles),
        "the way starts at the baseline, which is not 0 here": x * mean(middles, 0 * base),
        "the sign: each input went from the baseline to x": -went * mean(middles),
        "that is the sum over the steps: take the mean": steps * went * mean(middles),
        "that is where each step begins: take its middle": went * mean(ends[:-1]),
        "that is where each step ends: take its middle": went * mean(ends[1:]),
        "from end to end: take the middle of each step": went * mean(np.linspace(0, 1, steps)),
        "the trapezoid rule takes ends: take the middles": went * mean(ends, weights=trapezoid),
    }


@exercise("12.4", correct="the parts sum to f(x) - f(baseline): nothing is left over")
def on_the_way(learner):
    """Three functions whose gradient is known, in two steps, where the places show, and in 200."""
    x, base = np.array([2.0, 3.0]), np.array([-1.0, 1.0])
    calls = [(gradient, steps) for steps in (2, 200) for gradient in _GRADIENTS]
    found = [np.asarray(learner(g, x.copy(), base.copy(), n), dtype=float) for g, n in calls]
    for got in found:
        if got.shape != (2,):
            return f"one part an input is expected, two here, got {got.shape}"
    ways = [_ways(g, x, base, n) for g, n in calls]
    for why in ways[0]:
        if np.allclose(found, [parts[why] for parts in ways]):
            return why or None
    if np.allclose(found[:3], found[3:]):
        return "two steps give what 200 give: take as many as `steps` says"
    for (_, steps), parts, got in zip(calls, ways, found, strict=True):
        if not np.allclose(got, parts[""]):
            want = parts[""].round(2)
            return f"with {steps} steps the parts should be {want}, got {got.round(2)}"
    return None


def _seen(x: np.ndarray) -> float:
    return float(1 / (1 + np.exp(-(4 * x[0] + 2 * x[1] + x[2] - 3))))


def _areas(x, base, order) -> tuple[float, float]:
    """Area under the deletion curve in an order, and the plain mean of its points."""
    now, curve = x.copy(), [_seen(x)]
    for k in order:
        now[k] = base[k]
        curve.append(_seen(now))
    return np.trapezoid(curve, dx=1 / len(x)), np.mean(curve)


@exercise("12.5", correct="the mean of the curve while the most relevant goes first")
def deletion(learner):
    """A logistic function of three inputs, in several orders, done step by step."""
    x, base = np.array([1.0, 1.0, 1.0]), np.array([0.0, 0.5, 0.0])
    # The fourth order is not its own inverse; the last holds an input that speaks against.
    for relevance in ([4, 2, 1], [1, 2, 4], [2, 4, 1], [2, 1, 4], [1, -3, 2]):
        relevance = np.array(relevance, dtype=float)
        order = np.argsort(-relevance)
        asked = []

        def f(x, asked=asked):
            asked.append(np.array(x, dtype=float))
            return _seen(x)

        got = float(learner(f, x.copy(), base.copy(), relevance.copy()))
        want, plain = _areas(x, base, order)
        if np.isclose(got, want, atol=1e-9):
            continue
        if asked and np.allclose(asked[0], base):
            return "your curve begins with the baseline: deletion begins with x itself"
        for other, why in (
            (order[::-1], "the least relevant went first: deletion begins with the most relevant"),
            (np.argsort(-np.abs(relevance)), "what is negative is the least relevant of all"),
            (np.argsort(order), "each input's rank was taken for the order in which they go"),
        ):
            if np.isclose(got, _areas(x, base, other)[0], atol=1e-9):
                return why
        if np.isclose(got, plain, atol=1e-9):
            return "that is the mean of the points: the ends count by half, as in a trapezoid"
        return f"relevance {relevance.tolist()}: the area is {want:.4f}, got {got:.4f}"
    return None


_GAMES = (
    {"": 0.33, "c": 0.6, "d": 0.5, "p": 0.4, "cd": 0.65, "cp": 0.8, "dp": 0.6, "cdp": 0.9},
    {"": 0, "c": 1, "d": 1, "p": 0, "cd": 1, "cp": 1, "dp": 1, "cdp": 1},
    {"": 0, "a": 1, "b": 3, "ab": 6},
)


@exercise("12.6", correct="the mean of what is added, over all orders of arrival")
def shapley(learner):
    """All orders written out, for three modalities and for two."""
    for game in _GAMES:
        value = {frozenset(names): worth for names, worth in game.items()}
        players = sorted(max(value, key=len))
        orders = list(permutations(players))
        want = dict.fromkeys(players, 0.0)
        for order in orders:
            for k, name in enumerate(order):
                step = value[frozenset(order[: k + 1])] - value[frozenset(order[:k])]
                want[name] += step / len(orders)
        got = learner(dict(value), list(players))
        if not isinstance(got, dict) or set(got) != set(players):
            return f"a dictionary with {', '.join(players)} is expected, got {got!r}"
        if all(np.isclose(got[name], want[name], atol=1e-9) for name in players):
            continue
        whole = frozenset(players)
        for other, why in (
            (
                {p: value[frozenset([p])] - value[frozenset()] for p in players},
                "that is what each adds when it comes first: take all orders of arrival",
            ),
            (
                {p: value[whole] - value[whole - {p}] for p in players},
                "that is what each adds when it comes last: take all orders of arrival",
            ),
            (
                {
                    p: np.mean([value[s | {p}] - value[s] for s in value if p not in s])
                    for p in players
                },
                "all subsets count alike in your mean: in the orders of arrival a player comes "
                "first or last more often than after one certain other",
            ),
        ):
            if all(np.isclose(got[name], other[name]) for name in players):
                return why
        told = {name: round(float(worth), 4) for name, worth in want.items()}
        return f"the values are {told}, got {got}"
    return None
