"""CAS(ME)^3 Part A: simulate, index, load, and compare with the truth and published counts."""

import os
import shutil

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.dataset import IndexedDataset
from meps_lab.datasets.index.build import build_index
from meps_lab.simulate.layouts import write_layout
from meps_lib.errors import MepsError

SIZE = 32
VIDEO = LoadConfig(modalities=("colour", "depth"), size=SIZE)


@pytest.fixture(scope="module")
def part_a(tmp_path_factory):
    out = tmp_path_factory.mktemp("a")
    truth = write_layout("casme3-a", out, n_subjects=2, trials=7, size=SIZE)
    return out, truth, build_index("casme3-a", out)


def row_of(indexed, clip):
    return indexed.table.set_index("clip").loc[clip]


def test_every_clip_of_part_a_is_found_or_listed_as_dropped(part_a):
    _, truth, indexed = part_a
    assert not set(indexed.table["clip"]) & set(indexed.dropped["clip"])
    assert {*indexed.table["clip"], *indexed.dropped["clip"]} == set(truth["clip"])
    assert set(indexed.dropped["rule"]) <= {"onset-after-offset"}


def test_part_a_subjects_emotions_and_action_units(part_a):
    _, truth, indexed = part_a
    both = indexed.table.merge(truth, on="clip", suffixes=("", "_true"))
    assert both["subject"].tolist() == both["subject_true"].tolist()
    assert both["emotion"].tolist() == both["emotion_true"].tolist()
    assert both["class_seven"].tolist() == both["class"].tolist()
    assert both["aus"].tolist() == both["aus_sided"].tolist()
    assert {"L", "R"} <= set("".join(both["aus"]))


def marks(row):
    return [None if pd.isna(row[m]) else int(row[m]) for m in ("onset", "apex", "offset")]


# What is left of a clip's true onset, apex and offset, and what the flags say of it.
OUTCOMES = {
    "": (lambda on, ap, off: [on, ap, off], ""),
    "apex before onset": (lambda on, ap, off: [on, None, off], "apex lies before the onset"),
    "offset is 0": (lambda on, ap, off: [on, ap, None], "the offset is 0"),
    "overlong": (lambda on, ap, off: [on, ap, None], "longer than 300 frames"),
    "onset is apex": (lambda on, ap, off: [ap, ap, off], "the same frame"),
    "subject without the dot": (lambda on, ap, off: [on, ap, off], "subject not written spNO."),
    "capital letter": (lambda on, ap, off: [on, ap, off], "video written with a capital"),
    "capital Others": (lambda on, ap, off: [on, ap, off], "emotion written with a capital"),
}


@pytest.mark.parametrize("dirt", OUTCOMES)
def test_what_becomes_of_part_a_dirt(part_a, dirt):
    _, truth, indexed = part_a
    expected, said = OUTCOMES[dirt]
    rows = truth[truth["dirt"] == dirt]
    assert len(rows)
    for true in rows.itertuples():
        row = row_of(indexed, true.clip)
        assert marks(row) == expected(true.onset, true.apex, true.offset)
        assert said in row["flags"] and bool(said) == bool(row["flags"])


def test_an_onset_after_the_apex_keeps_the_clip_unless_it_leaves_it(part_a):
    _, truth, indexed = part_a
    (true,) = truth[truth["dirt"] == "onset after apex"].itertuples()
    onset = int(true.clip.rsplit("_", 1)[1])
    assert onset > true.apex
    if onset > true.offset:
        assert true.clip in set(indexed.dropped["clip"])
    else:
        assert marks(row_of(indexed, true.clip)) == [onset, None, true.offset]


def nearest(folder, picture):
    """Number of the jpg of a video that is most like a picture, shape (3, H, W)."""
    wanted = picture.permute(1, 2, 0).numpy()
    gaps = {
        int(p.stem): np.abs(np.asarray(Image.open(p)) / 255 - wanted).mean()
        for p in folder.glob("*.jpg")
    }
    best = min(gaps, key=gaps.get)
    assert gaps[best] < 0.01
    return best


def test_part_a_loads_the_frames_that_the_table_names(part_a):
    out, truth, indexed = part_a
    data = IndexedDataset(indexed, config=VIDEO)
    assert len(data) == len(indexed.table) and data.classes[0] == "anger"
    for k, row in enumerate(data.table.itertuples()):
        true = truth.set_index("clip").loc[row.clip]
        trial, last = data[k], row.apex if pd.isna(row.offset) else row.offset
        assert trial.label == row.emotion and trial.subject == true["subject"]
        assert trial.colour.shape == (last - row.onset + 1, 3, SIZE, SIZE)
        assert trial.start == pytest.approx(row.onset / 30) and trial.fps == 30
        assert trial.onset == 0
        assert trial.apex == (None if pd.isna(row.apex) else row.apex - row.onset)
        assert trial.offset == (None if pd.isna(row.offset) else len(trial.colour) - 1)
        if true["dirt"] == "":
            video = out / true["folder"] / "color"
            assert nearest(video, trial.colour[trial.apex]) == true["apex"]


