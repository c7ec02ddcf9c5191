"""What is written is read again; whatever else is read is an error that names the file."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meps_lib.errors import MepsError
from meps_lib.protocol.split_files import read_splits, save_splits
from meps_lib.protocol.splits import Split, cross_data_set, grouped_kfold, loso

SUBJECTS = ["007", "NA", "null", "spNO.1", "sub 2", "s,3", 's"4', "被试5", "1e5", " x"]


@pytest.mark.parametrize("suffix", [".json", ".csv"])
@pytest.mark.parametrize(
    "splits",
    [
        list(loso(SUBJECTS)),
        list(grouped_kfold(SUBJECTS, 3, seed=2)),
        list(cross_data_set(SUBJECTS, "1111122222", "2", "1")),
        list(cross_data_set(SUBJECTS, "1111222333", "1", "2")),  # the third takes no part
        [Split(999_999_999, tuple(SUBJECTS[:8]), *((s,) for s in SUBJECTS[8:]))],
    ],
)
def test_splits_come_back_as_they_were(tmp_path, suffix, splits):
    """Also for subjects whose names a table would take for numbers or for nothing."""
    path = save_splits(splits, tmp_path / f"splits{suffix}")
    assert read_splits(path, SUBJECTS * 3) == splits
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=4, unique=True
    ),
    st.sampled_from([".json", ".csv"]),
)
@settings(max_examples=60)
def test_any_names_come_back(tmp_path_factory, names, suffix):
    splits = list(loso(names))
    path = save_splits(splits, tmp_path_factory.mktemp("any") / f"s{suffix}")
    assert read_splits(path, names) == splits


def test_a_person_can_read_both_forms(tmp_path):
    splits = [Split(0, ("a", "b"), ("c",), ("d",)), Split(1, ("d", "b"), ("c",), ("a",))]
    text = save_splits(splits, tmp_path / "s.json").read_text()
    assert '   "train": ["a", "b"],\n   "validation": ["c"],\n   "test": ["d"]' in text
    lines = save_splits(splits, tmp_path / "s.csv").read_text().splitlines()
    assert lines[:3] == ["fold,subject,role", "0,a,train", "0,b,train"]
    # And write them by hand, the folds mixed.
    (tmp_path / "s.csv").write_text("\n".join([lines[0], *sorted(lines[1:], reverse=True)]))
    again = read_splits(tmp_path / "s.csv", "abcd")
    assert {s.fold: {*s.train} for s in again} == {0: {"a", "b"}, 1: {"b", "d"}}


@pytest.mark.parametrize("suffix", [".json", ".csv"])
def test_what_a_spreadsheet_leaves_behind_is_passed_over(tmp_path, suffix):
    """Excel puts a byte-order mark first; editors leave blank lines, sheets rows of commas."""
    splits = list(loso("abcd"))
    path = save_splits(splits, tmp_path / f"s{suffix}")
    text = path.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8-sig", newline="")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert read_splits(path, "abcd") == splits
    path.write_text(text + "\n" + ",,\n" * (suffix == ".csv") + "\n", encoding="utf-8")
    assert read_splits(path, "abcd") == splits


def test_lines_are_counted_as_an_editor_counts_them(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("fold,subject,role\n\n0,a,train\n\n0,b,tested\n")
    with pytest.raises(MepsError, match="line 5, role 'tested'"):
        read_splits(path, "abcd")


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("test", '{"splits": [{"fold": 0, "train": [], "test": ["d"], "test": ["c"]}]}'),
        ("splits", '{"splits": [], "splits": []}'),
    ],
)
def test_a_key_that_stands_twice_is_refused(tmp_path, key, text):
    path = tmp_path / "s.json"
    path.write_text(text)
    with pytest.raises(MepsError, match=f"s.json: '{key}' stands twice"):
        read_splits(path, "abcd")


GOOD = {"fold": 0, "train": ["a", "b"], "validation": ["c"], "test": ["d"]}


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        (
            [GOOD | {"train": ["a", "b", "z"]}],
            "fold 0: subjects z are not in the data; it has a, b",
        ),
        ([GOOD | {"train": ["a"]}], "fold 0: subjects b of the data have no role"),
        ([GOOD | {"train": ["a", "b", "d"]}], "fold 0: subjects d have two roles"),
        ([GOOD | {"test": []}], "no test subjects"),
        ([GOOD, GOOD], "fold 0: there are two of this number"),
        ([GOOD, GOOD | {"fold": 1}], "fold 1: subject d is tested in fold 0 already"),
        ([GOOD | {"fold": "0"}], "fold '0' is no whole number"),
        ([GOOD | {"fold": -1}], "fold=-1; expected a whole number, 0 to"),
        ([GOOD | {"unused": ["a"]}], "fold 0: subjects a have two roles"),
        ([GOOD | {"unused": "a"}], "fold 0, unused: expected a list of subjects"),
        ([GOOD | {"fold": True}], "fold True is no whole number"),
        ([GOOD | {"train": "ab"}], "fold 0, train: expected a list of subjects"),
        ([GOOD | {"train": [1, 2]}], "fold 0, train: expected a list of subjects"),
        ([GOOD | {"note": 1}], "entry 0 of splits: expected fold, train, validation, test"),
        ([[]], "entry 0 of splits"),
        ([], "no splits in it"),
        ({}, r'expected \{"splits"'),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_name(tmp_path, folds, message):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"splits": folds}))
    with pytest.raises(MepsError, match=f"mine.json.*{message}"):
        read_splits(path, "abcd")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fold,subject,role\n0,a,training\n", "line 2, role 'training'; expected one of train"),
        ("fold,subject,role\nzero,a,train\n", "line 2: 'zero, a, train'; expected a number"),
        ("fold,subject,role\n0,,train\n", "line 2: '0, , train'"),
        ("fold;subject;role\n0;a;train\n", "columns fold;subject;role; expected fold, subject"),
        ("fold,subject,role\n0,a\n", "line 2: '0, a'; expected a number, a subject, a role"),
        ("fold,subject,role\n", "no splits in it"),
        ("", "columns none; expected fold, subject, role"),
        ("fold,subject,role\n-1,a,train\n", "line 2: '-1, a, train'; expected a number"),
        ("\xff\xfe", "cannot be read"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_by_line(tmp_path, text, message):
    path = tmp_path / "mine.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(MepsError, match=f"mine.csv.*{message}"):
        read_splits(path, "abcd")


@given(st.one_of(st.text(), st.binary().map(lambda b: b.decode("latin-1"))), st.booleans())
def test_whatever_is_read_is_an_error_of_ours(tmp_path_factory, text, headed):
    for name, head in (("s.json", '{"splits": ['), ("s.csv", "fold,subject,role\n")):
        path = tmp_path_factory.getbasetemp() / name
        path.write_bytes((head * headed + text).encode("utf-8", "surrogatepass"))
        with pytest.raises(MepsError, match=name):
            read_splits(path, "abcd")


@pytest.mark.parametrize("name", ["splits.json", "splits.csv"])
def test_a_file_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(MepsError, match=f"cannot write .*{name}"):
        save_splits(loso("abcd"), tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_names_and_places_that_cannot_be_are_refused(tmp_path):
    with pytest.raises(MepsError, match=r"ends in \.json or \.csv"):
        save_splits(loso("abcd"), tmp_path / "splits.txt")
    with pytest.raises(MepsError, match="no splits to write"):
        save_splits([], tmp_path / "splits.csv")
    with pytest.raises(MepsError, match="cannot write .*nowhere"):
        save_splits(loso("abcd"), tmp_path / "nowhere" / "splits.csv")
    with pytest.raises(MepsError, match="no such file; write one"):
        read_splits(tmp_path / "splits.csv", "abcd")
    (tmp_path / "deep.json").write_text("[" * 200_000)
    with pytest.raises(MepsError, match=r"deep\.json cannot be read"):
        read_splits(tmp_path / "deep.json", "abcd")
