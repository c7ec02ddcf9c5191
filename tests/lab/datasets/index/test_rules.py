"""Rules on a table whose rows say themselves what is wrong with them."""

from dataclasses import replace

import pandas as pd
import pytest

from meps_lab.datasets.index.rules import Rule, apply_rules, less
from meps_lab.datasets.index.schema import check_index, frame_of
from meps_lib.errors import MepsError
from tests.lab.datasets.small import RULE

EARLY = replace(RULE, default="repair")
LONG = Rule(
    "long", "longer than 100 frames", lambda t: t.offset - t.onset > 100, "drop", keeps=True
)


def rows():
    return frame_of(
        [
            {"subject": "1", "clip": "right", "onset": 5, "apex": 7, "offset": 9, "row": 2},
            {"subject": "1", "clip": "early", "onset": 5, "apex": 3, "offset": 9, "row": 3},
            {"subject": "2", "clip": "long", "onset": 5, "apex": 7, "offset": 500, "row": 4},
            {"subject": "2", "clip": "both", "onset": 5, "apex": 3, "offset": 500, "row": 5},
            {"subject": "3", "clip": "unknown", "onset": 5, "offset": 9, "row": 6},
        ],
        "set",
    )


def flags(table):
    return dict(zip(table["clip"], table["flags"], strict=True))


def test_every_action_and_what_it_leaves_to_be_seen():
    before = rows()
    table, dropped = apply_rules(before, (EARLY, LONG))
    assert flags(table) == {
        "right": "",
        "early": "the apex lies before the onset: the apex is forgotten",
        "unknown": "",
    }
    assert table.loc[1, "apex"] is pd.NA and table.loc[1, "onset"] == 5
    assert dropped.to_dict("records") == [
        {"subject": "2", "clip": "long", "row": 4, "rule": "long", "why": LONG.what},
        {"subject": "2", "clip": "both", "row": 5, "rule": "long", "why": LONG.what},
    ]
    assert list(table.index) == [0, 1, 2]
    check_index(table)
    pd.testing.assert_frame_equal(before, rows())  # what was given stays as it was


def test_a_switch_for_each_rule():
    table, dropped = apply_rules(rows(), (EARLY, LONG), {"apex-first": "drop", "long": "keep"})
    assert flags(table) == {"right": "", "long": LONG.what, "unknown": ""}
    assert dropped["clip"].tolist() == ["early", "both"]
    table, dropped = apply_rules(rows(), (EARLY, LONG), {"long": "keep"})
    assert flags(table)["both"] == f"{EARLY.what}: {EARLY.repaired}; {LONG.what}"
    assert dropped.empty and list(dropped) == ["subject", "clip", "row", "rule", "why"]


def test_rules_apply_in_their_order():
    """A row that is dropped is not judged again, and a repaired one is judged as repaired."""
    _, dropped = apply_rules(rows(), (LONG, EARLY), {"apex-first": "drop"})
    by_rule = dropped.groupby("rule")["clip"].agg(list).to_dict()
    assert by_rule == {"long": ["long", "both"], "apex-first": ["early"]}
    no_apex = Rule("none", "no apex", lambda t: t["apex"].isna(), "keep", keeps=True)
    table, _ = apply_rules(rows(), (EARLY, no_apex))
    assert flags(table)["early"].endswith("; no apex")


def test_types_outlive_a_repair():
    table, _ = apply_rules(rows(), (EARLY, LONG))
    assert (table.dtypes == rows().dtypes).all()


def test_missing_numbers_break_no_rule():
    assert less("apex", "onset")(rows()).tolist() == [False, True, False, True, False]
    table, dropped = apply_rules(rows().iloc[:0], (EARLY, LONG))
    assert table.empty and dropped.empty


def test_actions_are_those_that_make_sense():
    assert EARLY.actions == ("drop", "repair")
    assert LONG.actions == ("drop", "keep")


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"apex_first": "drop"}, "unknown rule 'apex_first'; this data set has: apex-first, long"),
        ({"long": "repair"}, "rule long='repair'; expected one of drop, keep"),
        ({"apex-first": "keep"}, "rule apex-first='keep'; expected one of drop, repair"),
        ({"long": "Drop"}, "rule long='Drop'; expected one of"),
    ],
)
def test_what_cannot_be_chosen(chosen, message):
    with pytest.raises(MepsError, match=message):
        apply_rules(rows(), (EARLY, LONG), chosen)


def test_a_data_set_without_rules_says_so():
    with pytest.raises(MepsError, match="unknown rule 'long'; this data set has: none"):
        apply_rules(rows(), (), {"long": "drop"})
