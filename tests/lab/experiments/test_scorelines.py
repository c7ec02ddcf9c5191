"""`meps_lib.protocol.statistics`: the floor beside a score, the summary, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from meps_lab.experiments.scorelines import summary
from meps_lib.errors import MepsError
from meps_lib.protocol import permutation_test
from meps_lib.protocol.metrics import score, score_by_set
from meps_lib.protocol.statistics import bootstrap_interval, majority, majority_predictions
from tests.lib.protocol.test_statistics import CLASSES, other_model, people


def test_majority_floor_is_that_of_the_other_folds():
    folds = [0] * 4 + [1] * 2 + [2]
    table = pd.DataFrame({"fold": folds, "seed": 0, "truth": list("aaaa") + list("bb") + ["b"]})
    # Fold 0 is tested with the class of the rest, "b", and is wrong four times; folds 1
    # and 2 are answered "a" and wrong three times.
    assert majority(table, ("a", "b")).accuracy == 0
    # What the run says the folds were trained on goes before what can be guessed from it.
    assert majority(table.assign(majority="b"), ("a", "b")).accuracy == 3 / 7
    # Of several seeds the first, in whatever order they come.
    seeds = pd.concat([table.assign(seed=s, majority=m) for s, m in ((1, "a"), (0, "b"))])
    assert majority(seeds, ("a", "b")).accuracy == 3 / 7
    # Folds that were concatenated with the numbers of their rows.
    parts = pd.concat([g.reset_index(drop=True) for _, g in table.groupby("fold")])
    assert majority(parts, ("a", "b")).accuracy == 0
    answers = majority_predictions(table[::-1], ("a", "b"))
    assert answers.index.equals(table.index[::-1])
    assert "".join(answers.sort_index()) == "bbbbaaa"
    with pytest.raises(MepsError, match="classes=None"):
        majority(table, None)
    with pytest.raises(MepsError, match="no column truth"):
        majority(table.drop(columns="truth"), ("a", "b"))
    with pytest.raises(MepsError, match="one fold and no column majority"):
        majority(table[table["fold"] == 0], ("a", "b"))


def test_the_summary_says_each_seed_and_set_with_interval_and_floor():
    one = people().assign(seed=0)
    table = pd.concat([one, other_model(one).assign(seed=1)], ignore_index=True)
    lines = summary(table, CLASSES).splitlines()
    named = [x.split("accuracy")[0].split() for x in lines]
    assert named == [["seed", "0"], ["majority"], ["seed", "1"], ["majority"]]
    s, ends = score(one["truth"], one["prediction"], CLASSES), bootstrap_interval(one, CLASSES)
    assert f"UF1 {s.uf1:.3f} [{ends.low['uf1']:.3f}, {ends.high['uf1']:.3f}]" in lines[0]
    assert "n=144 of 24 subjects" in lines[0]
    assert f"UAR {majority(one, CLASSES).uar:.3f} " in lines[1]

    sets = one.assign(data_set=np.where(one["subject"] < "s06", "samm", "smic"))
    lines = summary(sets, CLASSES).splitlines()
    named = [x.split("accuracy")[0].split()[-1] for x in lines]
    assert named == ["0", "majority", "samm", "samm", "smic", "smic"]
    assert f"UF1 {score_by_set(sets, CLASSES)['samm'].uf1:.3f} [" in lines[2]
    assert summary(one.assign(data_set="samm"), CLASSES) == summary(one, CLASSES)


def test_the_summary_takes_its_floor_from_other_subjects_and_its_seed_from_the_caller():
    folds = [0] * 4 + [1] * 2 + [2]
    columns = {"fold": folds, "seed": 0, "truth": list("aaaabbb"), "prediction": list("aabbabb")}
    table = pd.DataFrame(columns).assign(subject=folds)
    # As in the test above: answering what the others show is wrong every time; what the
    # tested trials show most would be right four times in seven.
    assert "majority            accuracy 0.000 " in summary(table, ("a", "b"))
    parts = pd.concat([g.reset_index(drop=True) for _, g in table.groupby("fold")])
    assert summary(parts, ("a", "b")) == summary(table, ("a", "b"))

    one = people().assign(seed=0)
    lines = {seed: summary(one, CLASSES, seed=seed) for seed in (0, 7)}
    for seed, text in lines.items():
        ends = bootstrap_interval(one, CLASSES, seed=seed)
        assert f"[{ends.low['uar']:.3f}, {ends.high['uar']:.3f}]  n=144 of" in text
    assert lines[0] != lines[7]


def test_the_summary_refuses_what_it_would_pass_over():
    one = people().assign(seed=0.0)
    with pytest.raises(MepsError, match="no predictions"):
        summary(one[:0], CLASSES)
    with pytest.raises(MepsError, match="row 3, column seed: empty"):
        summary(one.assign(seed=one["seed"].where(one.index != 3)), CLASSES)
    with pytest.raises(MepsError, match="row 0, column seed: empty"):
        majority(one.assign(seed=np.nan), CLASSES)
    with pytest.raises(MepsError, match="row 3, column data_set: empty"):
        sets = pd.Series("samm", one.index).where(one.index != 3)
        summary(one.assign(data_set=sets), CLASSES)
    for double in (summary, bootstrap_interval, majority):
        with pytest.raises(MepsError, match=r"clip '0_0' of 's00' is predicted twice \(144 such"):
            double(pd.concat([one, one]), CLASSES)
    with pytest.raises(MepsError, match='a data set is named "all"'):
        summary(one.assign(data_set=np.where(one["fold"] < 6, "all", "smic")), CLASSES)
    assert summary(one.assign(data_set="all"), CLASSES) == summary(one, CLASSES)


def test_where_other_sets_teach_in_turn_each_fold_has_its_lines():
    one = people().assign(seed=0, fold=0, majority="a", data_set="smic")
    table = pd.concat([one, other_model(one).assign(fold=1, majority="b")], ignore_index=True)
    lines = summary(table, CLASSES).splitlines()
    for fold in (0, 1):
        alone = summary(table[table["fold"] == fold], CLASSES).splitlines()
        named = lines[2 * fold : 2 * fold + 2]
        assert [x.partition("accuracy")[2] for x in named] == [
            x.partition("accuracy")[2] for x in alone
        ]
        assert all(f"fold {fold} " in x for x in named)
    assert len(lines) == 4 and lines[0].partition("acc")[2] != lines[2].partition("acc")[2]


def test_a_class_without_clips_is_told():
    lines = summary(people().assign(seed=0), (*CLASSES, "awe")).splitlines()
    assert lines[2:] == ["no clip is awe in truth: it counts as 0 in UF1 and UAR"]


def test_one_test_subject_has_no_interval():
    one = people(1).assign(seed=0, majority="a")
    line = summary(one, CLASSES).splitlines()[0]
    assert "[" not in line and "of 1 subjects" in line
    with pytest.raises(MepsError, match="1 subject; expected two or more"):
        bootstrap_interval(one, CLASSES)


def test_bad_arguments_are_refused():
    table = people()
    resampling = [{"level": x} for x in (1.0, 0.0, "95")]
    resampling += [{"n_resamples": x} for x in (10, 1e3, None)] + [
        {"seed": x} for x in (-1, 0.5, True)
    ]
    for bad in resampling:
        with pytest.raises(MepsError, match=next(iter(bad))):
            bootstrap_interval(table, CLASSES, **bad)
    for bad in ({"metric": "f2"}, {"n_permutations": 0}, {"n_permutations": 1e3}, {"seed": True}):
        with pytest.raises(MepsError, match=next(iter(bad))):
            permutation_test(table, table, CLASSES, **bad)
    with pytest.raises(MepsError, match="no column subject"):
        bootstrap_interval(table.drop(columns="subject"), CLASSES)
    with pytest.raises(MepsError, match="seeds 0, 1"):
        bootstrap_interval(pd.concat([table.assign(seed=s) for s in (0, 1)]), CLASSES)
    with pytest.raises(MepsError, match="no column seed"):
        summary(table, CLASSES)


def test_where_clips_are_missing_each_line_says_how_many_of_how_many():
    one = people().assign(seed=0)
    lines = summary(one, CLASSES, asked={"all": 150}).splitlines()
    assert "n=144 of 150 clips of 24 subjects" in lines[0] and "n=144 of 150 clips" in lines[1]
    assert summary(one, CLASSES, asked={"all": 144}) == summary(one, CLASSES)
    sets = one.assign(data_set=np.where(one["subject"] < "s06", "samm", "smic"))
    n = int((sets["data_set"] == "samm").sum())
    lines = summary(sets, CLASSES, asked={"all": 150, "samm": n, "smic": 150 - n}).splitlines()
    assert f"n={n} of 6 subjects" in lines[2] and f"of {150 - n} clips of 18 subjects" in lines[4]
