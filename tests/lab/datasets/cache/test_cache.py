"""Prepared trials on disk: the same bits, found again by content, never stale."""

import ast
import hashlib
import os
import shutil
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.image import imread
from PIL import Image
from torch.utils.data import Dataset

import meps_lab
import meps_lib
from meps_lab.datasets.cache import trials as cache
from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.prepare import PrepareConfig, PreparedDataset
from meps_lab.simulate import FolderDataset, Scenario, save_dataset, simulate_cohort
from meps_lib.trial import MODALITIES, Trial

CONFIG = PrepareConfig(n_frames=4, size=16, ps_names=("EDA", "ECG"), flow_method="dis")
ALL = ("colour", "depth", "ps", "flow")


class Pictures(Dataset):
    """Six pictures a clip, and one recording of the signals that all clips share."""

    classes = ("a", "b")

    def __init__(self, root, n=3, backwards=False):
        self.order = range(n)[::-1] if backwards else range(n)
        self.root, self.config, self.loaded = Path(root), LoadConfig(), 0
        rows = [{"subject": f"s{k}", "clip": f"c{k}", "label": "ab"[k % 2], "emotion": "x"}
                for k in self.order]  # fmt: skip
        self.index = pd.DataFrame(rows)
        self.table = self.index.assign(apex=pd.array([3] * n, "Int64"))

    def __len__(self):
        return len(self.index)

    def files(self, k):
        return [*sorted((self.root / f"c{self.order[k]}").glob("*.png")), self.root / "signals.csv"]

    def __getitem__(self, k):
        self.loaded += 1
        *pictures, signals = self.files(k)
        colour = torch.from_numpy(np.stack([imread(p) for p in pictures])).permute(0, 3, 1, 2)
        depth = 500 + 200 * colour.mean(1, keepdim=True)
        depth[:, :, :3] = torch.nan
        ps = np.loadtxt(signals, delimiter=",", dtype=np.float32)
        return Trial(
            label=self.index["label"][k], subject=f"s{self.order[k]}",
            clip=f"c{self.order[k]}", fps=30.0,
            colour=colour.contiguous(), depth=depth, ps=torch.from_numpy(ps), ps_sfreq=64.0,
            ps_names=("EDA", "ECG"), ps_units=("uS", "mV"), ps_start=-1.5,
            apex=int(self.table["apex"][k]), truth={"emotion": "joy", "beat_times": [0.5, 1.0]},
        )  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    root, rng = tmp_path_factory.mktemp("written"), np.random.default_rng(0)
    for k in range(3):
        (root / f"c{k}").mkdir()
        big = rng.random((20, 20, 3))
        for t in range(6):
            shifted = np.roll(np.kron(big, np.ones((3, 3, 1))), t * (k + 1) % 5, axis=1)
            Image.fromarray(np.uint8(255 * shifted)).save(root / f"c{k}" / f"{t}.png")
    np.savetxt(root / "signals.csv", rng.standard_normal((2, 320)), delimiter=",")
    return root


@pytest.fixture
def root(written, tmp_path, later):
    """A copy that was written long ago."""
    later()
    return shutil.copytree(written, tmp_path / "data")


def age(root, seconds=60.0):
    for file in (p for p in root.rglob("*") if p.is_file()):
        then = file.stat().st_mtime - seconds
        os.utime(file, (then, then))


def digest(data):
    h = hashlib.sha256()
    for t in data:
        plain = vars(t) | {"truth": sorted(t.truth.items())}
        h.update(repr([v for n, v in plain.items() if n not in MODALITIES]).encode())
        for name in MODALITIES:
            x = getattr(t, name)
            h.update(b"" if x is None else repr(x.shape).encode() + x.numpy().tobytes())
    return h.hexdigest()


def prepared(data, folder, config=CONFIG, modalities=ALL, **more):
    return PreparedDataset(data, config, modalities, cache=folder, **more)


def made(data, folder, *args, **more):
    """How many trials had to be made, all that could be warned of being an error."""
    before = data.loaded
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        prepared(data, folder, *args, **more)
    return data.loaded - before


