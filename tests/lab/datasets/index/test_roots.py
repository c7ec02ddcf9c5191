"""The right folder is taken, and from a wrong one the way to the right one is shown."""

import os
import time

import pytest

from meps_lab.datasets.index import kinds
from meps_lab.datasets.index.kind import Kind
from meps_lab.datasets.index.roots import check_root
from meps_lab.datasets.readers.folders import entries, folders_below
from meps_lib.errors import MepsError


def kind(name, *marks):
    return Kind(name, name.upper(), None, None, None, {}, (), (), marks)


CASME2 = kind("casme2", "CASME2-coding*", "Cropped/sub*")
SAMM = kind("samm", "SAMM_Micro_FACS_Codes*")


@pytest.fixture
def two_kinds(monkeypatch):
    """Only these two exist, so that no other data set's marks matter here."""
    both = {"casme2": CASME2, "samm": SAMM}
    monkeypatch.setattr(kinds, "MODULES", both)
    monkeypatch.setattr(kinds, "kind_of", both.__getitem__)


@pytest.fixture
def casme2(tmp_path):
    root = tmp_path / "data" / "CASME II ü 微表情"
    (root / "Cropped/sub01/EP02_01f").mkdir(parents=True)
    return root


def test_any_mark_makes_a_root(casme2):
    assert check_root(CASME2, casme2) == casme2
    (casme2 / "Cropped").rename(casme2 / "else")
    with pytest.raises(MepsError):
        check_root(CASME2, casme2)
    (casme2 / "CASME2-coding-updated.csv").touch()
    assert check_root(CASME2, str(casme2)) == casme2


@pytest.mark.parametrize(
    "given", ["Cropped", "Cropped/sub01", "Cropped/sub01/EP02_01f", "..", "../.."]
)
def test_too_deep_or_too_high_shows_the_right_one(two_kinds, casme2, given):
    with pytest.raises(MepsError) as caught:
        check_root(CASME2, (casme2 / given).resolve())
    assert f"did you mean {casme2}?" in str(caught.value)
    assert "holds CASME2-coding* or Cropped/sub*" in str(caught.value)


def test_the_root_of_another_kind_is_recognised(two_kinds, casme2):
    with pytest.raises(MepsError, match=r"expected the folder of SAMM.*looks like CASME2 \('casme"):
        check_root(SAMM, casme2)


def test_nothing_looks_like_flow_maps_by_itself(monkeypatch, casme2):
    """Their marks are any table and any pictures, which lie in every other set as well."""
    loose = kind("flowmaps", "*.csv")
    monkeypatch.setattr(kinds, "MODULES", {"flowmaps": loose, "samm": SAMM})
    monkeypatch.setattr(kinds, "kind_of", {"flowmaps": loose, "samm": SAMM}.__getitem__)
    (casme2 / "notes.csv").touch()
    assert check_root(loose, casme2) == casme2
    with pytest.raises(MepsError) as caught:
        check_root(SAMM, casme2)
    assert "it holds Cropped, notes.csv" in str(caught.value)


def test_for_flow_maps_nobody_looks_upwards(tmp_path):
    """Some folder above always has a picture or a table: "did you mean /tmp?"."""
    loose = kind("flowmaps", "*.csv")
    (tmp_path / "notes.csv").touch()
    (tmp_path / "a" / "b").mkdir(parents=True)
    with pytest.raises(MepsError, match="it holds b$"):
        check_root(loose, tmp_path / "a")
    (tmp_path / "a" / "b" / "labels.csv").touch()
    with pytest.raises(MepsError, match="did you mean .*/a/b[?]"):
        check_root(loose, tmp_path / "a")


def test_marks_are_matched_in_any_case(tmp_path):
    (tmp_path / "cropped" / "SUB01").mkdir(parents=True)
    assert check_root(CASME2, tmp_path) == tmp_path


