"""The cache of a cohort: the same bits as without, rebuilt when damaged, never stale.

What any cache does about damage, full disks and killed processes is tested beside it, in
`lab/datasets/cache`.
"""

import os
import pickle

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from meps_lab.datasets.cache.disk import CacheWarning
from meps_lab.simulate import Scenario, simulate_cohort
from meps_lab.simulate.cache import Cache
from meps_lab.simulate.face.clip import FaceClip
from meps_lib.errors import MepsError
from tests.lab.simulate.test_cohort import SMALL, digest

EEG = Scenario(size=16, n_frames=4, ps_sfreq=125.0, eeg="10-20", eeg_sfreq=125.0)


def cohort(cache=None, scenario=SMALL, seed=5, n_subjects=2):
    return simulate_cohort(n_subjects, 3, seed=seed, scenario=scenario, cache=cache)


def files(folder):
    return sorted(folder.rglob("*.safetensors"))


@pytest.mark.parametrize("scenario", [SMALL, EEG], ids=["plain", "with EEG"])
def test_same_bits_as_without_and_nothing_is_rendered_twice(tmp_path, scenario, monkeypatch):
    expected = digest(cohort(scenario=scenario))
    loader = DataLoader(cohort(tmp_path, scenario), batch_size=1, num_workers=2, collate_fn=list)
    assert digest([t for batch in loader for t in batch]) == expected  # made by two at once
    assert len(files(tmp_path)) == 6

    def refuse(*_, **__):
        raise AssertionError("rendered again")

    monkeypatch.setattr(FaceClip, "render", refuse)
    assert digest(pickle.loads(pickle.dumps(cohort(tmp_path, scenario)))) == expected
    longer = cohort(tmp_path, scenario, n_subjects=3)  # a trial is the same in a larger cohort
    assert digest([longer[k] for k in range(6)]) == expected


def test_an_entry_that_is_whole_but_no_trial_is_made_anew_with_a_warning(tmp_path):
    expected = digest(cohort(tmp_path))
    path = files(tmp_path)[2]
    whole = path.read_bytes()
    Cache(path.parent).keep(path.stem, {"colour": torch.zeros(1)})
    with pytest.warns(CacheWarning, match=f"{path.name} is damaged .it lacks clean_depth, depth"):
        assert digest(cohort(tmp_path)) == expected
    assert path.read_bytes() == whole


def test_settings_and_code_have_folders_of_their_own(tmp_path, monkeypatch):
    other = Scenario(size=16, n_frames=8, frame_noise=0.02)
    three = cohort(tmp_path), cohort(tmp_path, other), cohort(tmp_path, seed=6)
    folders = {c.cache.folder for c in three}
    monkeypatch.setattr("meps_lab.simulate.cache._source", lambda: "a line was changed")
    assert len(folders | {cohort(tmp_path).cache.folder}) == 4


def test_equal_settings_share_a_folder(tmp_path):
    plain = Scenario(fps=30.0, size=16, ps_noise=0.0, signals=("ECG",), apex="mmme")
    other = {"fps": 30, "size": np.int64(16), "ps_noise": -0.0, "signals": np.array(["ECG"])}
    other |= {"apex": np.str_("mmme"), "frame_noise": np.float64(plain.frame_noise)}
    other = Scenario(**other)
    assert cohort(tmp_path, plain).cache == cohort(tmp_path, other, seed=np.int64(5)).cache


def test_whoever_may_read_the_folder_may_read_the_files(tmp_path):
    before = os.umask(0o027)
    try:
        cohort(tmp_path)[0]
    finally:
        os.umask(before)
    (path,) = files(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("cache", [3, False, b"folder", "a\0b", __file__])
def test_what_is_no_path_of_a_folder_is_refused(cache):
    with pytest.raises(
        MepsError, match="cannot keep trials in.*cache must be the path of a folder"
    ):
        cohort(cache)
