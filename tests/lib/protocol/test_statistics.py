"""SciPy and a known population are the judges of intervals and tests."""

from fractions import Fraction
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from meps_lib.errors import MepsError
from meps_lib.protocol import permutation_test
from meps_lib.protocol.metrics import rates, score
from meps_lib.protocol.statistics import METRICS, bootstrap_interval

CLASSES = ("a", "b", "c")


def people(n_subjects=24, trials=6, skill=0.6, seed=0, spread=0.2):
    """Predictions of subjects who differ in how well they are read; half show one class only."""
    rng = np.random.default_rng(seed)
    rows = []
    for s in range(n_subjects):
        right = np.clip(skill + spread * rng.standard_normal(), 0, 1)
        for t in range(trials):
            truth = CLASSES[0] if s % 2 else CLASSES[rng.integers(3)]
            hit = rng.random() < right
            guess = truth if hit else rng.choice([c for c in CLASSES if c != truth])
            rows.append((f"s{s:02}", f"{s}_{t}", s, truth, guess))
    return pd.DataFrame(rows, columns=["subject", "clip", "fold", "truth", "prediction"])


def matrices(table):
    parts = [g for _, g in table.groupby("subject")]
    return np.stack([score(g["truth"], g["prediction"], CLASSES).confusion for g in parts])


@pytest.mark.parametrize("metric", METRICS)
def test_the_interval_is_that_of_scipy(metric):
    """The same resampling of whole subjects, written with scipy.stats.bootstrap."""
    table = people()
    counts = matrices(table)

    def statistic(who, axis):
        return getattr(rates(counts[who].sum(axis=axis if axis >= 0 else who.ndim - 1)), metric)

    how = {"vectorized": True, "method": "percentile", "confidence_level": 0.9}
    how |= {"n_resamples": 20_000, "random_state": np.random.default_rng(1)}
    theirs = stats.bootstrap((np.arange(len(counts)),), statistic, **how).confidence_interval
    ours = bootstrap_interval(table, CLASSES, level=0.9, n_resamples=20_000, seed=2).loc[metric]
    # Accuracy moves in steps of one trial, and a quantile may fall on one.
    trial = 1.01 / len(table)
    assert ours["low"] == pytest.approx(theirs.low, abs=trial)
    assert ours["high"] == pytest.approx(theirs.high, abs=trial)
    assert ours["score"] == getattr(score(table["truth"], table["prediction"], CLASSES), metric)


def test_the_seed_decides_and_the_order_of_rows_does_not():
    table = people()
    one = bootstrap_interval(table, CLASSES, seed=3)
    shuffled = table.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(one, bootstrap_interval(shuffled, CLASSES, seed=3))
    assert not one.equals(bootstrap_interval(table, CLASSES, seed=4))


def cohort(n_subjects, seed, trials=8):
    """Subjects who differ in skill; classes of 60, 30 and 10 %; misses go to either other class."""
    rng = np.random.default_rng(seed)
    skill = np.clip(0.6 + 0.2 * rng.standard_normal(n_subjects), 0, 1).repeat(trials)
    truth = rng.choice(3, len(skill), p=[0.6, 0.3, 0.1])
    miss = (truth + rng.integers(1, 3, len(skill))) % 3
    guess = np.where(rng.random(len(skill)) < skill, truth, miss)
    subject = np.arange(n_subjects).repeat(trials)
    return pd.DataFrame({"subject": subject, "truth": truth, "prediction": guess})


def covered(true, n_subjects, n_cohorts, unit="subject"):
    """Share of cohorts whose intervals hold the population's scores, for each score."""
    held = np.zeros((n_cohorts, len(METRICS)))
    for seed in range(n_cohorts):
        drawn = cohort(n_subjects, seed)
        drawn = drawn.assign(subject=drawn.index) if unit == "trial" else drawn
        ends = bootstrap_interval(drawn, CLASSES, n_resamples=400, seed=seed)
        held[seed] = (ends["low"] <= true) & (true <= ends["high"])
    return held.mean(axis=0)


def test_coverage_is_what_the_docstring_says_over_subjects_and_not_over_trials():
    """It falls short with few subjects.

    Resampling trials instead of subjects is the mistake that the function is there to prevent:
    made here on purpose, its intervals are too narrow.
    """
    everyone = cohort(100_000, seed=99)
    everyone = score(everyone["truth"], everyone["prediction"], CLASSES)
    true = [getattr(everyone, m) for m in METRICS]
    for n, low, high in ((8, 0.87, 0.89), (30, 0.93, 0.95)):
        shares = covered(true, n, 600)
        assert (shares >= low - 0.012).all() and (shares <= high + 0.012).all()
    assert covered(true, 30, 150, unit="trial")[0] < 0.85


