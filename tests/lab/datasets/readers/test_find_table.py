"""Where a table is looked for, and that the report says which one was read."""

import pytest

from meps_lab.datasets.index.build import IndexOptions, build_index
from meps_lab.datasets.index.kinds import MODULES, kind_of
from meps_lab.datasets.index.roots import check_root
from meps_lab.datasets.readers.table_places import find_table, table_patterns, tables_beside
from meps_lib.errors import MepsError

KINDS = [name for name in MODULES if kind_of(name).tables]
# One clip of each kind, as its table has it.
TABLES = {
    "casme3-a": "Subject,Filename,Onset,Apex,Offset,AU,emotion\nspNO.1,a,60,65,70,4,fear\n",
    "casme3-c": "sub,count,onset,offset,au,emotion\n1,1,10,20,4,positive\n",
    "mmme": "Subject,Filename,Marker,OnsetFrame,ApexFrame,OffsetFrame,Action Units,"
    "Estimated Emotion,(Macro/Micro)\nsub01,113,113,0,2,4,AU4,happy,micro\n",
    "casme2": "Subject,Filename,OnsetFrame,ApexFrame,OffsetFrame,Action Units,Estimated Emotion\n"
    "1,EP01_01,46,59,86,4,happiness\n",
    "samm": "Subject,Filename,Onset Frame,Apex Frame,Offset Frame,Action Units,Estimated Emotion\n"
    "6,006_1_2,10,20,30,4,Anger\n",
    "flowmaps": "dataset,sub,filename,label\ncasme2,sub01,sub01_EP01_01.png,0\n",
}


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_the_table_is_found_before_its_other_formats(tmp_path):
    (tmp_path / "annotation").mkdir()
    names = ("annotation/*cas(me)3_*_v2.xlsx", "old.xlsx")
    old = touch(tmp_path / "old.csv")
    assert find_table(tmp_path, names) == old
    text = touch(tmp_path / "annotation/cas(me)3_A_v2.csv")
    assert find_table(tmp_path, names) == text
    for junk in ("~$cas(me)3_A_v2.xlsx", "._cas(me)3_A_v2.xlsx"):  # of Excel, of a Mac
        (tmp_path / "annotation" / junk).write_bytes(b"")
    assert find_table(tmp_path, names) == text
    sheet = touch(tmp_path / "annotation/cas(me)3_A_v2.xlsx")
    assert find_table(tmp_path, names) == sheet
    assert find_table(tmp_path, names, labels=old) == old
    assert tables_beside(tmp_path, names, sheet) == [text, old]
    assert tables_beside(tmp_path, names, old) == [text, sheet]


def test_two_tables_are_not_chosen_between(tmp_path):
    for name in ("coding_1.xlsx", "coding_2.xlsx"):
        touch(tmp_path / name)
    with pytest.raises(MepsError, match=r"coding_1.xlsx', 'coding_2.xlsx'; choose one with --lab"):
        find_table(tmp_path, ["coding_*.xlsx"])


@pytest.mark.parametrize("spell", [str, str.lower, str.upper])
@pytest.mark.parametrize("name", KINDS)
def test_a_folder_with_nothing_but_the_table_is_the_set(name, spell, tmp_path):
    """Wherever the loader finds it: a copy may be the annotation alone."""
    kind = kind_of(name)
    for k, pattern in enumerate(table_patterns(kind.tables)):
        path = touch(tmp_path / str(k) / spell(pattern.replace("*", "x")))
        assert check_root(kind, tmp_path / str(k)) == tmp_path / str(k)
        assert find_table(tmp_path / str(k), kind.tables) == path


@pytest.mark.parametrize("name", KINDS)
def test_a_named_table_is_enough(name, tmp_path):
    """The issue's partial copy: down to the annotation table alone, under any name, anywhere."""
    table = tmp_path / "t" / "my coding.csv"
    (tmp_path / "empty").mkdir()
    touch(table).write_text(TABLES[name])
    for root in (table.parent, tmp_path / "empty"):
        found = build_index(name, root, IndexOptions(labels=table))
        assert len(found.table) == 1
        assert any(word in text for text in found.missing for word in ("frames", "pictures"))
        assert f"note: annotation read from {table.name}" in found.report().splitlines()
    with pytest.raises(MepsError, match="gone: no such folder"):
        build_index(name, tmp_path / "gone", IndexOptions(labels=table))


@pytest.mark.parametrize("name", sorted(set(MODULES) - set(KINDS)))
def test_a_set_without_a_table_takes_none(name, tmp_path):
    table = touch(tmp_path / "x.csv")
    with pytest.raises(MepsError, match="--labels .*x.csv: .* has no annotation table of its own"):
        build_index(name, tmp_path, IndexOptions(labels=table))


def test_the_report_says_which_of_two_tables_was_read(tmp_path):
    for name, felt in (("20140508", "happiness"), ("updated", "disgust")):
        text = TABLES["casme2"].replace("happiness", felt)
        (tmp_path / f"CASME2-coding-{name}.csv").write_text(text)
    found = build_index("casme2", tmp_path)
    assert found.table["emotion"].tolist() == ["happiness"]
    assert found.notes[-1] == (
        "annotation read from CASME2-coding-20140508.csv; CASME2-coding-updated.csv there too, "
        "not read: choose with --labels"
    )
    named = IndexOptions(labels=tmp_path / "CASME2-coding-updated.csv")
    notes = build_index("casme2", tmp_path, named).notes
    assert notes[-1] == "annotation read from CASME2-coding-updated.csv"