def test_part_a_depth_is_the_sensors_millimetres(part_a):
    out, truth, indexed = part_a
    data = IndexedDataset(indexed, config=VIDEO)
    true = truth.set_index("clip").loc[data.table["clip"][0]]
    depth = data[0].depth[0, 0].numpy()
    path = out / true["folder"] / "depth" / f"{data.table['onset'][0]}.png"
    raw = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert 500 < np.nanmedian(depth) < 900
    assert np.nanmedian(depth) == pytest.approx(np.median(raw[raw > 0]), abs=10)


def test_part_a_names_every_file_that_it_reads(part_a):
    _, _, indexed = part_a
    data = IndexedDataset(indexed, config=VIDEO)
    files, trial = data.files(0), data[0]
    assert len(set(files)) == 2 * len(trial.colour) and all(p.is_file() for p in files)


def test_part_a_reads_ready_cut_clips_where_there_is_no_video(part_a, tmp_path):
    out, truth, indexed = part_a
    clips = "Part_A_ME_clip"
    shutil.copytree(out / clips, tmp_path / clips, copy_function=os.link)
    shutil.copytree(out / "annotation", tmp_path / "annotation")
    # The authors' script took names from the table, so they may be spelt as it spells them.
    clip = truth["clip"][truth["dirt"] == "capital letter"].item()
    for kind in ("frame", "depth"):
        folder = tmp_path / "Part_A_ME_clip" / kind
        (folder / clip).rename(folder / clip.replace(".", "").replace("_a_", "_A_"))
    cut = build_index("casme3-a", tmp_path)
    assert cut.missing[1:] == () and "Part_A_ME_clip" in cut.notes[0]
    assert "part_A" in indexed.notes[0] and "Part_A_ME_clip" not in indexed.notes[0]
    clean = truth["clip"][truth["dirt"].isin(["", "capital letter"])]
    a, b = IndexedDataset(indexed, config=VIDEO), IndexedDataset(cut, config=VIDEO)
    for name in clean:
        k = int(np.flatnonzero(a.table["clip"] == name)[0])
        assert (a[k].colour == b[k].colour).all()


def test_part_a_takes_both_pictures_from_where_both_are(part_a, tmp_path):
    out, _, _ = part_a
    shutil.copytree(out, tmp_path / "copy", copy_function=os.link)
    for folder in (tmp_path / "copy/part_A").rglob("depth"):
        shutil.rmtree(folder)
    table = build_index("casme3-a", tmp_path / "copy").table
    assert table["colour"].str.startswith("Part_A_ME_clip/frame/").all()
    assert table["depth"].str.startswith("Part_A_ME_clip/depth/").all()


def test_a_video_without_a_clips_frames_is_no_place_of_it(part_a, tmp_path):
    out, truth, indexed = part_a
    root = tmp_path / "copy"
    shutil.copytree(out, root, copy_function=os.link)
    true = truth[truth["dirt"] == ""].iloc[0]
    for k in (true["offset"] - 1, true["offset"]):
        (root / true["folder"] / "color" / f"{k}.jpg").unlink()
    found = build_index("casme3-a", root)
    row = row_of(found, true["clip"])
    assert row["colour"] == f"Part_A_ME_clip/frame/{true['clip']}" and found.missing[1:] == ()
    whole, theirs = (IndexedDataset(each, config=VIDEO) for each in (found, indexed))
    k = int(np.flatnonzero(whole.table["clip"] == true["clip"])[0])
    assert (whole[k].colour == theirs[k].colour).all()
    shutil.rmtree(root / row["colour"])
    found = build_index("casme3-a", root)
    assert found.missing[1:] == (f"colour frames of 1 of {len(truth)} clips ({true['clip']})",)
    assert row_of(found, true["clip"])["depth"] == f"{true['folder']}/depth"


def test_the_annotation_alone_indexes_with_a_report_of_what_is_missing(part_a, tmp_path):
    out, truth, _ = part_a
    shutil.copytree(out / "annotation", tmp_path / "annotation")
    alone = build_index("casme3-a", tmp_path)
    n, first = len(truth), ", ".join(truth["clip"][:3]) + ", ..."
    assert alone.missing[1:] == (
        f"colour frames of {n} of {n} clips ({first})",
        f"depth frames of {n} of {n} clips ({first})",
    )
    assert (alone.table[["colour", "depth"]] == "").all(axis=None)
    assert f"missing: colour frames of {n} of {n} clips" in alone.report()


def test_part_a_has_no_physiology(part_a):
    with pytest.raises(MepsError, match="has no ps; it has colour, depth, flow"):
        IndexedDataset(part_a[2])
