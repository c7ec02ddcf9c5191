"""The index: what outlives a file, what the report says, and when counts are asserted."""

import json
import os
from dataclasses import replace

import pandas as pd
import pytest

from meps_lab.datasets.index import kinds
from meps_lab.datasets.index.build import (
    Expected,
    IndexOptions,
    Kind,
    Rows,
    build_index,
    frame_of,
    read_index,
)
from meps_lab.datasets.index.reports import DUPLICATE, missing
from meps_lab.datasets.index.schema import check_index
from meps_lib.errors import MepsError
from tests.lab.datasets.small import EMOTIONS, RULE, table


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """A data set of six rows; call it with what should be different."""
    (tmp_path / "mark").touch()

    def make(rows=None, lost=("depth of 6 clips",), **fields):
        found = rows if rows is not None else table()
        loaded = Rows(found, lost, ("a note",))
        how = ("tiny", "Tiny", lambda root, options: loaded, None, None, {"three": EMOTIONS})
        kind = Kind(*how, (RULE,), ("colour",), ("mark",))
        monkeypatch.setattr(kinds, "kind_of", lambda name: replace(kind, **fields))
        return tmp_path

    return make


def test_an_index_outlives_its_file(tiny, tmp_path):
    made = build_index("tiny", tiny(table(apex=4)))
    made.save(tmp_path / "index.parquet")
    got = read_index(tmp_path / "index.parquet", tmp_path / "moved")
    pd.testing.assert_frame_equal(got.table, made.table)
    assert got.dropped.to_dict("records") == made.dropped.to_dict("records")
    for name in ("kind", "title", "missing", "notes"):
        assert getattr(got, name) == getattr(made, name)
    assert dict(got.class_sets) == dict(made.class_sets)
    assert got.root == tmp_path / "moved" and got.table.attrs == {}
    assert got.report() == made.report()
    assert len(pd.read_parquet(tmp_path / "index.parquet")) == len(made.table)  # anyone's table
    assert [p.name for p in tmp_path.iterdir() if "part" in p.name] == []


def test_an_index_without_drops_or_classes_outlives_its_file(tiny, tmp_path):
    bare = table().drop(columns="class_three")
    made = build_index("tiny", tiny(bare, class_sets={}, rules=()))
    made.save(tmp_path / "i.parquet")
    got = read_index(tmp_path / "i.parquet", tmp_path)
    pd.testing.assert_frame_equal(got.table, bare)
    assert got.dropped.empty and got.report() == made.report()


def test_an_index_that_cannot_be_written(tiny, tmp_path):
    made = build_index("tiny", tiny())
    message = "cannot write .*index.parquet: No such file or directory; choose another"
    with pytest.raises(MepsError, match=message):
        made.save(tmp_path / "no such folder" / "index.parquet")


def test_two_processes_may_write_one_index(tiny, tmp_path, monkeypatch):
    """The other one ends while this one writes."""
    made, replaced, path = build_index("tiny", tiny()), os.replace, tmp_path / "i.parquet"

    def late(*names):
        monkeypatch.undo()
        made.save(path), replaced(*names)

    monkeypatch.setattr(os, "replace", late)
    made.save(path)
    assert read_index(path, tmp_path).table.equals(made.table)
    assert {p.name for p in tmp_path.iterdir()} == {"i.parquet", "mark"}


def _text(path):
    path.write_text("subject,clip")


def _other_parquet(path):
    pd.DataFrame({"a": [1]}).to_parquet(path)


def _spoilt_story(path):
    spoilt = table()
    spoilt.attrs["meps_index"] = json.dumps({"kind": "tiny"})
    spoilt.to_parquet(path)


@pytest.mark.parametrize("write", [_text, _other_parquet, _spoilt_story])
def test_a_file_that_is_no_index(tmp_path, write):
    write(tmp_path / "i.parquet")
    with pytest.raises(MepsError, match="i.parquet cannot be read.*meps index KIND ROOT"):
        read_index(tmp_path / "i.parquet", tmp_path)


def test_an_index_that_is_not_there(tmp_path):
    with pytest.raises(MepsError, match="no such file; make it with 'meps index"):
        read_index(tmp_path / "i.parquet", tmp_path)


def test_an_edited_index_is_held_against_the_schema(tiny, tmp_path):
    path = tmp_path / "i.parquet"
    build_index("tiny", tiny()).save(path)
    edited = pd.read_parquet(path)
    edited.loc[2, "clip"] = "c0"
    edited.to_parquet(path)
    with pytest.raises(MepsError, match="i.parquet, clip .*row 2 of.*row 4 of.*column clip"):
        read_index(path, tmp_path)


OUTSIDE = ("/etc/passwd", "//host/x", "../x", "a/../../x", "a/..", "a\n/../x", "a\0")
OUTSIDE += ("C:/x", "C:x", "a\\x")


@pytest.mark.parametrize("column", ["colour", "depth", "ps", "eeg", "flow"])
def test_no_path_leads_out_of_the_root(tiny, tmp_path, column):
    """An index that somebody else made is read, and nothing else of the disk with it."""
    check_index(table(**{column: "sub01/EP 02..f/.x/微表情"}))
    for path in OUTSIDE:
        with pytest.raises(MepsError, match=f"'c1'.*column {column}: .*a path below the root"):
            check_index(table(**{column: path}))
    file = tmp_path / "i.parquet"
    build_index("tiny", tiny()).save(file)
    pd.read_parquet(file).assign(**{column: "../x"}).to_parquet(file)
    with pytest.raises(MepsError, match=f"i.parquet, clip .*column {column}: got '../x'"):
        read_index(file, tmp_path)


