"""Flow maps: simulated, indexed, loaded; the published counts; and what is odd about them."""

import os
import shutil
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.dataset import open_dataset
from meps_lab.datasets.index.build import IndexOptions, build_index
from meps_lab.experiments.folds import ExperimentConfig, run
from meps_lab.simulate.layouts import write_layout
from meps_lib.errors import MepsError
from meps_lib.training import TrainConfig
from meps_lib.video import in_order

FLOW = LoadConfig(modalities=("flow",))


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    out = tmp_path_factory.mktemp("flowmaps") / "set"
    return out, write_layout("flowmaps", out, n_subjects=6, trials=6, size=40, seed=1)


@pytest.fixture
def copy(tree, tmp_path):
    out = tmp_path / "set"
    shutil.copytree(tree[0], out)
    return out


def composite(path):
    """A table of labels with the published counts, and no pictures."""
    rows = []
    sets = {"casme2": (24, (88, 32, 25)), "samm": (28, (92, 26, 15)), "smic": (16, (70, 51, 43))}
    for name, (subjects, counts) in sets.items():
        labels = np.repeat([0, 1, 2], counts)
        rows += [(name, 1 + k % subjects, f"{name}_{k}.png", c) for k, c in enumerate(labels)]
    table = pd.DataFrame(rows, columns=["dataset", "sub", "filename", "label"])
    table.to_csv(path, index=False)
    return table


def test_rows_are_those_of_the_truth_however_imagename_spells_them(tree):
    root, truth = tree
    found = build_index("flowmaps", root)
    want = truth["dataset"] + "_" + truth["clip"]
    assert found.table["clip"].tolist() == want.tolist()
    assert found.table["class_three"].tolist() == truth["class"].tolist()
    assert found.table["flow"].tolist() == truth["picture"].tolist()
    assert found.table["subject"].tolist() == (truth["dataset"] + "_" + truth["subject"]).tolist()
    assert found.table["data_set"].tolist() == truth["dataset"].tolist()
    assert (truth["dirt"] == "imagename spelled otherwise").any()
    assert (found.table["flags"] == "stray space on disk").all()
    assert found.notes == ("annotation read from labels.csv",)
    assert not any("pictures" in text for text in found.missing)


def test_a_map_is_u_v_and_strain_which_are_red_green_and_blue(tree):
    root, truth = tree
    data = open_dataset("flowmaps", root, config=FLOW)
    for k in range(len(data)):
        trial, true = data[k], truth.iloc[k]
        assert trial.flow.shape == (1, 3, 28, 28) and trial.flow.dtype == torch.float32
        assert trial.label == true["class"]
        red, green, blue = np.moveaxis(np.asarray(Image.open(root / true["picture"])), -1, 0)
        u, v, strain = trial.flow[0].numpy()
        assert (u == red).all() and (v == green).all() and (strain == blue).all()
        raw = cv2.imread(str(root / true["picture"]), cv2.IMREAD_UNCHANGED)
        published = in_order(trial.flow, "opencv")[0].numpy()
        assert (published == np.moveaxis(raw, -1, 0)).all()
    assert data.files(0) == [root / truth["picture"][0]]


@pytest.mark.parametrize("order", ["published", "turned", "a blank one among them"])
def test_channels_that_were_turned_are_told(tmp_path, order):
    rng, rows = np.random.default_rng(0), []
    for k in range(6):
        u, v = (cv2.GaussianBlur(rng.normal(size=(28, 28)), (0, 0), 3) for _ in range(2))
        (u_y, u_x), (v_y, v_x) = np.gradient(u), np.gradient(v)
        strain = np.sqrt(u_x**2 + v_y**2 + (u_y + v_x) ** 2 / 2)
        three = [255 * (x - x.min()) / np.ptp(x) for x in (u, v, strain)]
        blank = order.startswith("a blank") and k == 0
        picture = np.zeros((28, 28, 3)) if blank else np.stack(three, axis=-1)
        if order == "turned":
            picture = picture[..., ::-1]
        Image.fromarray(picture.astype(np.uint8)).save(tmp_path / f"sub0{k + 1}_a.png")
        rows.append({"dataset": "casme2", "sub": k + 1, "filename": f"sub0{k + 1}_a", "label": 0})
    pd.DataFrame(rows).to_csv(tmp_path / "labels.csv", index=False)
    notes = [n for n in build_index("flowmaps", tmp_path).notes if "another order" in n]
    assert len(notes) == (order == "turned")
    assert all("(correlation, 6 maps)" in n for n in notes)


