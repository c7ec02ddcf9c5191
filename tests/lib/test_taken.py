"""Rows cut out of padded trials are what `collate` makes of those trials alone, to the bit."""

from itertools import combinations

import pytest
import torch
from torch import Tensor

from meps_lib import batches
from meps_lib.batches import Batches, padded_bytes, take
from meps_lib.trial import Trial, collate

CPU = torch.device("cpu")


def assert_same(found, wanted):
    for name, x in vars(wanted).items():
        got = getattr(found, name)
        if name == "present":
            assert got.keys() == x.keys() and all(torch.equal(got[m], x[m]) for m in x)
        elif isinstance(x, Tensor):
            assert got.dtype == x.dtype and torch.equal(got, x), name
        else:
            assert got == x, name


@pytest.fixture
def mixed(uneven, make_trial):
    """The uneven ones, one with EEG alone, two with flow alone."""
    eeg = {"eeg_names": ("F3", "F4"), "eeg_units": ("uV", "uV"), "eeg_sfreq": 128.0}
    brain = [make_trial(k, (), eeg=torch.randn(2, 90 - 7 * k), **eeg) for k in (4, 5)]
    return [*uneven, *brain, make_trial(6, ("flow",))]


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_any_rows_are_the_batch_of_their_trials(mixed, n):
    whole = collate(mixed, "abc")
    for rows in combinations(range(len(mixed)), n):
        rows = rows[::-1]  # and in an order of their own
        assert_same(take(whole, rows), collate([mixed[k] for k in rows], "abc"))


def test_a_row_may_come_twice(uneven):
    assert_same(take(collate(uneven, "abc"), [2, 2]), collate([uneven[2]] * 2, "abc"))


def test_what_is_cut_is_a_copy(uneven):
    whole = collate(uneven, "abc")
    take(whole, [0, 1]).colour.zero_()
    assert_same(whole, collate(uneven, "abc"))


def test_kept_or_not_a_batch_is_the_same(mixed):
    kept, padded = (Batches(mixed, "abc", CPU, keep) for keep in (True, False))
    assert kept.whole is not None and padded.whole is None
    for rows in kept.in_order(3):
        assert_same(kept(rows), padded(rows))


def test_all_rows_come_once_in_order(uneven):
    rows = Batches(uneven, "abc", CPU).in_order(3)
    assert [list(r) for r in rows] == [[0, 1, 2], [3]]


def test_the_bytes_are_those_of_the_padded_batch(mixed):
    batch = collate(mixed, "abc")
    names = ("colour", "depth", "depth_mask", "ps", "eeg", "flow")
    wanted = sum(getattr(batch, n).nbytes for n in names)
    assert padded_bytes(mixed) == wanted


def test_of_a_film_and_a_map_of_depth_both_are_padded_to_the_longer():
    film = Trial(label="a", subject="1", clip="1", fps=30.0, colour=torch.zeros(50, 3, 32, 32))
    depth = torch.full((2, 1, 40, 40), 600.0)
    pair = [film, Trial(label="b", subject="2", clip="2", fps=30.0, depth=depth)]
    # 2 trials of 50 frames, each with colour of 4 bytes, and depth of 4 and its mask of 1.
    assert padded_bytes(pair) == 2 * 50 * (3 * 32 * 32 * 4 + 40 * 40 * 5)


def test_they_are_kept_where_they_are_small_and_padded_anew_where_not(uneven, monkeypatch):
    need = padded_bytes(uneven)
    for most, kept in ((need, True), (need - 1, False)):
        monkeypatch.setattr(batches, "SMALL", most)
        assert (Batches(uneven, "abc", CPU).whole is not None) == kept
        assert (Batches(uneven, "abc", CPU, keep=not kept).whole is not None) != kept


def test_of_a_gpu_they_take_a_quarter_of_what_is_free(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (4096, 8192))
    assert batches._may_keep(torch.device("cuda")) == 1024
