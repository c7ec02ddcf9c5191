"""MMME as written, read back with MNE, SciPy, NeuroKit2 and Pillow."""

import time
import warnings
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import mne
import neurokit2 as nk
import numpy as np
import openpyxl
import pandas as pd
import pytest
from PIL import Image
from scipy.io import loadmat

from meps_lab.simulate import simulate_cohort
from meps_lab.simulate.layouts import mmme
from meps_lab.simulate.layouts.biopac import write_mat
from meps_lab.simulate.layouts.curry import write_curry
from meps_lab.simulate.layouts.mmme_signals import COLUMNS, EEG_NAMES, OTHER_NAMES, record_devices
from meps_lab.simulate.layouts.session import Showing, session_of
from meps_lib.errors import MepsError

SILENT = ("head_drift_mm", "light_change", "frame_noise", "blinks_per_min")
QUIET = {"size": 16, "me_intensity": 0.8, "leak_share": 1.0, "ps_noise": 0.3}
QUIET |= dict.fromkeys((*SILENT, "ps_motion_per_min", "ps_dropout_per_min"), 0.0)
TRIAL_S = 3.5


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    out = tmp_path_factory.mktemp("mmme")
    scenario = replace(mmme.LAYOUT.scenario(), **QUIET)
    cohort = simulate_cohort(2, 2, ("surprise", "contempt"), seed=1, scenario=scenario)
    truth = mmme.write(out, cohort, np.random.default_rng(0), True, trial_s=TRIAL_S)
    return out, truth, pd.read_excel(out / mmme.TABLE)


@pytest.fixture(scope="module")
def raws(tree):
    out, truth, _ = tree
    return {p: mne.io.read_raw_curry(out / p, preload=True) for p in truth["eeg"].unique()}


def frames_of(folder):
    """Path and nine numbers of each frame, in the order of the running number."""
    names = [(path, [int(x) for x in path.stem.split("-")]) for path in folder.glob("*.tif")]
    return sorted(names, key=lambda x: x[1][7])


def test_the_table_has_the_documented_columns(tree):
    out, truth, table = tree
    assert openpyxl.load_workbook(out / mmme.TABLE).sheetnames == ["Sheet1"]
    assert ",".join(table) == (
        "Subject,Filename,Marker,OnsetTime,ApexTime,OffsetTime,OnsetFrame,ApexFrame,OffsetFrame,"
        "Action Units,Estimated Emotion,(Macro/Micro),Date,dif"
    )
    for name in ("Onset", "Apex", "Offset"):
        assert table[f"{name}Frame"].tolist() == truth[name.lower()].tolist()
        assert np.allclose(table[f"{name}Time"] * 150, table[f"{name}Frame"], atol=0.1)
    assert table["Action Units"].str.fullmatch(r"AU\d+(, AU\d+)*").all()
    units = table["Action Units"].str.replace("AU", "").str.replace(", ", "+")
    assert units.tolist() == truth["aus"].tolist()
    micro = table["(Macro/Micro)"] == "Micro"
    rise = table["ApexTime"] - table["OnsetTime"]
    assert ((table["dif"] <= 0.5) | (rise <= 0.25))[micro].all()
    assert (table["dif"][~micro] > 0.9).all()
    assert (truth["apex"] - truth["apex_exact"]).abs().max() <= 1
    assert truth["lateral"].abs().max() <= 1 and truth["lateral"].nunique() > 1


def test_frames_are_grey_and_named_by_time_number_and_marker(tree):
    out, truth, _ = tree
    for folder, rows in truth.groupby("folder"):
        frames = frames_of(out / folder)
        assert len(frames) == round(TRIAL_S * 150)
        picture = Image.open(frames[0][0])
        assert picture.mode == "L" and picture.size == (16, 16)
        parts = np.array([n for _, n in frames])
        assert np.array_equal(np.diff(parts[:, 7]), np.ones(len(frames) - 1))
        times = [datetime(*p[:6], p[6] * 1000) for p in parts.tolist()]
        since = np.array([(t - times[0]).total_seconds() for t in times])
        assert np.abs(since - np.arange(len(frames)) / 150).max() <= 0.001
        marker = rows["marker"].iloc[0]
        assert parts[0, 8] == marker and set(parts[:, 8]) == {0, marker}
        assert Path(folder).name == rows["clip"].iloc[0] == f"{rows['subject'].iloc[0]}_{marker}"


