"""The schema of the index: what it holds, and what it refuses with which words."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meps_lab.datasets.index.rules import apply_rules
from meps_lab.datasets.index.schema import COLUMNS, SCHEMA, check_classes, check_index, frame_of
from meps_lib.errors import MepsError
from tests.lab.datasets.small import EMOTIONS, RULE, row, table


def test_a_frame_has_all_columns_and_their_types():
    got = frame_of([{"subject": "1", "clip": "a"}, {"subject": "1", "clip": "b", "onset": 3}], "x")
    assert tuple(got) == COLUMNS
    assert got["data_set"].tolist() == ["x", "x"]
    assert got["onset"].dtype == "Int64" and got["onset"].tolist() == [pd.NA, 3]
    assert got["colour"].tolist() == ["", ""] and got["fps"].isna().all()
    check_index(got)
    assert len(check_index(frame_of([], "x"))) == 0


def test_a_data_set_of_its_own_and_missing_classes():
    got = frame_of([row(0, data_set="samm"), row(1, class_three=None)], "megc2019")
    assert got["data_set"].tolist() == ["samm", "megc2019"]
    assert got["class_three"].tolist() == ["happiness", pd.NA]


def test_an_unknown_column_is_an_error():
    with pytest.raises(MepsError, match="the index has no column ofset"):
        frame_of([row(0, ofset=3)], "x")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            {"clip": "c0"},
            "t.csv, clip 'c0', row 2 of the table, clip 'c0', row 3 of the table, column clip: "
            "got 'c0'; expected a name that no other clip has; 2 such",
        ),
        ({"clip": ""}, r"t.csv, clip '', row 3 of the table, column clip: got ''"),
        ({"subject": ""}, r"clip 'c1', row 3 of the table, column subject: got ''"),
        ({"fps": 0}, r"clip 'c1', row 3 of the table, column fps: got 0"),
        ({"onset": -1, "row": None}, r"t.csv, clip 'c1', column onset: got -1; expected greater"),
        ({"aus": "smile"}, r"clip 'c1', row 3 of the table, column aus: got 'smile'"),
        ({"aus": "4+"}, r"row 3 of the table, column aus: got '4\+'"),
        ({"apex": 5}, r"clip 'c1', row 3 of the table: onset 10, apex 5, offset 18.*rise"),
        ({"apex": None, "offset": 5}, "clip 'c1', row 3 of the table: onset 10, apex <NA>, off"),
        ({"onset": None, "apex": 20}, "clip 'c1'.*onset <NA>, apex 20, offset 18"),
        ({"colour": "sub01/\udcff"}, r"'c1', row 3 .*column colour: got 'sub01/.udcff'; .*UTF-8"),
        ({"clip": "\udcff"}, r"clip '.udcff', row 3 of the table, column clip: .*UTF-8; rename"),
        ({"class_three": "\udcff"}, "clip 'c1', row 3 of the table, column class_three: .*UTF-8"),
    ],
)
def test_the_schema_names_row_column_and_clip(cells, message):
    with pytest.raises(MepsError, match=message):
        check_index(table(**cells), "t.csv")


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_no_column_may_be_missing(name):
    with pytest.raises(MepsError, match=name):
        check_index(table().drop(columns=name), "t.csv")


def test_no_column_may_be_new():
    with pytest.raises(MepsError, match="happy"):
        check_index(table().assign(happy=1), "t.csv")


def test_a_class_set_has_its_column_and_its_classes():
    right = table(class_three=None)
    check_classes(right, {"three": EMOTIONS}, "i.parquet")
    check_classes(right, {}, "i.parquet")
    with pytest.raises(MepsError, match="i.parquet: no column class_four, .*index anew"):
        check_classes(right, {"three": EMOTIONS, "four": EMOTIONS}, "i.parquet")
    message = "i.parquet, clip 'c1', row 3 .*column class_three: got 'foo'; expected one of happ"
    with pytest.raises(MepsError, match=message):
        check_classes(table(class_three="foo"), {"three": EMOTIONS}, "i.parquet")


FRAMES = st.one_of(st.none(), st.integers(-5, 400))
NAMES = st.text(st.characters(codec="utf-8"), max_size=3)
ANY_ROW = st.fixed_dictionaries(
    {"subject": NAMES, "clip": NAMES, "onset": FRAMES, "apex": FRAMES, "offset": FRAMES},
    optional={
        "fps": st.one_of(st.none(), st.floats()),
        "aus": st.sampled_from(["", "4", "L4+12", "x"]),
        "row": FRAMES,
        "class_three": st.one_of(st.none(), NAMES),
    },
)


@given(st.lists(ANY_ROW, max_size=4), st.sampled_from(["drop", "repair"]))
@settings(derandomize=True, max_examples=40)
def test_any_rows_are_an_index_or_an_error_of_ours(rows, action):
    try:
        made, dropped = apply_rules(frame_of(rows, "any"), (RULE,), {"apex-first": action})
        made = check_index(made)
    except MepsError:
        return
    assert len(made) + len(dropped) == len(rows)
    assert made["clip"].is_unique and (made["subject"] != "").all()
    for clip in made.itertuples():
        known = [n for n in (clip.onset, clip.apex, clip.offset) if n is not pd.NA]
        assert known == sorted(known) and all(n >= 0 for n in known)
    SCHEMA.validate(made)
