"""Prepared trials on disk: the same bits, found again by content, never stale, never broken."""

import ast
import hashlib
import multiprocessing
import os
import shutil
import signal
import time
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import meps_lab
import meps_lib
from meps_lab.datasets.cache import CacheWarning, LoadConfig, TrialCache
from meps_lab.datasets.cache import trials as cache
from meps_lab.prepare import PrepareConfig, PreparedDataset
from meps_lab.simulate import FolderDataset, Scenario, save_dataset, simulate_cohort
from meps_lib.errors import MepsError
from meps_lib.trial import MODALITIES, Trial

CONFIG = PrepareConfig(n_frames=4, size=16, ps_names=("EDA", "ECG"), flow_method="dis")
ALL = ("colour", "depth", "ps", "flow")
FORK = multiprocessing.get_context("fork")  # in no time: torch is imported already


class Pictures:
    """Six frames a clip; all clips share a recording and depend on the names in one folder."""

    classes = ("a", "b")

    def __init__(self, root, order=(0, 1, 2)):
        self.root, self.config, self.loaded = Path(root), LoadConfig(), 0
        rows = [{"subject": f"s{k}", "clip": f"c{k}", "label": "ab"[k % 2]} for k in order]
        self.index = pd.DataFrame(rows)
        self.table = self.index.assign(apex=3)

    def __len__(self):
        return len(self.index)

    def files(self, k):
        frames = sorted((self.root / self.index["clip"][k]).iterdir())
        return [*frames, self.root / "signals.npy", self.root / "names"]

    def __getitem__(self, k):
        self.loaded += 1
        *frames, ps = (torch.from_numpy(np.load(path)) for path in self.files(k)[:-1])
        colour = torch.stack(frames)
        face = {"fps": 30.0, "colour": colour, "depth": 500 + 200 * colour[:, :1]}
        face |= {"apex": int(self.table["apex"][k])}
        body = {"ps": ps, "ps_sfreq": 64.0, "ps_start": -1.5}
        body |= {"ps_names": ("EDA", "ECG"), "ps_units": ("uS", "mV")}
        truth = {"emotion": "joy", "beat_times": [0.5, 1.0]}
        return Trial(**self.index.iloc[k], **face, **body, truth=truth)


@pytest.fixture
def root(tmp_path, later):
    """A data set that was written long ago."""
    root, rng = tmp_path / "data", np.random.default_rng(0)
    for k in range(3):
        (root / f"c{k}").mkdir(parents=True)
        for t in range(6):
            np.save(root / f"c{k}" / f"{t}.npy", rng.random((3, 40, 40), np.float32))
    np.save(root / "signals.npy", rng.random((2, 320), np.float32))
    (root / "names").mkdir()
    (root / "names" / "7.tif").touch()
    later()
    return root


@pytest.fixture
def kept(tmp_path):
    return tmp_path / "kept"


def edit(path):
    """Another byte, and size and time as before."""
    before, content = path.stat(), bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def prepared(data, folder, config=CONFIG, modalities=ALL, **more):
    return PreparedDataset(data, config, modalities, cache=folder, **more)


def made(data, folder, *args):
    """How many trials had to be made, all that could be warned of being an error."""
    before = data.loaded
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepared(data, folder, *args)
    return data.loaded - before


def digest(data):
    h = hashlib.sha256()
    for t in data:
        plain = vars(t) | {"truth": sorted(t.truth.items())}
        h.update(repr([v for n, v in plain.items() if n not in MODALITIES]).encode())
        for x in (getattr(t, name) for name in MODALITIES):
            h.update(b"" if x is None else repr(x.shape).encode() + x.numpy().tobytes())
    return h.hexdigest()


def test_the_same_bits_as_without_and_nothing_is_loaded_twice(root, kept):
    data, wanted = Pictures(root), digest(prepared(Pictures(root), None))
    assert digest(prepared(data, kept, n_jobs=2)) == wanted and data.loaded == 0  # but elsewhere
    assert digest(prepared(data, kept)) == wanted and data.loaded == 0