def test_the_same_bits_as_without_and_nothing_is_loaded_twice(root, tmp_path):
    data = Pictures(root)
    first, then = prepared(data, tmp_path / "kept"), prepared(data, tmp_path / "kept")
    assert data.loaded == 3
    assert digest(first) == digest(then)  # what is used on the first day is what is on the second
    plain = prepared(data, None)
    for ours, theirs in zip(then, plain, strict=True):
        assert ours.modalities == theirs.modalities == ALL
        for name in ALL:
            assert getattr(ours, name).numpy().tobytes() == getattr(theirs, name).numpy().tobytes()
        assert vars(ours).keys() == vars(theirs).keys()
        for name in set(vars(ours)) - set(ALL):
            assert getattr(ours, name) == getattr(theirs, name)


def test_while_nothing_is_touched_no_byte_is_read_again(root, tmp_path, monkeypatch):
    data = Pictures(root)
    assert made(data, tmp_path / "kept") == 3
    cache._digest.cache_clear()
    monkeypatch.setattr(hashlib, "file_digest", None)
    assert made(data, tmp_path / "kept") == 0
    os.utime(root / "c1" / "2.png")
    with pytest.raises(TypeError):  # now it wants to
        prepared(data, tmp_path / "kept")


def test_the_same_bytes_elsewhere_or_touched_are_found(root, tmp_path):
    assert made(Pictures(root), tmp_path / "kept") == 3
    age(root)
    assert made(Pictures(root), tmp_path / "kept") == 0
    root.rename(tmp_path / "näxt dóor")
    assert made(Pictures(tmp_path / "näxt dóor"), tmp_path / "kept") == 0


def test_one_changed_byte_is_noticed_though_size_and_time_are_as_before(root, tmp_path):
    data = Pictures(root)
    assert made(data, tmp_path / "kept") == 3
    file = root / "signals.csv"
    before, text = file.stat(), file.read_text()
    file.write_text(text.replace("1", "2", 1))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    old, new = prepared(Pictures(root), None), prepared(data, tmp_path / "kept")
    assert data.loaded == 6 and torch.equal(old[0].ps, new[0].ps)
    file.write_text(text)
    assert made(data, tmp_path / "kept") == 0  # and the old content is still there
    (root / "c0" / "3.png").unlink()
    assert made(data, tmp_path / "kept") == 1


def test_a_file_too_young_to_be_believed_is_read_again(written, tmp_path, monkeypatch, later):
    """Twice within one tick of the clock: same size, same times, other bytes."""
    root = shutil.copytree(written, tmp_path / "data")
    age(root)  # as it says
    data, file = Pictures(root), root / "signals.csv"
    assert made(data, tmp_path / "kept") == 3
    assert not list((tmp_path / "kept" / "files").iterdir())
    text, stamps = file.read_text(), {k: cache.stamp_of(data.files(k)) for k in range(3)}
    with monkeypatch.context() as patch:
        known = {data.files(k)[0].parent.name: stamps[k] for k in range(3)}
        stamp = cache.stamp_of
        patch.setattr(cache, "stamp_of", lambda f: known.get(Path(f[0]).parent.name) or stamp(f))
        file.write_text(text.replace("1", "2", 1))
        assert made(data, tmp_path / "kept") == 3
    file.write_text(text)
    later()
    assert made(data, tmp_path / "kept") == 0
    assert len(list((tmp_path / "kept" / "files").iterdir())) == 3


