"""Cells against what was meant when they were written, and against arbitrary text."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meps_lab.datasets.readers.cells import (
    AUS_UNREAD,
    action_units,
    at,
    coded,
    decimal,
    emotion,
    half_width,
    integer,
    read_aus,
    subject_number,
)
from meps_lib.errors import MepsError
from meps_lib.labels import EMOTIONS

WHERE = at("coding.xlsx", 14, "Apex")
# The same examples on every run, and a limit that an endless loop cannot hide under.
STEADY = settings(derandomize=True, max_examples=200)
# Arbitrary text seldom looks like a cell; this does, nearly.
NEARLY = st.text(st.sampled_from("0123456789.,，１２LRTBAUabsubpNO+-/?; \u3000²½"), max_size=12)
CELL = st.one_of(st.text(max_size=40), NEARLY)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[(twelve, 12) for twelve in ("12", "12.0", " 12 ", "１２")],
        *[("0", 0), ("007", 7), ("+3", 3)],
        *[(nothing, None) for nothing in ("", "/", "-", "nan", "NaN", "?", "？", "\u3000")],
    ],
)
def test_whole_numbers(text, number):
    assert integer(text, WHERE) == number


@pytest.mark.parametrize("text", ["abc", "12.5", "-3", "1e3", "1²", "٣", "12 13", "#N/A", "9" * 40])
def test_what_is_no_whole_number_names_the_cell(text):
    message = f"coding.xlsx, row 14, column Apex: got {text!r}; expected a whole number"
    with pytest.raises(MepsError, match=re.escape(message)):
        integer(text, WHERE)


@pytest.mark.parametrize("read", [integer, decimal])
@pytest.mark.parametrize("text", ["12,5", "1，5"])
def test_a_comma_is_not_taken_for_a_point(read, text):
    with pytest.raises(MepsError, match="row 14.*write a point where a comma"):
        read(text, WHERE)


@given(st.integers(0, 10**12))
@STEADY
def test_a_frame_comes_back_as_it_was_written(number):
    full_width = str(number).translate({ord(d): ord(d) + 0xFEE0 for d in "0123456789"})
    for text in (str(number), f"{number}.0", full_width, f"  {number}\t"):
        assert integer(text, WHERE) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
@STEADY
def test_a_measure_comes_back_as_it_was_written(value):
    assert decimal(repr(value), WHERE) == value


@pytest.mark.parametrize("text", ["inf", "1e999", "0x10", "1_000", "."])
def test_a_measure_is_finite_and_plain(text):
    with pytest.raises(MepsError, match="row 14, column Apex.*a number such as"):
        decimal(text, WHERE)


UNIT = st.tuples(st.sampled_from(["", "L", "R", "T", "B"]), st.integers(1, 73))
UNITS = st.lists(UNIT, min_size=1, max_size=6, unique=True)
SEPARATORS = ["+", ",", ", ", "，", " + ", ";", "；", "/", " ", "、", "\n"]
SPELLINGS = ["{side}{number}", "AU{side}{number}", "{side}AU{number}", "au {side}{number:02d}"]


@given(UNITS, st.sampled_from(SEPARATORS), st.sampled_from(SPELLINGS), st.booleans())
@STEADY
def test_action_units_in_every_spelling(units, separator, spelling, lower):
    text = separator.join(spelling.format(side=s, number=n) for s, n in units)
    got = action_units(text.lower() if lower else text, WHERE)
    assert got == "+".join(f"{side}{number}" for side, number in units)
    assert coded(got) == units


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        *[(nothing, "") for nothing in ("", "?", "？", "nan", "/")],
        *[(both, "12+4") for both in ("AU12A + AU4", "12B AU4")],
        *[("12B", "12"), ("B12", "B12"), ("L12e", "L12"), ("L AU4", "L4")],
        *[("12R+4", "R12+4"), ("4+L4", "4+L4"), ("4,4", "4"), ("4+12+", "4+12")],
    ],
)
def test_action_units_as_coders_write_them(text, meant):
    assert action_units(text, WHERE) == meant


@pytest.mark.parametrize(
    "text", ["smile", "123", "4+x", "L12R", "X4", "4 AU", "+", "AU", "4?", "12 or 4", "2014-05-08"]
)
def test_what_is_no_action_unit_names_the_cell(text):
    with pytest.raises(MepsError, match="row 14, column Apex: got .*action units such as"):
        action_units(text, WHERE)


@pytest.mark.parametrize(
    ("text", "read"),
    [("AU4+12", ("4+12", "")), ("", ("", "")), ("AU4 (weak)", ("", AUS_UNREAD))],
)
def test_a_note_among_action_units_costs_no_more_than_a_flag(text, read):
    assert read_aus(text, WHERE) == read


FIRST = "spNO.1|spNO1|SPNO.1|sub01|Sub 01|s01|s_1|subject 1|001|1|1.0|１| 1 "


@pytest.mark.parametrize("text", FIRST.split("|"))
def test_one_subject_however_spelt(text):
    assert subject_number(text, WHERE) == 1


@pytest.mark.parametrize("text", ["", "x1", "spNO.", "1a", "-1", "1.5", "?", "sub01_2", "²"])
def test_what_is_no_subject_names_the_cell(text):
    with pytest.raises(MepsError, match="row 14, column Apex: got .*a subject such as spNO.1"):
        subject_number(text, WHERE)


def test_emotions_name_the_cell_when_unknown():
    assert [emotion(f" {name.capitalize()} ", WHERE) for name in EMOTIONS] == list(EMOTIONS)
    with pytest.raises(MepsError, match="row 14, column Apex: unknown emotion 'hapy'.*happiness"):
        emotion("hapy", WHERE)


@given(CELL)
@STEADY
def test_any_text_is_read_or_refused(text):
    for read in (integer, decimal, action_units, subject_number, emotion):
        try:
            value = read(text, WHERE)
        except MepsError as error:
            assert WHERE in str(error)
            continue
        if read is integer:
            assert value is None or value >= 0
        if read is action_units:
            assert re.fullmatch(r"([LRTB]?\d{1,2}(\+[LRTB]?\d{1,2})*)?", value)
            assert action_units(value, WHERE) == value  # canonical: read again, it stays
    assert half_width(half_width(text)) == half_width(text)
