"""Files are whole or not there, links stay, and what cannot be read is one clear error."""

import json
import os

import pytest

from meps_lib.errors import MepsError
from meps_lib.files import from_json, read_json, reading, write_whole


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"precious")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    write_whole(tmp_path / "link", b"new")
    assert not (tmp_path / "link").is_symlink() and (tmp_path / "link").read_bytes() == b"new"
    assert (tmp_path / "elsewhere").read_bytes() == b"precious"


@pytest.mark.parametrize("letter", ["a", "é", "被"])
def test_a_name_as_long_as_a_disk_allows_can_be_written(tmp_path, letter):
    name = letter * (250 // len(letter.encode())) + ".png"
    write_whole(tmp_path / name, b"whole")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_cannot_be_put_in_place_leaves_nothing_behind(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"old")

    def fails(old, new):
        raise OSError("no room")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="no room"):
        write_whole(tmp_path / "a", b"new")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("a", b"old")]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "No such file"),
        (b"", "line 1 column 1"),
        (b'{"a": 1,\n "b": }', "line 2 column 7"),
        (b'{"a": "\xff"}', "byte 0xff in position 7"),
        (b"\x00", "line 1 column 1"),
        (b"[" * 200_000, "too deep"),
        (b"9" * 5000, "digits"),
        (b'{"a": {"b": 1, "c": 2, "b": 3}}', "'b' stands twice"),
    ],
)
def test_what_is_no_json_is_named_with_its_place(tmp_path, content, told):
    path = tmp_path / "x.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MepsError, match=rf"x\.json.*{told}"):
        read_json(path, "do this")


def test_json_is_read_as_the_standard_library_reads_it(tmp_path):
    value = {"a": [1, 2.5, None, True, "é 被"], "b": {}}
    for encoding in ("utf-8", "utf-8-sig"):
        (tmp_path / "x.json").write_text(json.dumps(value, ensure_ascii=False), encoding)
        assert read_json(tmp_path / "x.json") == value
    assert from_json("[1, {}]") == json.loads("[1, {}]")


@pytest.mark.parametrize(
    ("use", "told"),
    [
        (lambda record: record["b"], "no entry 'b'"),
        (lambda record: record["a"]["c"], "x.json cannot be read"),
        (lambda record: record.items().a, "x.json cannot be read"),
        (lambda record: int(record["a"]), "x.json cannot be read"),
    ],
)
def test_what_lacks_something_is_named_with_what_to_do(tmp_path, use, told):
    path = tmp_path / "x.json"
    with pytest.raises(MepsError, match=told) as error, reading(path, "do this"):
        use({"a": "word"})
    assert str(error.value).startswith(str(path)) and str(error.value).endswith("; do this")


def test_an_error_that_names_the_file_is_not_told_twice(tmp_path):
    for said in ("it is odd", f"{tmp_path}: it is odd"):
        with pytest.raises(MepsError) as error, reading(tmp_path, "do this"):
            raise MepsError(said)
        assert str(error.value) == f"{tmp_path}: it is odd"
