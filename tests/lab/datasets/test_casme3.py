"""CAS(ME)^3: folders however spelt, and which of them has a clip's frames."""

import os

import pytest

from meps_lab.datasets.casme3 import frames_in
from meps_lab.datasets.readers.folders import finder
from meps_lib.errors import MepsError


def frames(folder, *numbers, ending=".jpg"):
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / f"{number}{ending}").write_bytes(b"x")
    return folder


def found(root, *ends):
    return frames_in(root, finder(root)("part_A", "spNO.1", "a"), *ends)


@pytest.fixture
def both(tmp_path):
    """A subject in two folders that spell alike."""
    if os.path.exists(frames(tmp_path / "case").with_name("CASE")):
        pytest.skip("this disk does not tell Part_A from part_A")
    return frames(tmp_path / "Part_A/spNO1/A", 3, 4), frames(tmp_path / "part_A/spNO.1/a", 7, 8)


def test_every_folder_that_spells_alike_is_tried(both, tmp_path):
    first, second = both
    assert finder(tmp_path)("part_a", "spno1", "a") == [first, second]
    assert found(tmp_path, 3, 4) == "Part_A/spNO1/A"
    assert found(tmp_path, 7, 8) == "part_A/spNO.1/a"
    assert found(tmp_path, 3, 8) == found(tmp_path, 9) == ""


def test_two_folders_of_the_same_frames_are_named(both, tmp_path):
    frames(both[1], 3, 4)
    with pytest.raises(MepsError, match=r"Part_A/spNO1/A and .*part_A/spNO\.1/a: two folders"):
        found(tmp_path, 3, 4)


def test_a_link_to_a_folder_is_no_second_one(tmp_path):
    frames(tmp_path / "part_A/spNO.1/a", 3, 4)
    (tmp_path / "part_A/spNO1").symlink_to(tmp_path / "part_A/spNO.1")
    assert found(tmp_path, 3, 4) in ("part_A/spNO.1/a", "part_A/spNO1/a")


def test_a_picture_in_the_folder_is_not_yet_the_clip(tmp_path):
    folder = frames(tmp_path / "part_A/spNO.1/a", 3, 4)
    assert found(tmp_path) and found(tmp_path, 3, 4) and found(tmp_path, 4)
    assert found(tmp_path, 3, 5) == found(tmp_path, 2, 4) == ""
    frames(folder, 5, ending=".JPG")
    assert found(tmp_path, 3, 5)


def test_what_may_not_be_read_has_nothing(tmp_path, monkeypatch):
    frames(tmp_path / "part_A/spNO.1/a", 3)
    scandir = os.scandir

    def refuse(path):  # as the disk does, though not to root
        if os.fspath(path).endswith("spNO.1"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert finder(tmp_path)("part_A", "spNO.1") and found(tmp_path) == ""
