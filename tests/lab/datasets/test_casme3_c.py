"""CAS(ME)^3 Part C: simulate, index, load, and compare with the truth, beat by beat."""

import shutil

import neurokit2 as nk
import numpy as np
import pandas as pd
import pytest

from meps_lab.datasets import casme3_c
from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.casme3_physiology import read_physiology
from meps_lab.datasets.dataset import IndexedDataset
from meps_lab.datasets.index.build import IndexOptions, build_index
from meps_lab.datasets.readers.signals_cut import expression_window
from meps_lab.simulate.layouts import write_layout
from meps_lab.simulate.layouts.spreadsheet import write_table
from meps_lib.errors import MepsError

ECG = LoadConfig(modalities=("ps",), ps_names=("ECG",), clean=False)
C_TABLE = "CAS(ME)3_part_C_ME.xlsx"


@pytest.fixture(scope="module")
def part_c(tmp_path_factory):
    out = tmp_path_factory.mktemp("c")
    # Beats are looked for in what was recorded: no loose electrode may hide one.
    still = {"ps_motion_per_min": 0.0, "ps_dropout_per_min": 0.0}
    truth = write_layout("casme3-c", out, n_subjects=2, trials=7, size=32, seed=6, **still)
    return out, truth, build_index("casme3-c", out)


def test_part_c_rows_are_the_truth(part_c):
    out, truth, indexed = part_c
    table = indexed.table
    for name in ("clip", "subject"):
        assert table[name].tolist() == truth[name].tolist()
    assert table["emotion"].tolist() == table["class_four"].tolist() == truth["class"].tolist()
    assert set(table["emotion"]) == {"negative", "positive", "surprise", "others"}
    assert (table["class_three"].isna() == (table["class_four"] == "others")).all()
    assert list(indexed.class_sets) == ["four", "three"]
    assert table["onset"].tolist() == truth["onset"].tolist()
    assert table["offset"].tolist() == truth["offset"].tolist()
    assert table["apex"].isna().all()
    assert table["aus"].tolist() == truth["aus_sided"].tolist()
    assert {"L", "R"} <= set("".join(table["aus"]))
    assert table["ps"].tolist() == truth["physiology"].tolist()
    odd = truth["dirt"] == "full-width comma"
    assert odd.sum() == 1
    assert table["flags"].str.contains("full-width").tolist() == odd.tolist()
    assert indexed.missing[1:] == () and (table["ps_sfreq"] == 200).all()


def test_part_c_loads_video_and_body(part_c):
    out, truth, indexed = part_c
    config = LoadConfig(size=32)
    data = IndexedDataset(indexed, "four", config)
    for k, row in enumerate(data.table.itertuples()):
        trial, true = data[k], truth.set_index("clip").loc[row.clip]
        assert trial.colour.shape == (true["offset"] - true["onset"] + 1, 3, 32, 32)
        assert trial.apex is None and trial.offset == len(trial.colour) - 1
        assert trial.ps_names == ("EDA", "ECG", "PPG", "RSP")
        assert trial.ps_units == ("not stated",) * 4
        assert trial.ps.shape == (4, 2000) and trial.ps_start == pytest.approx(-3, abs=0.005)
        assert 500 < np.nanmedian(trial.depth.numpy()) < 900
        assert out / row.ps in data.files(k)
        assert len(data.files(k)) == 2 * len(trial.colour) + 1


def test_part_c_windows_are_the_rows_that_the_marker_says(part_c):
    out, truth, indexed = part_c
    data = IndexedDataset(indexed, config=ECG)
    for k, true in enumerate(truth.itertuples()):
        trial, text = data[k], pd.read_csv(out / true.physiology, sep="\t")
        first = text["marker"].eq(5).to_numpy().nonzero()[0][0]
        row = round(first + true.onset / 30 * 200)
        want = text["ECG"].to_numpy()[row - 600 : row + 1400]
        assert trial.ps[0].numpy() == pytest.approx(want.astype(np.float32))
        assert trial.modalities == ("ps",)


