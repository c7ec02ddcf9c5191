"""`protocol.confusion`: every way in which labels come gives the counts of scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from meps_lib.errors import MepsError
from meps_lib.protocol.confusion import confusions

CLASSES = ("negative", "positive", "surprise")


def own_objects(names):
    """Equal strings, no two of which are one object."""
    return [bytes(n, "utf-8").decode() for n in names]


FORMS = {
    "positions": lambda k, names: k,
    "small integers": lambda k, names: k.astype(np.int8),
    "list of integers": lambda k, names: k.tolist(),
    "objects of integers": lambda k, names: k.astype(object),
    "unsigned integers": lambda k, names: k.astype(np.uint64),
    "array of text": lambda k, names: names,
    "text, big-endian": lambda k, names: names.astype(names.dtype.newbyteorder(">")),
    "wide text": lambda k, names: names.astype("U40"),
    "odd width": lambda k, names: names.astype("U11"),
    "objects": lambda k, names: np.array(CLASSES, dtype=object)[k],
    "objects, every other": lambda k, names: np.array(CLASSES, dtype=object)[k].repeat(2)[::2],
    "own objects": lambda k, names: np.array(own_objects(names), dtype=object),
    "list": lambda k, names: [CLASSES[i] for i in k],
    "list of own objects": lambda k, names: own_objects(names),
    "tuple": lambda k, names: tuple(CLASSES[i] for i in k),
    "column of folds": lambda k, names: np.concatenate(
        [np.array(own_objects(CLASSES), dtype=object)[part] for part in np.array_split(k, 70)]
    ),
    "column": lambda k, names: pd.Series(own_objects(names), index=np.arange(len(k)) + 7),
    "text column": lambda k, names: pd.Series(own_objects(names), dtype="string"),
    "categorical": lambda k, names: pd.Series(pd.Categorical(names, CLASSES[::-1])),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("n", [1, 57, 3000])
def test_every_form_of_labels_gives_the_counts_of_scikit_learn(form, n):
    truth, guess = np.random.default_rng(n).integers(0, 3, (2, n))
    names = np.array(CLASSES)
    got = confusions(*(FORMS[form](k, names[k]) for k in (truth, guess)), CLASSES)
    assert (got == confusion_matrix(truth, guess, labels=[0, 1, 2])).all()


@given(st.data())
def test_any_names_and_groups_agree_with_scikit_learn(data):
    """Classes that are prefixes of each other, empty, or of any script; declared or met."""
    classes = data.draw(st.lists(st.text(max_size=5), min_size=2, max_size=6, unique=True))
    one = st.tuples(st.sampled_from(classes), st.sampled_from(classes), st.integers(0, 3))
    rows = data.draw(st.lists(one, min_size=1, max_size=90))
    truth, guess, groups = (list(x) for x in zip(*rows, strict=True))
    whole = confusion_matrix(truth, guess, labels=classes)
    assert (confusions(truth, guess, classes) == whole).all()
    parts = confusions(truth, guess, classes, np.array(groups))
    for g, part in enumerate(parts):
        own = [(t, p) for t, p, h in rows if h == g]
        assert part.sum() == len(own)
        if own:
            assert (part == confusion_matrix(*zip(*own, strict=True), labels=classes)).all()


def test_an_unknown_label_is_found_wherever_it_stands():
    """Also behind the rows that are looked at first, and as an object of its own."""
    for n, at in ((1000, 0), (1000, 999), (3000, 0), (3000, 99), (3000, 100), (3000, 2999)):
        for bad in ("joy", "negativ", "negative ", "negative" * 4, None, float("nan"), 1, [1]):
            values = np.array(["negative", "positive"] * (n // 2), dtype=object)
            values[at] = bad
            with pytest.raises(MepsError, match=rf"y_pred\[{at}\] is .*expected one of negative"):
                confusions(["negative"] * n, values, CLASSES)
    text = np.array(["negative"] * 9 + ["negativeness"])
    with pytest.raises(MepsError, match=r"y_true\[9\] is .*negativeness"):
        confusions(text, ["negative"] * 10, CLASSES)


@pytest.mark.parametrize(
    ("truth", "guess", "message"),
    [
        ([], [], "no predictions"),
        ([0, 1], [0], "2 truths but 1 prediction"),
        (["negative", "joy"], ["negative"] * 2, r"y_true\[1\] is .*joy.*negative, positive"),
        ([0, 1], [0, 3], r"y_pred\[1\] is .*3"),
        ([0, 1], [0, -1], r"y_pred\[1\] is .*-1"),
        ([0.0, float("nan")], [0, 1], "y_true"),
        ([True, False], [0, 1], r"y_true\[0\] is .*True"),
        ([[0]], [[0]], r"y_true\[0\] is \[0\]"),
        ([["negative"]], [["negative"]], r"y_true\[0\] is \['negative'\]"),
        (["negative", ["negative"] * 2], [0, 0], r"y_true\[1\] is \['negative', 'neg"),  # ragged
        ([0, [0, 1]], [0, 0], r"y_true\[0\] is 0; expected .* in every row"),
        (np.zeros((2, 1), int), [0, 0], "one label a trial"),
        (None, [0], "one label a trial"),
        ([0, "negative"], [0, 0], r"y_true\[0\] is 0; expected .* in every row"),
        (["negative", 0], [0, 0], r"y_true\[1\] is 0; expected .* in every row"),
        ([0, 2**70], [0, 0], r"y_true\[1\] is 1180591620717411303424"),
        (np.array([np.int64(0), np.int64(7)], dtype=object), [0, 0], r"y_true\[1\] is .*7"),
        (np.array([0, 2**63], dtype=np.uint64), [0, 0], r"y_true\[1\] is 9223"),
        ("negative", ["negative"], "one label a trial"),
    ],
)
def test_refuses_what_cannot_be_counted(truth, guess, message):
    with pytest.raises(MepsError, match=message):
        confusions(truth, guess, CLASSES)


def test_classes_are_declared_once_each():
    for classes in (("a",), ("a", "a"), (), None, 3, "ab", {"a", "b"}, ("a", None)):
        with pytest.raises(MepsError, match="two or more different names"):
            confusions(["a"], ["a"], classes)
    # The label 1 would be the class 1 and the second class.
    with pytest.raises(
        MepsError, match=r"classes=\(1, 2, 3\); expected two or more different names"
    ):
        confusions([1, 2], [1, 2], (1, 2, 3))


@pytest.mark.parametrize(
    "groups",
    [
        np.array([0, -1]),
        np.array([0.0, 1.0]),
        np.array([0, 1, 2]),
        np.array([1]),
        np.array([[0], [1]]),
        [0, 1],
    ],
)
def test_groups_are_whole_numbers_one_a_trial(groups):
    with pytest.raises(MepsError, match="groups: got .* expected an array of 2 whole numbers"):
        confusions(["a", "b"], ["a", "b"], ("a", "b"), groups)
