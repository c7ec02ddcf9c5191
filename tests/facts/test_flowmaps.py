"""The flow maps that circulate and their label table, written from their description."""

import numpy as np
import pytest

from meps_lab.datasets import IndexOptions, LoadConfig, build_index, open_dataset
from tests.facts import write_flowmaps as w

CONFIG = LoadConfig(modalities=("flow",))


@pytest.fixture(scope="module")
def rows():
    return w.table()


@pytest.fixture(scope="module")
def root(tmp_path_factory, rows):
    root = tmp_path_factory.mktemp("flowmaps")
    w.write_maps(root / "maps", rows)
    w.write_table(root / "labels.csv", rows)
    return root


@pytest.fixture(scope="module")
def data(root):
    return open_dataset("flowmaps", root, None, CONFIG)


def test_the_table_is_what_circulates(rows):
    otherwise = [r for r in rows if r[5].removesuffix(" .jpg") != f"{r[1]}_{r[2]}"]
    assert len(rows) == 442 and len(otherwise) == 93
    assert {r[0] for r in otherwise} == {"smic"}
    assert otherwise[0][5] == "s01_s1_ne_01 .jpg"
    assert len({r[2] for r in rows}) < 442


def test_every_row_finds_its_map(root, rows):
    found = build_index("flowmaps", root).table
    assert found["flow"].tolist() == [f"maps/{r[1]}_{r[2]} .png" for r in rows]


def test_labels_row_by_row(root, rows):
    found = build_index("flowmaps", root).table
    assert found["class_three"].tolist() == [w.WORDS[int(r[3])] for r in rows]
    assert found["data_set"].tolist() == [r[0] for r in rows]


@pytest.mark.parametrize("name", w.COUNTS)
def test_published_counts(root, name):
    found = build_index("flowmaps", root).table
    part = found[found["data_set"] == name]
    subjects, counts = w.COUNTS[name]
    assert part["subject"].nunique() == subjects
    assert [(part["class_three"] == word).sum() for word in w.WORDS] == counts
    assert len(found) == 442 and found["subject"].nunique() == 68


def test_red_is_u_green_is_v_and_blue_the_strain(data, rows):
    for k in range(0, 442, 17):
        trial = data[k]
        assert trial.flow.shape == (1, 3, 28, 28)
        np.testing.assert_array_equal(trial.flow[0].permute(1, 2, 0).numpy(), w.map_of(k))
        assert trial.label == w.WORDS[int(rows[k][3])]


@pytest.mark.parametrize("rename", [str, lambda name: name.replace(" .", ".")])
def test_the_picture_column_may_lack_the_space(root, tmp_path, rows, rename):
    body = [[*r[:5], rename(r[5]), r[6]] for r in rows]
    labels = w.write_table(tmp_path / "other.csv", body)
    found = build_index("flowmaps", root, IndexOptions(labels=labels)).table
    assert (found["flow"] != "").sum() == 442


def test_maps_without_the_space_are_found_too(tmp_path, rows):
    w.write_maps(tmp_path / "maps", rows)
    for path in (tmp_path / "maps").iterdir():
        path.rename(path.with_name(path.name.replace(" .", ".")))
    w.write_table(tmp_path / "labels.csv", rows)
    assert (build_index("flowmaps", tmp_path).table["flow"] != "").sum() == 442
