"""Where conditions run and how they are cut, against counting by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meps_lab.datasets.readers.triggers import runs
from meps_lab.datasets.segments import FRAGMENT, cut, left_over
from meps_lib.errors import MepsError


@given(st.lists(st.integers(0, 3), max_size=60))
def test_runs_put_together_are_the_codes(codes):
    found = runs(np.array(codes, dtype=int))
    assert [c for c, first, last in found for _ in range(first, last + 1)] == codes
    assert all(a[0] != b[0] for a, b in zip(found, found[1:], strict=False))


@given(st.integers(0, 500), st.integers(1, 4000), st.floats(2, 100), st.sampled_from([10.0, 64.0]))
def test_clips_have_one_length_follow_each_other_and_leave_less_than_one_over(
    first, total, seconds, sfreq
):
    parts, step = cut(first, first + total - 1, sfreq, seconds), round(seconds * sfreq)
    if total < step:
        assert [(p.first, p.last) for p in parts] == [(first, first + total - 1)]
        assert "shorter than" in parts[0].flags
        return
    assert len(parts) == total // step
    assert [p.first for p in parts] == [first + k * step for k in range(len(parts))]
    assert {p.last - p.first + 1 for p in parts} == {step} and {p.flags for p in parts} == {""}
    names = [p.suffix for p in parts]
    assert names == ([""] if len(parts) == 1 else [f"_{k + 1}" for k in range(len(parts))])


@pytest.mark.parametrize("seconds", [0, -3, 1.9, float("nan"), float("inf")])
def test_a_length_that_is_none_is_refused(seconds):
    with pytest.raises(MepsError, match="segment_s=.*expected 2 s or more"):
        cut(0, 99, 10, seconds)


def test_what_fills_no_clip_is_said():
    spans = [(0, 119_998), (200_000, 209_999), (300_000, 419_999)]
    parts = [part for span in spans for part in cut(*span, 1000, 60)]
    table = pd.DataFrame({"onset": [p.first for p in parts], "offset": [p.last for p in parts]})
    total = sum(last - first + 1 for first, last in spans)
    (said,) = left_over(total, table, 1000, 60)
    assert said == "60.0 s of 250.0 s fill no clip of 60 s and are left out"
    assert left_over(total - 59_999, table, 1000, 60) == ()


def test_only_what_is_shorter_than_two_seconds_is_a_fragment():
    table = pd.DataFrame({"onset": [0, 0], "offset": [1998, 1999], "ps_sfreq": [1000.0, 1000.0]})
    assert FRAGMENT.when(table).tolist() == [True, False]