def test_the_face_moves_most_at_the_apex(tree):
    out, truth, _ = tree
    for row in truth.itertuples():
        frames = frames_of(out / row.folder)[row.onset : row.offset + 1]
        grey = [np.asarray(Image.open(path), float) for path, _ in frames]
        moved = [np.abs(g - grey[0]).mean() for g in grey]
        # Eight bits at 16 pixels: the top of the course is flat for some frames.
        assert moved[row.apex - row.onset] >= 0.95 * max(moved) > 0


def test_mne_reads_the_eeg(tree, raws):
    _, truth, _ = tree
    for path, rows in truth.groupby("eeg"):
        raw = raws[path]
        assert raw.info["sfreq"] == 1000.0
        assert raw.ch_names == [*EEG_NAMES, *OTHER_NAMES] and len(EEG_NAMES) == 64
        clips = rows.drop_duplicates("marker")
        assert raw.annotations.description.tolist() == clips["marker"].map(str).tolist()
        samples = np.round(raw.annotations.onset * 1000).astype(int)
        assert samples.tolist() == clips["eeg_sample"].tolist()
        trigger = np.round(raw.get_data("Trigger")[0] * 1e6).astype(int)
        rises = np.flatnonzero(np.diff(trigger, prepend=0) > 0)
        assert rises.tolist() == samples.tolist()
        assert trigger[rises].tolist() == clips["marker"].tolist()
        rms = raw.get_data(picks="eeg").std(axis=1) * 1e6
        assert ((rms > 2) & (rms < 60)).all()


def test_scipy_reads_the_peripheral_file(tree):
    out, truth, _ = tree
    for path, rows in truth.groupby("peri"):
        mat = loadmat(out / path)
        assert {"data", "labels", "units", "isi", "isi_units", "start_sample"} <= set(mat)
        assert mat["data"].shape[1] == 17
        assert float(mat["isi"].squeeze()) == 1.0 and mat["isi_units"][0] == "ms"
        labels = [str(x).strip() for x in mat["labels"]]
        assert labels == [name for name, _ in COLUMNS]
        assert labels[:8] == ["PPG", "RSP", "EMG A", "SKT A", "EDA", "ECG", "EMG B", "SKT B"]
        assert labels[16] == "ECG Rate"
        bits = mat["data"][:, 8:16] > 2.5
        code = (bits * 2 ** np.arange(8)).sum(axis=1)
        rises = np.flatnonzero(np.diff(code, prepend=0) > 0)
        clips = rows.drop_duplicates("marker")
        assert rises.tolist() == clips["peri_row"].tolist()
        assert code[rises].tolist() == clips["marker"].tolist()
        assert 20 < mat["data"][:, labels.index("SKT A")].mean() < 38


def test_one_heart_in_both_files_when_tied_by_the_trigger(tree, raws):
    out, truth, _ = tree
    for row in truth.drop_duplicates("clip").itertuples():
        ecg = loadmat(out / row.peri)["data"][:, 5]
        ekg = raws[row.eeg].get_data("EKG")[0] * 1e3
        wanted = row.beats_s * 1000
        assert len(wanted) >= 2
        for signal, first in ((ecg, row.peri_row), (ekg, row.eeg_sample)):
            _, found = nk.ecg_peaks(nk.ecg_clean(signal, 1000), 1000)
            off = np.abs(first + wanted[:, None] - found["ECG_R_Peaks"]).min(axis=1)
            assert off.max() <= 20  # ms


