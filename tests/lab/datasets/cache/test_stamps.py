"""Changed or not: what size and times tell of a file or a folder."""

import os
import time

import pytest

from meps_lab.datasets.cache.stamps import settled, stamp_of
from meps_lib.errors import MepsError


@pytest.mark.parametrize("change", ["as long", "longer", "folder"])
def test_every_change_shows_though_the_time_is_set_back(tmp_path, change):
    path = tmp_path / "a"
    path.write_text("one")
    os.utime(path, (1e9, 1e9))
    os.utime(tmp_path, (1e9, 1e9))
    before = stamp_of([path, tmp_path])
    assert stamp_of([path, tmp_path]) == before
    time.sleep(0.02)  # a file's clock may tick that rarely
    if change == "folder":
        path.rename(tmp_path / "b")
        (tmp_path / "b").rename(path)
    else:
        path.write_text({"as long": "two", "longer": "three"}[change])
    os.utime(path, (1e9, 1e9))
    os.utime(tmp_path, (1e9, 1e9))
    after = stamp_of([path, tmp_path])
    assert after != before and [s[1] for s in after] == [s[1] for s in before]


@pytest.mark.parametrize("claimed", [None, (1e9, 1e9)])
def test_what_is_young_is_not_settled_whatever_time_it_was_given(tmp_path, later, claimed):
    path = tmp_path / "a"
    path.touch()
    os.utime(path, claimed)
    assert not settled(stamp_of([path])) and not settled(stamp_of([__file__, path]))
    later()
    assert settled(stamp_of([path, __file__]))


def test_what_was_changed_two_seconds_ago_is_settled(monkeypatch):
    for age_ms, wanted in ((1900, False), (2100, True)):
        monkeypatch.setattr(time, "time_ns", lambda age=age_ms: 10**18 + age * 10**6)
        for stamp in ((1, 10**18, 5), (1, 5, 10**18)):
            assert settled(((1, 7, 7), stamp)) is wanted


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(MepsError, match=r"gone\.mat cannot be read: No such file"):
        stamp_of([tmp_path, tmp_path / "gone.mat"])
