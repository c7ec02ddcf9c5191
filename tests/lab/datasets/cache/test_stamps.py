"""Changed or not: what size and times tell of a file or a folder."""

import os
import time

import pytest

from meps_lab.datasets.cache.stamps import settled, stamp_of
from meps_lib.errors import MepsError


def test_every_change_shows_though_the_time_is_set_back(tmp_path):
    path = tmp_path / "a"
    path.write_text("one")
    last = None
    for change in (
        lambda: None,
        lambda: path.write_text("two"),
        lambda: path.write_text("three"),
        lambda: path.rename(tmp_path / "b").rename(path),
    ):
        time.sleep(0.02)  # a file's clock may tick that rarely
        change()
        os.utime(path, (1e9, 1e9))
        os.utime(tmp_path, (1e9, 1e9))
        stamp = stamp_of([path, tmp_path])
        assert stamp == stamp_of([path, tmp_path]) != last
        assert not settled(stamp)  # whatever time it was given
        last = stamp


def test_what_was_changed_two_seconds_ago_is_settled(monkeypatch):
    for age_ms, wanted in ((1900, False), (2100, True)):
        monkeypatch.setattr(time, "time_ns", lambda age=age_ms: 10**18 + age * 10**6)
        for stamp in ((1, 10**18, 5), (1, 5, 10**18)):
            assert settled(((1, 7, 7), stamp)) is wanted


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(MepsError, match=r"gone\.mat cannot be read: No such file"):
        stamp_of([tmp_path, tmp_path / "gone.mat"])