def test_the_lids_shut_in_the_video_when_the_eeg_says_so(tmp_path):
    scenario = replace(mmme.LAYOUT.scenario(), **QUIET | {"blinks_per_min": 40.0})
    cohort = simulate_cohort(2, 2, ("surprise", "contempt"), seed=1, scenario=scenario)
    rng = np.random.default_rng(2)
    video = session_of(cohort, [Showing(0, 1.0)], 150.0, rng, 10.0)
    truth, lids = record_devices(tmp_path, "sub01", cohort, video, [(0.0, 101)], 10.0, rng)
    raw = mne.io.read_raw_curry(tmp_path / truth[0]["eeg"], preload=True)
    veo = raw.get_data("VEO")[0][truth[0]["eeg_sample"] :][:10000]
    blink = video.blinking(lids).face.blink
    closed = np.interp(np.arange(10000) / 1000, np.arange(1500) / 150, blink)
    assert ((lids > 0.5) & (lids < 9.5)).all(axis=1).sum() >= 3 and blink.max() > 0.95
    assert np.corrcoef(veo, closed)[0, 1] > 0.9


def test_devices_start_at_different_times(tree):
    _, truth, _ = tree
    assert (truth["eeg_sample"] != truth["peri_row"]).all()


def test_the_marker_map(tree):
    out, truth, table = tree
    markers = pd.read_csv(out / "marker_label.csv")
    assert markers["marker"].tolist() == list(range(101, 149))
    assert markers.groupby("label").size().tolist() == [6] * 8
    order = markers.drop_duplicates("label")["emotion"].tolist()
    assert order == ["sad", "disgust", "happy", "fear", "tense", "calm", "anger", "surprise"]
    meant = markers.set_index("marker")["emotion"]
    # Nothing evokes contempt by its name.
    wanted = table["Estimated Emotion"].replace("contempt", "tense")
    assert meant[table["Marker"]].tolist() == wanted.tolist()


def test_every_clip_is_shown_once_and_there_are_48():
    rng = np.random.default_rng(0)
    markers = mmme.choose_markers(["fear"] * 48, rng)
    assert sorted(markers) == list(range(101, 149))
    assert set(markers[:6]) == set(range(119, 125))
    with pytest.raises(MepsError, match="48 different clips"):
        mmme.choose_markers(["fear"] * 49, rng)


def test_curry_returns_what_was_written(tmp_path):
    rng = np.random.default_rng(0)
    eeg, others = rng.normal(0, 50, (64, 700)), rng.normal(0, 50, (2, 700))
    events = [(10, 101), (20, 148), (300, 101)]
    start = datetime(2000, 2, 3, 4, 5, 6, 789000)
    beside = {"others": others, "other_names": ("HEO", "Trigger"), "events": events}
    write_curry(tmp_path / "a.cdt", eeg, EEG_NAMES, 1000.0, **beside, start=start)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        raw = mne.io.read_raw_curry(tmp_path / "a.cdt", preload=True)
    assert np.allclose(raw.get_data() * 1e6, np.concatenate([eeg, others]), rtol=1e-6, atol=1e-5)
    assert raw.get_channel_types() == ["eeg"] * 64 + ["misc"] * 2
    assert raw.info["meas_date"].replace(tzinfo=None) == start
    found = np.round(raw.annotations.onset * 1000).astype(int).tolist()
    codes = [int(d) for d in raw.annotations.description]
    assert list(zip(found, codes, strict=True)) == events
    places = raw.get_montage().get_positions()["ch_pos"]
    assert places["Fp1"][1] > 0 > places["O1"][1]
    assert places["C3"][0] < 0 < places["C4"][0]


def test_the_same_signals_write_the_same_file(tmp_path, monkeypatch):
    for name, now in (("a", "Mon Jan  3 10:00:00 2000"), ("b", "Tue Jan  4 10:00:00 2000")):
        monkeypatch.setattr(time, "asctime", lambda now=now: now)
        write_mat(tmp_path / name, np.arange(10.0).reshape(2, 5), ["PPG", "RSP"], ["V", "V"], 1e3)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert loadmat(tmp_path / "a")["data"][:, 1].tolist() == [5, 6, 7, 8, 9]
