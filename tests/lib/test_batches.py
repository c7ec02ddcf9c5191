"""What a batch and a trial promise beyond shapes: holes, classes, marks and padding by hand."""

import pytest
import torch

from meps_lib.errors import MepsError
from meps_lib.trial import collate


def test_classes_are_numbered_in_the_order_given(make_trial):
    trials = [make_trial(k, ("ps",)) for k in range(3)]  # of classes a, b, c
    batch = collate(trials, ("c", "a", "b"))
    assert batch.label.tolist() == [1, 2, 0]
    assert batch.classes == ("c", "a", "b")


def test_holes_and_padding_are_0_and_masked(make_trial):
    trials = [make_trial(0, n_frames=3), make_trial(1, n_frames=5)]
    batch = collate(trials, "abc")
    for k, trial in enumerate(trials):
        n, holes = len(trial.depth), trial.depth.isnan()
        assert holes.any()
        assert (batch.depth[k, :n][holes] == 0).all()
        assert torch.equal(batch.depth_mask[k, :n], ~holes)
        assert not batch.depth[k, n:].any() and not batch.depth_mask[k, n:].any()


def test_samples_are_real_up_to_each_trials_own_length(make_trial):
    trials = [make_trial(k, ("ps",), n_samples=n) for k, n in enumerate((100, 40, 99))]
    mask = collate(trials, "abc").ps_mask
    assert mask.sum(dim=1).tolist() == [100, 40, 99]
    assert mask[1, :40].all() and not mask[1, 40:].any()


def test_an_unknown_apex_stands_in_the_middle_and_is_said_to_be_unknown(make_trial):
    trials = [make_trial(0, n_frames=5, apex=1), make_trial(1, n_frames=5, apex=None)]
    batch = collate(trials, "abc")
    assert batch.apex.tolist() == [0.25, 0.5]
    assert batch.apex_known.tolist() == [True, False]


def test_distances_of_0_and_flow_that_is_no_number_are_refused(make_trial):
    depth = make_trial(0).depth.nan_to_num(0.0)
    with pytest.raises(MepsError, match="depth in .0, .*NaN where missing"):
        make_trial(0, depth=depth)
    flow = make_trial(0, ("flow",)).flow.repeat(3, 1, 1, 1)
    for bad in (float("nan"), float("inf")):
        flow[1, 2, 5, 5] = bad
        with pytest.raises(MepsError, match="NaN or infinity in step 1"):
            make_trial(0, ("flow",), flow=flow)
