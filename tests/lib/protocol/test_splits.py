from collections import Counter
from math import comb, sqrt
from time import perf_counter

import numpy as np
import pytest
from sklearn.model_selection import LeaveOneGroupOut

from meps_lib.errors import MepsError
from meps_lib.protocol.splits import (
    Split,
    check_subjects,
    composite,
    cross_data_set,
    grouped_kfold,
    loso,
)

SUBJECTS = [f"s{k:02}" for k in range(9) for _ in range(k % 3 + 1)]


def test_loso_tests_the_folds_of_scikit_learn():
    ours = [s.test for s in loso(SUBJECTS)]
    folds = LeaveOneGroupOut().split(SUBJECTS, groups=SUBJECTS)
    assert ours == [tuple({SUBJECTS[i] for i in test}) for _, test in folds]


@pytest.mark.parametrize("make", [loso, lambda s: grouped_kfold(s, n_folds=4)])
def test_roles_are_disjoint_and_cover_everybody(make):
    splits = list(make(SUBJECTS))
    tested = [s for split in splits for s in split.test]
    assert sorted(tested) == sorted(set(SUBJECTS))
    for split in splits:
        roles = [set(split.train), set(split.validation), set(split.test)]
        assert sum(map(len, roles)) == len(set.union(*roles)) == 9
        assert len(split.validation) == 2


def test_the_seed_decides_the_validation_subjects_alone():
    a, b, c = (list(loso(SUBJECTS, seed=s)) for s in (0, 0, 1))
    assert a == b
    assert a != c
    assert [s.test for s in a] == [s.test for s in c]


MANY = [f"s{k:02}" for k in range(11)]


@pytest.mark.parametrize("n_folds", [2, 3, 4, 11])
def test_folds_are_as_equal_as_they_can_be_and_dealt_anew_by_each_seed(n_folds):
    dealt = []
    for seed in range(20):
        tests = [s.test for s in grouped_kfold(MANY, n_folds, n_validation=1, seed=seed)]
        sizes = [len(test) for test in tests]
        assert sum(sizes) == 11 and max(sizes) - min(sizes) <= 1
        dealt.append(tuple(tests))
    assert len(set(dealt)) > 15
    # Who is tested together is chance: any two people as often as the sizes say.
    if n_folds < 11:
        together = Counter(
            pair
            for seed in range(400)
            for s in grouped_kfold(MANY, n_folds, n_validation=1, seed=seed)
            for pair in zip(s.test, s.test[1:], strict=False)
            if pair == ("s00", "s01")
        )
        p = sum(comb(n, 2) for n in sizes) / comb(11, 2)
        assert abs(together["s00", "s01"] - 400 * p) < 5 * sqrt(400 * p * (1 - p))


@pytest.mark.parametrize("make", [loso, grouped_kfold])
def test_everybody_validates_as_often_as_anybody_else(make):
    splits = [s for seed in range(300) for s in make(MANY, n_validation=2, seed=seed)]
    counts, chances = Counter(), Counter()
    for split in splits:
        counts.update(split.validation)
        chances.update({s: 2 / (11 - len(split.test)) for s in MANY if s not in split.test})
    for subject in MANY:
        assert abs(counts[subject] - chances[subject]) < 5 * sqrt(chances[subject])


def test_what_a_fold_draws_says_nothing_of_another_fold_or_seed():
    def drawn(seed, fold):
        split = list(loso(MANY, seed=seed))[fold]
        rest = [s for s in MANY if s not in split.test]
        return tuple(rest.index(s) for s in split.validation)

    # One pair of comb(10, 2) = 45 is drawn; two draws agree in one case of 45.
    for one, other in (((0, 0), (0, 1)), ((0, 3), (0, 7)), ((0, 0), (1, 0)), ((0, 1), (1, 0))):
        pairs = [[drawn(3 * k + s, f) for s, f in (one, other)] for k in range(90)]
        same = sum(a == b for a, b in pairs)
        assert same < 12  # 2 expected


def test_no_two_draws_share_a_stream(monkeypatch):
    """Dealing the folds, and each fold's validation subjects, of any seed: all their own."""
    make, first = np.random.default_rng, []

    def spy(seed):
        first.append(make(seed).integers(2**63))
        return make(seed)

    monkeypatch.setattr(np.random, "default_rng", spy)
    for seed in range(5):
        list(grouped_kfold(MANY, n_folds=4, seed=seed))
    assert len(first) == len(set(first)) == 5 * (1 + 4)


@pytest.mark.parametrize("bad", [float("nan"), None, 3, ""])
def test_a_subject_that_is_no_text_is_refused_by_row(bad):
    people = ["a", "b", bad, "c", "d", "e"]
    for make in (loso, grouped_kfold):
        with pytest.raises(MepsError, match="subjects, row 2: .*; expected text"):
            list(make(people))
    with pytest.raises(MepsError, match="subjects, row 2"):
        list(composite(people, list("111222")))
    with pytest.raises(MepsError, match="data_sets, row 2"):
        list(cross_data_set("abcdef", ["1", "1", bad, "2", "2", "2"], "1", "2"))


@pytest.mark.parametrize(
    ("make", "settings"),
    [
        (loso, {"n_validation": 1.5}),
        (loso, {"n_validation": -1}),
        (loso, {"seed": -1}),
        (loso, {"seed": 0.5}),
        (grouped_kfold, {"n_folds": 2.5}),
        (grouped_kfold, {"n_folds": "3"}),
        (grouped_kfold, {"seed": None}),
    ],
)
def test_numbers_that_are_not_whole_are_refused_by_name(make, settings):
    ((name, value),) = settings.items()
    with pytest.raises(MepsError, match=f"{name}={value!r}; expected a whole number"):
        list(make(MANY, **settings))


