"""CAS(ME)^3 Part A: frames that are missing, the authors' other tables and lists of exceptions."""

import shutil

import pandas as pd
import pytest

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.dataset import IndexedDataset
from meps_lab.datasets.index.build import IndexOptions, build_index
from meps_lab.simulate.layouts import write_layout
from meps_lib.errors import MepsError
from tests.lab.datasets.small import write_xlsx

COLUMNS = ["Subject", "Filename", "Onset", "Apex", "Offset", "AU", "Objective class", "emotion"]
ROWS = [
    ["spNO.1", "a", 60, 64, 70, "4", 1, "anger"],
    ["spNO.3", "J", 490, 495, 500, "L4+R10", 2, "Others"],
    ["spNO12", "b", 5, 9, 11, "12", 3, "happy"],
]
NAME = "cas(me)3_part_A_ME_label_JpgIndex_v2.xlsx"


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    out = tmp_path_factory.mktemp("a")
    write_layout("casme3-a", out, n_subjects=2, trials=7, size=32)
    return out


@pytest.fixture
def copy(tree, tmp_path):
    shutil.copytree(tree, tmp_path / "set")
    return tmp_path / "set"


def remove(root, row, frame):
    for kind, ending in (("color", "jpg"), ("depth", "png")):
        (root / row["colour"].replace("color", kind) / f"{frame}.{ending}").unlink()


def test_a_clip_with_a_gap_in_the_video_is_read_from_the_ready_cut_one(copy):
    before = build_index("casme3-a", copy)
    row = before.table.iloc[0]
    assert row["colour"].startswith("part_A")
    remove(copy, row, row["onset"] + 2)
    after = build_index("casme3-a", copy)
    place = after.table.set_index("clip").loc[row["clip"]]
    assert place["colour"] == f"Part_A_ME_clip/frame/{row['clip']}"
    assert any("1 clips from Part_A_ME_clip" in note for note in after.notes)
    clip = IndexedDataset(after, "seven", LoadConfig(("colour",), "frame", 32))[0]
    assert clip.clip == row["clip"] and len(clip.colour) == row["offset"] - row["onset"] + 1


def test_a_gap_in_both_places_is_told_by_the_index_and_the_clip_left_out(copy):
    row = build_index("casme3-a", copy).table.iloc[0]
    frame = row["onset"] + 1
    remove(copy, row, frame)
    (copy / "Part_A_ME_clip/frame" / row["clip"] / f"{frame}.jpg").unlink()
    found = build_index("casme3-a", copy)
    place = found.table.set_index("clip").loc[row["clip"]]
    assert place["colour"] == "" and place["depth"] != ""
    gap = f"colour: frame {frame} of {row['onset']} to {row['offset']} is not on disk"
    assert gap in place["flags"] and gap in found.report()
    assert any(f"colour frames of 1 of {len(found.table)} clips" in m for m in found.missing)
    data = IndexedDataset(found, "seven", LoadConfig(("colour",), "frame", 32))
    assert row["clip"] not in set(data.index["clip"])
    assert data.asked["all"] == len(data) + 1


def named(path, sheets, **options):
    write_xlsx(path, sheets)
    return build_index("casme3-a", path.parent, IndexOptions(labels=path, **options))


def test_a_sheet_is_known_by_its_columns(tmp_path):
    blinks = [COLUMNS[:3] + ["Offset"], ["spNO.1", "a", 3, 5]]
    mixed = [[*COLUMNS, "Expression type"], [*ROWS[0], "Macro-expression"]]
    version_1 = [[*COLUMNS, None, None], *([*row, None, None] for row in ROWS)]
    sheets = {"AU+Emotion": mixed, "Sheet1": version_1, "eye blink": blinks}
    found = named(tmp_path / "v1.xlsx", sheets)
    assert found.table["clip"].tolist() == ["spNO.1_a_60", "spNO.3_j_490", "spNO.12_b_5"]
    with pytest.raises(MepsError, match="'AU.Emotion': macro- and micro-.* mixed.*v2.xlsx"):
        named(tmp_path / "v2.xlsx", {"AU+Emotion": mixed})
    with pytest.raises(MepsError, match="'eye blink': this lists when somebody blinked"):
        named(tmp_path / "v3.xlsx", {"eye blink": blinks})
    both = {"old": [COLUMNS, ROWS[0]], "new": [COLUMNS, *ROWS]}
    with pytest.raises(MepsError, match="sheets 'old', 'new' have all columns; choose .* --sheet"):
        named(tmp_path / "v4.xlsx", both)
    assert len(named(tmp_path / "v4.xlsx", both, sheet="New").table) == 3
    with pytest.raises(MepsError, match="no sheet 'label'; it has 'old', 'new'"):
        named(tmp_path / "v4.xlsx", both, sheet="label")


