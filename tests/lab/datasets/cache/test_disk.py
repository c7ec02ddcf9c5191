"""The disk cache: whole or not at all, whoever is killed; damage is seen; full disks cost nothing.

`lab/simulate/test_cache.py` and `test_cache.py` test it in its two uses.
"""

import multiprocessing
import os
import resource
import signal
import tempfile
import time
import warnings
from pathlib import Path

import pytest
import torch

from meps_lab.datasets.cache import disk as diskcache
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
}


def same(a, b):
    return a.keys() == b.keys() and all(
        x.dtype == y.dtype and x.shape == y.shape and x.numpy().tobytes() == y.numpy().tobytes()
        for x, y in ((a[n], b[n]) for n in a)
    )


def parts(folder):
    return list(Path(folder).rglob("*.part"))


def quiet(cache, name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return cache.read(name)


def test_tensors_of_every_kind_come_back_to_the_bit(tmp_path):
    cache = Cache.of(tmp_path, 1)
    assert cache.read("a") is None
    turned = MANY | {"t": torch.arange(6.0).reshape(2, 3).T}
    assert same(cache.keep("a", turned), turned) and same(quiet(cache, "a"), turned)


def test_what_is_read_is_not_tied_to_the_file(tmp_path):
    cache = Cache.of(tmp_path, 1)
    cache.keep("a", {"x": torch.ones(10_000)})
    x = cache.read("a")["x"]
    (path,) = cache.folder.glob("*.safetensors")
    with path.open("r+b") as file:
        file.truncate(10)
    x += 1
    assert (x == 2).all()


def test_every_flipped_bit_and_every_cut_is_noticed_or_harmless(tmp_path):
    cache = Cache.of(tmp_path, 1)
    cache.keep("a", {"x": torch.tensor([1.0, -2.0]), "n": torch.tensor([7], dtype=torch.uint8)})
    (path,), wanted = list(cache.folder.iterdir()), quiet(cache, "a")
    whole, noticed = path.read_bytes(), 0
    flips = [
        whole[:i] + bytes([byte ^ 1 << i % 8]) + whole[i + 1 :] for i, byte in enumerate(whole)
    ]
    for content in flips + [whole[:n] for n in range(len(whole))] + [whole + b"\0"]:
        path.write_bytes(content)
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            got = cache.read("a")
        if got is None:
            noticed += 1
            assert [w.category for w in said] == [CacheWarning]
            assert "damaged" in str(said[0].message)
        else:  # a blank of the header is another blank
            assert same(got, wanted) and not said
    assert noticed > 0.95 * (len(flips) + len(whole))


def test_a_file_counts_only_where_it_was_written(tmp_path):
    one, two = Cache.of(tmp_path, 1), Cache.of(tmp_path, 2)
    one.keep("a", {"x": torch.ones(1)})
    whole = next(one.folder.iterdir()).read_bytes()
    for cache, name in ((one, "b"), (two, "a")):
        (cache.folder / f"{name}.safetensors").write_bytes(whole)
        with pytest.warns(CacheWarning, match="checksum"):
            assert cache.read(name) is None


def test_settings_versions_and_source_have_folders_of_their_own(tmp_path, monkeypatch):
    (tmp_path / "a.py").write_text("x = 1\n")
    before = source_digest([tmp_path])
    folders = {Cache.of(tmp_path, s, d).folder for s in (1, 2) for d in ("", before)}
    monkeypatch.setattr(diskcache, "_versions", lambda: ("numpy 99",))
    folders.add(Cache.of(tmp_path, 1, before).folder)
    assert len(folders) == 5
    assert source_digest([tmp_path]) == before == source_digest([tmp_path / "a.py"])
    (tmp_path / "a.py").write_text("x = 2\n")
    changed = source_digest([tmp_path])
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert len({before, changed, source_digest([tmp_path])}) == 3


FORK = multiprocessing.get_context("fork")  # in no time, and torch is imported already


def write_for_ever(folder, ready):
    cache, k = Cache.of(folder, "shared"), 0
    ready.set()
    while True:
        cache.keep(f"{k % 3}", {"x": torch.full((300, 1000), float(k))})
        k += 1


def start(folder):
    ready = FORK.Event()
    writer = FORK.Process(target=write_for_ever, args=(folder, ready), daemon=True)
    writer.start()
    assert ready.wait(30)
    return writer


def test_writers_killed_in_the_middle_leave_nothing_broken(tmp_path, monkeypatch):
    """Two write the same three names, a third reads; each is killed at another moment."""
    cache, cut, reads = Cache.of(tmp_path, "shared"), 0, 0
    for delay in (0.1, 0.13, 0.16, 0.19, 0.3):
        writers = [start(tmp_path), start(tmp_path)]
        end = time.monotonic() + delay
        while time.monotonic() < end:
            for name in "012":
                got = quiet(cache, name)
                if got is not None:
                    reads += 1
                    assert got["x"].shape == (300, 1000) and (got["x"] == got["x"][0, 0]).all()
        for writer in writers:
            os.kill(writer.pid, signal.SIGKILL)
            writer.join(30)
            assert writer.exitcode == -signal.SIGKILL
        cut = len(parts(tmp_path))
        assert cut <= 10 and all(quiet(cache, name) is not None for name in "012")
    assert reads > 10
    (cache.folder / ".left-behind.part").write_bytes(b"half")  # if no kill came at the right time
    Cache.of(tmp_path, "shared")
    assert len(parts(tmp_path)) == cut + 1  # they may belong to somebody who still writes
    monkeypatch.setattr(diskcache, "_STALE_S", -1.0)  # an hour later
    Cache.of(tmp_path, "shared")
    assert not parts(tmp_path) and all(quiet(cache, name) is not None for name in "012")


def test_a_disk_that_fills_up_while_a_file_is_written(tmp_path, monkeypatch):
    cache, write, made = Cache.of(tmp_path, 1), Path.write_bytes, []

    def make():
        made.append(1)
        return MANY

    def full(path, content):
        write(path, content[: len(content) // 2])
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        for name in "abc":
            assert same(cache.get(name, make), MANY)
    assert [w.category for w in said] == [CacheWarning]  # once, not once a trial
    assert "could not be kept (No space left on device)" in str(said[0].message)
    assert len(made) == 3 and not list(cache.folder.iterdir())


def keep_below_a_limit(folder):
    cache = Cache.of(folder, 1)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        for name in "abc":
            assert cache.get(name, lambda: {"x": torch.ones(5000)})["x"].sum() == 5000
    assert len(said) == 1 and "File too large" in str(said[0].message)
    cache.keep("small", {"x": torch.ones(5)})


def test_a_limit_of_the_system_on_the_size_of_files(tmp_path):
    child = FORK.Process(target=keep_below_a_limit, args=(tmp_path,), daemon=True)
    child.start()
    child.join(30)
    assert child.exitcode == 0
    assert [p.name for p in Cache.of(tmp_path, 1).folder.iterdir()] == ["small.safetensors"]


def test_a_cache_that_can_only_be_read_is_read(tmp_path, monkeypatch):
    Cache.of(tmp_path, 1).keep("a", MANY)

    def read_only(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "TemporaryFile", read_only)
    with pytest.warns(CacheWarning, match="cannot be written.*Read-only.*it is read") as said:
        cache = Cache.of(tmp_path, 1)
    before = sorted(cache.folder.iterdir())
    assert len(said) == 1 and same(quiet(cache, "a"), MANY)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert same(cache.get("b", lambda: MANY), MANY)
    assert sorted(cache.folder.iterdir()) == before
    with pytest.raises(MepsError, match="cannot keep trials in.*Read-only.*another"):
        Cache.of(tmp_path, 2)  # nothing to read there either


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x"
    write_whole(path, b"old")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(5, "I/O error")))
    with pytest.raises(OSError, match="I/O"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]
