"""`protocol.confusion`: every way in which labels come gives the counts of scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from meps_lib.errors import MepsError
from meps_lib.protocol.confusion import confusions
from meps_lib.protocol.metrics import score

CLASSES = ("negative", "positive", "surprise")


FORMS = {
    "positions": lambda k, names: k,
    "small integers": lambda k, names: k.astype(np.int8),
    "unsigned integers": lambda k, names: k.astype(np.uint64),
    "list of Python's integers": lambda k, names: k.tolist(),
    "list of NumPy's integers": lambda k, names: list(k),
    "objects of integers": lambda k, names: k.astype(object),
    "array of text": lambda k, names: names,
    "text, big-endian": lambda k, names: names.astype(names.dtype.newbyteorder(">")),
    "objects, every other": lambda k, names: names.astype(object).repeat(2)[::2],
    "list": lambda k, names: names.tolist(),
    "list of NumPy's text": lambda k, names: list(names),
    "tuple": lambda k, names: tuple(names.tolist()),
    "column": lambda k, names: pd.Series(names, index=np.arange(len(k)) + 7),
    "text column": lambda k, names: pd.Series(names, dtype="string"),
    "categorical": lambda k, names: pd.Series(pd.Categorical(names, CLASSES[::-1])),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_labels_gives_the_counts_of_scikit_learn(form):
    truth, guess = np.random.default_rng(0).integers(0, 3, (2, 57))
    names = np.array(CLASSES)
    for n in (1, 57):
        got = confusions(FORMS[form](truth[:n], names[truth[:n]]), guess[:n].tolist(), CLASSES)
        assert (got == confusion_matrix(truth[:n], guess[:n], labels=[0, 1, 2])).all()


def test_whole_numbers_may_be_the_classes_themselves():
    """Then a label is a class and not a place: 1 is the second of 3, 1, 2."""
    truth, guess = [1, 2, 2, 3], np.array([1, 2, 3, 3], np.int16)
    for classes in ((3, 1, 2), np.array([3, 1, 2]), [np.int64(3), 1, 2]):
        assert confusions(truth, guess, classes).tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 1]]
    s = score(truth, guess, (3, 1, 2))
    assert (s.classes, s.accuracy) == ((3, 1, 2), 0.75)
    for labels, bad in (([1, 0, 2, 3], 0), ([1, True, 2, 3], True), ([1, "2", 2, 3], "'2'")):
        with pytest.raises(
            MepsError, match=rf"y_pred\[1\] is {bad}; .* one of 3, 1, 2 in every row"
        ):
            score(truth, labels, (3, 1, 2))


@given(st.data())
def test_any_names_and_groups_agree_with_scikit_learn(data):
    """Classes that are prefixes of each other, empty, or of any script; declared or met."""
    # NumPy's text, in which scikit-learn counts, drops a NUL at the end: "" and NUL are one there.
    names = st.text(st.characters(exclude_characters="\x00"), max_size=5)
    classes = data.draw(st.lists(names, min_size=2, max_size=6, unique=True))
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


@pytest.mark.parametrize(
    "bad",
    ["joy", "negativ", "negative ", "negative" * 4, None, np.nan, pd.NA, 1, True, [1], b"positive"],
)
def test_an_unknown_label_is_named_wherever_it_stands(bad):
    for at in (0, 9):
        values = ["negative", "positive"] * 5
        values[at] = bad
        with pytest.raises(MepsError, match=rf"y_pred\[{at}\] is .*expected one of negative"):
            confusions(["negative"] * 10, values, CLASSES)


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


@pytest.mark.parametrize(
    "classes",
    [
        ("a",),
        ("a", "a"),
        (),
        None,
        3,
        "ab",
        {"a", "b"},
        ("a", None),
        ("a", 1),
        (1, 1),
        (True, False),
    ],
)
def test_classes_are_declared_once_each(classes):
    with pytest.raises(MepsError, match="two or more different names"):
        confusions(["a"], ["a"], classes)


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


@pytest.mark.parametrize("dtype", ["Int64", "float64"])
def test_an_empty_row_is_named_and_not_the_first_that_it_made_a_float_of(dtype):
    labels = pd.Series([0, 1, None], dtype=dtype)
    with pytest.raises(MepsError, match=r"y_true\[2\] is nan"):
        confusions(labels, [0, 1, 1], ("a", "b"))
