"""SAMM read back: the spreadsheet by pandas, the pictures by Pillow, both against truth."""

import re

import numpy as np
import openpyxl
import pandas as pd
import pytest
from PIL import Image

from meps_lab.simulate.layouts import write_layout
from meps_lib.labels import MEGC2019, normalise_emotion

TABLE = "SAMM_Micro_FACS_Codes_v2.xlsx"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    out = tmp_path_factory.mktemp("samm") / "set"
    return out, write_layout("samm", out, n_subjects=2, trials=8, size=32, n_frames=11, seed=2)


@pytest.fixture(scope="module")
def table(tree):
    return pd.read_excel(tree[0] / TABLE, header=13, dtype={"Subject": str})


def test_the_header_is_row_13_below_an_explanation(tree, table):
    assert ",".join(table.columns) == (
        "Subject,Filename,Inducement Code,Onset Frame,Apex Frame,Offset Frame,Duration,Micro,"
        "Action Units,Estimated Emotion,Objective Classes,Notes"
    )
    page = openpyxl.load_workbook(tree[0] / TABLE).active
    first = [row[0] for row in page.iter_rows(max_row=14, values_only=True)]
    assert "simulated" in first[0] and first[13] == "Subject"


def test_rows_say_what_is_true_but_for_the_recorded_errors(tree, table):
    truth = tree[1]
    assert len(table) == len(truth) == 16 and (truth["dirt"] == "no apex").sum() == 1
    for (_, row), (_, true) in zip(table.iterrows(), truth.iterrows(), strict=True):
        assert row["Subject"] == true["subject"] and len(row["Subject"]) == 3
        assert row["Filename"] == true["clip"]
        subject, tape, _ = row["Filename"].split("_")
        assert subject == row["Subject"] and int(tape) == row["Inducement Code"]
        assert row["Onset Frame"] == true["onset"] and row["Offset Frame"] == true["offset"]
        assert row["Duration"] == true["offset"] - true["onset"] + 1
        assert row["Apex Frame"] == ("/" if true["dirt"] == "no apex" else true["apex"])
        assert re.sub("[LR]", "", str(row["Action Units"])) == true["aus"]
        assert row["Estimated Emotion"][0].isupper() and 1 <= row["Objective Classes"] <= 7
        assert normalise_emotion(row["Estimated Emotion"]) == true["emotion"]
        assert MEGC2019["samm"].of(row["Estimated Emotion"]) == true["megc2019"]
    assert truth["clip"].is_unique


def test_frames_are_grey_jpegs_from_onset_to_offset(tree):
    out, truth = tree
    for _, true in truth.iterrows():
        folder = out / true["subject"] / true["clip"]
        names = sorted(p.name for p in folder.iterdir())
        frames = range(true["onset"], true["offset"] + 1)
        assert names == [f"{true['subject']}_{i:05d}.jpg" for i in frames]
        picture = Image.open(folder / names[0])
        assert picture.mode == "L" and picture.size == (32, 32) and np.ptp(picture) > 60


def test_clean_means_clean(tmp_path):
    truth = write_layout("samm", tmp_path / "c", trials=4, size=16, n_frames=5, dirt=False)
    table = pd.read_excel(tmp_path / "c" / TABLE, header=13)
    assert (truth["dirt"] == "").all() and table["Apex Frame"].tolist() == truth["apex"].tolist()
