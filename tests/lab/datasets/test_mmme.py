"""MMME from its layout to trials: against the simulator's truth, and spoilt in turn."""

import shutil

import neurokit2 as nk
import numpy as np
import pytest
import torch
from scipy.io import loadmat, savemat

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.dataset import IndexedDataset
from meps_lab.datasets.index.build import build_index
from meps_lab.datasets.index.kind import IndexOptions
from meps_lab.datasets.mmme import KIND
from meps_lab.simulate.layouts import mmme
from meps_lib.errors import MepsError

KEEP = IndexOptions(rules={"macro": "keep"})
SIGNALS = LoadConfig(("ps", "eeg"), clean=False)


@pytest.fixture(scope="module")
def indexed(mmme_tree):
    return build_index("mmme", mmme_tree[0], KEEP)


def rewrite(root, table):
    table.to_excel(root / mmme.TABLE, sheet_name="Sheet1", index=False)
    return root


def test_the_index_says_what_is_true(mmme_tree, indexed):
    _, truth = mmme_tree
    table = indexed.table
    assert len(table) == len(truth)
    assert indexed.notes[0] == "annotation read from coding_file.xlsx"
    assert all("which no real file has shown yet" in note for note in indexed.notes[1:])
    assert not any(word in text for text in indexed.missing for word in ("frames", "recording"))
    for name in ("onset", "apex", "offset", "marker", "emotion", "aus", "subject", "eeg"):
        assert table[name].tolist() == truth[name].tolist()
    assert table["ps"].tolist() == truth["peri"].tolist()
    assert table["colour"].tolist() == truth["folder"].tolist()
    assert table["class_seven-mmme"].tolist() == truth["emotion"].tolist()
    three = truth["emotion"].map({"surprise": "surprise", "contempt": "negative"})
    assert table["class_three"].tolist() == three.tolist()
    assert (table["fps"] == 150).all() and (table["ps_sfreq"] == 1000).all()
    macro = truth["size"] == "macro"
    assert table["flags"].tolist() == np.where(macro, "a macro-expression", "").tolist()
    assert table["clip"][0] == f"sub01_{truth['marker'][0]}_2"


def test_macro_expressions_are_dropped_if_nothing_is_said(mmme_tree):
    out, truth = mmme_tree
    found = build_index("mmme", out)
    macro = truth["size"] == "macro"
    assert len(found.table) == (~macro).sum() and len(found.dropped) == macro.sum() > 0
    assert set(found.dropped["rule"]) == {"macro"}
    assert "dropped" in found.report() and "a macro-expression" in found.report()


def test_frames_are_those_of_the_table(mmme_tree, indexed):
    out, truth = mmme_tree
    data = IndexedDataset(indexed, config=LoadConfig(("colour",), crop="frame", size=32))
    assert " ".join(data.classes) == "anger contempt disgust fear happiness sadness surprise"
    for k, true in enumerate(truth.itertuples()):
        trial = data[k]
        n = true.offset - true.onset + 1
        assert trial.colour.shape == (n, 3, 32, 32) and trial.fps == 150.0
        assert (trial.onset, trial.apex, trial.offset) == (0, true.apex - true.onset, n - 1)
        assert trial.start == pytest.approx(true.onset / 150)
        assert (trial.subject, trial.label) == (true.subject, true.emotion)
        assert torch.equal(trial.colour[:, 0], trial.colour[:, 1])