def test_loso_runs_from_a_path_and_knows_the_sets(tree):
    config = ExperimentConfig(
        model="flowmap", modalities=("flow",), train=TrainConfig(epochs=2), n_validation=1
    )
    table = run(open_dataset("flowmaps", tree[0], config=FLOW), config, progress=False)
    assert len(table) == 36 and table["subject"].nunique() == 6 and table["fold"].nunique() == 6
    assert table.groupby("fold")["subject"].nunique().eq(1).all()
    assert set(table["data_set"]) == {"casme2", "samm", "smic"}


def test_the_published_composite_from_its_table_alone(tmp_path):
    composite(tmp_path / "labels.csv")
    found = build_index("flowmaps", tmp_path)
    assert len(found.table) == 442 and found.table["subject"].nunique() == 68
    counts = found.table["class_three"].value_counts().to_dict()
    assert counts == {"negative": 250, "positive": 109, "surprise": 83}
    assert found.missing == ("pictures of 442 of 442 clips (casme2_0, casme2_1, casme2_2, ...)",)
    with pytest.raises(MepsError, match="442 without flow"):
        open_dataset("flowmaps", tmp_path, config=FLOW)


def test_a_whole_composite_with_other_counts_is_refused_until_told(tmp_path):
    table = composite(tmp_path / "labels.csv")
    # The sum over all sets still holds: one set has a positive more, another one less.
    table.loc[0, "label"], table.loc[(table.dataset == "samm") & (table.label == 1), "label"] = 1, 1
    table.loc[table[(table.dataset == "samm") & (table.label == 1)].index[0], "label"] = 0
    table.to_csv(tmp_path / "labels.csv", index=False)
    with pytest.raises(MepsError, match="casme2: .*positive 33 instead of 32.*--any-counts"):
        build_index("flowmaps", tmp_path)
    assert len(build_index("flowmaps", tmp_path, IndexOptions(any_counts=True)).table) == 442


ONE_IN_TWO_SPELLINGS = """\
dataset,sub,filename,label
CASME II,1,a.png,0
casme2,sub01,b.png,Positive
SAMM,6,c.png,surprise
samm,006,d.png,1
SMIC-HS,s1,e.png,2
smic_hs,s01,f.png,2
"""


def test_subjects_have_one_spelling(tmp_path):
    """Two spellings of one person would put him on both sides of a split."""
    (tmp_path / "l.csv").write_text(ONE_IN_TWO_SPELLINGS)
    table = build_index("flowmaps", tmp_path).table
    people = ["casme2_sub01", "samm_006", "smic_s01"]
    assert table["subject"].tolist() == [who for who in people for _ in range(2)]
    classes = "negative positive surprise positive surprise surprise"
    assert " ".join(table["class_three"]) == classes


def test_a_label_is_a_number_however_a_spreadsheet_writes_it(tmp_path):
    said = ["0", "1.0", "2.", "２", " 1.00 ", "Surprise"]
    lines = [f"samm,{k},{k}.png,{label}" for k, label in enumerate(said, 1)]
    (tmp_path / "l.csv").write_text("dataset,sub,filename,label\n" + "\n".join(lines), "utf-8")
    found = build_index("flowmaps", tmp_path).table["class_three"].tolist()
    assert found == ["negative", "positive", "surprise", "surprise", "positive", "surprise"]
    for wrong in ("3.0", "1.5", ".0", "negative.0", "-1", "10"):
        (tmp_path / "l.csv").write_text(f"dataset,sub,filename,label\nsamm,1,1.png,{wrong}")
        with pytest.raises(MepsError, match=f"row 2, column label: got '{wrong}'"):
            build_index("flowmaps", tmp_path)


