"""SMIC-HS read back by Pillow: everything stands in the names."""

import re

import pytest
from PIL import Image

from meps_lab.simulate.layouts import write_layout


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    out = tmp_path_factory.mktemp("smic") / "set"
    return out, write_layout("smic", out, n_subjects=2, trials=6, size=24, seed=5)


def test_class_subject_and_number_stand_in_the_names(tree):
    out, truth = tree
    found = {}
    for folder in (out / "HS").glob("s*/micro/*/*"):
        subject, label = folder.parts[-4], folder.parts[-2]
        person, short, number = re.fullmatch(r"s(\d+)_(ne|po|sur)_(\d\d)", folder.name).groups()
        assert subject == f"s{int(person):02d}" and label.startswith(short) and int(number) > 0
        found[folder.name] = (subject, label)
    true = {t["clip"]: (t["subject"], t["class"]) for _, t in truth.iterrows()}
    assert found == true and len(true) == 12
    assert {label for _, label in found.values()} == {"negative", "positive", "surprise"}


def test_bitmaps_are_numbered_through_from_onset_to_offset(tree):
    out, truth = tree
    lengths = set()
    for _, true in truth.iterrows():
        names = sorted(p.name for p in (out / true["folder"]).iterdir())
        frames = range(true["onset"], true["offset"] + 1)
        assert names == [f"image{i:06d}.bmp" for i in frames]
        assert true["onset"] < true["apex_exact"] < true["offset"]
        assert -1 <= true["lateral"] <= 1 and abs(true["apex"] - true["apex_exact"]) <= 1
        lengths.add(len(names))
        picture = Image.open(out / true["folder"] / names[-1])
        assert picture.format == "BMP" and picture.mode == "RGB" and picture.size == (24, 24)
    assert len(lengths) > 3 and all(10 <= n <= 60 for n in lengths)  # 0.1 to 0.6 s at 100 fps


def test_there_is_no_table_and_nothing_to_spoil(tree):
    out, truth = tree
    assert sorted(p.name for p in out.iterdir()) == ["HS", "SIMULATED.txt", "truth.parquet"]
    assert (truth["dirt"] == "").all()