def test_signals_are_cut_to_the_sample(mmme_tree, indexed):
    out, truth = mmme_tree
    data = IndexedDataset(indexed, config=SIGNALS)
    for k, true in enumerate(truth.itertuples()):
        trial = data[k]
        onset = true.onset / 150 * 1000
        first = round(true.peri_row + onset - 3000)
        mat = loadmat(out / true.peri)["data"]
        wanted = mat[first : first + 10_000, [4, 5, 0, 1, 3]].T
        assert trial.ps_names == ("EDA", "ECG", "PPG", "RSP", "SKT")
        assert trial.ps_units == ("uS", "mV", "V", "V", "degC")
        assert np.allclose(trial.ps, wanted, rtol=1e-6)
        assert trial.ps_start * 1000 == pytest.approx(first - true.peri_row - onset)
        samples = np.fromfile(out / true.eeg, "<f4").reshape(-1, 69)
        first = round(true.eeg_sample + onset - 3000)
        assert trial.eeg.shape == (62, 10_000) and set(trial.eeg_units) == {"uV"}
        assert np.allclose(trial.eeg, samples[first : first + 10_000, :62].T, atol=1e-3)
        rms = trial.eeg.std(1)
        assert rms.min() > 2 and rms.max() < 60  # as the simulator's, see its own tests


def test_one_heart_beats_in_both_windows_when_the_simulator_says(mmme_tree, indexed):
    _, truth = mmme_tree
    data = IndexedDataset(indexed, config=LoadConfig(("ps",)))
    checked = 0
    for k, true in enumerate(truth.itertuples()):
        trial = data[k]
        ecg = trial.ps[trial.ps_names.index("ECG")].numpy()
        peaks = nk.ecg_peaks(ecg.astype(float), 1000)[1]["ECG_R_Peaks"]
        found = peaks / 1000 + trial.ps_start + true.onset / 150  # s from the clip's start
        inside = true.beats_s - true.onset / 150
        beats = true.beats_s[(inside > -2.5) & (inside < 6.5)]
        off = np.abs(beats[:, None] - found).min(axis=1)
        assert off.max() <= 0.05
        checked += len(beats)
    assert checked >= 2 * len(truth)


def test_files_are_those_that_load_reads(mmme_tree, indexed):
    out, _ = mmme_tree
    row = indexed.table.iloc[0]
    everything = KIND.files(out, row, LoadConfig(("colour", "ps", "eeg"), crop="frame"))
    n = row["offset"] - row["onset"] + 1
    assert [p.suffix for p in everything].count(".tif") >= n
    names = {p.name for p in everything if p.is_file() and p.suffix != ".tif"}
    assert names == {"sub01.mat", "sub01.cdt", "sub01.cdt.dpa", "sub01.cdt.ceo"}
    assert all(p.exists() for p in everything)
    # What decides where a window is cut is in the names of the frames as well.
    recording, *folders = KIND.files(out, row, LoadConfig(("ps",)))
    assert recording == out / row["ps"] and out / row["colour"] in folders
    assert {*folders} == {p for p in (out / "Video/sub01").glob("**") if p.is_dir()}


def test_a_table_alone_is_an_index_with_a_report(mmme_copy):
    root, table = mmme_copy
    for part in ("Video", "PERI", "EEG"):
        shutil.rmtree(root / part)
    found = build_index("mmme", root, KEEP)
    assert len(found.table) == len(table)
    assert (found.table[["colour", "ps", "eeg"]] == "").all(axis=None)
    report = found.report()
    n, clips = len(table), ", ".join(found.table["clip"][:3])
    assert f"missing: frames of {n} of {n} clips ({clips}, ...)" in report
    assert "missing: peripheral recording (.mat) of 2 subjects (sub01, sub02)" in report
    assert "missing: EEG (.cdt, with its .dpa) of 2 subjects (sub01, sub02)" in report


def test_a_subjects_eeg_without_its_header_is_not_there(mmme_copy):
    root, _ = mmme_copy
    (root / "EEG" / "sub02.cdt.dpa").unlink()
    (root / "PERI" / "sub01.mat").unlink()
    table = build_index("mmme", root, KEEP).table.set_index("subject")
    assert set(table.loc["sub01", "eeg"]) == {"EEG/sub01.cdt"}
    assert set(table.loc["sub02", "eeg"]) == set(table.loc["sub01", "ps"]) == {""}
    assert table.loc["sub01", "ps_sfreq"].isna().all()


