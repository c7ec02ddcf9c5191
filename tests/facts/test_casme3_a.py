"""CAS(ME)^3 Part A, written from its published description, is read as it was written."""

import numpy as np
import pytest

from meps_lab.cli.main import main
from meps_lab.datasets import IndexOptions, LoadConfig, build_index, open_dataset
from meps_lib.errors import MepsError
from tests.facts import write_casme3_a as a
from tests.facts.pieces import depth_of, grey_of, write_xlsx

WORD = {"happy": "happiness", "sad": "sadness", "Others": "others"}
CONFIG = LoadConfig(modalities=("colour", "depth"), crop="frame", size=64)


def clip_name(row: list) -> str:
    return f"spNO.{a.number(row[0])}_{row[1].lower()}_{row[2]}"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("part_a")
    a.write_table(root)
    a.write_frames(root, a.rows())
    return root


@pytest.fixture(scope="module")
def cut(tmp_path_factory):
    root = tmp_path_factory.mktemp("cut")
    a.write_table(root, a.SOUND)
    a.write_cut(root, a.SOUND)
    return root


def check_sound(table) -> None:
    """The sound rows of a table, column by column."""
    assert [clip_name(row) for row in a.SOUND] == list(table["clip"][:8])
    for row, (_, found) in zip(a.SOUND, table.iterrows(), strict=False):
        assert found["subject"] == f"spNO.{a.number(row[0])}"
        assert [found["onset"], found["apex"], found["offset"]] == row[2:5]
        assert found["aus_raw"] == found["aus"] == row[5]
        assert found["emotion_raw"] == row[7]
        assert found["emotion"] == WORD.get(row[7], row[7])
        assert found["fps"] == 30


def test_sound_rows_stand_in_the_index_as_they_were_written(root):
    check_sound(build_index("casme3-a", root).table)


def test_classes(root):
    four = build_index("casme3-a", root).table["class_four"].tolist()
    assert four[:4] == ["negative", "positive", "surprise", "others"]
    assert four[4:8] == ["negative", "negative", "negative", "others"]
    three = build_index("casme3-a", root).table["class_three"]
    assert three.isna().tolist() == [word == "others" for word in four]


def test_each_defect_is_flagged_or_dropped_and_none_stops_the_rest(root):
    found = build_index("casme3-a", root)
    table = found.table.set_index("clip")
    assert found.dropped["clip"].tolist() == [clip_name(a.DEFECTS["onset behind apex and offset"])]
    early = table.loc[clip_name(a.DEFECTS["apex before onset"])]
    assert "apex lies before the onset" in early["flags"] and early.isna()["apex"]
    zero = table.loc[clip_name(a.DEFECTS["offset 0"])]
    assert "offset is 0" in zero["flags"] and zero.isna()["offset"]
    assert "longer" in table.loc[clip_name(a.DEFECTS["3,456 frames"]), "flags"]
    still = table.loc[clip_name(a.DEFECTS["onset = apex"])]
    assert "same frame" in still["flags"] and still["apex"] == still["onset"] == 50


def test_frames_are_those_between_onset_and_offset(root):
    data = open_dataset("casme3-a", root, "seven", CONFIG)
    assert len(data) == 12
    for row, trial in zip(a.SOUND, data, strict=False):
        greys = (255 * trial.colour.mean((1, 2, 3))).round().int().tolist()
        assert greys == [grey_of(i) for i in range(row[2], row[4] + 1)]
        assert (trial.onset, trial.apex, trial.offset) == (0, row[3] - row[2], row[4] - row[2])
        assert trial.label == WORD.get(row[7], row[7])


def test_depth_is_in_mm_and_a_zero_is_missing(root):
    trial = open_dataset("casme3-a", root, "seven", CONFIG)[0]
    for k, found in enumerate(trial.depth[:, 0].numpy()):
        written = depth_of(10 + k).astype(float)
        written[written == 0] = np.nan
        np.testing.assert_array_equal(found, written)
    assert np.isnan(found).sum() == 40


def test_clips_that_are_cut_already_give_the_same_trials(root, cut):
    check_sound(build_index("casme3-a", cut).table)
    whole = open_dataset("casme3-a", root, "seven", CONFIG)
    for k, trial in enumerate(open_dataset("casme3-a", cut, "seven", CONFIG)):
        assert trial.colour.equal(whole[k].colour)
        np.testing.assert_array_equal(trial.depth.numpy(), whole[k].depth.numpy())


