"""SciPy and a known population are the judges of intervals and tests."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from meps_lib.errors import MepsError
from meps_lib.metrics import rates, score, score_by_set
from meps_lib.statistics import (
    METRICS,
    bootstrap_interval,
    majority,
    permutation_test,
    summary,
)

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

    theirs = stats.bootstrap(
        (np.arange(len(counts)),), statistic, vectorized=True, method="percentile",
        n_resamples=20_000, confidence_level=0.9, random_state=np.random.default_rng(1),
    ).confidence_interval  # fmt: skip
    ours = bootstrap_interval(table, CLASSES, level=0.9, n_resamples=20_000, seed=2).loc[metric]
    trial = 1.01 / len(
        table
    )  # accuracy moves in steps of one trial, and a quantile may fall on one
    assert ours["low"] == pytest.approx(theirs.low, abs=trial)
    assert ours["high"] == pytest.approx(theirs.high, abs=trial)
    assert ours["score"] == getattr(score(table["truth"], table["prediction"], CLASSES), metric)


def test_the_seed_decides_and_the_order_of_rows_does_not():
    table = people()
    one = bootstrap_interval(table, CLASSES, seed=3)
    shuffled = table.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(one, bootstrap_interval(shuffled, CLASSES, seed=3))
    assert not one.equals(bootstrap_interval(table, CLASSES, seed=4))


def test_coverage_over_subjects_and_not_over_trials():
    """Of 300 cohorts of 30 people, how many intervals hold the accuracy of the population?

    Resampling trials instead of subjects is the mistake that the function is there to prevent:
    made here on purpose, its intervals are too narrow.
    """
    true = np.clip(0.6 + 0.3 * np.random.default_rng(9).standard_normal(200_000), 0, 1).mean()
    held = {"subjects": 0, "trials": 0}
    for seed in range(300):
        table = people(30, 8, seed=seed, spread=0.3)
        for unit in held:
            drawn = table if unit == "subjects" else table.assign(subject=table["clip"])
            ends = bootstrap_interval(drawn, CLASSES, n_resamples=400, seed=seed).loc["accuracy"]
            held[unit] += ends["low"] <= true <= ends["high"]
    # Binomial noise of 300 at .95 is about .013; percentile intervals of 30 run a little short.
    assert 0.90 <= held["subjects"] / 300 <= 0.98
    assert held["trials"] / 300 < 0.85


def other_model(table, seed=5, share=0.25):
    """A model that answers some trials anew."""
    rng = np.random.default_rng(seed)
    anew = rng.random(len(table)) < share
    guess = np.where(anew, rng.choice(CLASSES, len(table)), table["prediction"])
    return table.assign(prediction=guess)


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
    theirs = stats.permutation_test(
        (numbers, n_subjects + numbers), difference, permutation_type="samples", vectorized=True,
        n_resamples=20_000, random_state=np.random.default_rng(0),
    )  # fmt: skip
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


def test_swaps_by_hand():
    """All 2^4 swaps of the predictions themselves, scored one by one."""
    first = people(4, 5, seed=3)
    second = other_model(first, seed=6, share=0.6)
    names = first["subject"].unique()

    def difference(swapped):
        there = first["subject"].isin(swapped)
        guesses = [
            x["prediction"].where(~there, y["prediction"])
            for x, y in ((first, second), (second, first))
        ]
        one, two = (score(first["truth"], g, CLASSES).uf1 for g in guesses)
        return one - two

    subsets = [np.array(names)[list(m)] for m in product([False, True], repeat=4)]
    all_of_them = np.abs([difference(s) for s in subsets])
    expected = np.mean(all_of_them >= abs(difference([])) - 1e-12)
    assert permutation_test(first, second, CLASSES).p == expected


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
    with pytest.raises(MepsError, match="clip '0_0' is predicted twice"):
        permutation_test(first, pd.concat([second, second[:1]]), CLASSES)


def test_under_no_difference_p_is_uniform():
    """Two models of equal skill: a share of about alpha of the tests is below alpha."""
    small = 0
    for seed in range(200):
        first = people(10, 4, seed=seed)
        again = people(10, 4, seed=1000 + seed)["prediction"].to_numpy()
        coin = np.random.default_rng(seed).random(len(first)) < 0.5
        one = first.assign(prediction=np.where(coin, first["prediction"], again))
        two = first.assign(prediction=np.where(coin, again, first["prediction"]))
        small += permutation_test(one, two, CLASSES, "accuracy").p <= 0.2
    assert small / 200 == pytest.approx(0.2, abs=0.09) or small / 200 < 0.2  # ties make it careful
    assert small > 0


def test_majority_floor_is_that_of_the_other_folds():
    folds = [0] * 4 + [1] * 2 + [2]
    table = pd.DataFrame({"fold": folds, "seed": 0, "truth": list("aaaa") + list("bb") + ["b"]})
    # Fold 0 is tested with the class of the rest, "b", and is wrong four times; folds 1
    # and 2 are answered "a" and wrong three times.
    assert majority(table, ("a", "b")).accuracy == 0
    # What the run says the folds were trained on goes before what can be guessed from it.
    assert majority(table.assign(majority="b"), ("a", "b")).accuracy == 3 / 7
    with pytest.raises(MepsError, match="one fold and no column majority"):
        majority(table[table["fold"] == 0], ("a", "b"))


def test_the_summary_says_each_seed_and_set_with_interval_and_floor():
    one = people().assign(seed=0)
    table = pd.concat([one, other_model(one).assign(seed=1)], ignore_index=True)
    lines = summary(table, CLASSES).splitlines()
    assert [x.split("accuracy")[0].split() for x in lines] == [
        ["seed", "0"], ["majority"], ["seed", "1"], ["majority"],
    ]  # fmt: skip
    s, ends = score(one["truth"], one["prediction"], CLASSES), bootstrap_interval(one, CLASSES)
    assert f"UF1 {s.uf1:.3f} [{ends.low['uf1']:.3f}, {ends.high['uf1']:.3f}]" in lines[0]
    assert "n=144 of 24 subjects" in lines[0]
    assert f"UAR {majority(one, CLASSES).uar:.3f} " in lines[1]

    sets = one.assign(data_set=np.where(one["subject"] < "s06", "samm", "smic"))
    lines = summary(sets, CLASSES).splitlines()
    assert [x.split("accuracy")[0].split()[-1] for x in lines] == [
        "0", "majority", "samm", "samm", "smic", "smic",
    ]  # fmt: skip
    assert f"UF1 {score_by_set(sets, CLASSES)['samm'].uf1:.3f} [" in lines[2]
    assert summary(one.assign(data_set="samm"), CLASSES) == summary(one, CLASSES)


def test_one_test_subject_has_no_interval():
    one = people(1).assign(seed=0, majority="a")
    line = summary(one, CLASSES).splitlines()[0]
    assert "[" not in line and "of 1 subjects" in line
    with pytest.raises(MepsError, match="1 subject; expected two or more"):
        bootstrap_interval(one, CLASSES)


def test_bad_arguments_are_refused():
    table = people()
    for bad in ({"level": 1.0}, {"level": 0.0}, {"n_resamples": 10}):
        with pytest.raises(MepsError, match=next(iter(bad))):
            bootstrap_interval(table, CLASSES, **bad)
    for bad in ({"metric": "f2"}, {"n_permutations": 0}):
        with pytest.raises(MepsError, match=next(iter(bad))):
            permutation_test(table, table, CLASSES, **bad)
    with pytest.raises(MepsError, match="no column subject"):
        bootstrap_interval(table.drop(columns="subject"), CLASSES)
    with pytest.raises(MepsError, match="seeds 0, 1"):
        bootstrap_interval(pd.concat([table.assign(seed=s) for s in (0, 1)]), CLASSES)
    with pytest.raises(MepsError, match="no column seed"):
        summary(table, CLASSES)
