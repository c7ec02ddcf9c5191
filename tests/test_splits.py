from time import perf_counter

import pytest
from sklearn.model_selection import LeaveOneGroupOut

from meps_lib.errors import MepsError
from meps_lib.splits import Split, check_subjects, composite, cross_data_set, grouped_kfold, loso

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


def test_two_roles_or_too_few_subjects_are_refused():
    with pytest.raises(MepsError, match="subjects b have two roles"):
        Split(0, ("a", "b"), ("b",), ("c",))
    with pytest.raises(MepsError, match="no validation subjects"):
        Split(0, ("a",), (), ("c",))
    with pytest.raises(MepsError, match="3 subjects; expected at least 4"):
        list(loso(["a", "b", "c"]))
    with pytest.raises(MepsError, match="n_folds=10"):
        list(grouped_kfold(SUBJECTS, n_folds=10))


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


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        (("smic", "megc"), "test_on='megc'; the data sets here are casme2, samm, smic"),
        ((None, "smic"), "train_on=None"),
        (("smic", "smic"), "both 'smic'; expected two"),
    ],
)
def test_data_sets_that_are_not_there_are_refused(sets, message):
    with pytest.raises(MepsError, match=message):
        list(cross_data_set(PEOPLE, SETS, *sets))


def test_a_hundred_subjects_take_no_time():
    start = perf_counter()
    assert len(list(loso([f"s{k}" for k in range(100)] * 10))) == 100
    assert perf_counter() - start < 1
