"""Pictures, tables and annotation errors, read back by Pillow, OpenCV, openpyxl and pandas."""

import cv2
import numpy as np
import openpyxl
import pandas as pd
import pytest
import torch
from PIL import Image

from meps_lab.simulate.face.sensor import to_uint16
from meps_lab.simulate.layouts.common import truth_table, write_frames
from meps_lab.simulate.layouts.dirt import moved, overwritten, rewritten, spoil
from meps_lab.simulate.layouts.spreadsheet import write_table


@pytest.mark.parametrize(("ext", "channels"), [("png", 3), ("bmp", 3), ("tif", 1), ("png", 1)])
def test_pictures_come_back_exactly(tmp_path, ext, channels):
    g = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, 256, (3, channels, 10, 12), generator=g)
    write_frames(tmp_path / "a", pixels / 255, ["x1", "x2", "x10"], ext)
    for name, true in zip(("x1", "x2", "x10"), pixels, strict=True):
        picture = Image.open(tmp_path / "a" / f"{name}.{ext}")
        assert picture.mode == ("RGB" if channels == 3 else "L") and picture.size == (12, 10)
        seen = np.asarray(picture).reshape(10, 12, channels)
        assert np.array_equal(seen, true.permute(1, 2, 0).numpy())


def test_jpegs_are_close_and_red_is_red(tmp_path):
    red = torch.zeros(1, 3, 16, 16)
    red[:, 0] = 0.8
    write_frames(tmp_path, red, ["img1"], "jpg")
    r, g, b = np.asarray(Image.open(tmp_path / "img1.jpg")).astype(int).mean((0, 1))
    assert r == pytest.approx(204, abs=4) and g < 5 and b < 5


def test_depth_is_16_bit_and_zero_where_nothing_was_seen(tmp_path):
    depth = torch.tensor([[1.0, 699.6, 700.4], [torch.nan, 40000.0, 65535.0]])[None, None]
    write_frames(tmp_path, to_uint16(depth), ["1"], "png")
    seen = cv2.imread(str(tmp_path / "1.png"), cv2.IMREAD_UNCHANGED)
    assert seen.dtype == np.uint16
    assert seen.tolist() == [[1, 700, 700], [0, 40000, 65535]]


def test_a_table_has_its_header_where_asked_and_empty_cells_empty(tmp_path):
    table = pd.DataFrame({"A": [1, 2], " ": [None, None], "B": ["x", ""], "  ": [np.nan, 4.5]})
    write_table(tmp_path / "t" / "a.xlsx", table, "label", startrow=3, above={0: "words"})
    book = openpyxl.load_workbook(tmp_path / "t" / "a.xlsx")
    assert book.sheetnames == ["label"]
    rows = list(book["label"].iter_rows(values_only=True))
    assert rows[0] == ("words", None, None, None) and rows[1] == rows[2] == (None,) * 4
    assert rows[3:] == [("A", None, "B", None), (1, None, "x", None), (2, None, None, 4.5)]


TABLE = pd.DataFrame({"Emotion": ["fear", "disgust", "sad", "happy"], "Onset": [9, 20, 30, 40]})
TABLE["Apex"] = TABLE["Onset"] + 5
KINDS = (
    rewritten("mixed case", "Emotion", str.title),
    overwritten("no apex", Apex="/"),
    moved("apex before onset", "Apex", -1, "Onset"),
    moved("onset after apex", "Onset", 1, "Apex"),
)


def test_each_error_has_a_row_of_its_own_and_is_recorded():
    truth = pd.DataFrame({"dirt": [""] * 4})
    table, spoilt = spoil(TABLE, truth, np.random.default_rng(3), KINDS)
    assert sorted(spoilt["dirt"]) == sorted(kind.name for kind in KINDS)
    row = table.assign(dirt=spoilt["dirt"]).set_index("dirt")
    assert row.at["mixed case", "Emotion"].istitle()
    assert row.at["no apex", "Apex"] == "/"
    early = row.loc["apex before onset"]
    assert 1 <= early["Onset"] - early["Apex"] <= 5
    late = row.loc["onset after apex"]
    assert 1 <= late["Onset"] - late["Apex"] <= 5
    changed = (table.astype(str) != TABLE.astype(str)).sum().sum()
    assert changed == 4 and (truth["dirt"] == "").all()
    again, _ = spoil(TABLE, truth, np.random.default_rng(3), KINDS)
    assert again.equals(table)


def test_no_errors_on_request_and_none_that_cannot_be():
    clean, truth = spoil(
        TABLE, pd.DataFrame({"dirt": [""] * 4}), np.random.default_rng(3), KINDS, on=False
    )
    assert clean.astype(str).equals(TABLE.astype(str)) and (truth["dirt"] == "").all()
    one = TABLE.iloc[:1].assign(Emotion="FEAR", Onset=1)
    early = moved("early", "Apex", -1, "Onset")
    both = (rewritten("upper", "Emotion", str.upper), early, KINDS[1])
    table, truth = spoil(one, pd.DataFrame({"dirt": [""]}), np.random.default_rng(0), both)
    assert truth["dirt"].tolist() == ["no apex"] and table.at[0, "Apex"] == "/"


def test_truth_has_the_same_first_columns_for_every_set():
    truth = truth_table([{"subject": "s", "clip": "c", "emotion": "e", "class": "e", "more": 3}])
    assert truth.columns[-1] == "more" and truth["apex"].isna().all()
    assert truth["onset"].dtype == "Int64" and truth["dirt"].tolist() == [""]
