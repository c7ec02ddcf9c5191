"""The annotation of MMME: a table written by hand, spoilt row by row, and the published counts."""

import numpy as np
import pandas as pd
import pytest

from meps_lab.datasets.index.build import build_index
from meps_lab.datasets.index.kind import IndexOptions
from meps_lab.datasets.mmme import KIND
from meps_lab.datasets.mmme_table import MICRO
from meps_lib.errors import MepsError

KEEP = IndexOptions(rules={"macro": "keep"})


@pytest.fixture
def copy(tmp_path):
    """A folder, and the table to be written there: four micro-, two macro-expressions."""
    onset = np.array([70, 350, 83, 64, 100, 92])
    rise, last = np.array([30, 110, 40, 25, 20, 30]), np.array([58, 180, 70, 60, 55, 63])
    frames = {"Onset": onset, "Apex": onset + rise, "Offset": onset + last}
    cells = {
        "Subject": ["sub01"] * 3 + ["sub02"] * 3,
        "Filename": [f"clip{k}" for k in (0, 0, 1, 2, 3, 4)],
        "Marker": [101, 101, 102, 101, 148, 147],
        **{f"{name}Time": np.round(x / 150, 3) for name, x in frames.items()},
        **{f"{name}Frame": x for name, x in frames.items()},
        "Action Units": ["AU4, AU7", "AU12", "", "AU1，AU2", "AU6, AU12", "AU15"],
        "Estimated Emotion": ["anger", "happy", "Disgust", "surprise", "happy", "sad"],
        "(Macro/Micro)": ["Micro", "Macro", "Micro", "Micro", "micro", "macro"],
        "Date": "2000-01-01",
        "dif": np.round(last / 150, 3),
    }
    return tmp_path, pd.DataFrame(cells)


def rewrite(root, table):
    table.to_excel(root / "coding_file.xlsx", sheet_name="Sheet1", index=False)
    return root


def test_what_the_table_says_is_what_the_index_has(copy):
    root, table = copy
    found = build_index("mmme", rewrite(root, table), KEEP).table
    assert found["clip"].tolist()[:3] == ["sub01_101_2", "sub01_101_3", "sub01_102_4"]
    assert found["clip"].tolist()[3:] == ["sub02_101_5", "sub02_148_6", "sub02_147_7"]
    assert found["aus"].tolist() == ["4+7", "12", "", "1+2", "6+12", "15"]
    assert " ".join(found["emotion"]) == "anger happiness disgust surprise happiness sadness"
    classes = "negative positive negative surprise positive negative"
    assert " ".join(found["class_three"]) == classes
    assert found["apex"].tolist() == [100, 460, 123, 89, 120, 122]
    assert (found["flags"] == "a macro-expression").tolist() == [False, True, *[False] * 3, True]
    alone = build_index("mmme", root)
    assert alone.table["row"].tolist() == [2, 4, 5, 6]
    assert alone.dropped[["row", "rule"]].to_numpy().tolist() == [[3, "macro"], [7, "macro"]]


