"""A trigger line: which codes, when; against lines written by hand."""

import numpy as np
import pytest

from meps_lab.datasets.readers.triggers import codes_sent, samples_of
from meps_lib.errors import MepsError


def test_codes_next_to_each_other_and_at_both_ends():
    line = np.repeat([101, 102, 0, 102], [100, 100, 10, 100])
    assert codes_sent(line, 1000.0) == [(0, 101), (100, 102), (210, 102)]
    assert codes_sent(np.zeros(50, int), 1000.0) == []


def test_bits_that_switch_late_make_no_codes():
    line = np.repeat([0, 1, 5, 101, 100, 0], [10, 1, 2, 100, 4, 10])
    assert codes_sent(line, 1000.0) == [(13, 101)]
    assert codes_sent(line, 200.0) == [(10, 1), (11, 5), (13, 101), (113, 100)]  # a sample is 5 ms


def test_the_samples_of_a_marker():
    events = [(51, 101), (300, 148), (171, 148)]
    assert samples_of(events, 101, "a.mat") == [51]
    assert samples_of(events, 148, "a.mat") == [171, 300]
    with pytest.raises(MepsError, match=r"a\.mat: no marker 105; found codes 101, 148"):
        samples_of(events, 105, "a.mat")
    with pytest.raises(MepsError, match="no marker 101; the trigger line is silent"):
        samples_of([], 101, "a.mat")
