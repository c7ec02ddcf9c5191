"""The cache: the same bits as without, rebuilt when damaged, safe to share, never stale."""

import os
import pickle
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from meps_lab.simulate import Scenario, simulate_cohort
from meps_lab.simulate.cache import Cache, CacheWarning
from meps_lab.simulate.face.clip import FaceClip
from meps_lib.errors import MepsError
from tests.lab.simulate.test_cohort import SMALL, digest

EEG = Scenario(size=16, n_frames=4, ps_sfreq=125.0, eeg="10-20", eeg_sfreq=125.0)


def cohort(cache=None, scenario=SMALL, **more):
    return simulate_cohort(**{"n_subjects": 2, "trials_per_subject": 3, "seed": 5, **more},
                           scenario=scenario, cache=cache)  # fmt: skip


def files(folder):
    return sorted(folder.rglob("*.safetensors"))


@pytest.mark.parametrize("scenario", [SMALL, EEG], ids=["plain", "with EEG"])
def test_same_bits_as_without_and_nothing_is_rendered_twice(tmp_path, scenario, monkeypatch):
    expected = digest(cohort(scenario=scenario))
    assert digest(cohort(tmp_path, scenario)) == expected
    assert len(files(tmp_path)) == 6 and not list(tmp_path.rglob("*.part"))

    def refuse(*_, **__):
        raise AssertionError("rendered again")

    monkeypatch.setattr(FaceClip, "render", refuse)
    again = pickle.loads(pickle.dumps(cohort(tmp_path, scenario)))
    assert digest(again) == expected
    longer = cohort(tmp_path, scenario, n_subjects=3)  # a trial is the same in a larger cohort
    assert digest([longer[k] for k in range(6)]) == expected


def test_workers_and_processes_share_it(tmp_path):
    expected = digest(cohort())
    data = cohort(tmp_path)
    loader = DataLoader(data, batch_size=1, num_workers=2, collate_fn=list)
    assert digest([t for batch in loader for t in batch]) == expected
    code = (
        "import sys; from tests.lab.simulate import test_cache as t;"
        "print(t.digest(t.cohort(sys.argv[1])))"
    )
    fresh = tmp_path / "fresh"
    runs = [
        subprocess.Popen([sys.executable, "-c", code, str(fresh)], cwd=Path(__file__).parents[3],
                         stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]  # fmt: skip
    assert [run.communicate()[0].strip() for run in runs] == [expected] * 2
    assert len(files(fresh)) == 6 and not list(fresh.rglob("*.part"))


@pytest.mark.parametrize(
    "damage",
    ["cut short", "one bit", "empty", "of another trial", "of another cohort", "lacks depth"],
)
def test_a_damaged_entry_is_made_anew_with_a_warning(tmp_path, damage):
    expected = digest(cohort(tmp_path))
    path = files(tmp_path)[2]
    whole = path.read_bytes()
    if damage == "one bit":
        path.write_bytes(whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:])
    elif damage == "of another trial":
        path.write_bytes(files(tmp_path)[3].read_bytes())
    elif damage == "of another cohort":
        digest(cohort(tmp_path / "other", seed=6))
        (other,) = (tmp_path / "other").rglob(path.name)
        path.write_bytes(other.read_bytes())
        shutil.rmtree(tmp_path / "other")
    elif damage == "lacks depth":  # whole and signed, but not all of a trial
        path.unlink()
        Cache(path.parent).get(path.stem, lambda: {"colour": torch.zeros(1)})
    else:
        path.write_bytes(b"" if damage == "empty" else whole[: len(whole) // 2])
    with pytest.warns(CacheWarning, match=f"{path.name}.*damaged"):
        assert digest(cohort(tmp_path)) == expected
    assert path.read_bytes() == whole
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert digest(cohort(tmp_path)) == expected


def test_settings_and_code_have_folders_of_their_own(tmp_path, monkeypatch):
    other = Scenario(size=16, n_frames=8, frame_noise=0.02)
    for data in (cohort(tmp_path), cohort(tmp_path, other), cohort(tmp_path, seed=6)):
        data[0]
    assert len(list(tmp_path.iterdir())) == 3 and digest([cohort(tmp_path, other)[0]]) == digest(
        [cohort(scenario=other)[0]]
    )
    before = Cache.of(tmp_path, 1).folder
    monkeypatch.setattr("meps_lab.simulate.cache._source", lambda: "a line was changed")
    assert Cache.of(tmp_path, 1).folder != before


@pytest.mark.parametrize(
    ("a", "b"),
    [({"scenario": Scenario(fps=30, size=16)}, {"scenario": Scenario(fps=30.0, size=np.int64(16))}),
     ({"scenario": Scenario(ps_noise=0.5)}, {"scenario": Scenario(ps_noise=np.float64(0.5))}),
     ({"scenario": Scenario(ps_noise=0)}, {"scenario": Scenario(ps_noise=-0.0)}),
     ({"scenario": Scenario(signals=("ECG",))}, {"scenario": Scenario(signals=np.array(["ECG"]))}),
     ({"scenario": Scenario(apex="mmme")}, {"scenario": Scenario(apex=np.str_("mmme"))}),
     ({"seed": 5}, {"seed": np.int64(5)})],
)  # fmt: skip
def test_equal_settings_share_a_folder(tmp_path, a, b):
    assert cohort(tmp_path, **a).cache == cohort(tmp_path, **b).cache


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_whoever_may_read_the_folder_may_read_the_files(tmp_path, mask):
    before = os.umask(mask)
    try:
        cohort(tmp_path / "kept")[0]
    finally:
        os.umask(before)
    (path,) = files(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.parametrize("cache", [3, False, b"folder", "a\0b"])
def test_what_is_no_path_is_refused(cache):
    with pytest.raises(MepsError, match="cache must be the path of a folder"):
        cohort(cache)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(MepsError, match="cannot keep trials.*file"):
        cohort(tmp_path / "file")


def test_a_full_disk_costs_a_warning_not_the_trial(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    data = cohort(tmp_path)
    monkeypatch.setattr("meps_lab.datasets.cache.disk.save", full)
    with pytest.warns(CacheWarning, match="could not be kept.*No space"):
        assert digest([data[0]]) == digest([cohort()[0]])
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]
