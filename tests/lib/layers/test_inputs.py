"""What enters the networks, against sums by hand over the trials as they were before collating."""

import pytest
import torch

from meps_lib.errors import MepsError
from meps_lib.layers import FrameInput, Scale, SignalInput
from meps_lib.layers.inputs import sums_of
from meps_lib.trial import collate


def at(batch, k, name):
    """Trial k's own frames of a modality, without padding."""
    return getattr(batch, name)[k][batch.frame_mask[k]]


def test_a_difference_holds_only_where_both_frames_were_measured(uneven):
    """NaN is no number: what is left of it by subtraction is what must not be believed."""
    change, real, _ = FrameInput("depth").change(collate(uneven, "abc"))
    assert real.sum(dim=1).tolist() == [6, 0, 5, 3]
    for k in (0, 2, 3):
        depth = uneven[k].depth
        holes = depth.isnan()
        assert holes[0].any() and not torch.equal(holes[0], holes[-1])
        torch.testing.assert_close(change[k][real[k]], (depth - depth[0]).nan_to_num(0.0))


def test_the_mean_that_raw_frames_lose_is_of_measured_pixels(uneven):
    batch = collate(uneven, "abc")
    raw, real, _ = FrameInput("depth", "raw").change(batch)
    depth = uneven[0].depth
    level = depth.nanmean(dim=(-2, -1), keepdim=True)
    torch.testing.assert_close(raw[0][real[0]], (depth - level).nan_to_num(0.0))
    raw, real, _ = FrameInput("colour", "raw").change(batch)
    torch.testing.assert_close(
        raw[1][real[1]].mean(dim=(-2, -1)), torch.zeros(4, 3), atol=1e-6, rtol=0
    )


@pytest.mark.parametrize("name", ["colour", "depth"])
def test_the_scale_of_frames_counts_measured_pixels_of_real_frames(uneven, name):
    layer = FrameInput(name)
    layer.scale.fit(*layer.sums(collate(uneven, "abc")))
    frames = [getattr(t, name) for t in uneven if getattr(t, name) is not None]
    change = torch.cat([(x - x[:1]).flatten() for x in frames])
    torch.testing.assert_close(layer.scale.rms[0], change.square().nanmean().sqrt())


def test_signals_lose_their_own_mean_and_get_one_scale_a_channel(uneven):
    layer, batch = SignalInput(3), collate(uneven, "abc")
    layer.scale.fit(*layer.sums(batch))
    courses = [t.ps - t.ps.mean(dim=1, keepdim=True) for t in uneven[:3]]
    rms = torch.cat(courses, dim=1).square().mean(dim=1).sqrt()
    torch.testing.assert_close(layer.scale.rms, rms)
    x, mask = layer(batch)
    for k, course in enumerate(courses):
        torch.testing.assert_close(x[k][:, mask[k]], course / rms[:, None])
        assert x[k][:, ~mask[k]].abs().max() == 0 if (~mask[k]).any() else k == 0


@pytest.mark.parametrize("level", [0.0, 0.1, -36.6, 4e5])
def test_a_signal_that_does_not_move_is_0_and_not_the_rounding_of_its_mean(make_trial, level):
    still = [make_trial(k, ("ps",), n_samples=700 + 90 * k) for k in range(3)]
    for trial in still:
        trial.ps[1] = level
    moving = make_trial(9, ("ps",), n_samples=500)
    moving.ps[1] = level + max(abs(level), 1) * 1e-4 * torch.linspace(-1, 1, 500)
    for taught, asked in ((still, still), ([*still, moving], still)):
        layer = SignalInput(3)
        layer.scale.fit(*layer.sums(collate(taught, "abc")))
        x, mask = layer(collate(asked, "abc"))
        assert (x[:, 1] == 0).all() and (x[:, 0].abs().amax(dim=-1) > 0.5).all()
    x, mask = layer(collate([moving], "abc"))
    assert x[0, 1].std() > 0.5  # a small movement on a high level is a movement


def test_a_channel_that_never_moves_keeps_its_scale():
    scale = Scale(2)
    scale.fit(torch.tensor([0.0, 50.0]), torch.tensor([10.0, 2.0]))
    assert scale.rms.tolist() == [1.0, 5.0]


def test_one_frame_differs_from_itself_in_nothing(make_trial):
    batch = collate([make_trial(0), make_trial(1, n_frames=1, apex=0, offset=0)], "abc")
    with pytest.raises(MepsError, match="'clip1' has one frame"):
        FrameInput("colour").change(batch)
    assert FrameInput("colour", "raw").change(batch)[1].sum(dim=1).tolist() == [6, 1]


@pytest.mark.parametrize(
    ("key", "other"),
    [
        ("ps_sfreq", 32.0),
        ("ps_names", ("ECG", "EDA", "PPG")),
        ("ps_units", ("uS", "V", "a.u.")),
    ],
)
def test_signals_that_differ_do_not_meet_though_two_sets_call_their_clips_alike(
    make_trial, key, other
):
    mine, theirs = (make_trial(k, ("ps",), clip="1") for k in (0, 1))
    setattr(theirs, key, other)
    with pytest.raises(MepsError, match=f"differ in {key}"):
        collate([mine, theirs], "abc")


@pytest.mark.parametrize("value", [0.1, 0.7, 123.456, -33.3])
def test_rounding_of_a_constant_is_no_deviation(value):
    x = torch.full((1, 997), value)
    scale = Scale(1, centred=True)
    squares, ones, total = sums_of(x)
    scale.fit(squares, ones, total)
    assert scale.rms.item() == 1 and abs(scale(x[None] + 1e-3).mean().item() - 1e-3) < 1e-4
    moves = x + 1e-3 * torch.sin(torch.arange(997))
    scale.fit(*sums_of(moves))
    assert scale.rms.item() == pytest.approx(1e-3 / 2**0.5, rel=0.02)
