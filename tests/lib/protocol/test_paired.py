"""SciPy, the test for single models, and pairs of equal systems judge the paired comparison."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from meps_lib.errors import MepsError
from meps_lib.protocol import bootstrap_interval, paired_comparison, permutation_test
from meps_lib.protocol.metrics import rates, score
from meps_lib.protocol.statistics import METRICS

CLASSES = ("a", "b", "c")
FAST = {"n_resamples": 100}


def answers(skills, trials=6, seed=0, models=1):
    """Predictions of a system that reads each subject with its own skill; truth is always one."""
    rng, rows = np.random.default_rng(seed), []
    for model in range(models):
        for s, skill in enumerate(skills):
            for t in range(trials):
                truth = CLASSES[(s + t) % 3]
                guess = truth if rng.random() < skill else CLASSES[(s + t + 1) % 3]
                rows.append((f"s{s:02}", f"{s}_{t}", model, truth, guess))
    return pd.DataFrame(rows, columns=["subject", "clip", "model", "truth", "prediction"])


def matrices(table):
    """(S, M, K, K)."""
    return np.array(
        [
            [score(t["truth"], t["prediction"], CLASSES).confusion for _, t in own.groupby("model")]
            for _, own in table.groupby("subject")
        ]
    )


@pytest.mark.parametrize("models", [1, 3])
def test_the_p_is_that_of_scipy(models):
    """All ways to exchange pairs, the pair being what two systems say of one subject."""
    a, b = answers([0.8] * 7, seed=1, models=models), answers([0.5] * 7, seed=2, models=models)
    found = paired_comparison(a, b, CLASSES, **FAST)
    pool = np.concatenate([matrices(a), matrices(b)])
    for metric in METRICS:

        def statistic(x, y, metric=metric):
            one, two = (getattr(rates(pool[i].sum(axis=0)), metric).mean() for i in (x, y))
            return one - two

        how = {"permutation_type": "samples", "n_resamples": np.inf, "vectorized": False}
        theirs = stats.permutation_test((np.arange(7), np.arange(7, 14)), statistic, **how)
        assert found.scores.loc[metric, "p"] == pytest.approx(theirs.pvalue, abs=1e-12)
        assert found.scores.loc[metric, "difference"] == pytest.approx(theirs.statistic, abs=1e-12)
    assert found.exact and found.n_subjects == 7


def test_accuracy_is_a_mean_of_paired_differences():
    a, b = answers([0.8] * 9, seed=3), answers([0.55] * 9, seed=4)
    hits = [(t["truth"] == t["prediction"]).groupby(t["subject"]).mean() for t in (a, b)]
    how = {"permutation_type": "samples", "n_resamples": np.inf}
    theirs = stats.permutation_test(hits, lambda x, y, axis: np.mean(x - y, axis=axis), **how)
    ours = paired_comparison(a, b, CLASSES, **FAST).scores.loc["accuracy"]
    assert ours["p"] == pytest.approx(theirs.pvalue, abs=1e-12)


def test_of_one_model_each_it_is_the_permutation_test_and_the_paired_interval():
    a, b = (answers([skill] * 10, seed=5).drop(columns="model") for skill in (0.75, 0.5))
    found = paired_comparison(a, b, CLASSES)
    for metric in METRICS:
        alone = permutation_test(a, b, CLASSES, metric)
        assert found.scores.loc[metric, "p"] == alone.p
        assert found.scores.loc[metric, "difference"] == pytest.approx(alone.difference)
        first, second = found.scores.loc[metric, ["first", "second"]]
        assert first == getattr(score(a["truth"], a["prediction"], CLASSES), metric)
        assert second == getattr(score(b["truth"], b["prediction"], CLASSES), metric)
    ends = bootstrap_interval(a, CLASSES, minus=b)
    pd.testing.assert_frame_equal(found.scores[["low", "high"]], ends[["low", "high"]])


def test_of_many_subjects_a_sample_of_swaps_comes_near():
    a, b = answers([0.7] * 20, seed=6), answers([0.6] * 20, seed=7)
    found = paired_comparison(a, b, CLASSES, n_permutations=4999, **FAST)
    assert not found.exact and found.n_differ > 14
    for metric in METRICS:
        other = permutation_test(
            *(t.drop(columns="model") for t in (a, b)), CLASSES, metric, 20_000
        )
        assert found.scores.loc[metric, "p"] == pytest.approx(other.p, abs=0.03)
    far = answers([1] * 20), answers([0] * 20)
    one = paired_comparison(*far, CLASSES, n_permutations=1, **FAST).scores["p"]
    assert (one == 0.5).all(), "what was seen is one of those counted"


def test_trials_of_a_subject_move_together():
    """However many trials say so, three people are three: 2 of 8 swaps are as extreme."""
    found = paired_comparison(answers([1] * 3, 20), answers([0] * 3, 20), CLASSES, **FAST)
    assert (found.scores["p"] == 0.25).all() and found.smallest_p == 0.25
    assert (found.scores["difference"] == found.scores["first"]).all()


def test_all_seeds_of_a_subject_move_together():
    """Were models swapped on their own there would be 2^6 swaps, and p = 2 / 64."""
    a, b = answers([1] * 3, models=2), answers([0] * 3, models=2)
    assert (paired_comparison(a, b, CLASSES, **FAST).scores["p"] == 0.25).all()


def test_equal_systems_are_told_apart_as_often_as_was_said():
    """Each reads some people well and others badly, by chance; on the whole they are equal."""
    p, singly = [], []
    for k in range(200):
        skills = np.random.default_rng(k).uniform(0.1, 0.9, (2, 9))
        a, b = (answers(own, 8, seed=(k, i)) for i, own in enumerate(skills))
        p.append(paired_comparison(a, b, CLASSES, **FAST).scores.loc["uf1", "p"])
        if k < 30:  # as if every trial were a subject
            one, two = (t.assign(subject=t["clip"]) for t in (a, b))
            few = paired_comparison(one, two, CLASSES, n_permutations=199, **FAST)
            singly.append(few.scores.loc["uf1", "p"])
    assert 0.01 <= np.mean(np.array(p) < 0.05) <= 0.09
    assert np.mean(np.array(singly) < 0.05) > 0.2


def test_subjects_answered_alike_decide_nothing():
    a, b = answers([1] * 12), answers([1] * 9 + [0] * 3)
    found = paired_comparison(a, b, CLASSES, **FAST)
    assert (found.n_subjects, found.n_differ, found.smallest_p) == (12, 3, 0.25)
    assert (found.scores["p"] == 0.25).all()
    same = paired_comparison(a, a, CLASSES, **FAST)
    assert (same.n_differ, same.smallest_p) == (0, 1.0)
    assert (same.scores["p"] == 1).all() and (same.scores["difference"] == 0).all()


def test_the_order_of_rows_is_nothing():
    a, b = answers([0.8] * 6, seed=8, models=2), answers([0.5] * 6, seed=9, models=2)
    one = paired_comparison(a, b, CLASSES, **FAST)
    two = paired_comparison(a.sample(frac=1, random_state=1), b, CLASSES, **FAST)
    pd.testing.assert_frame_equal(one.scores, two.scores)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (answers([0.5] * 5), "is in the first table only"),
        (answers([0.5] * 6, models=2), "1 models minus 2"),
        (answers([0.5] * 6).assign(truth="c"), "truth"),
    ],
)
def test_what_is_no_pair_is_refused(other, told):
    with pytest.raises(MepsError, match=told):
        paired_comparison(answers([0.5] * 6), other, CLASSES)


def test_the_two_draw_the_same_swaps():
    """Two of twenty people are answered alike; both tests leave them out, and agree to the bit."""
    a, b = (answers([1, 1, *[skill] * 18], seed=k) for k, skill in enumerate((0.7, 0.5)))
    found = paired_comparison(a, b, CLASSES, **FAST)
    assert found.n_differ == 18 and not found.exact
    singly = (t.drop(columns="model") for t in (a, b))
    assert found.scores.loc["uf1", "p"] == permutation_test(*singly, CLASSES).p


def test_no_swap_is_no_test():
    with pytest.raises(MepsError, match="n_permutations=0; expected a whole number, 1 or more"):
        paired_comparison(answers([0.5] * 6), answers([0.4] * 6), CLASSES, n_permutations=0)
