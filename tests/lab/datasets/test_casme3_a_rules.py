"""CAS(ME)^3 Part A: published counts, the documented rows, and what the rules make of a table."""

from itertools import product

import pandas as pd
import pytest

from meps_lab.datasets.casme3_a_rules import LONGEST
from meps_lab.datasets.index.build import IndexOptions, build_index
from meps_lab.simulate.layouts.spreadsheet import write_table
from meps_lib.errors import MepsError

A_TABLE = "annotation/cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx"
# facts: computed from the tables that the authors publish
PUBLISHED = {"disgust": 250, "surprise": 187, "Others": 1, "others": 160}
PUBLISHED |= {"fear": 86, "anger": 64, "sad": 57, "happy": 55}
COLUMNS = ["Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion"]


def published_a(**cells):
    """A table with the published numbers of rows, subjects and emotions; `cells` are changed."""
    emotions = [name for name, n in PUBLISHED.items() for _ in range(n)]
    rows = [
        (f"spNO.{k % 94 + 1}", "abcdefghijklm"[k // 94], 100, 104, 110, "4+L7", "I", emotion)
        for k, emotion in enumerate(emotions)
    ]
    table = pd.DataFrame(rows, columns=COLUMNS).astype(object)
    for column, changes in cells.items():
        for row, value in changes.items():
            table.loc[row, column] = value
    return table


def index_of(tmp_path, table, rules=None, **options):
    write_table(tmp_path / A_TABLE, table, "label")
    return build_index("casme3-a", tmp_path, IndexOptions(rules=rules or {}, **options))


def test_the_published_counts_pass_and_one_off_does_not(tmp_path):
    indexed = index_of(tmp_path, published_a())
    assert len(indexed.table) == 860 and indexed.table["subject"].nunique() == 94
    four = indexed.table["class_four"].value_counts()
    assert four.to_dict() == {"negative": 457, "surprise": 187, "others": 161, "positive": 55}
    assert indexed.table["class_three"].notna().sum() == 699
    with pytest.raises(MepsError, match="disgust 249 instead of 250, fear 87 instead of 86"):
        index_of(tmp_path, published_a(emotion={0: "fear"}))
    with pytest.raises(MepsError, match="subjects 95 instead of 94"):
        index_of(tmp_path, published_a(Subject={0: "spNO.95"}))
    assert len(index_of(tmp_path, published_a(emotion={0: "fear"}), any_counts=True).table) == 860
    assert len(index_of(tmp_path, published_a(emotion={0: "fear"})[:-1]).table) == 859


def test_the_documented_rows_are_flagged_and_none_is_lost(tmp_path):
    same = {k: 100 for k in range(200, 255)}  # 55 rows, onset = apex
    marks = {"Onset": {749: 106}, "Offset": {796: 0, 798: 0, 708: 100 + 3455}}
    names = {"Subject": {0: "spNO1", 1: "spNO2"}, "Filename": {2: "A"}}
    table = published_a(Apex={128: 97} | same, **names, **marks)
    indexed = index_of(tmp_path, table)
    flags = indexed.table.set_index(indexed.table["row"] - 2)["flags"]  # counted from 0
    assert len(indexed.dropped) == 0

    def rows(text):
        return flags.index[flags.str.contains(text)].tolist()

    assert rows("apex lies before the onset") == [128, 749]
    assert rows("offset is 0") == [796, 798]
    assert rows("longer than 300 frames") == [708]
    assert rows("onset and apex are the same frame") == list(same)
    assert rows("subject not written") == [0, 1]
    assert rows("video written") == [2]
    assert rows("emotion written") == [437]
    assert (flags != "").sum() == 5 + 55 + 4
    assert indexed.table["subject"].nunique() == 94


def test_the_rules_have_switches(tmp_path):
    table = published_a(Apex={128: 97, 5: 100}, Offset={796: 0})
    gone = index_of(tmp_path, table, {"apex-before-onset": "drop", "offset-zero": "drop"})
    assert gone.dropped["row"].tolist() == [798, 130]
    assert gone.dropped["rule"].tolist() == ["offset-zero", "apex-before-onset"]
    forgotten = index_of(tmp_path, table, {"onset-is-apex": "repair"}).table
    assert forgotten.loc[forgotten["row"] == 7, "apex"].isna().all()
    odd = published_a(Subject={0: "spNO1"})
    assert index_of(tmp_path, odd, {"subject-spelling": "drop"}).dropped["row"].tolist() == [2]
    with pytest.raises(MepsError, match="expected one of drop, repair"):
        index_of(tmp_path, table, {"offset-zero": "keep"})


def test_an_offset_of_zero_after_an_onset_of_zero_is_forgotten(tmp_path):
    table = published_a(Onset={3: 0}, Apex={3: 5}, Offset={3: 0})[:8]
    row = index_of(tmp_path, table).table.set_index("row").loc[5]
    assert (row["onset"], row["apex"]) == (0, 5) and row["offset"] is pd.NA
    assert row["flags"].startswith("the offset is 0: the offset is forgotten")


def test_a_clip_that_is_too_long_can_be_kept(tmp_path):
    table = published_a(Apex={3: 3500}, Offset={2: 3555, 3: 3555})[:8]
    lost = index_of(tmp_path, table, {"overlong": "keep"})
    assert lost.dropped["row"].tolist() == [5]
    kept = index_of(tmp_path, table, {"overlong": "keep", "overlong-lost": "keep"}).table
    assert kept.set_index("row").loc[[4, 5], "offset"].tolist() == [3555, 3555]
    assert kept["flags"].str.contains("longer than 300 frames").sum() == 2


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ({"Onset": 100, "Apex": 3500, "Offset": 3555}, "overlong-lost"),  # both ends are far
        ({"Onset": 100, "Apex": 3500, "Offset": ""}, "overlong-lost"),
        ({"Onset": 100, "Apex": "", "Offset": 3555}, "overlong-lost"),
        ({"Onset": 100, "Apex": 97, "Offset": 3555}, "overlong-lost"),
        ({"Onset": 100, "Apex": 100, "Offset": 3555}, "overlong-lost"),
        ({"Onset": 120, "Apex": 104, "Offset": 110}, "onset-after-offset"),
        ({"Onset": "/", "Apex": 104, "Offset": 110}, "onset-missing"),
        ({"Onset": 100, "Apex": 100, "Offset": 0}, "one-frame"),
        ({"Onset": 100, "Apex": 97, "Offset": 0}, "one-frame"),
        ({"Onset": 100, "Apex": "", "Offset": 100}, "one-frame"),
    ],
)
def test_rows_that_say_too_little_are_dropped(tmp_path, cells, rule):
    table = published_a(**{column: {3: value} for column, value in cells.items()})[:8]
    indexed = index_of(tmp_path, table)
    assert indexed.dropped[["row", "rule"]].to_numpy().tolist() == [[5, rule]]
    assert len(indexed.table) == 7


