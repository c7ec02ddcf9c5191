"""CASME II read back: the spreadsheet by pandas, the pictures by OpenCV, both against truth."""

import re

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from meps_lab.simulate.layouts import casme2, write_layout
from meps_lib.labels import EMOTIONS

TABLE = "CASME2-coding-20140508.xlsx"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    out = tmp_path_factory.mktemp("casme2") / "set"
    return out, write_layout("casme2", out, n_subjects=2, trials=8, size=32, n_frames=21, seed=4)


@pytest.fixture(scope="module")
def table(tree):
    return pd.read_excel(tree[0] / TABLE)


def test_the_columns_are_those_of_the_published_table(table):
    header = "Subject,Filename,Unnamed: 2,OnsetFrame,ApexFrame,OffsetFrame,Unnamed: 6"
    assert ",".join(table.columns) == f"{header},Action Units,Estimated Emotion"
    assert table["Unnamed: 2"].isna().all() and table["Unnamed: 6"].isna().all()


def test_rows_say_what_is_true_but_for_the_recorded_errors(tree, table):
    truth = tree[1]
    assert len(table) == len(truth) == 16
    for (_, row), (_, true) in zip(table.iterrows(), truth.iterrows(), strict=True):
        assert f"sub{row['Subject']:02d}" == true["subject"]
        assert row["Filename"] == true["clip"] and re.fullmatch(r"EP\d\d_\d\df?", row["Filename"])
        assert row["OnsetFrame"] == true["onset"] and row["Estimated Emotion"] == true["emotion"]
        assert true["emotion"] in EMOTIONS
        kinds = true["dirt"].split("; ")
        if "no apex" in kinds:
            assert row["ApexFrame"] == "/"
        else:
            assert row["ApexFrame"] == true["apex"]
        if "offset before onset" in kinds:
            assert row["OffsetFrame"] < row["OnsetFrame"]
        else:
            assert row["OffsetFrame"] == true["offset"]
        assert re.sub("[LR]", "", str(row["Action Units"])) == true["aus"]
        assert abs(true["apex"] - true["apex_exact"]) <= 1
    dirt = truth["dirt"].value_counts()
    assert dirt["no apex"] == dirt["offset before onset"] == 1 and dirt[""] == 14


def test_the_composite_leaves_out_what_megc2019_does(tmp_path, monkeypatch):
    def blank(face, *how):  # names and labels are looked at, not faces
        return torch.zeros(len(face.intensity), 3, 4, 4)

    monkeypatch.setattr(casme2, "camera_frames", blank)
    truth = write_layout("casme2", tmp_path / "set", n_subjects=24, trials=7, n_frames=3, seed=1)
    by_emotion = {"disgust": "negative", "repression": "negative", "happiness": "positive"}
    by_emotion |= {"surprise": "surprise", "others": None, "fear": None, "sadness": None}
    assert set(truth["emotion"]) == set(by_emotion)  # rare ones, too
    assert 0 < truth["emotion"].isin(["fear", "sadness"]).sum() < 0.1 * len(truth)
    dropped = truth[truth["emotion"].map(by_emotion).notna() & truth["megc2019"].isna()]
    names = (dropped["subject"] + "/" + dropped["clip"]).tolist()
    assert names == ["sub04/EP12_01f", "sub05/EP12_03f", "sub24/EP02_07"]
    kept = truth.drop(dropped.index)
    assert (
        kept["megc2019"].fillna("").tolist() == kept["emotion"].map(by_emotion).fillna("").tolist()
    )
    assert not truth.duplicated(["subject", "clip"]).any()


def test_one_sided_clips_are_marked_with_their_side(tree, table):
    for text, lateral in zip(table["Action Units"], tree[1]["lateral"], strict=True):
        sides = set(re.findall("[LR]", str(text)))
        assert sides <= ({"L"} if lateral > 0.6 else {"R"} if lateral < -0.6 else set())


def test_frames_run_from_onset_to_offset_and_are_colour(tree):
    out, truth = tree
    for _, true in truth.iterrows():
        folder = out / "Cropped" / true["subject"] / true["clip"]
        numbers = sorted(int(p.stem.removeprefix("reg_img")) for p in folder.iterdir())
        assert numbers == list(range(true["onset"], true["offset"] + 1))
        assert true["onset"] < true["apex"] < true["offset"]
        picture = cv2.imread(str(folder / f"reg_img{true['apex']}.jpg"), cv2.IMREAD_UNCHANGED)
        assert picture.shape == (32, 32, 3)


def test_the_face_moves_most_at_the_apex(tmp_path):
    dials = {"frame_noise": 0.0, "head_drift_mm": 0.0, "me_intensity": 1.0, "n_frames": 21}
    truth = write_layout("casme2", tmp_path / "a", trials=7, n_subjects=2, size=48, **dials)
    hits = []
    for _, true in truth.iterrows():
        folder, numbers = tmp_path / "a" / true["folder"], range(true["onset"], true["offset"] + 1)
        frames = [cv2.imread(str(folder / f"reg_img{i}.jpg")).astype(float) for i in numbers]
        moved = [np.abs(frame - frames[0]).mean() for frame in frames]
        hits.append(abs(int(np.argmax(moved)) + true["onset"] - true["apex_exact"]))
    assert np.median(hits) <= 1.5


def test_clean_means_clean(tmp_path):
    truth = write_layout("casme2", tmp_path / "c", trials=7, size=16, n_frames=5, dirt=False)
    table = pd.read_excel(tmp_path / "c" / TABLE)
    assert (truth["dirt"] == "").all()
    for column, true in (("OnsetFrame", "onset"), ("ApexFrame", "apex"), ("OffsetFrame", "offset")):
        assert table[column].tolist() == truth[true].tolist()
    assert "annotation errors: none" in (tmp_path / "c" / "SIMULATED.txt").read_text()
