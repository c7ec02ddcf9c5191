"""Kept trials of MMME: what decides where a clip is cut lies in more files than the recording."""

import os
import shutil

import pytest
import torch

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.dataset import open_dataset
from meps_lab.datasets.mmme import KIND
from meps_lab.prepare import PrepareConfig, PreparedDataset
from tests.lab.datasets.test_mmme_frames import frame_name, shown_again

PS = PrepareConfig(ps_names=("EDA",), ps_sfreq=1000.0)


@pytest.fixture(autouse=True)
def all_is_settled(later):
    """All of it is believed by size and times."""
    later()


def old(root):
    """Only what cannot be set back tells of a change."""
    for path in (*root.rglob("*"), root):
        os.utime(path, (1e9, 1e9))


def prepared(root, modality, cache):
    config = LoadConfig((modality,), ps_window=(0.2, 0.4), clean=False)
    data = open_dataset("mmme", root, "seven-mmme", config)
    return PreparedDataset(data, PS, (modality,), cache=cache)


@pytest.mark.parametrize("modality", ["ps", "eeg"])
def test_frames_that_come_before_the_marker_move_kept_signals(mmme_copy, tmp_path, modality):
    root, table = mmme_copy
    marker = table["Marker"][0]
    folder = root / "Video" / "sub01" / table["Filename"][0]
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(30, 60):
        (folder / frame_name(i, marker)).write_bytes(b"x")
    old(root)
    before = getattr(prepared(root, modality, tmp_path / "kept")[0], modality)
    for i in range(30):
        (folder / frame_name(i, 0)).write_bytes(b"x")
    old(root)
    after = getattr(prepared(root, modality, tmp_path / "kept")[0], modality)
    assert torch.equal(after, getattr(prepared(root, modality, None)[0], modality))
    # 30 frames are 200 samples: the clip began so much earlier.
    assert torch.equal(after[:, 200:], before[:, :-200])


def test_events_that_were_corrected_count_in_the_process_that_saw_the_old_ones(mmme_copy, tmp_path):
    root, _ = mmme_copy
    old(root)
    before = prepared(root, "eeg", tmp_path / "kept")[0].eeg
    path = root / "EEG" / "sub01.cdt.ceo"
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    events = [cells for cells in lines if len(cells) > 3 and cells[2].strip().isdigit()]
    for cells in events:
        cells[0] = f"{int(cells[0]) + 100}"
    path.write_text("\n".join(map("\t".join, lines)) + "\n")
    os.utime(path, (1e9 + 5, 1e9 + 5))  # and nothing else has changed
    after = prepared(root, "eeg", tmp_path / "kept")[0].eeg
    assert events and torch.equal(after[:, :-100], before[:, 100:])


def test_the_other_clips_of_a_marker_that_was_shown_again_count(mmme_copy):
    root, _ = mmme_copy
    row = shown_again(root)[0]
    listed = KIND.files(root, row, LoadConfig(("ps",)))
    clips = root / "Video" / "sub01"
    assert listed[0].name == "sub01.mat" and {clips, clips / "a", clips / "b"} <= {*listed[1:]}
    (root / "Video" / "sub01").rename(root / "Video" / "all")  # in which nothing else is looked at
    row["colour"] = "Video/all/a"
    assert KIND.files(root, row, LoadConfig(("ps",)))[1:] == [root / "Video/all/a"]
    shutil.rmtree(root / "Video")
    row["colour"] = ""
    assert len(KIND.files(root, row, LoadConfig(("ps",)))) == 1
