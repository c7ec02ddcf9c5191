"""SMIC-HS: simulated and read back against the truth, and spoilt in turn."""

import os
import shutil
from pathlib import Path

import cv2
import pytest
import torch

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.dataset import IndexedDataset
from meps_lab.datasets.index.build import IndexOptions, build_index
from meps_lab.datasets.smic import KIND, rows
from meps_lab.simulate.layouts import write_layout
from meps_lib.errors import MepsError

COLOUR = LoadConfig(("colour",), size=32)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    out = tmp_path_factory.mktemp("smic") / "set"
    truth = write_layout("smic", out, n_subjects=2, trials=6, size=32, n_frames=13, seed=2)
    return out, truth.sort_values("folder", ignore_index=True)


@pytest.fixture(scope="module")
def indexed(tree):
    return build_index("smic", tree[0])


@pytest.fixture
def bare(tree, tmp_path):
    """The folders with an empty file for each clip: enough for an index."""
    for folder in tree[1]["folder"]:
        (tmp_path / "set" / folder).mkdir(parents=True)
        (tmp_path / "set" / folder / "image000001.bmp").write_bytes(b"x")
    return tmp_path / "set"


@pytest.fixture
def closed(monkeypatch):
    """A function that closes a folder, for whoever runs the tests: nothing is closed to root."""
    scandir = os.scandir

    def close(folder):
        def refuse(path="."):
            if Path(os.fspath(path)) == folder:
                raise PermissionError(13, "Permission denied", str(path))
            return scandir(path)

        monkeypatch.setattr(os, "scandir", refuse)

    return close


def move(root, old, new):
    (root / new).parent.mkdir(parents=True, exist_ok=True)
    shutil.move(root / old, root / new)


def test_the_index_says_what_folders_say(tree, indexed):
    _, truth = tree
    table = indexed.table
    for ours, true in (("subject", "subject"), ("clip", "clip"), ("colour", "folder")):
        assert table[ours].tolist() == truth[true].tolist()
    for name in ("class_three", "class_megc2019"):
        assert table[name].tolist() == truth["class"].tolist()
    assert table["emotion"].tolist() == truth["class"].tolist()  # nothing else was coded
    assert table[["onset", "apex", "offset", "row"]].isna().all(axis=None)
    assert (table["fps"] == 100).all() and (table["flags"] == "").all() and not indexed.missing[1:]


def test_every_clip_is_its_whole_folder(tree, indexed):
    out, truth = tree
    data = IndexedDataset(indexed, config=COLOUR)
    for k, true in enumerate(truth.itertuples()):
        trial, n = data[k], true.offset - true.onset + 1
        assert trial.colour.shape == (n, 3, 32, 32) and trial.fps == 100.0 and trial.apex is None
        assert (trial.subject, trial.clip, trial.label) == (true.subject, true.clip, true._4)
        names = [f"image{i:06d}.bmp" for i in range(true.onset, true.offset + 1)]
        assert [f.name for f in data.files(k)] == names
    last = cv2.imread(str(out / true.folder / names[-1]))[..., ::-1].copy()
    assert torch.allclose(trial.colour[-1], torch.from_numpy(last).permute(2, 0, 1) / 255)


def test_subjects_without_a_zero_are_the_same(bare, indexed):
    move(bare, "HS/s01", "HS/s1")
    table = build_index("smic", bare).table.sort_values("clip", ignore_index=True)
    theirs = indexed.table.sort_values("clip", ignore_index=True)
    for column in ("subject", "clip", "class_three"):
        assert table[column].tolist() == theirs[column].tolist()


def test_an_empty_folder_is_a_clip_without_frames(bare, tree):
    folder = Path(tree[1]["folder"][2])
    (bare / folder / "image000001.bmp").unlink()
    (bare / folder / "Thumbs.db").touch()
    found = build_index("smic", bare)
    assert len(found.table) == 12
    assert found.missing[1:] == (f"frames of 1 of 12 clips ({folder.name})",)
    row = found.table[found.table["clip"] == folder.name].iloc[0]
    assert (row["colour"], row["flags"]) == ("", "no frames on disk")


def test_a_name_that_contradicts_its_folders_is_dropped_unless_kept(bare, tree):
    old = Path(tree[1]["folder"][0])
    assert old.parent.name == "negative"
    move(bare, old, old.parent.parent / "surprise" / old.name)
    other = Path(tree[1]["folder"][6])
    move(bare, other, other.with_name("s1" + other.name[2:].replace("01", "09")))
    found = build_index("smic", bare)
    assert len(found.table) == 10 and set(found.dropped["rule"]) == {"name-disagrees"}
    assert set(found.dropped["clip"]) == {old.name, "s1" + other.name[2:].replace("01", "09")}
    kept = build_index("smic", bare, IndexOptions(rules={"name-disagrees": "keep"})).table
    assert kept.set_index("clip").loc[old.name, "class_three"] == "surprise"
    assert kept["flags"].ne("").sum() == 2


