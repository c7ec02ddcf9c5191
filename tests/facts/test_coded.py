"""CASME II, SAMM and SMIC-HS, written from their published descriptions."""

import pytest

from meps_lab.datasets import LoadConfig, build_index, open_dataset
from tests.facts import write_coded as w
from tests.facts.pieces import grey_of

CONFIG = LoadConfig(modalities=("colour",), crop="frame", size=64)


def greys(trial) -> list[int]:
    return (255 * trial.colour.mean((1, 2, 3))).round().int().tolist()


@pytest.fixture(scope="module", params=w.CASME2)
def casme2(request, tmp_path_factory):
    root = tmp_path_factory.mktemp("casme2")
    w.write_casme2(root, [*w.CASME2_ROWS, w.CASME2_WRONG], request.param)
    w.write_casme2_frames(root, [*w.CASME2_ROWS, w.CASME2_WRONG])
    return root


def test_casme2_rows(casme2):
    table = build_index("casme2", casme2).table
    rows = [*w.CASME2_ROWS, w.CASME2_WRONG]
    assert table["clip"].tolist() == [f"sub{r[0]:02d}_{r[1]}" for r in rows]
    assert table["subject"].tolist() == [f"sub{r[0]:02d}" for r in rows]
    assert table["onset"].tolist() == [r[2] for r in rows]
    assert table["aus_raw"].tolist() == [r[5] for r in rows]
    assert table["emotion"].tolist() == [r[6] for r in rows]
    assert (table["fps"] == 200).all()


def test_casme2_an_apex_that_is_a_slash_and_an_offset_that_cannot_be(casme2):
    table = build_index("casme2", casme2).table
    assert table["apex"].isna().tolist() == [r[3] == "/" for r in [*w.CASME2_ROWS, [0] * 4]]
    assert "no apex" in table["flags"][2]
    assert table["offset"].isna().tolist() == [False] * 10 + [True]
    assert "offset" in table["flags"][10]


def test_casme2_classes_of_megc2019(casme2):
    found = build_index("casme2", casme2).table["class_megc2019"]
    assert found.dropna().tolist() == ["positive", *["negative"] * 2, "surprise", "negative"]
    assert found.dropna().index.tolist() == [0, 1, 2, 3, 10]


def test_casme2_frames(casme2):
    data = open_dataset("casme2", casme2, "megc2019", CONFIG)
    for row, trial in zip(w.CASME2_ROWS[:4], data, strict=False):
        assert greys(trial) == [grey_of(i) for i in range(row[2], row[4] + 1)]
        assert trial.apex == (None if row[3] == "/" else row[3] - row[2])
        assert trial.start == pytest.approx(row[2] / 200)


def test_casme2_published_counts(tmp_path):
    w.write_casme2(tmp_path, w.casme2_published())
    table = build_index("casme2", tmp_path).table
    assert len(table) == 255 and table["subject"].nunique() == 26
    assert table["apex"].isna().sum() == 21
    left = table[table["class_megc2019"].notna()]
    counts = {"negative": 88, "positive": 32, "surprise": 25}
    assert left["class_megc2019"].value_counts().to_dict() == counts
    assert left["subject"].nunique() == 24


@pytest.fixture(scope="module")
def samm(tmp_path_factory):
    root = tmp_path_factory.mktemp("samm")
    w.write_samm(root)
    w.write_samm_frames(root)
    return root


def check_samm(table) -> None:
    rows = w.SAMM_ROWS
    assert table["clip"].tolist() == [r[1] for r in rows]
    assert table["subject"].tolist() == [r[0] for r in rows]
    assert table["onset"].tolist() == [r[2] for r in rows]
    assert table["apex"].tolist() == [r[3] for r in rows]
    assert table["offset"].tolist() == [r[4] for r in rows]
    assert table["aus_raw"].tolist() == [r[5] for r in rows]
    assert table["emotion_raw"].tolist() == [r[6] for r in rows]
    classes = ["negative", "positive", "surprise", *["negative"] * 4]
    assert table["class_megc2019"].dropna().tolist() == classes


@pytest.mark.parametrize("above", [12, 13])  # row 13, counted from 1 or from 0
def test_samm_rows(tmp_path, above):
    w.write_samm(tmp_path, above=above)
    check_samm(build_index("samm", tmp_path).table)


def test_samm_subjects_as_numbers_are_the_same_people(tmp_path):
    w.write_samm(tmp_path, [[int(r[0]), *r[1:]] for r in w.SAMM_ROWS])
    check_samm(build_index("samm", tmp_path).table)


@pytest.mark.parametrize("nothing", [None, "/", -1])
def test_samm_a_missing_apex_is_flagged(tmp_path, nothing):
    rows = [[*r[:3], nothing, *r[4:]] if k == 2 else r for k, r in enumerate(w.SAMM_ROWS)]
    w.write_samm(tmp_path, rows)
    table = build_index("samm", tmp_path).table
    assert table["apex"].isna().tolist() == [k == 2 for k in range(8)]
    assert "no apex" in table["flags"][2]


def test_samm_frames(samm):
    data = open_dataset("samm", samm, "megc2019", CONFIG)
    assert len(data) == 7 and data[0].label == "negative" and data[0].apex == 8
    assert greys(data[0]) == [grey_of(i) for i in range(5562, 5581)]


def test_samm_published_counts(tmp_path):
    w.write_samm(tmp_path, w.samm_published())
    table = build_index("samm", tmp_path).table
    assert len(table) == 159 and table["subject"].nunique() == 32
    assert table["apex"].isna().sum() == 3
    left = table[table["class_megc2019"].notna()]
    counts = {"negative": 92, "positive": 26, "surprise": 15}
    assert left["class_megc2019"].value_counts().to_dict() == counts
    assert left["subject"].nunique() == 28


def test_smic_folders_tell_class_and_subject(tmp_path):
    w.write_smic(tmp_path)
    data = open_dataset("smic", tmp_path, None, CONFIG)
    assert data.index["subject"].tolist() == [row[0] for row in w.SMIC_CLIPS]
    assert data.index["label"].tolist() == [row[1] for row in w.SMIC_CLIPS]
    assert data.index["clip"].tolist() == [row[2] for row in w.SMIC_CLIPS]
    for row, trial in zip(w.SMIC_CLIPS, data, strict=True):
        assert greys(trial) == [grey_of(38427 + i) for i in range(row[3])]
        assert trial.fps == 100 and trial.apex is None


def test_smic_a_positive_clip_is_not_called_happiness(tmp_path):
    w.write_smic(tmp_path)
    assert "happiness" not in set(build_index("smic", tmp_path).table["emotion"])
