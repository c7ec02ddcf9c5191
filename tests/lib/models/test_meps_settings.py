"""S1's settings reach what they decide, and nobody sees what is not there."""

import pytest
import torch

from meps_lib.layers import normal_weights
from meps_lib.trial import collate


@pytest.fixture
def batch(make_trial):
    return collate([make_trial(k) for k in range(3)], "abc")


CURVE = {"fusion_centre": 0.3, "fusion_width": 1.5}


@pytest.mark.parametrize("reading", ["three-sigma", "z-score"])
def test_the_curve_over_frames_is_the_one_asked_for(net, batch, reading):
    curve = CURVE | ({} if reading == "z-score" else {"fusion_span": 2.0})
    weights = net(fusion_reading=reading, **curve)(batch).weights["fusion"]
    wanted = normal_weights(6, span=2.0, centre=0.3, width=1.5, reading=reading)
    torch.testing.assert_close(weights, wanted.expand(3, 6))


def test_the_curve_follows_a_known_apex_and_no_other(net, make_trial):
    trials = [make_trial(0, n_frames=11, apex=8), make_trial(1, n_frames=11, apex=None)]
    weights = net(fusion="apex", fusion_centre=0.2)(collate(trials, "abc")).weights["fusion"]
    assert weights.argmax(dim=1).tolist() == [8, 2]  # where none is known, at the centre
    torch.testing.assert_close(weights[0], normal_weights(11, centre=0.8))


def test_the_sizes_of_the_parts_are_those_asked_for(net, batch):
    model = net(heads=2, ps_blocks=(1, 2), ps_kernels_s=(0.3,), ps_stride_s=0.25)
    encoder = model.encoders["ps"].encoder
    assert (len(encoder.separable), len(encoder.mixable)) == (1, 2)
    assert encoder.separable[0].filters.sizes == (19,)  # 0.3 s at 64 Hz, odd
    assert encoder.token_s == 0.25
    weights = model(batch).weights
    assert weights["depth"].shape == (3, 6, 2, 9, 9)
    assert weights["ps"].shape == (3, 2, 16, 9)  # 4 s of signal


def test_raw_frames_are_seen_where_nothing_moves(net, make_trial):
    """Two people who hold still: their differences are alike, they themselves are not."""
    faces = [torch.rand(1, 3, 24, 24, generator=torch.Generator().manual_seed(k)) for k in (0, 1)]
    still = [make_trial(k, ("colour",), colour=f.repeat(6, 1, 1, 1)) for k, f in enumerate(faces)]
    for choice, alike in (("difference", True), ("raw", False)):
        logits = net(modalities=("colour",), frame_input=choice)(collate(still, "abc")).logits
        assert torch.allclose(logits[0], logits[1], atol=1e-6) == alike


def test_attention_of_a_frame_stands_at_its_trial_and_time(net, make_trial):
    """One frame of one trial is changed: the weights there move, and nowhere else."""
    model, depth = net(frame_input="raw"), make_trial(1).depth
    other = depth.clone()
    other[2] = make_trial(2).depth[2]
    weights = [
        model(collate([make_trial(0), make_trial(1, depth=d)], "abc")).weights["depth"]
        for d in (depth, other)
    ]
    moved = (weights[0] - weights[1]).abs().amax(dim=(2, 3, 4)) > 1e-6
    assert moved.nonzero().tolist() == [[1, 2]]


def test_a_trial_without_a_face_has_the_learnt_vectors_in_its_place(net, make_trial):
    model, batch = net(), collate([make_trial(0), make_trial(1, ("ps",))], "abc")
    before = model(batch).logits
    for name in ("colour", "depth"):
        with torch.no_grad():
            model.encoders[name].fill.absent += torch.linspace(-1, 1, 32)
        after = model(batch).logits
        assert torch.allclose(after[0], before[0], atol=1e-5)
        assert not torch.allclose(after[1], before[1], atol=1e-3)
        before = after
