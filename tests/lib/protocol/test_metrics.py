"""scikit-learn is the oracle; the published confusion counts hold the numbers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, recall_score

from meps_lib.errors import MepsError
from meps_lib.protocol.metrics import per_fold_average, score, score_by_set

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
    rows = s.table()
    assert rows.index.tolist() == list(CLASSES)
    assert rows["trials"].tolist() == [250, 109, 83]
    assert rows["recall"].to_numpy() == pytest.approx([195 / 250, 68 / 109, 64 / 83])
    assert rows["f1"].to_numpy() == pytest.approx([390 / 493, 136 / 223, 128 / 168])


def test_the_majority_vote_of_the_composite():
    s = score(["negative"] * 250 + ["positive"] * 109 + ["surprise"] * 83, [0] * 442, CLASSES)
    assert (round(s.accuracy, 3), round(s.uf1, 3), round(s.uar, 3)) == (0.566, 0.241, 0.333)


def test_swapping_truth_and_prediction_changes_uar_and_not_uf1():
    truth, guess = spread(STSTNET)
    right, swapped = score(truth, guess, CLASSES), score(guess, truth, CLASSES)
    assert swapped.uf1 == pytest.approx(right.uf1)
    assert abs(swapped.uar - right.uar) > 0.001
    precision = np.mean(STSTNET.diagonal() / STSTNET.sum(axis=0))
    assert swapped.uar == pytest.approx(precision)


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 2), min_size=1, max_size=60), st.integers(5, 7))
def test_agrees_with_scikit_learn(pairs, k):
    """With classes that occur nowhere, only as truth, or only as prediction."""
    truth, guess = map(list, zip(*pairs, strict=True))
    s = score(truth, guess, [f"c{i}" for i in range(k)])
    kw = {"labels": list(range(k)), "zero_division": 0}
    assert s.uf1 == pytest.approx(f1_score(truth, guess, average="macro", **kw))
    assert s.uar == pytest.approx(recall_score(truth, guess, average="macro", **kw))
    assert s.accuracy == pytest.approx(accuracy_score(truth, guess))
    assert s.f1 == pytest.approx(f1_score(truth, guess, average=None, **kw))
    assert s.recall == pytest.approx(recall_score(truth, guess, average=None, **kw))


def test_a_class_that_is_never_predicted_still_counts():
    truth = ["negative"] * 8 + ["positive", "surprise"]
    s = score(truth, ["negative"] * 10, CLASSES)
    assert s.uar == pytest.approx(1 / 3)
    assert s.uf1 == pytest.approx((16 / 18) / 3)
    # A class that does not occur at all counts too: the list is declared, not read off.
    assert score(["negative"], ["negative"], CLASSES).uf1 == pytest.approx(1 / 3)


def some_table(seed=0, n=200):
    rng = np.random.default_rng(seed)
    fold = rng.integers(0, 12, n)
    truth = np.array(CLASSES)[np.where(fold < 4, 0, rng.integers(0, 3, n))]  # four of one class
    columns = {"fold": fold, "truth": truth, "prediction": rng.choice(CLASSES, n)}
    return pd.DataFrame(columns | {"data_set": np.where(fold % 3 == 0, "samm", "smic")})


@pytest.mark.parametrize(("absent", "value"), [("zero", 0.0), ("one", 1.0), ("skip", np.nan)])
def test_averaging_folds_is_what_scikit_learn_gives_fold_by_fold(absent, value):
    table = some_table()
    kw = {"labels": list(CLASSES), "average": "macro", "zero_division": value}
    folds = [(g["truth"], g["prediction"]) for _, g in table.groupby("fold")]
    got = per_fold_average(table, CLASSES, absent)
    assert got["uf1"] == pytest.approx(np.mean([f1_score(*f, **kw) for f in folds]))
    assert got["uar"] == pytest.approx(np.mean([recall_score(*f, **kw) for f in folds]))
    assert got["accuracy"] == pytest.approx(np.mean([accuracy_score(*f) for f in folds]))


def test_averaging_folds_closed_form():
    """Two subjects of one class each, all right but for one trial of the second."""
    table = pd.DataFrame(
        {
            "fold": [0, 0, 1, 1],
            "truth": ["negative", "negative", "surprise", "surprise"],
            "prediction": ["negative", "negative", "surprise", "positive"],
        }
    )
    # Fold 0: F1 1 of one class, two absent. Fold 1: F1 2/3 and 0, negative absent.
    expected = {
        "zero": (1 / 3 + 2 / 9) / 2,
        "one": (1 + (1 + 0 + 2 / 3) / 3) / 2,
        "skip": (1 + (0 + 2 / 3) / 2) / 2,
    }
    for absent, uf1 in expected.items():
        assert per_fold_average(table, CLASSES, absent)["uf1"] == pytest.approx(uf1)
    pooled = score(table["truth"], table["prediction"], CLASSES).uf1
    assert pooled == pytest.approx((1 + 0 + 2 / 3) / 3)
    assert all(abs(pooled - uf1) > 0.1 for uf1 in expected.values())


def test_sets_are_cut_out_of_the_pooled_predictions():
    table = some_table()
    found = score_by_set(table, CLASSES)
    assert list(found) == ["all", "samm", "smic"]
    assert found["all"].uf1 == score(table["truth"], table["prediction"], CLASSES).uf1
    assert (found["samm"].confusion + found["smic"].confusion == found["all"].confusion).all()
    part = table[table["data_set"] == "samm"]
    assert found["samm"].uar == score(part["truth"], part["prediction"], CLASSES).uar
    # A set without a class is not excused from it.
    part = part[part["truth"] == "negative"]
    assert score_by_set(part, CLASSES)["samm"].uar <= 1 / 3


def test_tables_that_cannot_be_scored_are_refused():
    table = some_table()
    trials = table.assign(subject=table["fold"], clip=np.arange(len(table)))
    assert score_by_set(trials, CLASSES)["all"].n == 200
    with pytest.raises(MepsError, match=r"clip 5 of \d+ is predicted twice \(1 such\)"):
        score_by_set(pd.concat([trials, trials[5:6]]), CLASSES)
    with pytest.raises(MepsError, match=r"is predicted twice \(200 such\)"):
        per_fold_average(pd.concat([trials, trials]), CLASSES, "zero")
    same_names = trials.assign(clip=0, subject=np.arange(len(table)))
    assert score_by_set(same_names, CLASSES)["all"].n == 200  # clips of two subjects may share one
    with pytest.raises(MepsError, match="no column data_set; they have fold, truth"):
        score_by_set(table.drop(columns="data_set"), CLASSES)
    with pytest.raises(MepsError, match="seeds 0, 1; give those of one seed"):
        score_by_set(pd.concat([table.assign(seed=s) for s in (0, 1)]), CLASSES)
    with pytest.raises(MepsError, match="row 3, column data_set: empty"):
        holes = table.assign(data_set=table["data_set"].where(table.index != 3))
        score_by_set(holes, CLASSES)
    with pytest.raises(MepsError, match="row 3, column seed: empty"):
        score_by_set(
            table.assign(seed=pd.Series(0.0, table.index).where(table.index != 3)), CLASSES
        )
    with pytest.raises(MepsError, match="no predictions"):
        score_by_set(table[:0], CLASSES)
    with pytest.raises(MepsError, match='a data set is named "all"'):
        score_by_set(table.replace({"data_set": {"samm": "all"}}), CLASSES)
    with pytest.raises(MepsError, match="absent='drop'; expected one of zero, one, skip"):
        per_fold_average(table, CLASSES, "drop")
