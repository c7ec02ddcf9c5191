"""CAS(ME)^3 as written, read back with libraries that know nothing of the writer."""

import re
from dataclasses import replace

import cv2
import neurokit2 as nk
import numpy as np
import openpyxl
import pandas as pd
import pytest
from PIL import Image

from meps_lab.simulate import simulate_cohort
from meps_lab.simulate.layouts import casme3_a, casme3_c, layout_cohort
from meps_lab.simulate.layouts.session import Session
from meps_lib.labels import CLASS_SETS

# A quiet camera and a still head, so that a difference of two pictures is an expression.
SILENT = ("head_drift_mm", "light_change", "frame_noise", "blinks_per_min")
QUIET = {"size": 32, "me_intensity": 0.8, "leak_share": 1.0}
QUIET |= dict.fromkeys((*SILENT, "ps_motion_per_min", "ps_dropout_per_min"), 0.0)
EMOTIONS = ("others", "disgust", "surprise")


def cohort_for(layout, trials, **dials):
    scenario = replace(layout.scenario(), **{**QUIET, **dials})
    return simulate_cohort(2, trials, EMOTIONS, seed=3, scenario=scenario)


@pytest.fixture(scope="module")
def part_a(tmp_path_factory):
    out = tmp_path_factory.mktemp("a")
    cohort = cohort_for(casme3_a.LAYOUT, 6, idiosyncrasy=0.0, depth_gain_jumps_mm=0.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(casme3_a, "VIDEOS_EACH", 2)
        patch.setattr(casme3_a, "GAP_S", 0.5)
        truth = casme3_a.write(out, cohort, np.random.default_rng(0), True)
    return out, truth, pd.read_excel(out / casme3_a.TABLE, sheet_name="label")


@pytest.fixture(scope="module")
def part_c(tmp_path_factory):
    out = tmp_path_factory.mktemp("c")
    cohort = cohort_for(casme3_c.LAYOUT, 4, size=16, ps_noise=0.3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(casme3_c, "GAP_S", 1.5)
        truth = casme3_c.write(out, cohort, np.random.default_rng(0), True)
    return out, truth, pd.read_excel(out / casme3_c.TABLE, sheet_name="mockCrimeME")


def test_part_a_table_has_the_documented_columns(part_a):
    out, _, table = part_a
    assert openpyxl.load_workbook(out / casme3_a.TABLE).sheetnames == ["label"]
    assert ",".join(table) == "Subject,Filename,Onset,Apex,Offset,AU,Objective class,emotion"
    assert set(table["emotion"].str.lower()) <= {*EMOTIONS}


def test_part_a_videos_are_complete_and_not_padded(part_a):
    out, truth, _ = part_a
    for folder, n in set(zip(truth["folder"], truth["n_frames"], strict=True)):
        for kind, ext in (("color", "jpg"), ("depth", "png")):
            names = {p.name for p in (out / folder / kind).iterdir()}
            assert names == {f"{i}.{ext}" for i in range(n)}


def test_part_a_depth_is_sixteen_bit_millimetres(part_a):
    out, truth, _ = part_a
    path = out / truth["folder"][0] / "depth" / "0.png"
    mm = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert mm.dtype == np.uint16 and mm.shape == (32, 32)
    assert Image.open(path).mode.startswith("I")
    assert (mm == 0).any()  # background and holes
    assert 500 < np.median(mm[mm > 0]) < 900


def test_part_a_clips_are_cut_from_the_videos(part_a):
    out, truth, _ = part_a
    for row in truth.itertuples():
        for here, there, ext in (("color", "frame", "jpg"), ("depth", "depth", "png")):
            cut = out / "Part_A_ME_clip" / there / row.clip
            wanted = {f"{i}.{ext}" for i in range(row.onset, row.offset + 1)}
            assert {p.name for p in cut.iterdir()} == wanted
            name = f"{row.apex}.{ext}"
            assert (cut / name).read_bytes() == (out / row.folder / here / name).read_bytes()


def test_part_a_clip_folders_follow_the_rows(part_a):
    _, truth, table = part_a
    subject = table["Subject"].str.replace("spNO.", "").str.replace("spNO", "")
    names = "spNO." + subject + "_" + table["Filename"].str.lower() + "_" + table["Onset"].map(str)
    assert names.tolist() == truth["clip"].tolist()


def test_part_a_clean_rows_say_the_truth(part_a):
    _, truth, table = part_a
    clean = (truth["dirt"] == "").to_numpy()
    assert 2 <= clean.sum() < len(table)
    for ours, theirs in (("onset", "Onset"), ("apex", "Apex"), ("offset", "Offset")):
        assert truth[ours][clean].tolist() == table[theirs][clean].tolist()
    units = table["AU"].astype(str).str.replace("[LRTB]", "", regex=True)
    assert units.tolist() == truth["aus"].tolist()


@pytest.mark.parametrize(("layout", "lips"), [(casme3_a, {"T", "B"}), (casme3_c, set())])
def test_the_table_marks_sides_and_lips(tmp_path, monkeypatch, layout, lips):
    monkeypatch.setattr(Session, "frames", lambda *how: iter(()))  # no pictures are looked at
    monkeypatch.setattr(casme3_a, "_copy_clip", lambda *how: None)
    cohort = layout_cohort(layout.LAYOUT.name, 12, 13, seed=1, size=16)
    monkeypatch.setattr(layout, "GAP_S", 0.3)
    truth = layout.write(tmp_path, cohort, np.random.default_rng(0), False)
    table = pd.read_excel(tmp_path / layout.TABLE)
    texts = table["AU" if lips else "au"].astype(str).str.replace(",", "+")
    for text, lateral in zip(texts, truth["lateral"], strict=True):
        sides = {"L"} if lateral > 0.6 else {"R"} if lateral < -0.6 else set()
        assert set(re.findall("[LR]", text)) <= sides
    units = [unit for text in texts for unit in text.split("+")]
    assert all(re.fullmatch(r"[LR]?\d+|T(10|23|24)|B(17|23|24|25)", u) for u in units)
    assert {u[0] for u in units} & {"T", "B"} == lips
    assert 0.12 < texts.str.contains("[LR]").mean() < 0.3


WRONG = {
    "apex before onset": lambda r, t: r["Apex"] < r["Onset"] == t["onset"],
    "onset after apex": lambda r, t: r["Onset"] > r["Apex"] == t["apex"],
    "offset is 0": lambda r, t: r["Offset"] == 0,
    "overlong": lambda r, t: r["Offset"] - r["Onset"] + 1 == 3456,
    "onset is apex": lambda r, t: r["Onset"] == r["Apex"],
    "subject without the dot": lambda r, t: r["Subject"] == t["subject"].replace(".", ""),
    "capital letter": lambda r, t: r["Filename"] == t["video"].upper(),
    "capital Others": lambda r, t: r["emotion"] == "Others",
}


def test_part_a_dirt_is_what_the_truth_says(part_a):
    _, truth, table = part_a
    seen = set()
    for (_, row), (_, true) in zip(table.iterrows(), truth.iterrows(), strict=True):
        for kind in filter(None, true["dirt"].split("; ")):
            assert WRONG[kind](row, true), kind
            seen.add(kind)
    assert seen == set(WRONG)


def test_part_a_moves_most_at_the_apex(part_a):
    out, truth, _ = part_a
    hits = []
    for row in truth.itertuples():
        clip = out / "Part_A_ME_clip" / "frame" / row.clip
        grey = [
            cv2.imread(str(clip / f"{i}.jpg"), cv2.IMREAD_GRAYSCALE).astype(float)
            for i in range(row.onset, row.offset + 1)
        ]
        moved = [np.abs(g - grey[0]).mean() for g in grey]
        hits.append(abs(row.onset + np.argmax(moved) - row.apex) <= 1)
    assert np.mean(hits) >= 0.9


def test_part_c_table(part_c):
    out, truth, table = part_c
    assert openpyxl.load_workbook(out / casme3_c.TABLE).sheetnames == ["mockCrimeME"]
    assert list(table) == ["sub", "count", "onset", "offset", "au", "emotion"]
    assert table["sub"].tolist() == [1] * 4 + [2] * 4
    assert table["count"].tolist() == [1, 2, 3, 4] * 2
    text = table["au"].astype(str)
    assert text.str.count("，").sum() == 1
    assert truth["dirt"][text.str.contains("，")].tolist() == ["full-width comma"]
    units = text.str.replace("，", ",").str.replace("[LR]", "", regex=True)
    assert units.str.replace(",", "+").tolist() == truth["aus"].tolist()
    assert table["onset"].tolist() == truth["onset"].tolist()


def test_part_c_names_classes_where_part_a_names_emotions(tmp_path, monkeypatch):
    monkeypatch.setattr(Session, "frames", lambda *how: iter(()))  # no pictures are looked at
    cohort = layout_cohort("casme3-c", 12, 7, size=16)
    truth = casme3_c.write(tmp_path, cohort, np.random.default_rng(0), True)
    table = pd.read_excel(tmp_path / casme3_c.TABLE)
    assert table["emotion"].tolist() == truth["class"].tolist()
    assert set(table["emotion"]) == {"negative", "positive", "surprise", "others"}
    assert truth["emotion"].map(CLASS_SETS["four"].of).tolist() == truth["class"].tolist()
    assert truth["emotion"].nunique() > 4


def test_part_c_has_no_subject_22_and_four_classes():
    assert set(range(1, 32)) - set(casme3_c.SUBJECTS) == {22}
    cohort = layout_cohort("casme3-c", 30, 20)
    assert cohort.classes == ("negative", "positive", "surprise", "others")
    shares = cohort.index["label"].value_counts(normalize=True)
    published = {"negative": 99, "surprise": 30, "others": 20, "positive": 16}
    assert all(abs(shares[name] - n / 165) < 0.1 for name, n in published.items())
    assert set(cohort.index["emotion"]) == set(CLASS_SETS["seven"].classes)


def test_part_c_frames_stand_in_the_documented_folders(part_c):
    out, truth, _ = part_c
    assert set(truth["folder"]) == {f"part_C/RGB_Depth/part_C/part_C/{s}/a" for s in ("01", "02")}
    for folder, n in set(zip(truth["folder"], truth["n_frames"], strict=True)):
        assert len(list((out / folder / "color").glob("*.jpg"))) == n
        assert len(list((out / folder / "depth").glob("*.png"))) == n


def test_part_c_body_and_video_meet_at_the_first_marker_5(part_c):
    out, truth, _ = part_c
    for path, rows in truth.groupby("physiology"):
        table = pd.read_csv(out / path, sep="\t")
        assert list(table)[:6] == ["time (min)", "PPG", "RSP", "ECG", "EDA", "marker"]
        assert np.diff(table["time (min)"]) * 60 == pytest.approx(1 / 200, rel=1e-3)
        marker = table["marker"].to_numpy()
        first = int(np.flatnonzero(marker == 5)[0])
        assert rows["start_row"].tolist() == [first] * len(rows) and first >= 4 * 200
        assert {1, 3} <= set(marker[:first]) and 6 in marker[first:]
        _, found = nk.ecg_peaks(nk.ecg_clean(table["ECG"], 200), 200)
        beats = found["ECG_R_Peaks"]
        for row in rows.itertuples():
            wanted = first + row.onset / 30 * 200 + row.beats_s * 200
            wanted = wanted[(wanted > 100) & (wanted < len(table) - 100)]
            off = np.abs(wanted[:, None] - beats).min(axis=1)
            assert len(wanted) >= 5 and np.mean(off <= 4) >= 0.9  # 20 ms


@pytest.mark.parametrize("layout", [casme3_a, casme3_c])
def test_the_same_seed_writes_the_same_bytes(tmp_path, monkeypatch, layout):
    monkeypatch.setattr(layout, "GAP_S", 0.5)
    cohort, files = cohort_for(layout.LAYOUT, 3, size=16), []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        layout.write(tmp_path / name, cohort, np.random.default_rng(5), True)
        every = (p for p in (tmp_path / name).rglob("*.*") if p.is_file())
        files.append({p.relative_to(tmp_path / name): p.read_bytes() for p in every})
    assert files[0] == files[1] and len(files[0]) > 100
    assert {".xlsx", ".jpg", ".png"} <= {path.suffix for path in files[0]}
