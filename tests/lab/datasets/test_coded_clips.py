"""Folders of CASME II and SAMM that are not spelt as the authors spell them."""

import os

import cv2
import numpy as np
import pandas as pd
import pytest

from meps_lab.datasets import casme2
from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.index.build import build_index
from meps_lab.datasets.index.kind import IndexOptions
from meps_lab.simulate.layouts.spreadsheet import write_table
from meps_lib.errors import MepsError

ROW = {"Subject": 1, "Filename": "EP02_01f", "Action Units": "4", "Estimated Emotion": "disgust"}
ROW |= {"Onset Frame": 1, "Apex Frame": 2, "Offset Frame": 3}


def tree(root, table, folder, row=ROW, name="reg_img{}.jpg"):
    write_table(root / table, pd.DataFrame([row]), "Sheet1")
    (root / folder).mkdir(parents=True)
    for k in (1, 2, 3):
        cv2.imwrite(str(root / folder / name.format(k)), np.zeros((8, 8, 3), np.uint8))
    return root


@pytest.mark.parametrize(
    "folder", ["cropped/sub01/EP02_01f", "CROPPED/Sub01/ep02_01F", "casme2_raw/SUB01/EP02_01f"]
)
def test_casme2_folders_and_pictures_in_any_case(tmp_path, folder):
    tree(tmp_path, "CASME2-coding-20140508.xlsx", folder, name="REG_IMG{}.jpg")
    row = casme2.rows(tmp_path, IndexOptions()).table.iloc[0]
    assert (row["subject"], row["clip"], row["colour"]) == ("sub01", "sub01_EP02_01f", folder)
    assert casme2._is_cut(row) == folder.lower().startswith("cropped")
    files = casme2.KIND.files(tmp_path, row, LoadConfig(("colour",), crop="frame"))
    assert [f.name for f in files] == [f"REG_IMG{k}.jpg" for k in (1, 2, 3)]


def test_samm_folders_in_any_case(tmp_path):
    row = ROW | {"Subject": "006", "Filename": "006_1_2a"}
    tree(tmp_path, "SAMM_Micro_FACS_Codes_v2.xlsx", "006/006_1_2A", row, "006_{:05d}.jpg")
    assert build_index("samm", tmp_path).table["colour"].tolist() == ["006/006_1_2A"]


def test_two_folders_of_one_clip_are_named(tmp_path):
    tree(tmp_path, "CASME2-coding-20140508.xlsx", "Cropped/sub01/EP02_01f")
    other = tmp_path / "cropped/sub01/EP02_01f"
    if os.path.exists(other):
        pytest.skip("this disk does not tell cropped from Cropped")
    other.mkdir(parents=True)
    (other / "reg_img1.jpg").touch()
    with pytest.raises(MepsError, match="Cropped/.* and .*cropped/.*: two folders of the same"):
        casme2.rows(tmp_path, IndexOptions())


def test_a_frame_missing_within_a_clip_is_told_by_the_index(tmp_path):
    root = tree(tmp_path, "CASME2-coding-20140508.xlsx", "Cropped/sub01/EP02_01f")
    (root / "Cropped/sub01/EP02_01f/reg_img2.jpg").unlink()
    found = build_index("casme2", root)
    assert found.table["colour"].tolist() == [""]
    assert found.table["flags"].tolist() == ["frame 2 of 1 to 3 is not on disk"]
    assert "frames of 1 of 1 clips (sub01_EP02_01f)" in found.missing


@pytest.mark.parametrize(("apex", "flagged"), [(1, True), (2, False)])
def test_an_apex_that_is_the_onset_is_flagged(tmp_path, apex, flagged):
    row = ROW | {"Apex Frame": apex}
    tree(tmp_path, "CASME2-coding-20140508.xlsx", "Cropped/sub01/EP02_01f", row)
    (flags,) = build_index("casme2", tmp_path).table["flags"]
    assert ("onset and apex are the same frame" in flags) == flagged
    mended = build_index("casme2", tmp_path, IndexOptions(rules={"onset-is-apex": "repair"}))
    assert mended.table["apex"].isna().tolist() == [flagged]


def test_in_samm_too(tmp_path):
    row = ROW | {"Subject": "006", "Filename": "006_1_2a", "Apex Frame": 1}
    tree(tmp_path, "SAMM_Micro_FACS_Codes_v2.xlsx", "006/006_1_2a", row, "006_{:05d}.jpg")
    assert build_index("samm", tmp_path).table["flags"].str.contains("same frame").all()
