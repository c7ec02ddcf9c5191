"""Flow maps read back by Pillow; what they show, against the true motion of the skin."""

from collections import Counter

import cv2
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from meps_lab.simulate.layouts import flowmaps, layout_cohort, write_layout
from meps_lab.simulate.layouts.filming import brief
from meps_lib.errors import MepsError

SIZE = 64


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    out = tmp_path_factory.mktemp("flowmaps") / "set"
    return out, write_layout("flowmaps", out, n_subjects=3, trials=6, size=SIZE, seed=4)


def test_the_table_that_circulates_and_a_picture_a_row(tree):
    root, truth = tree
    table = pd.read_csv(root / "labels.csv", dtype={"sub": str})
    assert ",".join(table) == "dataset,sub,filename_o,label,apex,imagename,sub_filename"
    assert table["dataset"].tolist() == ["casme2"] * 6 + ["samm"] * 6 + ["smic"] * 6
    assert table["sub"].unique().tolist() == ["sub01", "006", "s01"]
    assert table["filename_o"].str.fullmatch(r"EP\d\d_01f|006_1_\d|s01_(ne|po|sur)_\d\d").all()
    names = {0: "negative", 1: "positive", 2: "surprise"}
    assert table["label"].map(names).tolist() == truth["class"].tolist()
    assert table["apex"].tolist() == truth["apex"].tolist() and table["sub_filename"].isna().all()
    pictures = table["sub"] + "_" + table["filename_o"] + " .png"
    assert pictures.tolist() == truth["picture"].tolist()
    assert {p.name for p in root.glob("*.png")} == set(pictures)
    for path in root.glob("*.png"):
        with Image.open(path) as picture:
            assert (picture.size, picture.mode) == ((28, 28), "RGB")


def test_some_names_of_smic_are_spelled_otherwise(tree):
    root, truth = tree
    names = pd.read_csv(root / "labels.csv")["imagename"]
    odd = truth["dirt"] == "imagename spelled otherwise"
    assert odd.sum() == 3 and set(truth["dataset"][odd]) == {"smic"}
    assert (names[~odd] == truth["clip"][~odd] + ".jpg").all()
    assert names[odd].str.fullmatch(r"s01_s1_(ne|po|sur)_0\d\.jpg").all()


def test_clean_means_clean(tmp_path):
    truth = write_layout("flowmaps", tmp_path / "f", n_subjects=3, trials=3, size=32, dirt=False)
    names = pd.read_csv(tmp_path / "f" / "labels.csv")["imagename"]
    assert (truth["dirt"] == "").all() and (names == truth["clip"] + ".jpg").all()


def test_red_is_u_green_v_and_blue_strain_of_the_true_motion(tree):
    """As a person and Pillow see it; the face's own geometry knows where it went."""
    root, truth = tree
    cohort = layout_cohort("flowmaps", 3, 6, 4, size=SIZE)
    found = {pair: [] for pair in ("u red", "v green", "u green", "v red")}
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
        planes = {"u": u, "v": v, "red": red, "green": green}
        for pair, values in found.items():
            a, b = (planes[name][skin] for name in pair.split())
            values.append(np.corrcoef(a, b)[0, 1])
        assert blue.min() < 20 and blue.mean() < 60 and 90 < red.mean() < 166
    middle = {pair: np.median(values) for pair, values in found.items()}
    assert len(found["u red"]) > 8
    assert middle["u red"] > 0.5 > abs(middle["u green"]), middle
    assert middle["v green"] > 0.8 > 0.5 > abs(middle["v red"]), middle


def test_frames_too_small_for_flow_are_refused(tmp_path):
    with pytest.raises(MepsError, match="flow needs at least 32"):
        write_layout("flowmaps", tmp_path / "f", n_subjects=2, trials=3, size=24, dirt=False)
    assert not (tmp_path / "f").exists()


def test_68_people_are_those_of_the_composite():
    """See et al. 2019: 24 of CASME II, 28 of SAMM, 16 of SMIC; and of the first few each set."""
    names = [flowmaps._names(person, 1, "negative")[:2] for person in range(68)]
    assert Counter(name for name, _ in names) == {"casme2": 24, "samm": 28, "smic": 16}
    assert len(set(names)) == 68 and {name for name, _ in names[:3]} == set(flowmaps.PEOPLE)
