"""CAS(ME)^3 Part C, written from its published description, is read as it was written."""

import numpy as np
import pytest

from meps_lab.datasets import IndexOptions, LoadConfig, build_index, open_dataset
from meps_lib.errors import MepsError
from tests.facts import write_casme3_c as c
from tests.facts.pieces import depth_of, grey_of

COLUMN = {"PPG": 1, "RSP": 2, "ECG": 3, "EDA": 4}
# Frame 61 falls between two rows: 437 + 61 / 30 * 200 = 843.67.
BODY = [*c.ROWS, [31, 2, 200, 210, "14", "negative"], [31, 3, 361, 371, "14", "negative"]]


def write(root, body, people=(1, 2, 31), titles=c.TITLES):
    c.write_table(root, body)
    c.write_frames(root, body)
    for sub in people:
        c.write_physiology(root / f"part_C/physiology/{sub:02d}.txt", sub, titles)
    return root


def opened(root, **settings):
    config = LoadConfig(crop="frame", size=64, clean=False, **settings)
    return open_dataset("casme3-c", root, "four", config)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write(tmp_path_factory.mktemp("part_c"), BODY)


def test_rows_stand_in_the_index_as_they_were_written(root):
    table = build_index("casme3-c", root).table
    assert table["subject"].tolist() == [f"{row[0]:02d}" for row in BODY]
    assert table["onset"].tolist() == [row[2] for row in BODY]
    assert table["offset"].tolist() == [row[3] for row in BODY]
    assert table["apex"].isna().all()
    assert table["emotion_raw"].tolist() == [row[5] for row in BODY]
    assert table["class_four"].tolist() == [row[5] for row in BODY]
    assert table["class_three"].isna().tolist() == [row[5] == "others" for row in BODY]
    assert (table["fps"] == 30).all() and (table["ps_sfreq"] == 200).all()


def test_there_are_no_seven_classes(root):
    sets = build_index("casme3-c", root).class_sets
    assert not any("seven" in name for name in sets) and {"four", "three"} <= set(sets)


def test_action_units_with_commas_of_both_widths_and_a_question_mark(root):
    table = build_index("casme3-c", root).table
    assert table["aus_raw"][:4].tolist() == ["4,L7", "R12", "1，2", "?"]
    assert table["aus"][:4].tolist() == ["4+L7", "R12", "1+2", ""]
    assert "full-width comma" in table["flags"][2]


def test_a_lone_action_unit_and_a_subject_may_be_number_or_text(tmp_path):
    c.write_table(tmp_path, [["1", 1, 60, 71, 4, "negative"], [2, 1, 60, 71, 14, "negative"]])
    table = build_index("casme3-c", tmp_path).table
    assert table["subject"].tolist() == ["01", "02"] and table["aus"].tolist() == ["4", "14"]


def test_frames_and_depth(root):
    for row, trial in zip(BODY, opened(root), strict=True):
        greys = (255 * trial.colour.mean((1, 2, 3))).round().int().tolist()
        assert greys == [grey_of(i) for i in range(row[2], row[3] + 1)]
        assert trial.start == pytest.approx(row[2] / 30)
        assert trial.label == row[5] and trial.apex is None
        written = depth_of(row[2]).astype(float)
        written[written == 0] = np.nan
        np.testing.assert_array_equal(trial.depth[0, 0].numpy(), written)


def test_the_window_begins_at_the_frames_row_behind_the_first_5(root):
    for row, trial in zip(BODY, opened(root, ps_window=(0, 2)), strict=True):
        exact = c.first_row(row[0], row[2])
        first = round(exact)
        assert trial.ps_start == pytest.approx((first - exact) / 200, abs=1e-9)
        assert trial.ps.shape == (4, 400) and trial.ps_sfreq == 200
        written = c.signals(row[0])[first : first + 400]
        for name, found in zip(trial.ps_names, trial.ps.numpy(), strict=True):
            np.testing.assert_allclose(found, written[:, COLUMN[name]], atol=2e-6)


def test_context_before_the_onset_is_counted_back_from_there(root):
    for row, trial in zip(BODY, opened(root, ps_window=(2, 3)), strict=True):
        first = round(c.first_row(row[0], row[2]) - 400)
        written = c.signals(row[0])[first : first + 1000]
        for name, found in zip(trial.ps_names, trial.ps.numpy(), strict=True):
            np.testing.assert_allclose(found, written[:, COLUMN[name]], atol=2e-6)


def test_a_header_that_names_time_in_words(tmp_path):
    titles = ["time (min)", "PPG", "RSP", "ECG", "EDA", "marker", "", ""]
    trial = opened(write(tmp_path, c.ROWS, titles=titles))[0]
    assert set(trial.ps_names) == set(COLUMN)


def test_a_header_of_channel_numbers(tmp_path):
    titles = ["min", *(f"CH{k}" for k in range(1, 8))]
    trial = opened(write(tmp_path, c.ROWS, titles=titles), ps_window=(0, 2))[0]
    written = c.signals(1)[837]
    for name, found in zip(trial.ps_names, trial.ps.numpy(), strict=True):
        assert found[0] == pytest.approx(written[COLUMN[name]], abs=2e-6)


def test_the_published_counts(tmp_path):
    c.write_table(tmp_path, c.published())
    table = build_index("casme3-c", tmp_path).table
    assert len(table) == 165 and table["subject"].nunique() == 30
    assert "22" not in set(table["subject"])
    assert table["class_four"].value_counts().to_dict() == c.COUNTS
    lengths = table["offset"] - table["onset"] + 1
    assert (lengths.min(), lengths.median(), lengths.max()) == (3, 11, 34)


def test_files_of_a_subject_22_without_rows_change_nothing(tmp_path):
    write(tmp_path, c.ROWS)
    c.write_frames(tmp_path, [c.TWENTY_TWO])
    c.write_physiology(tmp_path / "part_C/physiology/22.txt", 22)
    subjects = build_index("casme3-c", tmp_path).table["subject"]
    assert subjects.unique().tolist() == ["01", "02", "31"]


def test_a_subject_22_with_a_row_is_not_refused(tmp_path):
    write(tmp_path, [*c.ROWS, c.TWENTY_TWO], people=(1, 2, 22, 31))
    data = opened(tmp_path, ps_window=(0, 2))
    assert data.index["subject"].tolist()[-1] == "22"
    assert data[5].label == "negative" and data[5].ps.shape == (4, 400)


def test_the_second_table_is_refused_by_its_columns(tmp_path):
    labels = c.write_organize(tmp_path)
    with pytest.raises(MepsError, match="Exp_type.*part_C_ME"):
        build_index("casme3-c", tmp_path, IndexOptions(labels=labels))


def test_the_second_table_beside_the_first_is_not_read(tmp_path):
    c.write_organize(tmp_path)
    c.write_table(tmp_path)
    assert len(build_index("casme3-c", tmp_path).table) == 5
