"""scikit-learn is the oracle; the published confusion counts hold the numbers."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, recall_score

from meps_lib.errors import MepsError
from meps_lib.metrics import score

CLASSES = ("negative", "positive", "surprise")
# Rows = truth. The authors' PyTorch re-run of STSTNet under MEGC2019 (facts: baselines).
STSTNET = np.array([[195, 39, 16], [36, 68, 5], [12, 7, 64]])


def spread(confusion):
    truth, guess = np.indices(confusion.shape)
    repeat = confusion.ravel()
    return np.repeat(truth.ravel(), repeat), np.repeat(guess.ravel(), repeat)


def test_the_published_confusion_gives_the_published_scores():
    s = score(*spread(STSTNET), CLASSES)
    assert s.uf1 == pytest.approx(0.720948, abs=1e-6)
    assert s.uar == pytest.approx(0.724979, abs=1e-6)
    assert s.accuracy == pytest.approx(0.739819, abs=1e-6)
    assert s.n == 442
    assert (s.confusion == STSTNET).all()


def test_swapping_truth_and_prediction_changes_uar_and_not_uf1():
    truth, guess = spread(STSTNET)
    right, swapped = score(truth, guess, CLASSES), score(guess, truth, CLASSES)
    assert swapped.uf1 == pytest.approx(right.uf1)
    assert abs(swapped.uar - right.uar) > 0.001
    precision = np.mean(STSTNET.diagonal() / STSTNET.sum(axis=0))
    assert swapped.uar == pytest.approx(precision)


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    truth, guess = rng.integers(0, 3, (2, 57))
    s = score(truth, guess, CLASSES)
    kw = {"labels": [0, 1, 2], "average": "macro", "zero_division": 0}
    assert s.uf1 == pytest.approx(f1_score(truth, guess, **kw))
    assert s.uar == pytest.approx(recall_score(truth, guess, **kw))
    assert s.accuracy == pytest.approx(accuracy_score(truth, guess))
    names = np.array(CLASSES)
    assert score(names[truth], list(names[guess]), CLASSES).uf1 == s.uf1


def test_a_class_that_is_never_predicted_still_counts():
    truth = ["negative"] * 8 + ["positive", "surprise"]
    s = score(truth, ["negative"] * 10, CLASSES)
    assert s.uar == pytest.approx(1 / 3)
    assert s.uf1 == pytest.approx((16 / 18) / 3)
    # A class that does not occur at all counts too: the list is declared, not read off.
    assert score(["negative"], ["negative"], CLASSES).uf1 == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("truth", "guess", "message"),
    [
        ([], [], "no predictions"),
        ([0, 1], [0], "2 truths but 1 prediction"),
        (["negative", "joy"], ["negative"] * 2, r"y_true\[1\] is .*joy.*negative, positive"),
        ([0, 1], [0, 3], r"y_pred\[1\] is .*3"),
        ([0.0, float("nan")], [0, 1], "y_true"),
        ([[0]], [[0]], "one label a trial"),
    ],
)
def test_refuses_what_cannot_be_scored(truth, guess, message):
    with pytest.raises(MepsError, match=message):
        score(truth, guess, CLASSES)
