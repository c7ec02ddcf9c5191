"""What may go wrong with a cache: damage, a full disk, files that change, what has no name."""

# ruff: noqa: F811

import os
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from meps_lab.datasets.cache.disk import CacheWarning
from meps_lab.datasets.cache.trials import TrialCache
from meps_lib.errors import MepsError
from tests.lab.datasets.cache.test_cache import (  # noqa: F401
    Pictures,
    digest,
    made,
    prepared,
    root,
    written,
)


@pytest.mark.parametrize("how", ["cut", "flip"])
def test_damage_is_mended_under_a_warning(root, tmp_path, how):
    data, kept = Pictures(root), tmp_path / "kept"
    wanted = digest(prepared(data, kept))
    path = sorted(kept.rglob("*.safetensors"))[1]
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 4
    path.write_bytes(whole if how == "flip" else whole[:500])
    record = next((kept / "files").iterdir())
    record.write_bytes(b"\xff\0")  # costs a second look at the files, no more
    with pytest.warns(CacheWarning, match=f"{path.name} is damaged") as said:
        assert digest(prepared(data, kept)) == wanted
    assert len(said) == 1 and data.loaded == 4
    assert made(data, kept) == 0


def test_a_full_disk_does_not_stop_the_work(root, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    wanted = digest(prepared(Pictures(root), tmp_path / "other"))
    with monkeypatch.context() as patch, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        patch.setattr(Path, "write_bytes", full)
        assert digest(prepared(Pictures(root), tmp_path / "kept")) == wanted
    assert len(said) == 1 and "No space left" in str(said[0].message)
    assert not [p for p in (tmp_path / "kept").rglob("*") if p.is_file()]
    assert made(Pictures(root), tmp_path / "kept") == 3


def test_a_file_that_changes_while_it_is_read_is_not_kept(root, tmp_path):
    class Busy(Pictures):
        def __getitem__(self, k):
            trial = super().__getitem__(k)
            if k == 1:
                os.utime(self.root / "c1" / "0.png")
            return trial

    with pytest.warns(CacheWarning, match="'c1' changed while it was read") as said:
        prepared(Busy(root), tmp_path / "kept")
    assert len(said) == 1 and len(list((tmp_path / "kept").rglob("*.safetensors"))) == 2


def test_names_in_a_folder_that_a_trial_depends_on_count_and_its_place_does_not(root, tmp_path):
    class Names(Pictures):
        def files(self, k):
            return [*super().files(k), self.root / "clips"]

        def __getitem__(self, k):
            self.loaded += 1  # its signals are those of the clips' count
            n = len(list((self.root / "clips").iterdir()))
            return replace(Pictures(self.root)[k], ps=torch.full((2, 320), float(n)))

    (root / "clips").mkdir()
    (root / "clips" / "7.tif").touch()
    os.utime(root / "clips", (1e9, 1e9))
    data = Names(root)
    assert made(data, tmp_path / "kept") == 3 and made(data, tmp_path / "kept") == 0
    (root / "clips" / "8.tif").touch()
    os.utime(root / "clips", (1e9, 1e9))
    again = prepared(data, tmp_path / "kept")
    assert data.loaded == 6 and (again[0].ps == 2).all()
    (root / "clips" / "8.tif").rename(root / "clips" / "\udcff.tif")  # no text, yet a name
    assert made(data, tmp_path / "kept") == 3
    root.rename(tmp_path / "moved")
    assert made(Names(tmp_path / "moved"), tmp_path / "kept") == 0


def test_what_cannot_be_kept_is_refused(root, tmp_path):
    class Nameless(Pictures):
        files = property()

    class Empty(Pictures):
        def files(self, k):
            return []

    class Lost(Pictures):
        def files(self, k):
            return [self.root / "no such file"]

    for kind, message in (
        (Nameless, "neither files\\(k\\) nor identity.*cache=None"),
        (Empty, "files\\(0\\) lists nothing"),
        (Lost, "no such file cannot be read"),
        (type("Typed", (Pictures,), {"__module__": "a notebook"}), "not defined in a file"),
    ):
        with pytest.raises(MepsError, match=message):
            prepared(kind(root), tmp_path / "kept")
    with pytest.raises(MepsError, match="cache must be the path of a folder"):
        TrialCache(3, Pictures(root), None)
