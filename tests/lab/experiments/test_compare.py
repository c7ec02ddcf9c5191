"""`meps_lab.experiments.compare`: what is paired, what is refused, and what the sentence says."""

import re

import pandas as pd
import pytest

from meps_lab.experiments.compare import compare_runs, plot_comparison, sentence
from meps_lab.experiments.finished import read_run
from meps_lib.errors import MepsError
from meps_lib.protocol import PairedComparison, paired_comparison, permutation_test, score
from tests.lab.experiments.test_report import CLASSES, answers, keep


def runs(tmp_path, a, b, classes=CLASSES, origins=({}, {})):
    """Two folders, read back."""
    one = keep(tmp_path / "a", a, origin=origins[0])
    return read_run(one), read_run(keep(tmp_path / "b", b, classes, origin=origins[1]))


def test_it_is_the_second_minus_the_first(tmp_path):
    low, high = answers(skill=0.3, draw=1), answers(skill=0.9, draw=2)
    found = compare_runs(*runs(tmp_path, low, high)).scores
    assert (found["difference"] > 0).all()
    models = (t.assign(model=t["seed"]) for t in (high, low))
    pd.testing.assert_frame_equal(found, paired_comparison(*models, CLASSES).scores)
    means = [score(t["truth"], t["prediction"], CLASSES).accuracy for t in (high, low)]
    assert found.loc["accuracy", ["first", "second"]].tolist() == pytest.approx(means)
    back = compare_runs(*runs(tmp_path / "back", high, low)).scores
    assert back["difference"].tolist() == pytest.approx((-found["difference"]).tolist())
    assert back["p"].tolist() == found["p"].tolist()


def test_of_one_seed_it_is_the_permutation_test(tmp_path):
    low, high = answers(seeds=(4,), skill=0.5, draw=1), answers(seeds=(5,), skill=0.8, draw=2)
    found = compare_runs(*runs(tmp_path, low, high)).scores
    assert found.loc["uf1", "p"] == permutation_test(high, low, CLASSES).p


def without(table, **values):
    (name, value), *_ = values.items()
    return table[table[name] != value]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda t: without(t, subject="s3"), "other subjects, such as 's3', in a only (1 such)"),
        (
            lambda t: t.replace({"subject": {"s0": "x", "s1": "y"}}),
            "other subjects, such as 's0', in a only (2 such)",
        ),
        (
            lambda t: pd.concat([t, t[t["subject"] == "s0"].assign(subject="new")]),
            "other subjects, such as 'new', in b only (1 such)",
        ),
        (
            lambda t: without(t, clip="s1_2"),
            "other clips, such as ('s1', 's1_2'), in a only (1 such)",
        ),
        (
            lambda t: t.replace({"clip": {"s1_2": "late"}}),
            "other clips, such as ('s1', 's1_2'), in a only (1 such)",
        ),
        (
            lambda t: t.assign(truth=t["truth"].where(t["subject"] != "s2", "surprise")),
            "other truths, such as of ('s2', 's2_0'), 'positive' and 'surprise' (4 such)",
        ),
        (lambda t: without(t, seed=1), "2 and 1 seeds; run as many of both"),
    ],
)
def test_what_is_no_pair_is_refused_by_name(tmp_path, change, told):
    with pytest.raises(MepsError, match="^" + re.escape(f"a and b cannot be paired: {told}")):
        compare_runs(*runs(tmp_path, answers(), change(answers(draw=1))))


def test_other_classes_are_refused_in_another_order_not(tmp_path):
    pair = runs(tmp_path, answers(), answers(draw=1), (*CLASSES, "others"))
    with pytest.raises(MepsError, match="other classes, negative, .* and .*, others"):
        compare_runs(*pair)
    turned = runs(tmp_path / "turned", answers(), answers(draw=1), CLASSES[::-1])
    assert compare_runs(*turned).n_subjects == 8


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (
            {"scenario": "hard"},
            {"scenario": "easy"},
            "simulated with scenario hard and easy: clips",
        ),
        ({"seed": 0}, {"seed": 1}, "simulated with seed 0 and 1: clips of one name are not the"),
        ({"scenario": "hard", "seed": 0}, {"scenario": "hard", "seed": 0}, None),
        ({"scenario": "hard", "seed": 0}, {"root": "cohort"}, None),
    ],
)
def test_cohorts_that_share_only_names_are_refused(tmp_path, one, other, told):
    pair = runs(tmp_path, answers(), answers(draw=1), origins=(one, other))
    if told is None:
        assert compare_runs(*pair).n_subjects == 8
        return
    with pytest.raises(MepsError, match=told):
        compare_runs(*pair)


def found(difference, low, high, p, n=26, differ=19):
    row = {"first": 0.6, "second": 0.6 - difference, "difference": difference}
    scores = pd.DataFrame([row | {"low": low, "high": high, "p": p}], index=["uar"])
    return PairedComparison(scores, n, differ, False)


@pytest.mark.parametrize(
    ("comparison", "told"),
    [
        (
            found(-0.08, -0.15, -0.01, 0.02),
            "B reads less UAR than A (-.080 [-.150, -.010], p = .020, 26 subjects): settled",
        ),
        (
            found(0.2, 0.1, 0.3, 0.0001),
            "B reads more UAR than A (+.200 [.100, .300], p < .001, 26 subjects): settled",
        ),
        (
            found(0.2, -0.1, 0.3, 0.04),
            "B reads more UAR than A (+.200 [-.100, .300], p = .040, 26 subjects): not settled",
        ),
        (
            found(0.2, 0.1, 0.3, 0.05),
            "B reads more UAR than A (+.200 [.100, .300], p = .050, 26 subjects): not settled",
        ),
        (
            found(-0.0001, -0.1, 0.1, 1.0),
            "B reads as much UAR as A (+.000 [-.100, .100], p = 1.000, 26 subjects): not settled",
        ),
        (
            found(0.3, 0.2, 0.4, 0.0625, 5, 5),
            "B reads more UAR than A (+.300 [.200, .400], p = .062, 5 subjects): not settled; nor "
            "can it be: the two differ on 5 of 5 subjects, and with so few p is never below .062",
        ),
        (
            found(0.3, 0.2, 0.4, 0.03125, 6, 6),
            "B reads more UAR than A (+.300 [.200, .400], p = .031, 6 subjects): settled",
        ),
    ],
)
def test_the_sentence_is_plain(comparison, told):
    assert sentence("A", "B", comparison, "uar") == told


def test_few_subjects_are_told(tmp_path):
    pair = runs(tmp_path, answers(5, skill=0, draw=1), answers(5, skill=1))
    said = sentence("A", "B", compare_runs(*pair))
    assert "nor can it be: the two differ on 5 of 5 subjects" in said
    with pytest.raises(MepsError, match="metric='f1'; expected one of accuracy, uf1, uar"):
        sentence("A", "B", found(0, 0, 0, 1), "f1")


def test_the_picture_has_a_row_a_score(tmp_path):
    comparison = compare_runs(*runs(tmp_path, answers(draw=1), answers(skill=0.9)))
    axis = plot_comparison(comparison).axes[0]
    assert [t.get_text() for t in axis.get_yticklabels()] == ["accuracy", "UF1", "UAR"]
    points = axis.collections[-1].get_offsets()[:, 0].tolist()
    assert points == pytest.approx(comparison.scores["difference"].tolist())