def test_any_order_of_marks_is_repaired_or_dropped(tmp_path):
    values = (0, 1, 2, 400, "")
    marks = enumerate(product(values, repeat=3), 1)
    rows = [(f"spNO.{k}", "a", *three, "", "I", "fear") for k, three in marks]  # clips must differ
    indexed = index_of(
        tmp_path, pd.DataFrame(rows, columns=COLUMNS)
    )  # the schema would refuse falling marks
    assert len(indexed.table) + len(indexed.dropped) == len(rows) and len(indexed.table) > 20
    last = indexed.table["offset"].fillna(indexed.table["apex"])
    assert (last - indexed.table["onset"]).between(1, LONGEST - 1).all()


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"Filename": {3: "ab"}}, "v2.xlsx, row 5, column Filename: got 'ab'"),
        ({"Filename": {3: ""}}, "row 5, column Filename: got ''"),
        ({"emotion": {3: "bored"}}, "row 5, column emotion: unknown emotion 'bored'"),
        ({"Subject": {3: "someone"}}, "row 5, column Subject: got 'someone'"),
        ({"Apex": {3: "10,5"}}, "row 5, column Apex: got '10,5'.*write a point"),
        (
            {"Subject": {3: "spNO1"}, "Filename": {3: "A"}, "Apex": {3: 101}},
            "rows 2, 5: all are clip 'spNO.1_a_100', but differ in apex;",
        ),
    ],
)
def test_part_a_tables_that_cannot_be_read(tmp_path, cells, message):
    with pytest.raises(MepsError, match=message):
        index_of(tmp_path, published_a(**cells)[:8])


def test_a_row_that_was_pasted_twice_is_dropped(tmp_path):
    table = published_a()[:8]
    twice = pd.concat([table, table.iloc[[2, 2]]])
    indexed = index_of(tmp_path, twice)
    assert indexed.table["row"].tolist() == list(range(2, 10))
    dropped = indexed.dropped[["row", "rule"]].to_numpy().tolist()
    assert dropped == [[10, "duplicate"], [11, "duplicate"]]
    twice.iloc[-1, twice.columns.get_loc("Subject")] = "spNO3"  # is the same row all the same
    assert index_of(tmp_path, twice).dropped[["row", "rule"]].to_numpy().tolist() == dropped
    twice.iloc[-1, twice.columns.get_loc("emotion")] = "fear"
    with pytest.raises(MepsError, match="rows 4, 10, 11: all are clip .*differ in emotion"):
        index_of(tmp_path, twice)


def test_action_units_that_cannot_be_read_do_not_cost_the_clip(tmp_path):
    table = index_of(tmp_path, published_a(AU={3: "see the video"})[:8]).table
    assert table["aus"].tolist()[2:4] == ["4+L7", ""]
    assert table["flags"][3] == "action units not understood"
    assert table["aus_raw"][3] == "see the video"
