"""What loaders say alike, against the sentences that a person should read."""

import pandas as pd
import pytest

from meps_lab.datasets.index.reports import (
    DUPLICATE,
    check_counts,
    check_unique,
    flagged,
    in_words,
    missing,
)
from meps_lab.datasets.index.rules import apply_rules
from meps_lab.datasets.index.schema import frame_of
from meps_lib.errors import MepsError


@pytest.mark.parametrize(
    ("names", "total", "said"),
    [
        ([], 9, ()),
        (pd.Series([], dtype=str), 9, ()),
        (["a"], 9, ("frames of 1 of 9 clips (a)",)),
        (["a", "b", "c"], None, ("frames of 3 clips (a, b, c)",)),
        (
            pd.Series(list("abcd"), index=[3, 5, 7, 9]),
            4,
            ("frames of 4 of 4 clips (a, b, c, ...)",),
        ),
        (["a", "a", "b"], None, ("frames of 2 clips (a, b)",)),
    ],
)
def test_what_is_missing_in_words(names, total, said):
    assert tuple(map(str, missing("frames", names, total))) == said


def test_the_unit_is_the_callers():
    assert str(*missing("EEG", ["sub01"], 2, "subjects")) == "EEG of 1 of 2 subjects (sub01)"


ROWS = [
    {"clip": "a", "subject": "1", "onset": 3, "apex": None, "row": 2},
    {"clip": "b", "subject": "1", "onset": 3, "apex": None, "row": 3},
    {"clip": "a", "subject": "1", "onset": 3, "apex": None, "row": 4},
]


def test_the_same_row_twice_is_for_the_rule_and_another_of_that_name_for_nobody():
    check_unique([], "x.csv")
    check_unique(ROWS, "x.csv")
    kept, dropped = apply_rules(frame_of(ROWS, "any"), (DUPLICATE,))
    assert kept["row"].tolist() == [2, 3] and dropped["row"].tolist() == [4]
    other = [*ROWS, ROWS[0] | {"onset": 4, "apex": 5, "row": 9}]
    with pytest.raises(MepsError, match="x.csv, rows 2, 4, 9: all are clip 'a', but differ in ons"):
        check_unique(other, "x.csv")
    assert len(apply_rules(frame_of(other, "any"), (DUPLICATE,))[0]) == 3


def test_another_spelling_is_no_other_clip():
    """What a loader flags, and how a cell was written, is not what the row says."""
    written = {"flags": "subject not written spNO.<number>", "emotion_raw": "Others", "row": 7}
    twice = [*ROWS[:2], ROWS[0] | written]
    check_unique(twice, "x.csv")
    kept, dropped = apply_rules(frame_of(twice, "any"), (DUPLICATE,))
    assert kept["row"].tolist() == [2, 3] and dropped["row"].tolist() == [7]


def test_a_rule_finds_what_a_loader_flagged():
    flags = ["no apex", "late; no apex", "no apex at row 7", "there is no apex", ""]
    hits = flagged("no apex")(pd.DataFrame({"flags": flags}))
    assert hits.tolist() == [True, True, True, False, False]


def test_what_a_dropped_clip_lacks_is_not_missing():
    found = (
        *missing("frames", ["a", "b", "gone"], 5),
        *missing("depth", ["gone"], 5),
        *missing("EEG", ["sub01"], 2, "subjects"),
        "folder micro of s02",
    )
    frames, eeg, folder = in_words(found, pd.Series(["a", "b", "c"]))
    assert (frames, folder) == ("frames of 2 of 3 clips (a, b)", "folder micro of s02")
    assert eeg == "EEG of 1 of 2 subjects (sub01)"


def test_counts_are_held_against_those_published():
    felt = pd.Series(["fear", "fear", "anger"]).value_counts()
    want = {"fear": 2, "anger": 1}
    check_counts(felt, want, "x.csv", "3 rows")
    check_counts(felt.to_dict() | {"joy": 7}, want, "x.csv", "3 rows")  # not a count of theirs
    with pytest.raises(MepsError) as error:
        check_counts(felt, want | {"fear": 1, "joy": 1}, "x.csv", "3 rows")
    assert str(error.value).startswith(
        "x.csv: 3 rows, as published, but fear 2 instead of 1, joy 0 instead of 1; the labels"
    )