def test_bytes_are_read_once_in_a_process_and_not_at_all_in_the_next(root, kept, monkeypatch):
    read, plain = [], hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda f, how: read.append(f.name) or plain(f, how))
    assert made(Pictures(root), kept) == 3 and len(read) == 3 * 6 + 1  # all share the signals

    def read_next():
        read.clear()
        cache._digest.cache_clear()
        assert made(Pictures(root), kept) == 0
        return len(read)

    assert read_next() == 0
    os.utime(root / "c1" / "2.npy")
    assert read_next() == 7 and read_next() == 0
    for damage in (b"", b"\xff\0"):
        for note in (kept / "files").iterdir():
            note.write_bytes(damage)
        assert read_next() == 19 and read_next() == 0
    root = root.rename(root.with_name("näxt dóor"))
    assert read_next() == 19 and read_next() == 0


def test_what_changed_is_noticed_though_size_and_time_are_as_before(root, kept):
    data, whole = Pictures(root), (root / "signals.npy").read_bytes()
    assert made(data, kept) == 3
    edit(root / "signals.npy")
    plain, again = prepared(Pictures(root), None), prepared(data, kept)
    assert data.loaded == 6 and digest(again) == digest(plain)
    (root / "signals.npy").write_bytes(whole)
    assert made(data, kept) == 0  # the old content is still there
    shutil.copy2(root / "c0" / "3.npy", root / "c0" / "6.npy")
    (root / "c1" / "3.npy").rename(root / "c1" / "33.npy")
    assert made(data, kept) == 2
    names = root / "names"
    for new in ("8.tif", "\udcff.tif"):  # no text, yet a name
        (names / "7.tif").rename(names / new)
        (names / "7.tif").touch()
        os.utime(names, (1e9, 1e9))
        assert made(data, kept) == 3


def test_a_file_too_young_to_be_believed_is_read_again(root, kept, monkeypatch):
    """Changed twice within one tick of the clock: same size, same times, other bytes."""
    data, plain, then = Pictures(root), Pictures.__getitem__, time.time_ns()

    def busy(data, k):
        edit(root / "c1" / "0.npy")
        return plain(data, k)

    with monkeypatch.context() as patch:
        patch.setattr(cache, "stamp_of", lambda files: ((1, then, then),) * len(files))
        patch.setattr(time, "time_ns", lambda: then)
        assert made(data, kept) == 3 and not (kept / "files").exists()
        edit(root / "c1" / "0.npy")
        assert made(data, kept) == 1 and made(data, kept) == 0
        edit(root / "c1" / "1.npy")
        patch.setattr(Pictures, "__getitem__", busy)
        with pytest.warns(CacheWarning, match="'c1' changed while it was read; .* not kept"):
            prepared(data, kept)
    assert made(data, kept) == 1


def test_the_row_every_setting_and_the_code_count(root, kept, monkeypatch):
    data = Pictures(root)
    assert made(data, kept) == 3
    assert made(data, kept, replace(CONFIG, flow_size=14)) == 3
    assert made(data, kept, CONFIG, ("colour", "ps")) == 3
    assert made(data, kept, CONFIG, ("ps", "colour")) == 0  # an order that decides nothing
    data.config = LoadConfig(size=64)
    assert made(data, kept) == 3
    data.table.loc[1, "apex"] = 4
    assert made(data, kept) == 1
    data.index.loc[2, "label"] = "b"
    assert made(data, kept) == 1 and prepared(data, kept)[2].label == "b"
    monkeypatch.setattr(cache, "SOURCE", cache.SOURCE[1:])  # as good as a changed line
    assert made(data, kept) == 3


def test_all_that_makes_a_trial_is_among_the_source():
    """Follow the imports of the library from `prepare` and from every data set."""
    library, lab = (Path(package.__file__).parent for package in (meps_lib, meps_lab))
    todo, seen = [lab / "prepare/__init__.py", *sorted((lab / "datasets").rglob("*.py"))], set()
    while todo:
        file = todo.pop()
        if file in seen:
            continue
        seen.add(file)
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("meps_l"):
                base = library.parent.joinpath(*node.module.split("."))
                todo += [f for f in (base.with_suffix(".py"), base / "__init__.py") if f.is_file()]
    ours = {top / name for top in (library, lab) for name in cache.SOURCE}
    assert not {f for f in seen if not ours & {f, *f.parents}}