def test_with_a_named_table_any_folder_will_do(tmp_path):
    assert check_root(CASME2, tmp_path, labels=tmp_path / "x.csv") == tmp_path
    with pytest.raises(MepsError, match="no such folder"):
        check_root(CASME2, tmp_path / "gone", labels=tmp_path / "x.csv")


def test_a_kind_that_cannot_be_imported_does_not_hide_the_error(monkeypatch, tmp_path):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(kinds, "kind_of", missing)
    with pytest.raises(MepsError, match="expected the folder of CASME2.*it holds nothing"):
        check_root(CASME2, tmp_path)


def test_a_misspelt_folder(tmp_path):
    (tmp_path / "CASME2").mkdir()
    with pytest.raises(MepsError, match=f"no such folder; {tmp_path} is there, with CASME2 in it"):
        check_root(CASME2, tmp_path / "CASME_2" / "Cropped")


def test_an_archive_is_to_be_unpacked(tmp_path):
    (tmp_path / "casme2.zip").touch()
    with pytest.raises(MepsError, match="casme2.zip is a file.*unpack it"):
        check_root(CASME2, tmp_path / "casme2.zip")


@pytest.mark.parametrize("name", ["x" * 5000, "nul\0byte"])
def test_names_that_no_file_system_takes(tmp_path, name):
    with pytest.raises(MepsError, match="no such folder|cannot be read"):
        check_root(CASME2, tmp_path / name)


def test_links_are_followed_once(tmp_path, casme2):
    """Data on another disk is found through its link; links that lead back end there."""
    away = tmp_path / "home"
    (away / "a").mkdir(parents=True)
    (away / "a" / "back").symlink_to(away)
    (away / "a" / "itself").symlink_to(away / "a" / "itself")
    assert list(folders_below(away, depth=50)) == [away, away / "a"]
    (away / "disk").symlink_to(casme2)
    with pytest.raises(MepsError) as caught:
        check_root(CASME2, away)
    assert f"did you mean {away / 'disk'}?" in str(caught.value)


def test_the_search_is_bounded(tmp_path):
    """Nobody waits for a full disk: so many folders, so many levels, and no more."""
    for i in range(30):
        (tmp_path / f"{i:02d}" / "b" / "c" / "d").mkdir(parents=True)
    assert len(list(folders_below(tmp_path, depth=2))) == 1 + 30 + 30
    assert len(list(folders_below(tmp_path, depth=2, most=7))) == 7
    (tmp_path / "00/b/c/d/Cropped/sub01").mkdir(parents=True)
    start = time.perf_counter()
    with pytest.raises(MepsError, match="it holds 00, 01, 02"):
        check_root(CASME2, tmp_path)
    assert time.perf_counter() - start < 5


def test_entries_are_sorted_and_hidden_ones_left_out(tmp_path):
    for name in ("b", "a", ".DS_Store", "ü"):
        (tmp_path / name).touch()
    (tmp_path / "__MACOSX").mkdir()
    assert [e.name for e in entries(tmp_path)] == ["a", "b", "ü"]
    assert list(folders_below(tmp_path, 1)) == [tmp_path]


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    for folder in (tmp_path / "gone", tmp_path / "nul\0byte"):
        with pytest.raises(MepsError, match="(gone|nul.byte): cannot be listed"):
            entries(folder)

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(
        MepsError, match=r"cannot be listed \(Permission denied\); check the rights"
    ):
        entries(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_folder_without_rights(tmp_path):
    (tmp_path / "casme2").mkdir(mode=0)
    with pytest.raises(MepsError, match="casme2: cannot be read .*check the rights"):
        check_root(CASME2, tmp_path / "casme2")


def test_a_folder_that_refuses(tmp_path, monkeypatch):
    """As above, for those who run the tests as root."""

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(MepsError, match=r"cannot be read \(Permission denied\); check the rights"):
        check_root(CASME2, tmp_path)
