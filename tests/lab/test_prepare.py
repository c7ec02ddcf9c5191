import numpy as np
import pandas as pd
import pytest
import torch

from meps_lab.prepare import PrepareConfig, PreparedDataset, prepare
from meps_lib.errors import MepsError
from meps_lib.signals.rates import polyphase
from meps_lib.video.motion import flow_map


def test_a_sine_keeps_its_shape_at_the_new_rate(make_trial):
    t = torch.arange(2000) / 200
    ps = torch.sin(2 * torch.pi * 1.5 * t).repeat(3, 1)
    trial = prepare(make_trial(ps=ps, ps_sfreq=200.0))
    assert trial.ps_sfreq == 64.0
    assert trial.ps.shape == (3, 640)
    want = np.sin(2 * np.pi * 1.5 * np.arange(640) / 64)
    np.testing.assert_allclose(trial.ps[0, 32:-32], want[32:-32], atol=0.01)


def test_a_level_does_not_ring_at_the_ends(make_trial):
    trial = prepare(make_trial(ps=torch.full((3, 2000), 8.0), ps_sfreq=200.0))
    torch.testing.assert_close(trial.ps, torch.full((3, 640), 8.0), atol=1e-2, rtol=0)


def test_frames_marks_and_holes(make_trial):
    long = make_trial(n_frames=25, size=96, onset=0, apex=12, offset=24)
    trial = prepare(long)
    assert trial.colour.shape == (8, 3, 48, 48)
    kept = [0, 3, 7, 12, 14, 17, 21, 24]  # even, but for the apex, which must be there
    assert kept[trial.apex] == 12
    assert (trial.onset, trial.offset) == (0, 7)
    blocks = long.colour[kept].reshape(8, 3, 48, 2, 48, 2).mean(dim=(3, 5))
    torch.testing.assert_close(trial.colour, blocks)
    assert trial.depth.isnan().any()
    depth = long.depth[kept].reshape(8, 1, 48, 2, 48, 2)
    torch.testing.assert_close(trial.depth, depth.nanmean(dim=(3, 5)), equal_nan=True)
    assert trial.fps == pytest.approx(30 * 7 / 24)


@pytest.mark.parametrize("apex", [0, 1, 2, 13, 29, 30])
def test_the_apex_and_both_ends_are_always_kept(make_trial, apex):
    long = make_trial(n_frames=31, apex=apex, offset=30, size=48)
    trial = prepare(long)
    for ours, theirs in ((0, 0), (trial.apex, apex), (-1, 30)):
        assert torch.equal(trial.colour[ours], long.colour[theirs])


def test_a_rate_that_cannot_be_reached_is_refused(make_trial):
    with pytest.raises(MepsError, match="too far apart"):
        polyphase(np.zeros((1, 100)), 1e6, 1e-3)
    with pytest.raises(MepsError, match="a rate"):
        PrepareConfig(ps_sfreq=float("inf"))


def test_a_short_clip_keeps_its_frames(make_trial):
    assert prepare(make_trial(n_frames=3, apex=1, offset=2)).n_frames == 3


def test_signals_are_chosen_by_name_and_missing_ones_named(make_trial):
    trial = prepare(make_trial(), PrepareConfig(ps_names=("PPG", "EDA")))
    assert torch.equal(trial.ps, make_trial().ps[[2, 0]])
    with pytest.raises(MepsError, match="'clip0' lacks RSP; it has EDA, ECG, PPG"):
        prepare(make_trial(), PrepareConfig(ps_names=("EDA", "RSP")))
    with pytest.raises(MepsError, match="n_frames"):
        PrepareConfig(n_frames=0)


def test_dropping_modalities(make_trial):
    import pandas as pd

    class Two:
        classes, index = ("a", "b"), pd.DataFrame({"subject": ["s0", "s0"]})

        def __len__(self):
            return 2

        def __getitem__(self, k):
            return make_trial(k)

    data = PreparedDataset(Two(), modalities=("ps",))
    assert [t.modalities for t in data.trials] == [("ps",)] * 2
    assert len(data.of(["s0"])) == 2 and data.of(["s1"]) == []


def test_flow_is_computed_on_the_crop_before_it_shrinks(make_trial):
    trial = make_trial(n_frames=12, size=64, apex=7, offset=11)
    config = PrepareConfig(n_frames=4, size=16, flow_size=20, flow_method="dis")
    small = prepare(trial, config, ("colour", "depth", "flow"))
    assert small.modalities == ("colour", "depth", "flow") and small.colour.shape[-1] == 16
    assert torch.equal(small.flow, flow_map(trial.colour, 0, 7, 11, 20, "dis"))
    alone = prepare(trial, config, ("flow",))
    assert alone.modalities == ("flow",) and torch.equal(alone.flow, small.flow)
    assert alone.apex is None  # no frames left for it to point at
    assert prepare(trial, config).flow is None  # not asked for


def test_ready_made_flow_is_taken_as_it_is(make_trial):
    trial = make_trial(modalities=("colour", "flow"), size=64)
    small = prepare(trial, modalities=("flow",))
    assert torch.equal(small.flow, trial.flow)
    with pytest.raises(MepsError, match="'clip0' has maps of 28 x 28.*flow_size=20"):
        prepare(trial, PrepareConfig(flow_size=20), ("flow",))
    with pytest.raises(MepsError, match="'clip0': frames of .*at least 32"):
        prepare(make_trial(), modalities=("flow",))
    for wrong in ({"flow_size": 4}, {"flow_method": "farneback"}):
        with pytest.raises(MepsError, match="flow_size.*tvl1, dis"):
            PrepareConfig(**wrong)


def test_the_number_of_processes_is_one_or_more(make_trial):
    with pytest.raises(MepsError, match="n_jobs=0"):
        PreparedDataset(None, n_jobs=0)


class Leaky:
    """Three trials, of which the second cannot be read."""

    classes = ("a", "b")

    def __init__(self, make_trial):
        self.trials = [make_trial(k, label="ab"[k % 2]) for k in range(3)]
        rows = [{"subject": t.subject, "clip": t.clip, "label": t.label} for t in self.trials]
        self.index = pd.DataFrame(rows)

    def __len__(self):
        return 3

    def __getitem__(self, k):
        if k == 1:
            raise MepsError("frames/9.jpg is cut short")
        return self.trials[k]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_trial_that_cannot_be_read_stops_all_unless_told_to_skip(n_jobs, make_trial):
    data = Leaky(make_trial)
    with pytest.raises(MepsError, match="9.jpg is cut short"):
        PreparedDataset(data, n_jobs=n_jobs)
    prepared = PreparedDataset(data, n_jobs=n_jobs, on_error="skip")
    assert [t.clip for t in prepared.trials] == ["clip0", "clip2"] == list(prepared.index["clip"])
    assert prepared.skipped.to_dict("records") == [
        {"clip": "clip1", "error": "frames/9.jpg is cut short"}
    ]


def test_nothing_but_unreadable_trials_is_an_error(make_trial):
    class Gone(Leaky):
        def __getitem__(self, k):
            raise MepsError(f"trial {k} is gone")

    with pytest.raises(MepsError, match="no trial can be read.*trial 0 is gone"):
        PreparedDataset(Gone(make_trial), on_error="skip")
    with pytest.raises(MepsError, match="raise or skip"):
        PreparedDataset(Leaky(make_trial), on_error="ignore")