LONG = {"OnsetFrame": 10, "ApexFrame": 60, "OffsetFrame": 90, "dif": 80 / 150}
LONG |= {"OnsetTime": 10 / 150, "ApexTime": 0.4, "OffsetTime": 0.6}
ODD = {
    "apex before the onset": ({"ApexFrame": 5, "ApexTime": 5 / 150}, "apex-outside", "flag"),
    "apex after the offset": ({"ApexFrame": 400, "ApexTime": 400 / 150}, "apex-outside", "flag"),
    "no apex": ({"ApexFrame": np.nan, "ApexTime": np.nan}, "no-apex", "flag"),
    "no onset": ({"OnsetFrame": np.nan}, "no-onset", "drop"),
    "offset first": ({"OffsetFrame": 1, "OffsetTime": 1 / 150}, "offset-first", "drop"),
    "emotion": ({"Estimated Emotion": "bored"}, "unknown-emotion", "flag"),
    "no emotion": ({"Estimated Emotion": ""}, "unknown-emotion", "flag"),
    "marker": ({"Marker": 7}, "marker", "flag"),
    "no marker": ({"Marker": np.nan}, "marker", "flag"),
    "neither": ({"(Macro/Micro)": "?"}, "unsized", "drop"),
    "times": ({"ApexTime": 3.0}, "times", "flag"),
    "dif": ({"dif": 3.0}, "dif", "flag"),
    "long": (LONG, "not-micro", "flag"),
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_rows_are_flagged_or_dropped_by_their_rule(copy, odd):
    root, table = copy
    changed, rule, what = ODD[odd]
    k = int(table.index[table["(Macro/Micro)"] == "Micro"][1])
    table = table.astype(object)
    for column, value in changed.items():
        table.loc[k, column] = value
    found = build_index("mmme", rewrite(root, table), KEEP)
    words = next(r.what for r in KIND.rules if r.name == rule)
    assert len(found.table) + len(found.dropped) == len(table)
    if what == "drop":
        assert found.dropped[["row", "rule"]].to_numpy().tolist() == [[k + 2, rule]]
    else:
        flagged = found.table[found.table["flags"].str.contains(words, regex=False)]
        assert flagged["row"].tolist() == [k + 2] and len(found.dropped) == 0
        assert found.table["flags"].str.split("; ").map(len).max() == 1
    if rule == "apex-outside":
        assert found.table["apex"].isna().sum() == 1
    if rule == "unknown-emotion":
        assert found.table["class_three"].isna().sum() == 1


def test_what_a_micro_expression_may_last(copy):
    root, table = copy
    micro = table.index[table["(Macro/Micro)"] == "Micro"]
    table = table.drop(columns=["OnsetTime", "ApexTime", "OffsetTime", "dif"])
    frames = ["OnsetFrame", "ApexFrame", "OffsetFrame"]
    table.loc[micro[:3], frames] = [[0, 60, 75], [0, 37, 400], [0, 38, 76]]
    found = build_index("mmme", rewrite(root, table), KEEP).table
    long = found["flags"].str.contains("longer than 500 ms")
    assert found.loc[long, "row"].tolist() == [micro[2] + 2]


def test_an_expression_that_stands_twice(copy):
    root, table = copy
    found = build_index("mmme", rewrite(root, pd.concat([table, table.iloc[:1]])), KEEP)
    assert found.dropped[["row", "rule"]].to_numpy().tolist() == [[len(table) + 2, "duplicate"]]


def test_the_same_frames_of_another_clip_with_that_marker_are_no_repetition(copy):
    root, table = copy
    for name in ("clip0", "again"):
        (root / name).mkdir()
        (root / name / "1.tif").write_bytes(b"x")
    twice = pd.concat([table, table.iloc[:1].assign(Filename="again")])
    found = build_index("mmme", rewrite(root, twice), KEEP)
    assert len(found.dropped) == 0 and found.table["colour"].tolist()[-1] == "again"


def test_dif_that_always_differs_means_something_else(copy):
    root, table = copy
    table["dif"] = table["ApexTime"] - table["OnsetTime"] + 0.7
    found = build_index("mmme", rewrite(root, table), KEEP)
    assert not found.table["flags"].str.contains("dif").any()
    assert len(found.notes) == 2 and f"in {len(table)} of {len(table)} rows" in found.notes[0]


def test_a_note_among_the_action_units_costs_neither_the_clip_nor_the_index(copy):
    root, table = copy
    table.loc[0, "Action Units"] = "AU4 (weak)"
    found = build_index("mmme", rewrite(root, table), KEEP).table
    assert found["flags"].tolist()[0] == "action units not understood"
    assert found["aus"].tolist() == ["", "12", "", "1+2", "6+12", "15"]
    assert found["aus_raw"][0] == "AU4 (weak)" and found["emotion"][0] == "anger"


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("OnsetFrame", "ab", r"coding_file\.xlsx, row 2, column OnsetFrame: got 'ab'"),
        ("ApexTime", "0,467", r"row 2, column ApexTime: got '0,467'"),
        ("Subject", "someone", r"row 2, column Subject: got 'someone'"),
    ],
)
def test_cells_that_are_not_what_their_column_holds(copy, column, value, message):
    root, table = copy
    table = table.astype(object)
    table.loc[0, column] = value
    with pytest.raises(MepsError, match=message):
        build_index("mmme", rewrite(root, table))


def test_published_counts_are_held_against_a_whole_set(tmp_path):
    def saved(table):
        table.to_csv(tmp_path / "coding_file.csv", index=False)  # quicker than a spreadsheet
        return tmp_path

    felt = [name for name, n in MICRO.items() for _ in range(n)]
    k = np.arange(634 + 2841)
    cells = {"Subject": [f"sub{i % 110 + 1}" for i in k], "Filename": "x", "Marker": 101 + k % 48}
    cells |= {"OnsetFrame": k, "ApexFrame": k + 5, "OffsetFrame": k + 9, "Action Units": ""}
    cells |= {"Estimated Emotion": felt + ["happy"] * 2841}
    cells |= {"(Macro/Micro)": ["micro"] * 634 + ["macro"] * 2841}
    table = pd.DataFrame(cells)
    found = build_index("mmme", saved(table))
    assert len(found.table) == 634 and len(found.dropped) == 2841
    counts = found.table["class_three"].value_counts().to_dict()
    assert counts == {"negative": 437, "surprise": 105, "positive": 92}
    table.loc[0, "Estimated Emotion"] = "fear"
    with pytest.raises(MepsError, match="disgust 162 instead of 163, fear 125 instead of 124"):
        build_index("mmme", saved(table))
    with pytest.raises(MepsError, match="disgust 162 instead of 163"):  # a pasted row hides nothing
        build_index("mmme", saved(pd.concat([table, table.iloc[[9]]])))
    saved(table)
    assert len(build_index("mmme", tmp_path, IndexOptions(any_counts=True)).table) == 634
    build_index("mmme", saved(table.drop(index=5)))  # a part is nobody's to judge
    table.loc[0, ["Estimated Emotion", "Subject"]] = ["disgust", "sub111"]
    with pytest.raises(MepsError, match="subjects 111 instead of 110"):
        build_index("mmme", saved(table))