def test_cohorts_are_known_by_what_simulates_them_and_folders_by_their_files(tmp_path, kept):
    config = PrepareConfig(n_frames=4, size=16, flow_method="dis")

    def n_kept(data):
        prepared(data, kept, config)
        return len(list(kept.rglob("*.safetensors")))

    one, two = (simulate_cohort(2, 3, seed=s, scenario=Scenario(size=32)) for s in (1, 2))
    assert [n_kept(data) for data in (one, one, two)] == [6, 6, 12]
    root = save_dataset(one, tmp_path / "data", progress=False)
    assert n_kept(FolderDataset(root)) == 18
    assert n_kept(FolderDataset(root.rename(tmp_path / "moved"))) == 18


def test_damage_is_mended_under_a_warning(root, kept):
    data, wanted = Pictures(root), digest(prepared(Pictures(root), kept))
    path = sorted(kept.rglob("*.safetensors"))[1]
    edit(path)
    with pytest.warns(CacheWarning, match=f"{path.name} is damaged") as said:
        assert digest(prepared(data, kept)) == wanted
    assert len(said) == 1 and data.loaded == 1 and made(data, kept) == 0


def test_a_disk_that_fills_up_costs_one_warning(root, kept, monkeypatch):
    wanted, write = digest(prepared(Pictures(root), None)), Path.write_bytes

    def full(path, content):
        write(path, content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        patch.setattr(Path, "write_bytes", full)
        assert digest(prepared(Pictures(root), kept)) == wanted
    assert [w.category for w in said] == [CacheWarning]  # once, not once a trial
    assert "could not be kept (No space left on device)" in str(said[0].message)
    assert not [p for p in kept.rglob("*") if p.is_file()]
    assert made(Pictures(root), kept) == 3


def prepare_elsewhere(root, kept, order, dies, start, told):
    """In a process of its own; the one that dies stops half way through its second trial."""
    write, load, files = Path.write_bytes, Pictures.__getitem__, []

    def together(data, k):
        if not data.loaded:
            start.wait(60)  # until all have seen that nothing is kept yet
        return load(data, k)

    def half(path, content):
        files.extend([path] * (len(content) > 5000))  # the notes are smaller
        if not dies or len(files) < 2:
            return write(path, content)
        write(path, content[: len(content) // 2])
        told.put("half")
        time.sleep(60)

    torch.set_num_threads(1)
    Path.write_bytes, Pictures.__getitem__ = half, together
    done = prepared(Pictures(root, order), kept, CONFIG, ("colour", "ps"))
    told.put(digest(sorted(done, key=lambda trial: trial.clip)))


def test_three_processes_share_a_folder_and_one_is_killed(root, kept):
    data, both, start, told = Pictures(root), ("colour", "ps"), FORK.Barrier(3), FORK.Queue()
    wanted = digest(prepared(data, None, CONFIG, both))
    children = [
        FORK.Process(target=prepare_elsewhere, args=(root, kept, *how, start, told), daemon=True)
        for how in (((0, 1, 2), False), ((2, 1, 0), False), ((1, 0, 2), True))
    ]
    for child in children:
        child.start()
    assert sorted(told.get(timeout=60) for _ in children) == sorted([wanted, wanted, "half"])
    os.kill(children[2].pid, signal.SIGKILL)
    for child in children:
        child.join(30)
    assert [child.exitcode for child in children] == [0, 0, -signal.SIGKILL]
    assert len(list(kept.rglob("*.part"))) == 1  # what the killed one was writing
    assert made(data, kept, CONFIG, both) == 0
    assert digest(prepared(data, kept, CONFIG, both)) == wanted


def test_what_cannot_be_kept_is_refused(root, kept):
    data = Pictures(root)
    for listed, message in (([], "lists nothing"), (["no such file"], "no such file cannot be")):
        data.files = lambda k, listed=listed: listed
        with pytest.raises(MepsError, match=message):
            prepared(data, kept)
    typed = type("Typed", (Pictures,), {"__module__": "a notebook"})(root)
    for data, message in ((object(), "neither files.*cache=None"), (typed, "not defined in a fi")):
        with pytest.raises(MepsError, match=message):
            TrialCache(kept, data, None)
