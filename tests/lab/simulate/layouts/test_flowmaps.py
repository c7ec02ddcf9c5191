"""Flow maps read back by Pillow; what they show, against the true motion of the skin."""

from collections import Counter

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from meps_lab.simulate.layouts import layout_cohort, write_layout
from meps_lab.simulate.layouts.filming import brief
from meps_lab.simulate.layouts.flowmaps import as_grey_levels
from meps_lib.errors import MepsError

SIZE = 64


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    out = tmp_path_factory.mktemp("flowmaps") / "set"
    return out, write_layout("flowmaps", out, n_subjects=3, trials=6, size=SIZE, seed=4)


def test_a_table_with_four_columns_and_a_picture_a_row(tree):
    root, truth = tree
    table = pd.read_csv(root / "labels.csv", dtype={"sub": str})
    assert list(table.columns) == ["dataset", "sub", "filename", "label"]
    assert table["dataset"].tolist() == ["casme2"] * 6 + ["samm"] * 6 + ["smic"] * 6
    assert table["sub"].unique().tolist() == ["sub01", "006", "s01"]
    names = {0: "negative", 1: "positive", 2: "surprise"}
    assert table["label"].map(names).tolist() == truth["class"].tolist()
    assert {p.name for p in root.glob("*.png")} == set(truth["picture"])
    for path in root.glob("*.png"):
        with Image.open(path) as picture:
            assert (picture.size, picture.mode) == ((28, 28), "RGB")


def test_stray_spaces_are_where_the_truth_says(tree):
    root, truth = tree
    in_table = pd.read_csv(root / "labels.csv")["filename"].str.contains(" ")
    on_disk = truth["picture"].str.contains(" ")
    dirt = truth["dirt"]
    assert dirt.value_counts().to_dict() == Counter(dirt) and (dirt != "").sum() == 3
    assert (in_table == dirt.isin(["stray space in the table", "stray space in both"])).all()
    assert (on_disk == dirt.isin(["stray space on disk", "stray space in both"])).all()


def test_clean_means_clean(tmp_path):
    truth = write_layout("flowmaps", tmp_path / "f", n_subjects=2, trials=3, size=32, dirt=False)
    assert (truth["dirt"] == "").all() and not list((tmp_path / "f").glob("* .png"))


def test_blue_is_u_green_v_and_red_strain_of_the_true_motion(tree):
    """Pillow says R, G, B, so u comes last; the face's own geometry knows where it went."""
    root, truth = tree
    cohort = layout_cohort("flowmaps", 3, 6, 4, size=SIZE)
    found = {pair: [] for pair in ("u blue", "v green", "u green", "v blue")}
    for k, true in truth.iterrows():
        face, _ = brief(cohort.plan(k))
        u, v = (
            cv2.resize(part, (28, 28), interpolation=cv2.INTER_AREA) * 28 / SIZE
            for part in face.flow(0, int(true["apex"])).numpy()
        )
        red, green, blue = np.moveaxis(np.asarray(Image.open(root / true["picture"])) / 1.0, -1, 0)
        skin = np.hypot(u, v) > 0.02
        if np.hypot(u, v).max() < 0.2:  # a face that leaks nothing
            continue
        planes = {"u": u, "v": v, "green": green, "blue": blue}
        for pair, values in found.items():
            a, b = (planes[name][skin] for name in pair.split())
            values.append(np.corrcoef(a, b)[0, 1])
        assert red.min() < 20 and red.mean() < 60 and 90 < blue.mean() < 166
    middle = {pair: np.median(values) for pair, values in found.items()}
    assert len(found["u blue"]) > 8
    assert middle["u blue"] > 0.5 > abs(middle["u green"]), middle
    assert middle["v green"] > 0.8 > 0.5 > abs(middle["v blue"]), middle


def test_grey_levels_are_held_to_8_bits():
    flow = np.array([-9.0, 9.0, 9.0]).reshape(3, 1, 1)
    assert as_grey_levels(flow).ravel().tolist() == [0, 255, 255]


def test_frames_too_small_for_flow_are_refused(tmp_path):
    with pytest.raises(MepsError, match="flow needs at least 32"):
        write_layout("flowmaps", tmp_path / "f", n_subjects=2, trials=3, size=24, dirt=False)
    assert not (tmp_path / "f").exists()