def test_a_class_that_a_drawn_cohort_lacks_counts_as_zero():
    """Two people of one class each, all right: a cohort of one of them twice has half the F1."""
    table = pd.DataFrame({"subject": [0, 0, 1], "truth": list("aab"), "prediction": list("aab")})
    found = bootstrap_interval(table, ("a", "b"), level=0.8)
    assert found.loc["accuracy"].tolist() == [1, 1, 1]
    assert found.loc["uf1"].tolist() == found.loc["uar"].tolist() == [1, 0.5, 1]


def other_model(table, seed=5, share=0.25):
    """A model that answers some trials anew."""
    rng = np.random.default_rng(seed)
    anew = rng.random(len(table)) < share
    guess = np.where(anew, rng.choice(CLASSES, len(table)), table["prediction"])
    return table.assign(prediction=guess)


def several_models(table, seeds=(5, 6, 7)):
    """The trials of a table, answered by several models."""
    parts = [other_model(table, seed).assign(model=k) for k, seed in enumerate(seeds)]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("metric", METRICS)
def test_a_paired_difference_is_that_of_models_and_subjects_drawn_by_hand(metric):
    """The same draws in plain loops: whoever is drawn twice stands in the table twice."""
    first = several_models(people(9))
    second = several_models(people(9, skill=0.4), (8, 9, 10)).assign(truth=first["truth"])
    found = bootstrap_interval(first, CLASSES, n_resamples=100, seed=3, minus=second).loc[metric]

    def mean_score(table, people_drawn, models_drawn):
        scores = []
        for k in np.repeat(range(3), models_drawn):
            model = table[table["model"] == k]
            drawn = np.repeat(sorted(set(model["subject"])), people_drawn)
            part = pd.concat([model[model["subject"] == s] for s in drawn])
            scores.append(getattr(score(part["truth"], part["prediction"], CLASSES), metric))
        return np.mean(scores)

    rng = np.random.default_rng(3)
    draws = zip(
        rng.multinomial(9, [1 / 9] * 9, 100), rng.multinomial(3, [1 / 3] * 3, 100), strict=True
    )
    drawn = [mean_score(first, *d) - mean_score(second, *d) for d in draws]
    once = ([1] * 9, [1] * 3)
    assert found["score"] == pytest.approx(mean_score(first, *once) - mean_score(second, *once))
    assert found[["low", "high"]].tolist() == pytest.approx(np.quantile(drawn, [0.025, 0.975]))


def test_one_model_is_drawn_as_without_the_column_and_minus_itself_leaves_nothing():
    table = people()
    one = bootstrap_interval(table, CLASSES)
    pd.testing.assert_frame_equal(one, bootstrap_interval(table.assign(model="S1"), CLASSES))
    assert (bootstrap_interval(table, CLASSES, minus=table) == 0).all(axis=None)


def test_models_of_other_trials_are_refused():
    table = several_models(people(5))
    with pytest.raises(MepsError, match="first table only"):
        bootstrap_interval(table[:-1], CLASSES)
    with pytest.raises(MepsError, match="3 models minus 2"):
        bootstrap_interval(table, CLASSES, minus=table[table["model"] < 2])
    with pytest.raises(MepsError, match="column clip"):
        bootstrap_interval(table, CLASSES, minus=table.drop(columns="clip"))
    with pytest.raises(MepsError, match="column model: empty"):
        bootstrap_interval(table.assign(model=np.nan), CLASSES)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("n_subjects", [7, 40])
def test_the_permutation_test_is_that_of_scipy(metric, n_subjects):
    first = people(n_subjects)
    second = other_model(first)
    both = np.concatenate([matrices(first), matrices(second)])

    def difference(x, y, axis):
        axis = axis if axis >= 0 else x.ndim - 1
        one, two = (getattr(rates(both[z].sum(axis=axis)), metric) for z in (x, y))
        return one - two

    numbers = np.arange(n_subjects)
    how = {"permutation_type": "samples", "vectorized": True}
    how |= {"n_resamples": 20_000, "random_state": np.random.default_rng(0)}
    theirs = stats.permutation_test((numbers, n_subjects + numbers), difference, **how)
    ours = permutation_test(first, second, CLASSES, metric, n_permutations=20_000, seed=1)
    assert ours.difference == pytest.approx(theirs.statistic)
    assert ours.exact == (n_subjects == 7)
    assert ours.p == pytest.approx(theirs.pvalue, abs=1e-9 if ours.exact else 0.02)


