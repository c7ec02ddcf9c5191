"""The table of a score, counted by hand."""

import numpy as np

from meps_lib.protocol.metrics import score


def test_the_table_counts_trials_and_predictions_of_each_class():
    truth, guess = list("aaaabbc"), list("aaabbbb")
    table = score(truth, guess, ("a", "b", "c")).table()
    assert table.index.tolist() == ["a", "b", "c"]
    assert table["trials"].tolist() == [4, 2, 1]
    assert table["predicted"].tolist() == [3, 4, 0]
    np.testing.assert_allclose(table["recall"], [3 / 4, 1, 0])
    np.testing.assert_allclose(table["f1"], [6 / 7, 4 / 6, 0])