@pytest.mark.parametrize("name", ["casme", "CAS(ME)2", "CASME III", "mine"])
def test_a_set_of_another_name_is_refused_since_it_would_make_one_person_two(tmp_path, name):
    lines = ["CASME II,1,a.png,0", f"{name},1,b.png,1"]
    (tmp_path / "l.csv").write_text("dataset,sub,filename,label\n" + "\n".join(lines))
    with pytest.raises(MepsError, match="l.csv, row 3, column dataset: .*casme2, samm, smic"):
        build_index("flowmaps", tmp_path)


EVERY_SECOND_DIFFERS = """\
dataset,sub,filename,label
casme2,sub02,sub01_EP02_01f.png,0
casme2,1,sub01_EP02_02f.png,0
samm,6,007_1_2.png,1
samm,7,samm_007_1_3.png,1
smic,s3,s04_ne_01.png,0
smic,4,s4_ne_01.png,0
samm,1,s1_ne_01.png,0
casme2,9,any.png,2
"""


def test_a_name_that_says_another_subject_than_the_table_drops_the_row(tmp_path):
    (tmp_path / "l.csv").write_text(EVERY_SECOND_DIFFERS)
    found = build_index("flowmaps", tmp_path)
    assert found.dropped["row"].tolist() == [2, 4, 6, 8]
    assert set(found.dropped["rule"]) == {"name-disagrees"}
    assert found.table["row"].tolist() == [3, 5, 7, 9]
    kept = build_index("flowmaps", tmp_path, IndexOptions(rules={"name-disagrees": "keep"}))
    assert kept.table["flags"].str.contains("another set or subject").sum() == 4