def test_closed_forms_of_the_permutation_test():
    """One model right, one wrong, on n people: only no swap and all swaps are as extreme."""
    for n in (1, 2, 5, 14):
        right = pd.DataFrame({"subject": [f"s{k}" for k in range(n)], "truth": "a"})
        right = right.assign(clip=right["subject"], prediction="a")
        test = permutation_test(right, right.assign(prediction="b"), CLASSES, "accuracy")
        assert (test.difference, test.p, test.exact) == (1, 2 / 2**n, True)
    # With 15 it is sampled, and p is at least that of the assignment that was seen.
    many = pd.concat(
        [right.assign(subject=right["subject"] + x, clip=right["clip"] + x) for x in "xyz"]
    )
    test = permutation_test(many, many.assign(prediction="b"), CLASSES, "accuracy", 999)
    assert not test.exact and test.p == 1 / 1000
    same = permutation_test(many, many, CLASSES, n_permutations=99)
    assert (same.difference, same.p) == (0, 1)


def exact_uf1(truth, guess):
    """UF1 without rounding."""
    pairs, total = list(zip(truth, guess, strict=True)), Fraction(0)
    for c in CLASSES:
        either = sum(t == c for t, _ in pairs) + sum(g == c for _, g in pairs)
        total += Fraction(2 * pairs.count((c, c)), max(either, 1))
    return total / len(CLASSES)


@pytest.mark.parametrize("seed", range(3))
def test_swaps_by_hand(seed):
    """All 2^4 swaps of the predictions themselves, scored one by one in fractions: ties tie."""
    first = people(4, 5, seed=seed)
    second = other_model(first, seed=6, share=0.6)
    names = first["subject"].unique()

    def difference(swapped):
        there = first["subject"].isin(swapped)
        guesses = [
            x["prediction"].where(~there, y["prediction"])
            for x, y in ((first, second), (second, first))
        ]
        one, two = (exact_uf1(first["truth"], g) for g in guesses)
        return one - two

    subsets = [np.array(names)[list(m)] for m in product([False, True], repeat=4)]
    expected = np.mean([abs(difference(s)) >= abs(difference([])) for s in subsets])
    assert permutation_test(first, second, CLASSES).p == expected


def test_ties_count_as_extreme_although_fractions_do_not_add_up_alike():
    """With classes of one size UAR is a share of hits, and hits are whole numbers that tie."""
    table = pd.DataFrame({"subject": np.arange(5).repeat(6), "truth": list("aabbcc") * 5})
    table = table.assign(clip=table.index)
    wrong = table["truth"].map({"a": "b", "b": "c", "c": "a"})
    for seed in range(60):  # of which 19 come out otherwise if ties are left to rounding
        rng = np.random.default_rng(seed)
        hits = rng.random((2, 30)) < 0.6
        models = [table.assign(prediction=table["truth"].where(h, wrong)) for h in hits]
        right = [(m["prediction"] == m["truth"]).groupby(m["subject"]).sum() for m in models]
        gain = (right[0] - right[1]).to_numpy()
        swaps = np.array(list(product([-1, 1], repeat=5)))
        p = np.mean(np.abs(swaps @ gain) >= abs(gain.sum()))
        assert permutation_test(*models, CLASSES, "uar").p == p


def test_the_order_of_trials_does_not_matter_but_the_trials_do():
    first = people(20)
    second = other_model(first)
    test = permutation_test(first, second, CLASSES, n_permutations=200)
    assert permutation_test(first, second[::-1], CLASSES, n_permutations=200) == test
    with pytest.raises(MepsError, match=r"clip '0_0' of 's00', truth .* first table only \(1 such"):
        permutation_test(first, second[1:], CLASSES)
    relabelled = second.assign(truth=second["truth"].where(second["clip"] != "3_2", "c"))
    with pytest.raises(MepsError, match=r"clip '3_2'"):
        permutation_test(first, relabelled, CLASSES)
    with pytest.raises(MepsError, match="clip '0_0' of 's00' is predicted twice"):
        permutation_test(first, pd.concat([second, second[:1]]), CLASSES)
    numbers = second.assign(subject=second["fold"])
    with pytest.raises(MepsError, match=r"of 's00', truth .* first table only \(120 such"):
        permutation_test(first, numbers, CLASSES)


def test_under_no_difference_p_is_uniform():
    """Two models of equal skill: a share of alpha of the tests is below alpha, for every alpha.

    With UF1 and 12 people few swaps tie, so the steps of p are too small to matter.
    """
    found = []
    for seed in range(300):
        first = people(12, 6, seed=seed)
        rng = np.random.default_rng(1000 + seed)
        again = np.where(rng.random(72) < 0.6, first["truth"], rng.choice(CLASSES, 72))
        coin = np.random.default_rng(seed).random(len(first)) < 0.5
        one = first.assign(prediction=np.where(coin, first["prediction"], again))
        two = first.assign(prediction=np.where(coin, again, first["prediction"]))
        found.append(permutation_test(one, two, CLASSES, "uf1").p)
    assert stats.kstest(found, "uniform").pvalue > 0.05
    assert np.mean(np.array(found) <= 0.2) == pytest.approx(0.2, abs=0.05)  # noise .023
