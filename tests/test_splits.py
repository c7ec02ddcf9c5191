import pytest
from sklearn.model_selection import LeaveOneGroupOut

from meps_lib.errors import MepsError
from meps_lib.splits import Split, grouped_kfold, loso

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