def test_one_picture_does_not_serve_two_rows(tmp_path):
    (tmp_path / "l.csv").write_text("dataset,sub,filename,label\ncasme2,1,a.png,0\nsmic,1,a.png,1")
    Image.fromarray(np.zeros((28, 28, 3), np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(MepsError, match="l.csv, rows 2 and 3: both would have .*a.png"):
        build_index("flowmaps", tmp_path)


def test_pictures_in_a_folder_a_clip_are_all_found(tmp_path):
    names = [f"samm_{k}" for k in range(442)]
    lines = [f"samm,{k % 20 + 1},{name}.png,{k % 3}" for k, name in enumerate(names)]
    (tmp_path / "l.csv").write_text("dataset,sub,filename,label\n" + "\n".join(lines))
    for name in names:
        (tmp_path / "maps" / name).mkdir(parents=True)
        (tmp_path / "maps" / name / f"{name}.png").write_bytes(b"x")
        (tmp_path / "maps" / name / f"._{name}.png").write_bytes(b"x")
    found = build_index("flowmaps", tmp_path, IndexOptions(any_counts=True))
    assert found.notes == ("annotation read from l.csv",)
    assert found.missing == () and (found.table["flow"] != "").all()


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    (tmp_path / "l.csv").write_text("dataset,sub,filename,label\ncasme2,1,a.png,0")
    (tmp_path / "maps").mkdir()
    scan = os.scandir

    def closed(folder):
        if str(folder).endswith("maps"):
            raise PermissionError(13, "Permission denied", str(folder))
        return scan(folder)

    monkeypatch.setattr(os, "scandir", closed)
    monkeypatch.setattr(Path, "iterdir", lambda p: [p / e.name for e in closed(p)])
    with pytest.raises(MepsError, match="maps.*Permission denied"):
        build_index("flowmaps", tmp_path)


def test_pictures_in_a_folder_a_set_are_told_apart(tmp_path):
    (tmp_path / "l.csv").write_text("dataset,sub,filename,label\ncasme2,1,a.png,0\nsamm,1,a.png,1")
    for name, level in (("CASME2", 10), ("samm", 20)):
        (tmp_path / name).mkdir()
        Image.fromarray(np.full((28, 28, 3), level, np.uint8)).save(tmp_path / name / "a.png")
    data = open_dataset("flowmaps", tmp_path, config=FLOW)
    assert [float(data[k].flow.mean()) for k in (0, 1)] == [10, 20]
    (tmp_path / "samm" / "samm").mkdir()
    shutil.copy(tmp_path / "samm" / "a.png", tmp_path / "samm" / "samm" / "a .png")
    with pytest.raises(MepsError, match="'samm_a': 2 pictures could be it"):
        build_index("flowmaps", tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (",label,", ",emotion,", "label"),
        ("EP01_01f,", "EP01_01f,7", "row 2, column label: got '7.'; expected one of 0, 1"),
        ("casme2,sub01", "casme2,", "row 2, column sub is empty"),
        ("casme2,sub01", "casme2,anna", "row 2, column sub"),
        ("EP02_01f", "EP01_01f", "rows 2 and 3: both are casme2_sub01_EP01_01f"),
    ],
)
def test_a_cell_that_is_wrong_is_named(copy, old, new, words):
    path = copy / "labels.csv"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(MepsError, match=f"labels.csv.*{words}"):
        build_index("flowmaps", copy)


def test_two_tables_ask_for_a_choice(copy):
    shutil.copy(copy / "labels.csv", copy / "old.csv")
    with pytest.raises(MepsError, match="labels.csv.*old.csv.*--labels"):
        build_index("flowmaps", copy)
    assert len(build_index("flowmaps", copy, IndexOptions(labels=copy / "old.csv")).table) == 36


def test_pictures_that_lack_a_row_and_rows_that_lack_a_picture_are_told(copy, tree):
    first, second = tree[1]["picture"][:2]
    (copy / first).unlink()
    (copy / second).rename(copy / "stranger.png")
    found = build_index("flowmaps", copy)
    assert "missing: pictures of 2 of 36 clips" in found.report()
    assert "1 pictures without a row in labels.csv" in found.report()
    assert len(open_dataset("flowmaps", copy, config=FLOW)) == 34


def huge(png):
    """The picture, with a header that says 70,000 x 70,000 pixels."""
    header = b"IHDR" + struct.pack(">2I", 70_000, 70_000) + png[24:29]
    return png[:12] + header + struct.pack(">I", zlib.crc32(header)) + png[33:]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda p: p.write_bytes(p.read_bytes()[:200]), "cannot be decoded as an image"),
        (lambda p: p.write_bytes(b""), "the file is empty"),
        (lambda p: p.unlink(), "cannot be opened"),
        (lambda p: p.write_bytes(huge(p.read_bytes())), "4,900,000,000 pixels in one picture"),
        (lambda p: Image.new("L", (28, 28)).save(p), r"shape \(28, 28\), uint8; expected 28 x 28"),
        (lambda p: Image.new("RGB", (56, 28)).save(p), r"shape \(28, 56, 3\)"),
        (lambda p: Image.new("RGBA", (28, 28)).save(p), r"shape \(28, 28, 4\)"),
        (lambda p: Image.linear_gradient("L").resize((28, 28)).convert("RGB").save(p), "are equal"),
    ],
)
def test_a_picture_that_is_no_map_is_named(copy, tree, spoil, words):
    data = open_dataset("flowmaps", copy, config=FLOW)
    spoil(copy / tree[1]["picture"][0])
    with pytest.raises(MepsError, match=f"{tree[1]['picture'][0]}: .*{words}"):
        data[0]
