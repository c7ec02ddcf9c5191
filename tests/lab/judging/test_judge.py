"""Maps against a known truth, where the score is known in closed form."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr

from meps_lab.judging import (
    by_area,
    pointing_game,
    rank_correlation,
    relevance_mass,
    relevance_rank,
)
from meps_lib.errors import MepsError

SCORES = (pointing_game, relevance_mass, relevance_rank)
sides = st.integers(1, 5)
masks = st.tuples(st.integers(5, 9), st.integers(5, 9)).flatmap(lambda s: arrays(bool, s))
strengths = arrays(float, (6, 7), elements=st.floats(0, 5, width=16))


@settings(max_examples=60)
@given(st.one_of(masks, strengths), sides, sides, st.sampled_from([1.0, 0.0, -2.0, 1e-30]))
def test_a_map_that_marks_all_alike_has_the_floor(truth, h, w, level):
    assume(truth.any())
    for score in SCORES:
        floor = (truth / truth.max()).mean()
        assert score(np.full((h, w), level), truth) == pytest.approx(floor)


@settings(max_examples=60)
@given(arrays(float, (3, 4), elements=st.floats(-3, 3, width=16)), arrays(bool, (3, 4)))
def test_the_scores_are_their_definitions(relevance, truth):
    assume(truth.any() and (relevance > 0).any())
    marks = relevance.clip(min=0)
    peaks = np.argwhere(relevance == relevance.max())
    assert pointing_game(relevance, truth) == pytest.approx(
        np.mean([truth[y, x] for y, x in peaks])
    )
    assert relevance_mass(relevance, truth) == pytest.approx(marks[truth].sum() / marks.sum())
    # Top k: over random orders of equal cells the mean share that lies inside.
    g, k = np.random.default_rng(0), truth.sum()
    shares = []
    for _ in range(400):
        order = np.lexsort((g.random(12), -marks.ravel()))[:k]
        shares.append(truth.ravel()[order].mean())
    assert relevance_rank(relevance, truth) == pytest.approx(np.mean(shares), abs=0.13)


def test_the_rank_score_by_hand():
    truth = np.array([[1, 1, 1], [0, 0, 0]], bool)
    # Two cells above, then two equal ones for the third place: a half of each.
    assert relevance_rank([[9, 4, 0], [8, 4, 0]], truth) == pytest.approx((1 + 0.5) / 3)
    assert relevance_rank(truth, truth) == 1
    assert relevance_rank([[0, 0, 0], [1, 2, 3]], truth) == 0


def test_a_truth_of_strengths_weighs_what_is_marked():
    motion = np.array([[0.0, 2.0], [4.0, 0.0]])
    assert pointing_game([[0, 1], [0, 0]], motion) == 0.5
    assert relevance_mass([[1, 1], [2, -5]], motion) == pytest.approx((0.5 + 2) / 4)


def test_a_finer_truth_is_averaged_down_and_a_cell_may_be_true_in_part():
    truth = np.zeros((6, 6), bool)
    truth[:3, :2] = True  # of 2 x 2 cells: the first, by two thirds
    assert pointing_game([[1, 0], [0, 0]], truth) == pytest.approx(2 / 3)
    assert relevance_mass([[3, 1], [0, 0]], truth) == pytest.approx(0.5)
    assert pointing_game([[0, 0], [0, 1]], truth) == 0
    # With a grid that no pixel's border meets, each pixel counts by its parts.
    got = by_area(np.arange(5.0)[None], (1, 2))
    np.testing.assert_allclose(got, [[(0 + 1 + 2 / 2) / 2.5, (2 / 2 + 3 + 4) / 2.5]])
    two = np.arange(2 * 6 * 4.0).reshape(2, 6, 4)  # one map a frame
    np.testing.assert_allclose(by_area(two, (3, 2)), two.reshape(2, 3, 2, 2, 2).mean(axis=(2, 4)))


def test_maps_of_frames_share_one_peak():
    relevance, truth = np.zeros((2, 2, 2)), np.zeros((2, 4, 4), bool)
    relevance[0, 0, 0], relevance[1, 1, 1] = 1, 2
    truth[1, 2:, 2:] = True
    assert pointing_game(relevance, truth) == 1
    assert relevance_mass(relevance, truth) == pytest.approx(2 / 3)


def test_correlation_is_of_ranks_and_keeps_signs():
    g = np.random.default_rng(0)
    relevance, truth = g.normal(size=(4, 4)), g.random((4, 4))
    want = spearmanr(relevance.ravel(), truth.ravel()).statistic
    assert rank_correlation(relevance, truth) == pytest.approx(want)
    assert rank_correlation(np.exp(relevance), truth) == pytest.approx(want)
    assert rank_correlation(-truth - 1, truth) == pytest.approx(-1)
    assert rank_correlation(np.full((2, 2), 3.0), truth) == 0
    fine = truth.repeat(2, axis=0).repeat(2, axis=1)
    assert rank_correlation(relevance, fine) == pytest.approx(want)


@pytest.mark.parametrize("score", [*SCORES, rank_correlation])
def test_what_cannot_be_judged_is_refused(score):
    def refused(message, relevance, truth):
        with pytest.raises(MepsError, match=message):
            score(relevance, truth)

    truth = np.eye(4, dtype=bool)
    refused("1 numbers that are not finite", [[np.nan, 1], [0, 0]], truth)
    refused("relevance of shape", [np.inf, 1], truth)
    refused("a truth at least as fine as the map", np.ones((5, 4)), truth)
    refused("the same axes before the last two", np.ones((2, 4, 4)), truth)
    refused("a mask with a true cell", np.ones((4, 4)), truth & False)
    refused("strengths from 0 up", np.ones((4, 4)), -1.0 * truth)
    if score is rank_correlation:
        refused("the same in every cell", [[1, 2], [3, 4]], np.ones((4, 4)))
