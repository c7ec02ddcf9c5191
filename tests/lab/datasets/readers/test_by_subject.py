"""Whose a recording is: by its name or that of its folder, and never one of two."""

import pytest

from meps_lab.datasets.readers.folders import recordings_by_subject


@pytest.fixture
def found(tmp_path):
    """A function from files to what is found among them."""

    def find(*names, good=lambda path: True):
        root = tmp_path / "sub09"  # the root's own name is nobody's
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(name)
        return recordings_by_subject(root, [root / name for name in names], good)

    return find


def test_the_file_or_its_folder_says_whose(found):
    one, several = found("PERI/sub01.MAT", "2/rec.mat", "s03.mat", "notes.mat", "x/sub04/y/rec.mat")
    assert one == {1: "PERI/sub01.MAT", 2: "2/rec.mat", 3: "s03.mat"} and several == {}


def test_of_two_none_is_taken(found):
    one, several = found("a/1.mat", "1/rec.mat", "a/2.mat")
    assert one == {2: "a/2.mat"} and several == {1: ["a/1.mat", "1/rec.mat"]}


def test_hidden_files_and_those_that_are_none_do_not_count(found):
    asked = []

    def good(path):
        asked.append(path.name)
        return path.name == "1.txt"

    one, several = found("1/._rec.txt", ".trash/1.txt", "1.txt", "1/notes.txt", "a.txt", good=good)
    assert one == {1: "1.txt"} and several == {}
    assert asked == ["1.txt", "notes.txt"]  # nothing is opened that could be nobody's
