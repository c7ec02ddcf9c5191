"""What `write_layout` takes, refuses and promises, for every layout."""

from dataclasses import astuple
from datetime import datetime
from zipfile import ZipFile

import openpyxl
import pandas as pd
import pytest

from meps_lab.simulate.layouts import LAYOUTS, dials, layout_cohort, write_layout
from meps_lab.simulate.scenario import Scenario
from meps_lib.errors import MepsError

SUBJECTS = {"casme3-a": 100, "casme3-c": 30, "mmme": 110, "casme2": 26}  # as published
SUBJECTS |= {"samm": 32, "smic": 16, "case": 30, "wesad": 15}


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (
            {"kind": "casme4"},
            "unknown layout 'casme4'; known are .*casme2, samm, smic, case, wesad",
        ),
        ({"n_subjects": 1}, "n_subjects"),
        ({"trials": 2}, "trials_per_subject is 2"),
        ({"seed": -1}, "seed"),
        ({"seed": "a"}, "seed"),
        ({"kind": ["smic"]}, r"unknown layout \['smic'\]"),
        ({"kind": "casme2", "dirt": "no"}, "dirt must be True or False, got 'no'"),
        ({"colour": 3}, r"unknown dials \['colour'\]; known are size"),
        ({"kind": "casme2", "n_frames": 200}, "n_frames=200 lasts 0.995 s.*at most 0.5 s"),
        ({"duration_s": 0.8}, "duration_s=0.8 lasts 0.8 s.*SMIC-HS lasts at most 0.5 s"),
        ({"n_frames": 9, "duration_s": 0.3}, "n_frames=9 fixes.*duration_s would not be read"),
        ({"size": 4}, "Scenario.size"),
        ({"kind": "case", "trials": 9}, "trials=9; expected .*4 to 8 films"),
        ({"kind": "wesad", "trials": 4}, "trials=4; expected .*5 conditions"),
    ],
)
def test_a_wrong_order_leaves_nothing(tmp_path, how, message):
    with pytest.raises(MepsError, match=message):
        write_layout(**{"kind": "smic", "out": tmp_path / "out", **how})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("kind", "most"), SUBJECTS.items())
def test_no_more_subjects_than_the_real_set_has(tmp_path, kind, most):
    with pytest.raises(MepsError, match=f"n_subjects={most + 1};.* has {most} subjects"):
        write_layout(kind, tmp_path / "out", n_subjects=most + 1)
    assert layout_cohort(kind, most).index["subject"].nunique() == most


def test_every_dial_is_taken_or_refused_on_purpose():
    fixed = "fps signals ps_sfreq ps_duration_s ps_before_s eeg eeg_sfreq missing_colour "
    fixed += "missing_depth missing_ps missing_eeg label_noise ps_worse ps_worse_by"
    groups = (dials.FACE, dials.DEPTH, dials.BODY, dials.PEOPLE, fixed.split())
    assert sorted(name for group in groups for name in group) == sorted(vars(Scenario()))


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind in LAYOUTS for name in ("fps", "label_noise", "missing_ps", "signals")]
    + [("casme2", "depth_holes"), ("smic", "ps_noise"), ("casme3-a", "arousal_gain")]
    + [("mmme", "depth_noise_mm"), ("mmme", "eeg"), ("casme3-c", "ps_sfreq")]
    + [("case", "size"), ("case", "class_balance"), ("wesad", "overlap"), ("wesad", "eeg_sfreq")],
)
def test_a_dial_that_the_set_fixes_is_refused_by_name(kind, name):
    value = getattr(LAYOUTS[kind].scenario(), name)
    with pytest.raises(MepsError, match=rf"layout {kind} does not take the dials \['{name}'\]"):
        layout_cohort(kind, **{name: value})


def test_a_dial_that_another_one_overrules_sets_that_too():
    late = layout_cohort("casme3-a", apex_position=0.8, apex_spread=0.0, n_frames=21)
    assert late.plan(0).apex == pytest.approx(16)
    brief = layout_cohort("mmme", duration_s=0.2)
    assert brief.plan(0).offset == brief.plan(1).offset == 30


def test_no_two_layouts_show_the_same_people():
    people = [
        (kind, seed, s, astuple(layout_cohort(kind, 4, seed=seed).person(s).who))
        for kind in LAYOUTS
        for seed in (0, 1)
        for s in range(4)
    ]
    assert len({who for *_, who in people}) == len(people) == 9 * 2 * 4
    again = layout_cohort("samm", 2, seed=1).person(0).who
    assert astuple(again) == next(w for k, s, n, w in people if (k, s, n) == ("samm", 1, 0))


TINY = {
    "samm": {"trials": 4, "size": 16, "n_frames": 5},
    "case": {"n_subjects": 2, "trials": 4, "ps_duration_s": 2.0},
    "wesad": {"n_subjects": 2, "ps_duration_s": 2.0},
    "flowmaps": {"n_subjects": 2, "trials": 3, "size": 32},
}


@pytest.mark.parametrize("kind", TINY)
def test_the_same_seed_writes_the_same_bytes(tmp_path, kind):
    a, b, c = (
        write_layout(kind, tmp_path / name, seed=seed, **TINY[kind])
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert a.equals(b) and not a.equals(c)
    files = [
        {p.relative_to(tmp_path / n): p.read_bytes() for p in (tmp_path / n).rglob("*.*")}
        for n in "ab"
    ]
    assert files[0] == files[1] and len(files[0]) >= 4
    assert pd.read_parquet(tmp_path / "a" / "truth.parquet").astype(str).equals(a.astype(str))
    for path in (tmp_path / "a").rglob("*.xlsx"):  # two runs in one second look alike anyway
        with ZipFile(path) as book:
            assert {part.date_time for part in book.infolist()} == {(2000, 1, 1, 0, 0, 0)}
        about = openpyxl.load_workbook(path).properties
        assert about.created == about.modified == datetime(2000, 1, 1)


def test_a_set_says_what_it_is_and_what_was_chosen(tmp_path):
    write_layout("samm", tmp_path / "a", seed=1, **TINY["samm"])
    notice = (tmp_path / "a" / "SIMULATED.txt").read_text()
    assert "not recordings of anyone" in notice and "SAMM" in notice and "seed 1" in notice
    assert "3 subjects, 4 trials a subject" in notice
    assert "What the sources leave open" in notice and "header stands in row 13" in notice
    assert all(layout.choices for layout in LAYOUTS.values())


def test_every_layout_of_the_command_line_is_there():
    assert " ".join(LAYOUTS) == "casme3-a casme3-c mmme casme2 samm smic case wesad flowmaps"
    assert all(LAYOUTS[name].name == name and LAYOUTS[name].title for name in LAYOUTS)