def test_the_lists_of_exceptions_flag_the_clips_that_they_name(tmp_path):
    write_xlsx(tmp_path / NAME, {"label": [COLUMNS, *ROWS]})
    damaged = tmp_path / "damaged.txt"
    lines = [
        "spNO.3 J 498.jpg  the image cannot open",
        "spNO.3 J 501.jpg  the image cannot open",
        "spNO3\\j\\color\\490.jpg",
        "",
        "part_A/data/part_A/spNO.12/b/depth/11.png",
        "Part_A_ME_clip/frame/spNO.12_b_5/9.jpg",
        "spNO.1 b 64.jpg  another video",
        "spNO.11 a 64.jpg  another subject",
    ]
    damaged.write_text("\n".join(lines), encoding="utf-8")
    covered = tmp_path / "covered.csv"
    pd.DataFrame(ROWS[:1], columns=COLUMNS).to_csv(covered, index=False)
    options = IndexOptions(exceptions=(damaged, covered))
    found = build_index("casme3-a", tmp_path, options)
    flags = found.table.set_index("clip")["flags"]
    assert "listed in covered.csv" in flags["spNO.1_a_60"]
    assert "damaged" not in flags["spNO.1_a_60"]
    assert "2 pictures listed in damaged.txt (frame 490)" in flags["spNO.3_j_490"]
    assert "2 pictures listed in damaged.txt (frame 9)" in flags["spNO.12_b_5"]
    assert {"damaged.txt: 2 clips flagged", "covered.csv: 1 clips flagged"} <= set(found.notes)
    damaged.write_text("spNO.3 J 498.jpg\nsee the other list\n")
    with pytest.raises(MepsError, match="damaged.txt, line 2: got 'see the other list'"):
        build_index("casme3-a", tmp_path, options)
    damaged.write_text("\n")
    with pytest.raises(MepsError, match="damaged.txt: no line in it"):
        build_index("casme3-a", tmp_path, options)
    with pytest.raises(MepsError, match="no.txt: cannot be read"):
        build_index("casme3-a", tmp_path, IndexOptions(exceptions=(tmp_path / "no.txt",)))
    with pytest.raises(MepsError, match="--exceptions goes with casme3-a"):
        build_index("casme3-c", tmp_path, options)


def test_two_pictures_of_one_number_are_told_as_the_reason(copy):
    row = build_index("casme3-a", copy).table.iloc[0]
    for folder in (copy / row["colour"], copy / "Part_A_ME_clip/frame" / row["clip"]):
        shutil.copy(folder / f"{row['onset']}.jpg", folder / f"0{row['onset']}.jpg")
    place = build_index("casme3-a", copy).table.set_index("clip").loc[row["clip"]]
    assert place["colour"] == ""
    twins = f"colour: '0{row['onset']}.jpg' and '{row['onset']}.jpg' are one frame"
    assert twins in place["flags"].split("; ")


def test_a_list_that_is_given_twice_flags_once_and_its_remark_is_one_flag(tmp_path):
    write_xlsx(tmp_path / NAME, {"label": [COLUMNS, *ROWS]})
    listed = tmp_path / "bad.txt"
    listed.write_text("spNO.1 a 61.jpg  black; cannot open\n")
    table = build_index("casme3-a", tmp_path, IndexOptions(exceptions=(listed, listed))).table
    flag = "1 pictures listed in bad.txt (frame 61 black, cannot open)"
    assert table["flags"][0] == flag