def share_found(ps, start_s, beats_s):
    """Share of true beats with an R peak of NeuroKit2 within 0.05 s."""
    peaks = nk.ecg_peaks(nk.ecg_clean(ps[0].double().numpy(), 200), 200)[1]["ECG_R_Peaks"]
    inside = beats_s[(beats_s > -2.7) & (beats_s < 6.7)]
    assert len(inside) >= 5
    return np.mean([np.abs(peaks / 200 + start_s - beat).min() < 0.05 for beat in inside])


def test_true_beats_are_in_part_c_windows_and_not_without_the_marker(part_c):
    out, truth, indexed = part_c
    data, wrong = IndexedDataset(indexed, config=ECG), []
    for k, true in enumerate(truth.itertuples()):
        assert share_found(data[k].ps, data[k].ps_start, true.beats_s) == 1
        # What an older script does: frame 0 on the first row, wherever the first 5 is.
        recording, _ = read_physiology(out / true.physiology)
        cut = expression_window(recording, true.onset / 30, ECG)
        wrong.append(share_found(cut["ps"], cut["ps_start"], true.beats_s))
    assert np.mean(wrong) < 0.4


def published_c():
    subjects = [s for s in range(1, 32) if s != 22]
    words = np.repeat(["negative", "surprise", "others", "positive"], [99, 30, 20, 16])
    rows = [
        (subjects[k % 30], k // 30 + 1, 100 + k, 110 + k, "4,L7", word)
        for k, word in enumerate(words)
    ]
    return pd.DataFrame(rows, columns=["sub", "count", "onset", "offset", "au", "emotion"])


def test_part_c_table_alone_and_its_counts(tmp_path):
    write_table(tmp_path / C_TABLE, published_c(), "mockCrimeME")
    indexed = build_index("casme3-c", tmp_path)
    assert len(indexed.table) == 165 and indexed.table["subject"].nunique() == 30
    lacking = [text.split(" of ")[0] for text in indexed.missing]
    assert lacking == ["colour frames", "depth frames", "physiology"]
    with pytest.raises(MepsError, match="no clip to learn from: 165 without ps"):
        IndexedDataset(indexed, config=ECG)
    with pytest.raises(MepsError, match="clip '01_100': no physiology of subject 01"):
        casme3_c.load(tmp_path, indexed.table.iloc[0], ECG)
    wrong = published_c()
    wrong.loc[0, "sub"], wrong.loc[0, "count"] = 22, 9
    write_table(tmp_path / C_TABLE, wrong, "mockCrimeME")
    with pytest.raises(MepsError, match="subjects 31 instead of 30"):
        build_index("casme3-c", tmp_path)
    # Somebody has more than the published rows, 22 among them: nobody is refused.
    more = pd.concat([published_c(), wrong[:1].assign(onset=7000, offset=7010)])
    write_table(tmp_path / C_TABLE, more, "mockCrimeME")
    indexed = build_index("casme3-c", tmp_path)
    assert "22_7000" in set(indexed.table["clip"])
    assert indexed.notes[-1] == "1 rows more than the published 165"


@pytest.mark.parametrize("word", ["fear", "disgust", "neg", "", "0"])
def test_part_c_has_four_words_and_no_others(tmp_path, word):
    table = published_c()
    table.loc[:3, "emotion"] = ["Negative", " surprise ", "OTHERS", word]
    write_table(tmp_path / C_TABLE, table, "any name")
    message = rf"row 5, column emotion: got '{word}'; expected one of negative, positive, surprise"
    with pytest.raises(MepsError, match=message):
        build_index("casme3-c", tmp_path)


def test_the_other_table_of_part_c_is_told_apart(tmp_path):
    columns = ["Subject", "Onset", "Offset", "diff", "Exp_type", "risk"]
    other = pd.DataFrame([[1, 10, 20, 10, "Macro-expression", 0]], columns=columns)
    write_table(tmp_path / "organize.xlsx", other, "organize")
    (tmp_path / "part_C/RGB_Depth").mkdir(parents=True)
    with pytest.raises(MepsError, match="'organize': macro- and micro-expressions mixed.*_C_ME"):
        build_index("casme3-c", tmp_path, IndexOptions(labels=tmp_path / "organize.xlsx"))


def test_part_c_needs_no_count_since_clips_are_told_apart_by_onset(tmp_path):
    table = published_c()
    for change in ({"count": 1}, {"count": ""}, {}):
        write_table(tmp_path / C_TABLE, table.drop(columns="count").assign(**change), "mockCrimeME")
        indexed = build_index("casme3-c", tmp_path)
        assert indexed.table["clip"][:31].tolist()[::30] == ["01_100", "01_130"]
        assert len(indexed.table) == 165
    table = table.astype({"onset": object})
    table.loc[3, "onset"] = "/"
    write_table(tmp_path / C_TABLE, table, "mockCrimeME")
    dropped = build_index("casme3-c", tmp_path).dropped
    assert dropped[["clip", "rule"]].to_numpy().tolist() == [["04_row5", "onset-missing"]]


def test_part_c_finds_physiology_elsewhere(part_c, tmp_path):
    out, _, _ = part_c
    write_table(tmp_path / C_TABLE, published_c()[:40], "mockCrimeME")
    for name in ("part_C/physio data/deep/sub01.txt", "part_C/body/2/signals.txt"):
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copy(out / "part_C/Physiology/01.txt", tmp_path / name)
    (tmp_path / "part_C/readme.txt").write_text("hello")
    indexed = build_index("casme3-c", tmp_path)
    table = indexed.table
    paths = dict(zip(table["subject"], table["ps"], strict=True))
    assert paths["01"] == "part_C/physio data/deep/sub01.txt"
    assert paths["02"] == "part_C/body/2/signals.txt" and paths["03"] == ""
    assert not any("two files" in text for text in indexed.missing)


def test_part_c_takes_no_file_of_two_and_none_that_is_no_table(part_c, tmp_path):
    out, _, _ = part_c
    write_table(tmp_path / C_TABLE, published_c()[:40], "mockCrimeME")
    for name in ("body/01.txt", "body/02.txt", "02.txt"):
        (tmp_path / "part_C" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(out / "part_C/Physiology/01.txt", tmp_path / "part_C" / name)
    for name in ("voice/01.txt", "voice/03.txt", "body/._01.txt", ".trash/01.txt", "body/s04.txt"):
        (tmp_path / "part_C" / name).parent.mkdir(parents=True, exist_ok=True)
        text = "time\tPPG\tRSP\tECG\tEDA\tmarker\n" if "." in name[:6] else "so I took\tit\n"
        (tmp_path / "part_C" / name).write_text(text)
    indexed = build_index("casme3-c", tmp_path)
    paths = dict(zip(indexed.table["subject"], indexed.table["ps"], strict=True))
    assert {k: v for k, v in paths.items() if v} == {"01": "part_C/body/01.txt"}
    both = "02: part_C/02.txt and part_C/body/02.txt"
    assert indexed.missing[-1] == (
        f"physiology, as two files or more could be it, of 1 subjects ({both})"
    )


def test_a_recording_shorter_than_the_clip(part_c, tmp_path):
    out, _, _ = part_c
    shutil.copy(out / C_TABLE, tmp_path)
    (tmp_path / "part_C/Physiology").mkdir(parents=True)
    for path in (out / "part_C/Physiology").iterdir():
        short = "\n".join(path.read_text().splitlines()[:2000])
        (tmp_path / "part_C/Physiology" / path.name).write_text(short)
    data = IndexedDataset(build_index("casme3-c", tmp_path), config=ECG)
    with pytest.raises(MepsError, match=r"01.txt.*shorter than the clip"):
        data[6]
