"""A trigger line: which codes, when; against lines written by hand."""

import numpy as np
import pytest

from meps_lib.datasets.triggers import runs, sample_of
from meps_lib.errors import MepsError


def test_codes_next_to_each_other_and_at_both_ends():
    line = np.repeat([101, 102, 0, 102], [100, 100, 10, 100])
    assert runs(line, 1000.0) == [(0, 101), (100, 102), (210, 102)]
    assert runs(np.zeros(50, int), 1000.0) == []


def test_bits_that_switch_late_make_no_codes():
    line = np.repeat([0, 1, 5, 101, 100, 0], [10, 1, 2, 100, 4, 10])
    assert runs(line, 1000.0) == [(13, 101)]
    assert runs(line, 200.0) == [(10, 1), (11, 5), (13, 101), (113, 100)]  # a sample is 5 ms


def test_the_sample_of_a_marker():
    events = [(51, 101), (171, 148), (300, 148)]
    assert sample_of(events, 101, 1000.0, "a.mat") == 51
    with pytest.raises(MepsError, match=r"a\.mat: no marker 105; found codes 101, 148"):
        sample_of(events, 105, 1000.0, "a.mat")
    with pytest.raises(MepsError, match=r"148 occurs 2 times, at 0\.171, 0\.300 s"):
        sample_of(events, 148, 1000.0, "a.mat")
    with pytest.raises(MepsError, match="no marker 101; the trigger line is silent"):
        sample_of([], 101, 1000.0, "a.mat")