def test_a_part_of_a_set_is_told_what_it_lacks(tiny):
    for rows, lines in ((7, ["missing: 1 of the 7 rows of the whole set"]), (6, []), (5, [])):
        report = build_index("tiny", tiny(expected=Expected(rows, 2))).report()
        assert [x for x in report.splitlines() if "of the whole set" in x] == lines
    assert "missing: depth of 6 clips" in report


def test_the_report_counts(tiny):
    report = build_index("tiny", tiny(table(apex=4, flags="smudged"))).report()
    lines = report.splitlines()
    assert lines[0] == "Tiny: 5 clips of 2 subjects"
    assert lines[1] == "classes three: happiness 2  disgust 1  surprise 2  (none 0)"
    assert lines[2:] == [
        "dropped 1 by apex-first: the apex lies before the onset (first: clip 'c1', row 3 of the "
        "table)",
        "missing: depth of 6 clips",
        "note: a note",
    ]
    kept = IndexOptions(rules={"apex-first": "repair"})
    lines = build_index("tiny", tiny(table(apex=4, flags="smudged")), kept).report().splitlines()
    assert lines[2] == "flagged 1: smudged (first: clip 'c1', row 3 of the table)"
    assert lines[3].startswith("flagged 1: the apex lies before the onset: the apex is forgotten")


def test_published_counts_are_asserted_of_a_whole_set_alone(tiny):
    right = Expected(6, 2, {"disgust": 2})
    wrong = Expected(6, 3, {"disgust": 1, "happiness": 2})
    assert len(build_index("tiny", tiny(expected=right)).table) == 6
    message = "6 rows, as published, but subjects 2 instead of 3, disgust 2 instead of 1; .*any-cou"
    with pytest.raises(MepsError, match=message):
        build_index("tiny", tiny(expected=wrong))
    options = IndexOptions(any_counts=True)
    assert len(build_index("tiny", tiny(expected=wrong), options).table) == 6
    part = replace(wrong, rows=7)  # six rows of seven: a part, which nobody has counted
    assert len(build_index("tiny", tiny(expected=part)).table) == 6


def test_a_pasted_row_neither_hides_a_wrong_count_nor_a_lost_row(tiny):
    pasted = pd.concat([table(), table().iloc[[2]].assign(row=90)], ignore_index=True)
    rules = (DUPLICATE,)
    with pytest.raises(MepsError, match="6 rows, as published, but subjects 2 instead of 3"):
        build_index("tiny", tiny(pasted, rules=rules, expected=Expected(6, 3)))
    found = build_index("tiny", tiny(pasted, rules=rules, expected=Expected(7, 2)))
    assert found.missing[0] == "1 of the 7 rows of the whole set"


def test_more_rows_than_were_published_are_said(tiny):
    found = build_index("tiny", tiny(expected=Expected(4, 9)))
    assert found.notes == ("a note", "2 rows more than the published 4")
    assert "note: 2 rows more than the published 4" in found.report()
    assert build_index("tiny", tiny(expected=Expected(6, 2))).notes == ("a note",)


def test_only_what_kept_clips_lack_is_missing(tiny):
    lost = missing("frames", ["c1", "c2"], 6)
    found = build_index("tiny", tiny(table(apex=4), lost))
    assert found.dropped["clip"].tolist() == ["c1"]
    assert found.missing == ("frames of 1 of 5 clips (c2)",)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda t: t.drop(columns="class_three"), "i.parquet: no column class_three"),
        (lambda t: t.assign(class_three="foo"), "clip 'c0', row 2 .*class_three: got 'foo'; exp"),
    ],
)
def test_an_index_without_its_classes_is_refused(tiny, tmp_path, edit, message):
    path = tmp_path / "i.parquet"
    build_index("tiny", tiny()).save(path)
    whole = pd.read_parquet(path)
    edited = edit(whole)
    edited.attrs = whole.attrs
    edited.to_parquet(path)
    with pytest.raises(MepsError, match=message):
        read_index(path, tmp_path)


def test_a_loader_keeps_to_the_classes_it_declares(tiny):
    with pytest.raises(MepsError, match="clip 'c1', row 3 .*got 'foo'; expected one of happiness"):
        build_index("tiny", tiny(table(class_three="foo")))


def test_counts_are_those_before_the_rules(tiny):
    expected = Expected(6, 2, {"disgust": 2})
    assert len(build_index("tiny", tiny(table(apex=4), expected=expected)).table) == 5


def test_nothing_to_index(tiny):
    with pytest.raises(MepsError, match="no clip of Tiny in it; is the copy complete"):
        build_index("tiny", tiny(frame_of([], "tiny")))
    with pytest.raises(MepsError, match="the rules drop every clip; keep some with --rules"):
        build_index("tiny", tiny(table(n=2).iloc[1:].assign(apex=4)))


def test_an_unknown_data_set():
    with pytest.raises(MepsError, match="unknown data set 'casme'; known are casme3-a"):
        build_index("casme", ".")


@pytest.mark.parametrize("column", ["subject", "clip", "colour", "ps"])
def test_a_name_that_is_no_text_is_dropped_and_counted(tiny, tmp_path, column):
    odd = os.fsdecode(b"x\xff")
    made = build_index("tiny", tiny(table(**{column: odd, "apex": 13})))
    assert len(made.table) == 5 and made.dropped["rule"].tolist() == ["name-no-text"]
    assert "dropped 1 by name-no-text: a name on disk holds a byte that is not" in made.report()
    made.save(tmp_path / "i.parquet")
    assert read_index(tmp_path / "i.parquet", tmp_path).report() == made.report()