def test_a_second_look_lists_nothing_and_still_notices_all(root, tmp_path):
    """An edit, a new picture and a lost one, in one cache that stays open."""
    for folder in (root, root / "c1"):
        os.utime(folder, (1e9, 1e9))
    prepared(Pictures(root), tmp_path / "kept")
    data = Pictures(root)
    asked, files = [], data.files
    data.files = lambda k: asked.append(k) or files(k)
    kept = cache.TrialCache(tmp_path / "kept", data, (CONFIG, ALL))
    first = kept.read(1)
    assert torch.equal(kept.read(1).colour, first.colour) and asked == [1]
    picture = root / "c1" / "2.png"
    whole = picture.read_bytes()
    picture.write_bytes(whole + b"\0")
    assert kept.read(1) is None
    picture.write_bytes(whole)
    os.utime(picture, (1e9, 1e9))
    assert kept.read(1) is not None
    shutil.copy2(picture, root / "c1" / "6.png")
    assert kept.read(1) is None
    (root / "c1" / "6.png").unlink()
    os.utime(root / "c1", (1e9, 1e9))
    assert kept.read(1) is not None and kept.read(1) is not None
    picture.unlink()
    assert kept.read(1) is None and asked.count(1) == len(asked)


def test_the_row_and_every_setting_count(root, tmp_path):
    data, kept = Pictures(root), tmp_path / "kept"
    assert made(data, kept) == 3
    other = PrepareConfig(**vars(CONFIG) | {"flow_size": 14})
    assert made(data, kept, other) == 3
    assert made(data, kept, CONFIG, ("colour", "ps")) == 3
    assert made(data, kept, CONFIG, ("ps", "colour")) == 0  # an order that decides nothing
    data.config = LoadConfig(size=64)
    assert made(data, kept) == 3
    data.config = LoadConfig()
    data.table.loc[1, "apex"] = 4
    assert made(data, kept) == 1
    data.index.loc[2, "label"] = "b"
    assert made(data, kept) == 1 and prepared(data, kept)[2].label == "b"


def test_a_changed_line_of_code_counts(root, tmp_path, monkeypatch):
    data = Pictures(root)
    assert made(data, tmp_path / "kept") == 3
    monkeypatch.setattr(cache, "SOURCE", cache.SOURCE[1:])  # as good as another digest
    assert made(data, tmp_path / "kept") == 3


def test_all_that_makes_a_trial_is_among_the_source():
    """Follow the imports of the library from `prepare` and from every data set."""
    library, lab = (Path(package.__file__).parent for package in (meps_lib, meps_lab))
    todo = [lab / "prepare.py", *sorted((lab / "datasets").rglob("*.py"))]
    seen = set()
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
    left = {f for f in seen if not ours & {f, *f.parents}}
    assert not left


def test_processes_share_the_work_and_the_bits_are_the_same(root, tmp_path):
    wanted = digest(prepared(Pictures(root), tmp_path / "one"))
    data = Pictures(root)
    assert digest(prepared(data, tmp_path / "two", n_jobs=2)) == wanted
    assert data.loaded == 0  # not in this process
    assert made(data, tmp_path / "two") == 0
    assert not list(tmp_path.rglob("*.part"))


def test_simulated_cohorts_are_known_by_what_simulates_them(tmp_path):
    dials = Scenario(size=32, n_frames=6)
    config = PrepareConfig(n_frames=4, size=16, flow_method="dis")

    def of(seed):
        return prepared(simulate_cohort(2, 3, seed=seed, scenario=dials), tmp_path, config)

    first = digest(of(1))
    files = sorted(tmp_path.rglob("*.safetensors"))
    times = [f.stat().st_mtime_ns for f in files]
    assert len(files) == 6 and digest(of(1)) == first
    assert [f.stat().st_mtime_ns for f in files] == times
    assert digest(of(2)) != first and len(list(tmp_path.rglob("*.safetensors"))) == 12


def test_a_folder_of_trials_is_known_by_its_files(tmp_path):
    cohort = simulate_cohort(2, 3, seed=1, scenario=Scenario(size=32, n_frames=6))
    save_dataset(cohort, tmp_path / "data", progress=False)
    config = PrepareConfig(n_frames=4, size=16, flow_method="dis")
    first = digest(prepared(FolderDataset(tmp_path / "data"), tmp_path / "kept", config))
    (tmp_path / "data").rename(tmp_path / "moved")
    assert digest(prepared(FolderDataset(tmp_path / "moved"), tmp_path / "kept", config)) == first
    assert len(list((tmp_path / "kept").rglob("*.safetensors"))) == 6