def test_a_folder_of_no_class_a_second_copy_and_a_table_are_errors(bare, tree):
    (bare / "HS/s01/micro/fear/s1_fe_01").mkdir(parents=True)
    with pytest.raises(MepsError, match="fear: expected .*negative, positive, surprise"):
        build_index("smic", bare)
    shutil.rmtree(bare / "HS/s01/micro/fear")
    shutil.copytree(bare / "HS/s01", bare / "HS/s1")
    with pytest.raises(MepsError, match="s1_ne_01.*HS/s01/.*HS/s1/"):
        build_index("smic", bare)
    with pytest.raises(MepsError, match="SMIC-HS has no annotation table"):
        build_index("smic", bare, IndexOptions(labels=Path("x.csv")))


def test_a_folder_of_no_subject_is_noted_and_left_out(bare, indexed):
    (bare / "HS/read me").mkdir()
    found = build_index("smic", bare)
    assert found.notes[0] == "folder read me is named after no subject (such as s01): left out"
    assert found.table["clip"].tolist() == indexed.table["clip"].tolist()


def test_folders_are_found_in_any_case(bare, indexed):
    move(bare, "HS/s02/micro", "HS/S02/Micro")
    move(bare, "HS", "hs")
    table = rows(bare, IndexOptions()).table  # whatever a root has to look like
    assert table["subject"].tolist().count("s02") == 6
    assert set(table["clip"]) == set(indexed.table["clip"])


def test_a_subject_without_micro_is_missed(bare):
    shutil.rmtree(bare / "HS/s02/micro")
    (bare / "HS/s02/non_micro/s2_non_01").mkdir(parents=True)
    found = build_index("smic", bare)
    assert found.missing[1:] == ("folder micro of s02",) and len(found.table) == 6


def test_the_folder_inside_suggests_the_one_above(bare):
    with pytest.raises(MepsError, match=f"did you mean {bare}"):
        build_index("smic", bare / "HS")


def test_a_hole_in_a_clip_is_named_and_unnumbered_names_are_counted(tree, indexed, tmp_path):
    row = indexed.table.iloc[0]
    shutil.copytree(tree[0] / row["colour"], tmp_path / row["colour"])
    names = sorted((tmp_path / row["colour"]).iterdir())
    start = KIND.load(tmp_path, row, COLOUR).start
    assert start == pytest.approx(int(names[0].stem[5:]) / 100)  # in the recording that was cut
    names[5].unlink()
    for read in (KIND.load, KIND.files):
        with pytest.raises(MepsError, match=f"frame {int(names[5].stem[5:])} of .* missing"):
            read(tmp_path, row, COLOUR)
    shutil.copy(names[4], copy := names[4].with_name(f"{names[4].stem} (1).bmp"))
    for read in (KIND.load, KIND.files):  # it does not hide the hole
        with pytest.raises(MepsError, match=r"\(1\)\.bmp' does not end in a frame's number"):
            read(tmp_path, row, COLOUR)
    copy.unlink()
    rest = [n.rename(n.with_name(f"{n.stem}_a.bmp")) for n in (*names[:5], *names[6:])]
    with pytest.raises(MepsError, match=f"frame {int(names[5].stem[5:])} of .* missing"):
        KIND.load(tmp_path, row, COLOUR)  # wherever the number stands
    # Where no name has a number, nothing says that one is missing.
    for k, name in enumerate(rest):
        name.rename(name.with_name(f"{chr(ord('a') + k)}.bmp"))
    assert len(KIND.files(tmp_path, row, COLOUR)) == len(names) - 1
    assert KIND.load(tmp_path, row, COLOUR).start == 0


@pytest.mark.parametrize("part", ["HS/s01", "HS/s01/micro", "HS/s01/micro/negative"])
def test_a_folder_that_may_not_be_read_is_named(bare, closed, part):
    closed(bare / part)
    with pytest.raises(MepsError, match=f"{part}: cannot be listed .Permission denied"):
        build_index("smic", bare)


def test_a_clip_is_loaded_by_its_own_row_only(tree, indexed):
    row = indexed.table.iloc[1]
    trial = KIND.load(tree[0], row, LoadConfig(("colour",), size=40, crop="frame"))
    assert trial.label == "others" and trial.colour.shape[1:] == (3, 40, 40)


def test_a_number_that_is_skipped_within_a_folder_is_told_by_the_index(bare, tree):
    folder = bare / tree[1]["folder"][0]
    for k in (2, 5):
        (folder / f"image00000{k}.bmp").write_bytes(b"x")
    table = build_index("smic", bare).table.set_index("clip")
    assert table.loc[folder.name, "colour"] == ""
    assert table.loc[folder.name, "flags"] == "frame 3 and 1 more of 1 to 5 is not on disk"
