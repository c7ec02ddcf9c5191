"""SAMM: simulated and read back against the truth, and spoilt in turn."""

import shutil

import pandas as pd
import pytest
import torch

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.dataset import IndexedDataset
from meps_lab.datasets.index.build import IndexOptions, build_index
from meps_lab.datasets.samm import KIND
from meps_lab.simulate.layouts import samm, write_layout
from meps_lab.simulate.layouts.filming import au_text
from meps_lib.errors import MepsError
from meps_lib.labels import CLASS_SETS

COLOUR = LoadConfig(("colour",), size=32)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    out = tmp_path_factory.mktemp("samm") / "set"
    return out, write_layout("samm", out, n_subjects=2, trials=8, size=32, n_frames=13, seed=2)


@pytest.fixture(scope="module")
def indexed(tree):
    return build_index("samm", tree[0])


@pytest.fixture
def copy(tree, tmp_path):
    """The tree with links for frames, and its table, header in the first row."""
    out = tmp_path / "copy"
    out.mkdir()
    for folder in tree[0].glob("0*"):
        (out / folder.name).symlink_to(folder)
    return out, pd.read_excel(tree[0] / samm.TABLE, header=samm.HEADER_ROW, dtype=object)


def test_the_index_says_what_is_true_but_for_the_recorded_errors(tree, indexed):
    _, truth = tree
    table, no_apex = indexed.table, truth["dirt"] == "no apex"
    assert no_apex.any() and not indexed.missing[1:] and not len(indexed.dropped)
    assert table["colour"].tolist() == truth["folder"].tolist()
    for column in ("subject", "clip", "emotion", "onset", "offset"):
        assert table[column].tolist() == truth[column].tolist()
    assert table["apex"].equals(truth["apex"].mask(no_apex))
    assert table["row"].tolist() == [15 + k for k in range(16)]  # header in 14, as Excel counts
    assert (table["flags"] == "the coders noted no apex").tolist() == no_apex.tolist()
    assert (table.loc[~no_apex, "flags"] == "").all() and (table["fps"] == 200).all()
    sided = [au_text(a.split("+"), b) for a, b in zip(truth["aus"], truth["lateral"], strict=True)]
    assert table["aus"].tolist() == [text.strip("?") for text in sided]
    assert {"L", "R"} <= set("".join(sided))
    assert table["class_megc2019"].fillna("").tolist() == truth["megc2019"].fillna("").tolist()
    four = CLASS_SETS["four"].emotion_to_class
    assert table["class_four"].tolist() == [four[e] for e in truth["emotion"]]


def test_every_clip_loads_as_the_table_and_the_frames_say(tree, indexed):
    out, truth = tree
    for (_, true), (_, row) in zip(truth.iterrows(), indexed.table.iterrows(), strict=True):
        trial = KIND.load(out, row, COLOUR)
        n = true["offset"] - true["onset"] + 1
        assert trial.colour.shape == (n, 3, 32, 32) and trial.fps == 200.0
        apex = None if true["dirt"] else true["apex"] - true["onset"]
        assert (trial.onset, trial.apex, trial.offset) == (0, apex, n - 1)
        assert (trial.subject, trial.clip) == (true["subject"], true["clip"])
        assert trial.start == pytest.approx(true["onset"] / 200)
        assert torch.equal(trial.colour[:, 0], trial.colour[:, 2]), "grey: equal channels"
        assert trial.colour.std() > 0.01
        files = KIND.files(out, row, COLOUR)
        assert [f.stem for f in files] == [
            f"{true['subject']}_{k:05d}" for k in range(true["onset"], true["offset"] + 1)
        ]


@pytest.mark.parametrize("header", [0, 5, 20])
def test_the_header_is_found_by_its_names(copy, indexed, header):
    root, table = copy
    table.to_excel(root / samm.TABLE, startrow=header, index=False)
    ours = build_index("samm", root).table
    assert ours["row"].tolist() == [header + 2 + k for k in range(16)]
    pd.testing.assert_frame_equal(ours.drop(columns="row"), indexed.table.drop(columns="row"))


def test_clips_without_an_apex_can_be_dropped(tree):
    found = build_index("samm", tree[0], IndexOptions(rules={"no-apex": "drop"}))
    wanted = tree[1].loc[tree[1]["dirt"] != "", "clip"].tolist()
    assert found.dropped["clip"].tolist() == wanted and len(found.table) == 16 - len(wanted)


@pytest.mark.parametrize("cell", [None, "/", "-", -1, "-1"])
def test_an_apex_that_was_not_noted_however_written(copy, tree, cell):
    root, table = copy
    k = int((tree[1]["dirt"] == "").argmax())
    table.loc[k, "Apex Frame"] = cell
    table.to_excel(root / samm.TABLE, startrow=13, index=False)
    row = build_index("samm", root).table.iloc[k]
    assert row["apex"] is pd.NA and "the coders noted no apex" in row["flags"]
    assert ("the apex is -1" in row["flags"]) == (str(cell) == "-1")
    table.loc[k, ["Apex Frame", "Onset Frame"]] = (None, -1)
    table.to_excel(root / samm.TABLE, startrow=13, index=False)
    with pytest.raises(MepsError, match="column Onset Frame: got '-1'"):
        build_index("samm", root)


def test_a_number_for_a_subject_and_unknown_classes(copy):
    root, table = copy
    table["Subject"] = table["Subject"].map(int)  # as Excel saves it when it is told to
    table.loc[0, "Estimated Emotion"] = "Contempt"
    table.to_excel(root / samm.TABLE, startrow=13, index=False)
    found = build_index("samm", root)
    assert found.table["subject"].tolist() == ["006"] * 8 + ["007"] * 8
    assert found.table["class_megc2019"][0] == "negative" and (found.table["colour"] != "").all()
    data = IndexedDataset(found, config=COLOUR)
    assert data.classes == ("negative", "positive", "surprise")
    assert "others" not in set(data.index["emotion"]) and len(data.excluded)


def test_a_table_alone_is_an_index_with_a_report(tree, tmp_path):
    shutil.copy(tree[0] / samm.TABLE, tmp_path)
    found = build_index("samm", tmp_path)
    assert len(found.table) == 16 and (found.table["colour"] == "").all()
    assert "missing: frames of 16 of 16 clips (006_" in found.report()


def test_frames_without_a_table_and_a_missing_column_are_errors(copy):
    root, table = copy
    with pytest.raises(MepsError, match="SAMM_Micro_FACS_Codes_v2.xlsx.*--labels"):
        build_index("samm", root)
    table.drop(columns="Estimated Emotion").to_excel(root / samm.TABLE, startrow=13, index=False)
    with pytest.raises(MepsError, match="no column 'Estimated Emotion'.*Offset Frame"):
        build_index("samm", root)