def test_other_folders_and_spellings_are_found(mmme_copy):
    root, table = mmme_copy
    (root / "PERI").rename(root / "peripheral data")
    (root / "EEG" / "sub01.cdt").rename(root / "sub1.cdt")
    (root / "EEG" / "sub01.cdt.dpa").rename(root / "sub1.cdt.dpa")
    rewrite(root, table.assign(Subject=table["Subject"].str.removeprefix("sub0")))
    one, two, three = (table["Filename"].unique()[k] for k in range(3))
    places = {one: f"1/{one}", two: f"frames/{two}", three: f"frames/sub02/{three}"}
    for place in places.values():
        (root / place).mkdir(parents=True)
        (root / place / "2000-1-1-10-0-2-0-0-113.tif").write_bytes(b"x")
    found = build_index("mmme", root, KEEP).table
    assert found["colour"].tolist() == table["Filename"].map(places).fillna("").tolist()
    assert set(found["subject"]) == {"sub01", "sub02"}
    assert set(found["ps"]) == {"peripheral data/sub01.mat", "peripheral data/sub02.mat"}
    assert set(found["eeg"]) == {"sub1.cdt", "EEG/sub02.cdt"}


@pytest.mark.parametrize("other", ["1.mat", "PERI/sub01/rec.mat"])
def test_of_two_recordings_none_is_taken_and_both_are_named(mmme_copy, other):
    root, _ = mmme_copy
    (root / other).parent.mkdir(exist_ok=True)
    shutil.copy(root / "PERI" / "sub01.mat", root / other)
    found = build_index("mmme", root, KEEP)
    here = found.table.groupby("subject")["ps"].unique().map(list).to_dict()
    assert here == {"sub01": [""], "sub02": ["PERI/sub02.mat"]}
    several = next(text for text in found.missing if "sub01 has 2 recordings (.mat)" in text)
    assert other in several and "PERI/sub01.mat" in several


def test_files_of_a_mac_are_no_recordings_and_subjects_are_spelt_as_elsewhere(mmme_copy):
    root, _ = mmme_copy
    (root / "PERI" / "sub01").mkdir()
    (root / "PERI" / "sub01" / "._rec.mat").write_bytes(b"x")
    (root / "EEG" / "sub01").mkdir()
    (root / "EEG" / "sub01" / "._rec.cdt").write_bytes(b"x")
    (root / "EEG" / "sub01" / "._rec.cdt.dpa").write_bytes(b"x")
    (root / "PERI" / "sub02.mat").rename(root / "PERI" / "S02.mat")
    table = build_index("mmme", root, KEEP).table
    assert set(table["ps"]) == {"PERI/sub01.mat", "PERI/S02.mat"}
    assert set(table["eeg"]) == {"EEG/sub01.cdt", "EEG/sub02.cdt"}


@pytest.mark.parametrize("name", [".", ".."])
def test_a_file_name_that_is_a_way_out_is_no_folder(mmme_copy, name):
    root, table = mmme_copy
    for folder in (root / "Video" / "sub01", root / "Video"):
        (folder / "1.tif").write_bytes(b"x")
    found = build_index("mmme", rewrite(root, table.assign(Filename=name)), KEEP)
    assert set(found.table["colour"]) == {""}


def test_a_recording_that_is_shorter_than_the_clip(mmme_copy):
    root, _ = mmme_copy
    path = root / "PERI" / "sub02.mat"
    mat = {k: v for k, v in loadmat(path).items() if not k.startswith("__")}
    table = build_index("mmme", root, KEEP).table
    row = table[table["subject"] == "sub02"].iloc[-1]
    codes = mat["data"][:, 8:16].any(axis=1)
    end = np.flatnonzero(codes)[-1] + 50  # soon after the last clip began
    savemat(path, mat | {"data": mat["data"][:end]})
    with pytest.raises(MepsError, match=r"sub02\.mat: an expression at .* shorter than the clip"):
        KIND.load(root, row, LoadConfig(("ps",)))
