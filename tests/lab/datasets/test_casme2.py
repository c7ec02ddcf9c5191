"""CASME II: simulated and read back against the truth, and spoilt in turn."""

import re
import shutil

import cv2
import numpy as np
import pandas as pd
import pytest
import torch

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.casme2 import KIND
from meps_lab.datasets.dataset import IndexedDataset
from meps_lab.datasets.index.build import IndexOptions, build_index
from meps_lab.simulate.layouts import casme2, write_layout
from meps_lab.simulate.layouts.filming import au_text
from meps_lib.errors import MepsError
from meps_lib.labels import CLASS_SETS

COLOUR = LoadConfig(("colour",), size=32)
BOTH = ("no apex", "offset before onset")


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Five subjects, so that two of the clips that the composite leaves out are there."""
    out = tmp_path_factory.mktemp("CASME II copie é") / "set"
    truth = write_layout("casme2", out, n_subjects=5, trials=7, size=32, n_frames=13, seed=2)
    return out, truth.assign(id=truth["subject"] + "_" + truth["clip"])


@pytest.fixture(scope="module")
def indexed(tree):
    return build_index("casme2", tree[0])


@pytest.fixture
def copy(tree, tmp_path):
    """The tree without its frames, to be spoilt; and its table."""
    out = tmp_path / "copy"
    out.mkdir()
    (out / "Cropped").symlink_to(tree[0] / "Cropped")
    return out, pd.read_excel(tree[0] / casme2.TABLE, dtype=object)


def save(root, table, name=casme2.TABLE):
    table.to_excel(root / name, sheet_name="Sheet1", index=False)
    return root


def test_the_index_says_what_is_true_but_for_the_recorded_errors(tree, indexed):
    _, truth = tree
    table, dirty = indexed.table, truth["dirt"].str.split("; ")
    no_apex, bad_offset = (dirty.map(lambda kinds, k=k: k in kinds) for k in BOTH)
    assert (
        no_apex.any() and bad_offset.any() and not indexed.missing[1:] and not len(indexed.dropped)
    )
    assert table["subject"].tolist() == truth["subject"].tolist()
    assert table["clip"].tolist() == truth["id"].tolist()
    for ours, true in (("emotion", "emotion"), ("colour", "folder"), ("onset", "onset")):
        assert table[ours].tolist() == truth[true].tolist()
    assert table["apex"].equals(truth["apex"].mask(no_apex))
    assert table["offset"].equals(truth["offset"].mask(bad_offset))
    assert (table["fps"] == 200).all() and table["row"].tolist() == list(range(2, 37))
    assert table["flags"].str.contains("no apex").tolist() == no_apex.tolist()
    assert table["flags"].str.contains("the offset is forgotten").tolist() == bad_offset.tolist()


def test_action_units_keep_their_side(tree, indexed):
    _, truth = tree
    written = [
        au_text(map(int, aus.split("+")), lateral) if aus else ""
        for aus, lateral in zip(truth["aus"], truth["lateral"], strict=True)
    ]
    assert indexed.table["aus"].tolist() == written
    assert "".join(written).count("L") + "".join(written).count("R") > 5


def test_classes_are_those_of_the_simulator(tree, indexed):
    _, truth = tree
    ours = indexed.table["class_megc2019"]
    assert ours.fillna("").tolist() == truth["megc2019"].fillna("").tolist()
    left_out = truth["id"].isin(["sub04_EP12_01f", "sub05_EP12_03f"])
    flagged = indexed.table["flags"].str.contains("MEGC2019 leaves this clip out")
    assert left_out.sum() == 2 and flagged.tolist() == left_out.tolist()
    kept = build_index("casme2", tree[0], IndexOptions(rules={"megc2019-left-out": "keep"}))
    assert kept.table.loc[left_out, "class_megc2019"].notna().all()
    for name in ("three", "four"):
        known = CLASS_SETS[name].emotion_to_class
        expected = [known.get(e, "") for e in truth["emotion"]]
        assert indexed.table[f"class_{name}"].fillna("").tolist() == expected


def test_every_clip_loads_as_the_table_and_the_frames_say(tree):
    out, truth = tree
    found = build_index("casme2", out, IndexOptions(rules={"megc2019-left-out": "keep"}))
    for (_, true), (_, row) in zip(truth.iterrows(), found.table.iterrows(), strict=True):
        trial = KIND.load(out, row, COLOUR)
        n = true["offset"] - true["onset"] + 1
        assert trial.colour.shape == (n, 3, 32, 32) and trial.fps == 200.0
        assert (trial.subject, trial.clip) == (true["subject"], true["id"])
        assert trial.onset == 0 and trial.start == pytest.approx(true["onset"] / 200)
        apex = None if "no apex" in true["dirt"] else true["apex"] - true["onset"]
        assert trial.apex == apex
        # Without a believable offset the clip ends with its last picture.
        assert trial.offset == (None if "offset before onset" in true["dirt"] else n - 1)
        assert len(KIND.files(out, row, COLOUR)) == n


def test_pictures_come_in_order_and_uncut(tree, indexed):
    out, _ = tree
    data = IndexedDataset(indexed, "four", COLOUR)
    trial, row = data[0], data.table.iloc[0]
    for k in (0, 3, trial.n_frames - 1):
        picture = cv2.imread(str(out / row["colour"] / f"reg_img{row['onset'] + k}.jpg"))
        expected = torch.from_numpy(picture[..., ::-1].copy()).permute(2, 0, 1) / 255
        assert torch.allclose(trial.colour[k], expected, atol=1e-6)


def test_whole_pictures_serve_where_nothing_is_cropped(tree, tmp_path):
    root = tmp_path / "raw"
    for picture in sorted((tree[0] / "Cropped").rglob("*.jpg")):
        clip = root / "CASME2_RAW_selected" / picture.parent.relative_to(tree[0] / "Cropped")
        clip.mkdir(parents=True, exist_ok=True)
        (clip / picture.name.removeprefix("reg_")).symlink_to(picture)
    shutil.copy(tree[0] / casme2.TABLE, root)
    found = build_index("casme2", root)
    assert any("whole pictures of CASME2_RAW_selected" in note for note in found.notes)
    assert found.table["colour"].str.startswith("CASME2_RAW_selected/sub0").all()
    data = IndexedDataset(found, "four", LoadConfig(("colour",), crop="frame", size=32))
    theirs = IndexedDataset(build_index("casme2", tree[0]), "four", COLOUR)
    assert torch.equal(data[1].colour, theirs[1].colour)


def test_the_other_name_of_the_table_and_text_do_as_well(copy, indexed):
    root, table = copy
    save(root, table, "CASME2-coding-updated.xlsx")
    pd.testing.assert_frame_equal(build_index("casme2", root).table, indexed.table)
    (root / "CASME2-coding-updated.xlsx").unlink()
    table.to_csv(root / "CASME2-coding-20140508.csv", index=False)
    pd.testing.assert_frame_equal(build_index("casme2", root).table, indexed.table)


def test_a_table_alone_is_an_index_with_a_report(copy):
    root, table = copy
    (root / "Cropped").unlink()
    found = build_index("casme2", save(root, table))
    assert len(found.table) == 35 and (found.table["colour"] == "").all()
    assert "frames of 35 of 35 clips (sub01_EP" in found.report()
    assert "flagged 35: no frames on disk" in found.report()
    with pytest.raises(MepsError, match="without colour"):
        IndexedDataset(found, config=COLOUR)


def test_frames_that_are_not_there_are_missed_by_clip(copy, tree):
    root, table = copy
    (root / "Cropped").unlink()
    shutil.copytree(tree[0] / "Cropped", root / "Cropped")
    gone = sorted((root / "Cropped" / "sub02").iterdir())[0]
    shutil.rmtree(gone)
    found = build_index("casme2", save(root, table))
    lacking = found.table[found.table["colour"] == ""]
    assert lacking["clip"].tolist() == [f"sub02_{gone.name}"] and len(found.table) == 35
    assert lacking["flags"].str.contains("no frames on disk").all()
    assert f"frames of 1 of 35 clips (sub02_{gone.name})" in found.missing


def test_an_offset_before_its_apex_is_not_believed(copy, tree):
    root, table = copy
    clean = tree[1]["dirt"] == ""
    k = int(np.flatnonzero(clean)[0])
    table.loc[k, "OffsetFrame"] = table.loc[k, "ApexFrame"] - 1
    row = build_index("casme2", save(root, table)).table.iloc[k]
    assert row["offset"] is pd.NA and row["apex"] == tree[1]["apex"][k]
    dropped = build_index("casme2", root, IndexOptions(rules={"offset-too-early": "drop"})).dropped
    assert row["clip"] in dropped["clip"].tolist() and len(dropped) == 2
    table.loc[k, "ApexFrame"] = table.loc[k, "OnsetFrame"] - 1
    table.loc[k, "OffsetFrame"] = table.loc[k, "OnsetFrame"] + 9
    row = build_index("casme2", save(root, table)).table.iloc[k]
    assert row["apex"] is pd.NA and row["offset"] == row["onset"] + 9


def test_action_units_that_nobody_can_read_do_not_cost_the_clip(copy):
    root, table = copy
    table.loc[3, "Action Units"] = "smile, perhaps"
    row = build_index("casme2", save(root, table)).table.iloc[3]
    assert (row["aus"], row["aus_raw"]) == ("", "smile, perhaps")
    assert "action units not understood" in row["flags"]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("OnsetFrame", "12,5", r"20140508.xlsx, row 5, column Onset Frame: got '12,5'"),
        ("ApexFrame", "soon", "row 5, column Apex Frame: got 'soon'"),
        ("OffsetFrame", -4, "row 5, column Offset Frame: got '-4'"),
        ("Estimated Emotion", "joy", "row 5.*unknown emotion 'joy'.*happiness"),
        ("Subject", "x", "row 5, column Subject: got 'x'"),
        ("Filename", "../sub02", "row 5, column Filename: got '../sub02'"),
        ("Filename", None, "row 5, column Filename: got ''"),
    ],
)
def test_a_spoilt_cell_is_named(copy, column, value, message):
    root, table = copy
    table[column] = table[column].astype(object)
    table.loc[3, column] = value
    with pytest.raises(MepsError, match=message):
        build_index("casme2", save(root, table))


def test_a_clip_that_stands_twice_is_dropped_or_an_error(copy, indexed):
    root, table = copy
    found = build_index("casme2", save(root, pd.concat([table, table.iloc[[4]]])))
    assert found.dropped[["row", "rule"]].to_numpy().tolist() == [[37, "duplicate"]]
    pd.testing.assert_frame_equal(found.table, indexed.table)
    other = table.iloc[[4]].assign(OnsetFrame=table.loc[4, "OnsetFrame"] + 1)
    clip = f"sub{table.loc[4, 'Subject']:02d}_{table.loc[4, 'Filename']}"
    with pytest.raises(MepsError, match=f"rows 6, 37.*{clip}.*differ in onset;"):
        build_index("casme2", save(root, pd.concat([table, other])))


def test_a_missing_onset_or_offset_is_told_and_has_a_switch(copy, indexed):
    root, table = copy
    clean = indexed.table.index[indexed.table["flags"] == ""]
    table[["OnsetFrame", "OffsetFrame"]] = table[["OnsetFrame", "OffsetFrame"]].astype(object)
    table.loc[clean[0], "OnsetFrame"], table.loc[clean[1], "OffsetFrame"] = None, "/"
    found = build_index("casme2", save(root, table))
    names = indexed.table["clip"]
    assert found.dropped[["clip", "rule"]].to_numpy().tolist() == [[names[clean[0]], "no-onset"]]
    rows = found.table.set_index("clip")
    said = "the coders noted no offset, the clip ends with its last frame"
    assert rows.loc[names[clean[1]], "flags"] == said
    assert (rows["flags"] == said).sum() == 1  # an offset that a rule forgets has its own words
    switched = {"no-onset": "keep", "no-offset": "drop"}
    found = build_index("casme2", root, IndexOptions(rules=switched))
    assert found.dropped["clip"].tolist() == [names[clean[1]]]
    assert found.table["flags"][clean[0]] == "the coders noted no onset"


def test_a_missing_column_or_table_lists_what_is_there(copy):
    root, table = copy
    with pytest.raises(MepsError, match="CASME2-coding-20140508.xlsx.*--labels"):
        build_index("casme2", root)
    save(root, table.drop(columns="ApexFrame"))
    with pytest.raises(MepsError, match="no column 'Apex Frame'.*OnsetFrame"):
        build_index("casme2", root)


def test_the_folder_above_suggests_the_right_one(tree):
    with pytest.raises(MepsError, match=re.escape(f"did you mean {tree[0]}")):
        build_index("casme2", tree[0].parent)