def test_two_roles_or_too_few_subjects_are_refused():
    with pytest.raises(MepsError, match="subjects b have two roles"):
        Split(0, ("a", "b"), ("b",), ("c",))
    with pytest.raises(MepsError, match="no train subjects"):
        Split(0, (), ("a",), ("c",))
    assert Split(0, ("a",), (), ("c",)).validation == ()  # where the last epoch is kept
    with pytest.raises(MepsError, match="subjects b have two roles"):
        Split(0, ("a",), ("b",), ("c",), unused=("b",))
    for fold in (-1, 10**9, 0.5):
        with pytest.raises(MepsError, match="fold=.*expected a whole number, 0 to 999999999"):
            Split(fold, ("a",), ("b",), ("c",))
    with pytest.raises(MepsError, match="3 subjects; expected at least 4"):
        list(loso(["a", "b", "c"]))
    with pytest.raises(MepsError, match="n_folds=10"):
        list(grouped_kfold(SUBJECTS, n_folds=10))


def test_without_validation_everybody_else_trains():
    folds = list(loso("abcd", n_validation=0))
    assert [(s.test, s.train) for s in folds[:2]] == [
        (("a",), tuple("bcd")),
        (("b",), tuple("acd")),
    ]
    assert not any(s.validation for s in folds)


# MEGC2019's subjects: 24 of CASME II, 28 of SAMM, 16 of SMIC; two trials each.
COMPOSITE = {"casme2": 24, "samm": 28, "smic": 16}
SETS = [name for name, n in COMPOSITE.items() for _ in range(2 * n)]
PEOPLE = [f"{name}_{k // 2:02}" for name, n in COMPOSITE.items() for k in range(2 * n)]


def test_the_composite_has_a_fold_a_subject_of_any_set():
    splits = list(composite(PEOPLE, SETS))
    assert len(splits) == 68
    assert splits == list(loso(PEOPLE))
    # The other sets train too.
    assert all({s.split("_")[0] for s in split.train} == set(COMPOSITE) for split in splits)


def test_one_name_for_two_people_is_refused():
    people = [p.split("_")[1] for p in PEOPLE]
    with pytest.raises(MepsError, match="subject '00' occurs in casme2 and in samm; prefix"):
        list(composite(people, SETS))
    with pytest.raises(MepsError, match="subject '00'"):
        list(cross_data_set(people, SETS, "casme2", "samm"))
    with pytest.raises(MepsError, match="2 subjects but 1 data sets"):
        check_subjects(["a", "b"], ["x"])
    check_subjects(PEOPLE, SETS)


def test_across_data_sets_nobody_of_the_test_set_trains():
    (split,) = cross_data_set(PEOPLE, SETS, "smic", "samm", n_validation=3)
    assert set(split.test) == {p for p in PEOPLE if p.startswith("samm")}
    assert len(split.train) == 13 and len(split.validation) == 3
    assert {*split.train, *split.validation} == {p for p in PEOPLE if p.startswith("smic")}
    other = next(cross_data_set(PEOPLE, SETS, "smic", "samm", n_validation=3, seed=1))
    assert other.validation != split.validation and other.test == split.test
    # The third set takes no part, and is said to.
    assert set(split.unused) == {p for p in PEOPLE if p.startswith("casme2")}


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        (("smic", "megc"), "test_on='megc'; the data sets here are casme2, samm, smic"),
        (("smic", None), "test_on=None"),
        (("smic", "smic"), "both 'smic'; expected two"),
    ],
)
def test_data_sets_that_are_not_there_are_refused(sets, message):
    with pytest.raises(MepsError, match=message):
        list(cross_data_set(PEOPLE, SETS, *sets))


def test_each_other_data_set_trains_a_fold_of_its_own():
    splits = list(cross_data_set(PEOPLE, SETS, None, "samm", n_validation=3))
    one = list(cross_data_set(PEOPLE, SETS, "smic", "samm", n_validation=3))
    assert [s.fold for s in splits] == [0, 1]
    for split, home in zip(splits, ("casme2", "smic"), strict=True):
        assert {*split.train, *split.validation} == {p for p in PEOPLE if p.startswith(home)}
        assert split.test == one[0].test and not set(split.unused) & set(split.train)
        assert {*split.train, *split.validation, *split.test, *split.unused} == set(PEOPLE)
    assert splits[1].train == one[0].train and splits[1].validation == one[0].validation
    with pytest.raises(MepsError, match="both 'only'"):
        list(cross_data_set(["a", "b"], ["only"] * 2, None, "only"))


def test_a_hundred_subjects_take_no_time():
    start = perf_counter()
    assert len(list(loso([f"s{k}" for k in range(100)] * 10))) == 100
    assert perf_counter() - start < 1


def test_folds_do_not_depend_on_the_order_of_trials():
    names = [*"dacb", *"bcad"]
    for make in (loso, grouped_kfold):
        kw = {"n_folds": 2, "n_validation": 1} if make is grouped_kfold else {"n_validation": 1}
        assert list(make(names, **kw)) == list(make(sorted(names), **kw))


def test_one_person_in_two_spellings_is_not_two():
    with pytest.raises(MepsError, match="subjects, row 4: 'a '; expected text, a name in one"):
        list(loso(["a", "b", "c", "d", "a "]))
    assert len(list(loso(["a", "b", "c", " d"]))) == 4  # an odd name is a name


def test_nobody_at_all_is_told_as_too_few():
    with pytest.raises(MepsError, match="0 subjects; expected at least 4"):
        list(loso([]))