def test_the_published_counts(tmp_path):
    a.write_table(tmp_path, a.published())
    found = build_index("casme3-a", tmp_path)
    table = found.table
    assert len(table) + len(found.dropped) == 860
    assert table["subject"].nunique() == 94
    four = {"negative": 457, "surprise": 187, "others": 161, "positive": 55}
    assert table["class_four"].value_counts().to_dict() == four
    assert table["class_three"].notna().sum() == 699
    # Rows counted from 0 behind the header, as Excel counts them from 1 with it.
    odd = {r: flags for r, flags in zip(table["row"] - 2, table["flags"], strict=True)}
    assert "apex" in odd[128] and "apex" in odd[749]
    assert "offset is 0" in odd[796] and "offset is 0" in odd[798]
    assert "longer" in odd[708]
    assert sum("same frame" in flags for flags in odd.values()) == 55


def test_the_first_edition_has_two_columns_without_a_name(tmp_path):
    check_sound(
        build_index("casme3-a", tmp_path, IndexOptions(labels=a.write_v1(tmp_path, a.SOUND))).table
    )


def test_a_lone_action_unit_may_be_a_number(tmp_path):
    body = [[*r[:5], int(r[5]) if r[5].isdigit() else r[5], *r[6:]] for r in a.SOUND]
    a.write_table(tmp_path, body)
    check_sound(build_index("casme3-a", tmp_path).table)


def test_all_tables_side_by_side(tmp_path):
    a.write_table(tmp_path, a.SOUND)
    a.write_v1(tmp_path, a.rows())
    for version in (1, 2):
        a.write_macro_and_micro(tmp_path, version, a.rows())
    found = build_index("casme3-a", tmp_path)
    check_sound(found.table)
    assert len(found.table) == 8


def test_micro_expressions_are_found_by_their_columns_among_three_sheets(tmp_path):
    labels = a.write_macro_and_micro(tmp_path, 1, a.SOUND)
    check_sound(build_index("casme3-a", tmp_path, IndexOptions(labels=labels)).table)


def test_macro_and_micro_mixed_are_refused_in_words(tmp_path):
    labels = a.write_macro_and_micro(tmp_path, 2, a.SOUND)
    with pytest.raises(MepsError, match="Expression type.*JpgIndex_v2"):
        build_index("casme3-a", tmp_path, IndexOptions(labels=labels))


def test_blinks_are_refused_in_words(tmp_path):
    with pytest.raises(MepsError, match="blink"):
        build_index("casme3-a", tmp_path, IndexOptions(labels=a.write_blinks(tmp_path)))


def test_the_list_of_damaged_images_flags_the_clip(cut):
    listed = a.write_damaged(cut)
    table = build_index("casme3-a", cut, IndexOptions(exceptions=(listed,))).table
    hit = table["flags"].str.contains("cannot open")
    assert table["clip"][hit].tolist() == ["spNO.1_a_10"]


@pytest.mark.parametrize("path", ["spNO.1/a/color/12.jpg", r"part_A\spNO.1\a\color\12.jpg"])
def test_a_list_of_paths_flags_the_clip(cut, path):
    listed = cut / "bad_quality.txt"
    listed.write_text(path + "\n")
    table = build_index("casme3-a", cut, IndexOptions(exceptions=(listed,))).table
    assert table["clip"][table["flags"].str.contains("bad_quality")].tolist() == ["spNO.1_a_10"]


def test_rows_whose_apex_is_covered_are_flagged(cut):
    listed = write_xlsx(cut / "covered.xlsx", {"Sheet1": [a.HEADER[:5], a.SOUND[3][:5]]})
    table = build_index("casme3-a", cut, IndexOptions(exceptions=(listed,))).table
    assert table["clip"][table["flags"].str.contains("covered")].tolist() == ["spNO.2_c_30"]


def test_the_command_tells_the_same(cut, capsys):
    main(["index", "casme3-a", str(cut)])
    out = capsys.readouterr().out
    assert "8 clips of 4 subjects" in out
    assert "negative 4  positive 1  surprise 1  others 2" in out
