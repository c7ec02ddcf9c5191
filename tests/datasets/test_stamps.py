"""Changed or not: what size and times tell of a file or a folder."""

import os

import pytest

from meps_lib.datasets.stamps import settled, stamp_of
from meps_lib.errors import MepsError


@pytest.mark.parametrize("change", ["as long", "longer", "folder"])
def test_every_change_shows_though_the_time_is_set_back(tmp_path, change):
    path = tmp_path / "a"
    path.write_text("one")
    os.utime(path, (1e9, 1e9))
    os.utime(tmp_path, (1e9, 1e9))
    before = stamp_of([path, tmp_path])
    assert stamp_of([path, tmp_path]) == before
    if change == "folder":
        path.rename(tmp_path / "b")
        (tmp_path / "b").rename(path)
    else:
        path.write_text({"as long": "two", "longer": "three"}[change])
    os.utime(path, (1e9, 1e9))
    os.utime(tmp_path, (1e9, 1e9))
    after = stamp_of([path, tmp_path])
    assert after != before and [s[1] for s in after] == [s[1] for s in before]


def test_what_is_young_is_not_settled(tmp_path):
    path = tmp_path / "a"
    path.touch()
    os.utime(tmp_path, (1e9, 1e9))
    assert not settled(stamp_of([path, tmp_path]))
    os.utime(path, (1e9, 1e9))
    assert settled(stamp_of([path]))


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(MepsError, match=r"gone\.mat cannot be read: No such file"):
        stamp_of([tmp_path, tmp_path / "gone.mat"])
