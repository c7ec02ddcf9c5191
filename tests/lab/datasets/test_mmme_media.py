"""Which media belong to a row of MMME: never two people's, whatever case names are written in."""

import pytest

from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.index.build import build_index
from meps_lab.datasets.index.kind import IndexOptions
from meps_lab.datasets.mmme import KIND
from meps_lib.errors import MepsError

HEAD = "Subject,Filename,Marker,OnsetFrame,ApexFrame,OffsetFrame,Action Units,Estimated Emotion,"
KEEP = IndexOptions(rules={"no-onset": "keep", "macro": "keep"})


@pytest.fixture
def indexed(tmp_path):
    """A function from subjects and file names, and folders with a frame, to the index."""

    def make(rows, *folders):
        lines = [f"{who},{file},113,{k},2,4,AU4,happy,micro" for k, (who, file) in enumerate(rows)]
        text = "\n".join([f"{HEAD}(Macro/Micro)", *lines])
        (tmp_path / "coding_file.csv").write_text(text)
        for folder in folders:
            (tmp_path / folder).mkdir(parents=True)
            (tmp_path / folder / "2000-1-1-10-0-0-0-1-113.tif").write_bytes(b"x")
        return build_index("mmme", tmp_path)

    return make


def test_a_folder_that_could_be_two_subjects_is_nobodys(indexed):
    found = indexed([("sub01", "113"), ("sub02", "113"), ("1", "114")], "Video/113", "Video/114")
    assert found.table["colour"].tolist() == ["", "", "Video/114"]
    assert "Video/113 could be the frames of sub01 and sub02" in found.report()
    assert "frames of 2 of 3 clips (sub01_113_2, sub02_113_3)" in found.report()


def test_a_link_to_anothers_folder_is_that_folder(indexed, tmp_path):
    rows = [("sub01", "113"), ("sub02", "113")]
    (tmp_path / "Video" / "sub02").mkdir(parents=True)
    (tmp_path / "Video" / "sub02" / "113").symlink_to(tmp_path / "Video/sub01/113")
    found = indexed(rows, "Video/sub01/113")
    assert found.table["colour"].tolist() == ["", ""]
    assert sum("could be the frames of" in text for text in found.missing) == 2


def test_a_folder_of_each_subject_is_its_own(indexed):
    rows = [("sub01", "113"), ("sub02", "113"), ("1", "113")]
    found = indexed(rows, "Video/sub01/113", "Video/sub02/113", "Video/113")
    wanted = ["Video/sub01/113", "Video/sub02/113", "Video/sub01/113"]
    assert found.table["colour"].tolist() == wanted
    assert not any("could be" in text for text in found.missing)


def test_a_folder_called_after_another_subject_is_not_looked_into(indexed):
    """Subject folders at the root: sub02's own clip is missing, and sub01's is not its."""
    found = indexed([("sub01", "114"), ("sub02", "113")], "sub01/113", "sub01/114", "old/112")
    assert found.table["colour"].tolist() == ["sub01/114", ""]
    assert "frames of 1 of 2 clips (sub02_113_3)" in found.report()


@pytest.mark.parametrize("folder", ["sub01", "Subject 1", "1", "s01"])
def test_a_subject_keeps_its_folder_when_anothers_row_names_the_same_clip(indexed, folder):
    found = indexed([("sub01", "113"), ("sub02", "113")], f"{folder}/113")
    assert found.table["colour"].tolist() == [f"{folder}/113", ""]
    assert not any("could be" in text for text in found.missing)


def test_case_does_not_matter_and_a_dot_does(indexed, tmp_path):
    for name in ("PERI/SUB01.MAT", "eeg/Sub01.CDT", "eeg/Sub01.CDT.DPA"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    rows = [("sub01", "Clip1.12"), ("sub01", "clip11.2")]
    found = indexed(rows, "video/Sub01/clip1.12", "video/Sub01/CLIP11.2", "video/Sub01/clip112")
    assert found.table["colour"].tolist() == ["video/Sub01/clip1.12", "video/Sub01/CLIP11.2"]
    assert set(found.table["ps"]) == {"PERI/SUB01.MAT"}
    assert set(found.table["eeg"]) == {"eeg/Sub01.CDT"}
    assert found.missing == ("3473 of the 3475 rows of the whole set",)


@pytest.mark.parametrize("modality", ["ps", "eeg"])
def test_signals_are_not_cut_around_an_onset_that_nobody_knows(mmme_copy, modality):
    root, table = mmme_copy
    table.loc[0, "OnsetFrame"] = None
    table.to_excel(root / "coding_file.xlsx", sheet_name="Sheet1", index=False)
    row = build_index("mmme", root, KEEP).table.iloc[0]
    with pytest.raises(
        MepsError, match=r"row 2 of the table\) has no onset.*sub01.*leave the clip"
    ):
        KIND.load(root, row, LoadConfig((modality,), clean=False))
