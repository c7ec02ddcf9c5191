"""The disk cache: whole or not at all, damage is seen, a full disk costs nothing."""

import os
import time
import warnings
from pathlib import Path

import pytest
import torch

from meps_lab.datasets.cache import disk
from meps_lab.datasets.cache.disk import Cache, CacheWarning, source_digest
from meps_lib.errors import MepsError
from meps_lib.files import write_whole

MANY = {
    "f": torch.tensor([[1.5, torch.nan], [-0.0, torch.inf]]),
    "h": torch.ones(3, dtype=torch.float16),
    "u": torch.arange(5, dtype=torch.uint8),
    "i": torch.tensor(2**40),
    "b": torch.tensor([True, False]),
    "e": torch.zeros(0, 4),
    "t": torch.arange(6.0).reshape(2, 3).T,
}


def same(a, b):
    return a.keys() == b.keys() and all(
        x.dtype == y.dtype and x.shape == y.shape and x.numpy().tobytes() == y.numpy().tobytes()
        for x, y in ((a[n], b[n]) for n in a)
    )


def test_tensors_of_every_kind_come_back_to_the_bit_and_are_not_tied_to_the_file(tmp_path):
    cache = Cache.of(tmp_path, 1)
    assert cache.read("a") is None
    assert same(cache.keep("a", MANY), MANY)
    found = cache.read("a")
    (path,) = cache.folder.iterdir()
    os.truncate(path, 10)
    assert same(found, MANY)


def test_every_flipped_bit_and_every_cut_is_noticed(tmp_path):
    cache = Cache.of(tmp_path, 1)
    wanted = cache.keep("a", {"x": torch.tensor([1.0, -2.0]), "n": torch.tensor([7])})
    (path,) = cache.folder.iterdir()
    whole, missed = path.read_bytes(), 0
    bits = [(i, 1 << b) for i in range(len(whole)) for b in range(8)]
    flips = [whole[:i] + bytes([whole[i] ^ bit]) + whole[i + 1 :] for i, bit in bits]
    for content in flips + [whole[:n] for n in range(len(whole))] + [whole + b"\0"]:
        path.write_bytes(content)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            got = cache.read("a")
        if got is None:
            assert [w.category for w in said] == [CacheWarning]
            assert f"{path} is damaged" in str(said[0].message)
        else:  # a blank of the header is another blank
            missed += 1
            assert same(got, wanted) and not said
    assert missed < 10


def test_a_file_counts_only_where_it_was_written(tmp_path):
    one, two = Cache.of(tmp_path, 1), Cache.of(tmp_path, 2)
    one.keep("a", MANY)
    whole = next(one.folder.iterdir()).read_bytes()
    for cache, name in ((one, "b"), (two, "a")):
        (cache.folder / f"{name}.safetensors").write_bytes(whole)
        with pytest.warns(CacheWarning, match="checksum"):
            assert cache.read(name) is None


def test_settings_versions_and_source_have_folders_of_their_own(tmp_path, monkeypatch):
    code = tmp_path / "a.py"
    code.write_text("x = 1\n")
    before = source_digest([tmp_path])
    assert source_digest([tmp_path]) == before == source_digest([code])
    folders = {Cache.of(tmp_path, s, d).folder for s in (1, 2) for d in ("", before)}
    monkeypatch.setattr(disk, "_versions", lambda: ("numpy 99",))
    assert len(folders | {Cache.of(tmp_path, 1, before).folder}) == 5
    code.write_text("x = 2\n")
    changed = source_digest([tmp_path])
    code.rename(tmp_path / "b.py")
    assert len({before, changed, source_digest([tmp_path])}) == 3


def test_what_killed_processes_left_is_removed_an_hour_later(tmp_path):
    part = Cache.of(tmp_path, 1).folder / ".left-behind.part"
    part.write_bytes(b"half")
    Cache.of(tmp_path, 1)
    assert part.exists()  # it may belong to somebody who still writes
    os.utime(part, (time.time() - 3660,) * 2)
    Cache.of(tmp_path, 1)
    assert not part.exists()


def test_a_disk_that_can_only_be_read_is_read(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(30, "Read-only file system")

    Cache.of(tmp_path, 1).keep("a", MANY)
    for owner, name in ((os, "mkdir"), (Path, "write_bytes"), (Path, "unlink")):
        monkeypatch.setattr(owner, name, refuse)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        cache = Cache.of(tmp_path, 1)
        assert same(cache.read("a"), MANY) and not said
        assert all(same(cache.get(name, lambda: MANY), MANY) for name in "bc")
    assert len(said) == 1 and "Read-only file system" in str(said[0].message)
    with pytest.raises(MepsError, match="cannot keep trials in.*Read-only.*None"):
        Cache.of(tmp_path, 2)  # nothing to read there


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(5, "I/O error")

    path = tmp_path / "x"
    write_whole(path, b"old")
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="I/O"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]
