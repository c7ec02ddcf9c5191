"""MMME, as far as its published description tells, is read as it was written."""

import numpy as np
import pytest

from meps_lab.datasets import LoadConfig, build_index, open_dataset
from tests.facts import write_mmme as m
from tests.facts.pieces import grey_of

WORD = {"happy": "happiness", "sad": "sadness"}
SHORT = [
    [1, "a", 101, 10, 20, 30, "AU4, AU7", "sad", "micro"],
    [1, "b", 107, 12, 18, 40, "AU9", "disgust", "micro"],
    [2, "a", 113, 10, 20, 30, "AU12", "happy", "micro"],
]
SHOWN_AT = {101: 5.0, 107: 15.0, 113: 8.0}  # s into the recording of the signals
COLUMN = {"PPG": 0, "RSP": 1, "SKT": 3, "EDA": 4, "ECG": 5}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("mmme")
    m.write_table(root, SHORT)
    for subject, name, marker, *_ in SHORT:
        m.write_frames(root / f"Video/sub{subject:02d}/{name}", marker, 60)
    for subject in (1, 2):
        marks = {SHOWN_AT[row[2]]: row[2] for row in SHORT if row[0] == subject}
        m.write_biopac(root / f"PERI/sub{subject:02d}.mat", m.biopac(30, marks))
    return root


def opened(root, **settings):
    config = LoadConfig(modalities=("colour", "ps"), crop="frame", size=64, clean=False, **settings)
    return open_dataset("mmme", root, None, config)


def test_rows_stand_in_the_index_as_they_were_written(tmp_path):
    m.write_table(tmp_path)
    found = build_index("mmme", tmp_path)
    table, micro = found.table, m.CODED[:-1]
    assert table["marker"].tolist() == [row[2] for row in micro]
    for k, column in enumerate(("onset", "apex", "offset"), start=3):
        assert table[column].tolist() == [row[k] for row in micro]
    assert table["aus_raw"].tolist() == [row[6] for row in micro]
    assert table["aus"].tolist()[:3] == ["4+7", "9", "6+12"]
    assert table["emotion"].tolist() == [WORD.get(row[7], row[7]) for row in micro]
    assert (table["fps"] == 150).all()
    assert found.dropped["row"].tolist() == [9]  # the macro-expression


def test_the_published_counts(tmp_path):
    m.write_table(tmp_path, m.published())
    table = build_index("mmme", tmp_path).table
    assert len(table) == 634 and table["subject"].nunique() == 110
    assert table["emotion_raw"].value_counts().to_dict() == m.COUNTS
    three = {"negative": 437, "surprise": 105, "positive": 92}
    assert table["class_three"].value_counts().to_dict() == three


def test_frames_count_from_the_clips_first(root):
    for row, trial in zip(SHORT, opened(root), strict=True):
        greys = (255 * trial.colour.mean((1, 2, 3))).round().int().tolist()
        assert greys == [grey_of(i) for i in range(row[3], row[5] + 1)]
        assert (trial.apex, trial.offset) == (row[4] - row[3], row[5] - row[3])
        assert trial.label == WORD.get(row[7], row[7])


def test_the_marker_brings_signals_and_video_together(root):
    for row, trial in zip(SHORT, opened(root, ps_window=(2, 3)), strict=True):
        exact = 1000 * (SHOWN_AT[row[2]] + row[3] / 150 - 2)
        written = m.biopac(30, {})[round(exact) : round(exact) + 5000]
        assert trial.ps_start == pytest.approx(-2 + (round(exact) - exact) / 1000, abs=1e-9)
        assert trial.ps_sfreq == 1000 and set(trial.ps_names) == set(COLUMN)
        for name, found in zip(trial.ps_names, trial.ps.numpy(), strict=True):
            np.testing.assert_allclose(found, written[:, COLUMN[name]], rtol=1e-5, atol=1e-5)
