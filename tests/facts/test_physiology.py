"""CASE and WESAD, written from their published descriptions, are read as they were written."""

import numpy as np
import pytest

from meps_lab.datasets import IndexOptions, LoadConfig, build_index, open_dataset
from tests.facts import write_physiology as w

RAW = LoadConfig(modalities=("ps",), clean=False)


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    root = tmp_path_factory.mktemp("case")
    w.write_case(root)
    return root


@pytest.fixture(scope="module")
def wesad(tmp_path_factory):
    root = tmp_path_factory.mktemp("wesad")
    for n in w.WESAD_SUBJECTS[:2]:
        w.write_wesad(root, n)
    return root


@pytest.mark.parametrize("seconds, pieces", [(12.0, 1), (6.0, 2)])
def test_case_videos_become_clips_and_screens_do_not(case, seconds, pieces):
    table = build_index("case", case, IndexOptions(segment_s=seconds)).table
    videos = [v for n in (1, 2) for v in w.CASE_ORDER[n] if v < 10 for _ in range(pieces)]
    assert table["marker"].tolist() == videos
    assert table["class_case"].tolist() == [w.CASE_VIDEOS[v] for v in videos]
    assert table["subject"].nunique() == 2 and (table["ps_sfreq"] == 1000).all()
    for n in (1, 2):
        part = table[table["subject"] == table["subject"].unique()[n - 1]]
        plan = w.case_plan(n, 12, 2)
        for _, row in part.iterrows():
            assert set(plan[row["onset"] : row["offset"] + 1]) == {row["marker"]}
            assert row["offset"] - row["onset"] + 1 == 1000 * seconds


def test_case_columns_units_and_samples(case):
    data = open_dataset("case", case, None, RAW, IndexOptions(segment_s=12.0))
    column = {"ECG": 0, "PPG": 1, "EDA": 2, "RSP": 3, "SKT": 4}
    units = {"ECG": "mV", "PPG": "%", "EDA": "uS", "RSP": "%", "SKT": "degC"}
    for k, trial in enumerate(data):
        n, first = 1 + k // 4, data.table["onset"][k]
        written = w.case_signals(n, w.case_plan(n, 12, 2))[first : first + 12000]
        assert dict(zip(trial.ps_names, trial.ps_units, strict=True)) == units
        for name, found in zip(trial.ps_names, trial.ps.numpy(), strict=True):
            np.testing.assert_allclose(found, written[:, column[name]], atol=6e-5)


def test_wesad_conditions(wesad):
    table = build_index("wesad", wesad, IndexOptions(segment_s=12.0)).table
    assert table["subject"].tolist() == ["S2"] * 4 + ["S3"] * 4
    assert table["marker"].tolist() == [1, 2, 3, 4] * 2
    assert table["class_wesad-four"].tolist() == list(w.WESAD_CLASSES.values()) * 2
    three = ["baseline", "stress", "amusement"] * 2
    assert table["class_wesad"].dropna().tolist() == three
    first = [700 * 12 * w.WESAD_PLAN.index(k) for k in (1, 2, 3, 4)]
    assert table["onset"].tolist() == first * 2
    assert (table["offset"] - table["onset"] + 1 == 8400).all()


def test_wesad_samples_of_chest_and_wrist(wesad):
    data = open_dataset("wesad", wesad, "wesad-four", RAW, IndexOptions(segment_s=12.0))
    chest = {"EDA": "EDA", "ECG": "ECG", "RSP": "Resp", "SKT": "Temp"}
    written = w.wesad(2, 12)["signal"]
    for k in range(4):
        trial, first = data[k], data.table["onset"][k]
        for name, column in chest.items():
            found = trial.ps[trial.ps_names.index(name)].numpy()
            np.testing.assert_allclose(
                found, written["chest"][column][first : first + 8400, 0], rtol=1e-5, atol=1e-6
            )
        # The wrist's pulse has 64 samples a second: at whole seconds both clocks meet.
        pulse = trial.ps[trial.ps_names.index("PPG")].numpy()[700:7700:700]
        at = first * 64 // 700 + 64 * np.arange(1, 11)
        np.testing.assert_allclose(pulse, written["wrist"]["BVP"][at, 0], atol=0.5)


def test_wesad_twelve_was_never_there(tmp_path):
    w.write_wesad(tmp_path, 2)
    (missing,) = build_index("wesad", tmp_path, IndexOptions(segment_s=12.0)).missing
    assert "14 of 15" in missing and "S12" not in missing
