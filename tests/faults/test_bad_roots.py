"""The wrong folder, or one without its annotation table: one clear error that shows the way.

As in `test_bad_tables`, each row makes the bad thing and names what the message must say.
"""

import os

import pytest

from meps_lab.datasets.index.build import IndexOptions, build_index
from meps_lib.errors import MepsError

TABLE = "CASME2-coding-20140508"
LINES = (
    "Subject,Filename,OnsetFrame,ApexFrame,OffsetFrame,Action Units,Estimated Emotion",
    "1,EP01_01,46,59,86,4+L12,happiness",
)


def folders(tmp):
    (tmp / "casme2/Cropped/sub01/EP01_01").mkdir(parents=True)
    return tmp / "casme2"


def one_level_too_deep(tmp):
    build_index("casme2", folders(tmp) / "Cropped")


def four_levels_too_deep(tmp):
    (folders(tmp) / "Cropped/sub01/EP01_01/x").mkdir()
    build_index("casme2", tmp / "casme2/Cropped/sub01/EP01_01/x")


def one_level_too_high(tmp):
    folders(tmp)
    build_index("casme2", tmp)


def root_of_another_set(tmp):
    (tmp / "SAMM_Micro_FACS_Codes_v2.xlsx").touch()
    build_index("casme2", tmp)


def root_that_is_not_there(tmp):
    folders(tmp)
    build_index("casme2", tmp / "casme22")


def root_that_is_the_table(tmp):
    (tmp / f"{TABLE}.xlsx").touch()
    build_index("casme2", tmp / f"{TABLE}.xlsx")


def empty_root(tmp):
    build_index("casme2", tmp)


def links_in_a_ring(tmp):
    """Below the root a link leads back to it, and another to itself."""
    (tmp / "a").mkdir()
    (tmp / "a/up").symlink_to(tmp)
    (tmp / "a/self").symlink_to(tmp / "a/self")
    build_index("casme2", tmp)


def root_is_a_ring(tmp):
    (tmp / "self").symlink_to(tmp / "self")
    build_index("casme2", tmp / "self")


def root_without_rights(tmp):
    folders(tmp).chmod(0)
    build_index("casme2", tmp / "casme2")


def no_spreadsheet(tmp):
    (folders(tmp) / "my notes.xlsx").touch()
    build_index("casme2", tmp / "casme2")


def no_spreadsheet_at_all(tmp):
    build_index("casme2", folders(tmp))


def only_the_lock_of_excel(tmp):
    (folders(tmp) / f"~${TABLE}.xlsx").write_bytes(b"\x05someone")
    build_index("casme2", tmp / "casme2")


def labels_that_are_not_there(tmp):
    (folders(tmp) / "codes.xlsx").touch()
    build_index("casme2", tmp / "casme2", IndexOptions(labels=tmp / "casme2/code.xlsx"))


def labels_of_another_format(tmp):
    (folders(tmp) / "codes.ods").touch()
    build_index("casme2", tmp / "casme2", IndexOptions(labels=tmp / "casme2/codes.ods"))


# Windows has no such user, and chmod hides nothing there.
AS_ROOT = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything"
)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (one_level_too_deep, "Cropped: expected .*CASME II.*did you mean .*/casme2\\?"),
        (four_levels_too_deep, "did you mean .*/casme2\\?"),
        (one_level_too_high, "expected .*CASME II.*did you mean .*/casme2\\?"),
        (root_of_another_set, "expected .*CASME II.*looks like SAMM"),
        (root_that_is_not_there, "casme22: no such folder.*with casme2 in it"),
        (root_that_is_the_table, "xlsx is a file; expected the folder"),
        (empty_root, "expected .*CASME II.*CASME2-coding.*it holds nothing"),
        (links_in_a_ring, "expected .*CASME II.*it holds a$"),
        (root_is_a_ring, "self: (no such folder|cannot be read)"),
        pytest.param(root_without_rights, "casme2: cannot be read", marks=AS_ROOT),
        (no_spreadsheet, "no annotation table CASME2-coding.*tables there: 'my notes.xlsx'.*--lab"),
        (no_spreadsheet_at_all, "no annotation table CASME2-coding.*no table lies there"),
        (only_the_lock_of_excel, "no annotation table CASME2-coding.*no table lies there"),
        (labels_that_are_not_there, "code.xlsx: no such file; tables there: 'codes.xlsx'"),
        (labels_of_another_format, "codes.ods: expected a table that ends in .xlsx, .xls, .csv"),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_wrong_folders_are_one_clear_error(tmp_path, act, message):
    with pytest.raises(MepsError, match=f"(?s){message}"):
        act(tmp_path)


def test_paths_with_spaces_and_letters_of_any_script(tmp_path):
    root = tmp_path / "Mes données  微表情 [1]" / "CASME II (copy)"
    root.mkdir(parents=True)
    (root / f"{TABLE}.csv").write_text("\n".join(LINES))
    assert build_index("casme2", root).table["clip"].tolist() == ["sub01_EP01_01"]
    with pytest.raises(MepsError) as caught:
        build_index("casme2", root.parent)
    assert f"did you mean {root}?" in str(caught.value)


def test_a_root_that_is_a_link(tmp_path):
    (tmp_path / f"{TABLE}.csv").write_text("\n".join(LINES))
    (tmp_path / "link").symlink_to(tmp_path)
    assert len(build_index("casme2", tmp_path / "link").table) == 1
