"""CAS(ME)^3 Part B: whatever videos there are, in an index without labels."""

import cv2
import numpy as np
import pytest

from meps_lab.datasets.dataset import IndexedDataset
from meps_lab.datasets.index.build import IndexOptions, build_index
from meps_lib.errors import MepsError


def video(folder, *kinds):
    for kind in kinds or ("color", "depth"):
        (folder / kind).mkdir(parents=True)
        name = folder / kind / ("0.jpg" if kind == "color" else "0.png")
        assert cv2.imwrite(str(name), np.zeros((8, 8), np.uint16 if kind == "depth" else np.uint8))


def test_part_b_lists_what_is_found(tmp_path):
    videos = tmp_path / "part_B/data/part_B"
    video(videos / "spNO.10" / "a")
    video(videos / "spNO.2" / "B", "color")
    video(tmp_path / "part_B/spNO3" / "c")
    (videos / "spNO.2" / "empty" / "color").mkdir(parents=True)
    (videos / "again").symlink_to(tmp_path / "part_B")
    indexed = build_index("casme3-b", tmp_path)
    assert indexed.table["clip"].tolist() == ["spNO.2_b", "spNO.3_c", "spNO.10_a"]
    assert indexed.table["subject"].tolist() == ["spNO.2", "spNO.3", "spNO.10"]
    assert indexed.table["colour"][2] == "part_B/data/part_B/spNO.10/a/color"
    assert indexed.table["onset"].isna().all() and set(indexed.table["fps"]) == {30}
    assert indexed.missing[1:] == ("depth frames of 1 of 3 clips (spNO.2_b)",)
    with pytest.raises(MepsError, match="no labels: it can be indexed"):
        IndexedDataset(indexed)


def test_part_b_in_two_folders_that_spell_alike(tmp_path):
    video(tmp_path / "part_B/spNO.1/a")
    video(tmp_path / "Part_B/spNO.2/a")
    if len(list(tmp_path.iterdir())) == 1:
        pytest.skip("this disk takes both for one folder")
    assert build_index("casme3-b", tmp_path).table["clip"].tolist() == ["spNO.1_a", "spNO.2_a"]


def test_part_b_refuses_labels_and_twins(tmp_path):
    video(tmp_path / "part_B/spNO.1/a")
    with pytest.raises(MepsError, match="Part B has no annotation table"):
        build_index("casme3-b", tmp_path, IndexOptions(labels=tmp_path / "x.xlsx"))
    video(tmp_path / "part_B/data/spNO1/A")
    with pytest.raises(MepsError, match="both are video"):
        build_index("casme3-b", tmp_path)
