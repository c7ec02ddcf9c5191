"""Signals cut around a clip, and depth denoised before it is made smaller."""

import pytest
import torch

from meps_lab.prepare import PrepareConfig, prepare
from meps_lab.simulate import Scenario, simulate_cohort
from meps_lib.errors import MepsError
from meps_lib.video.denoise import temporal_median
from meps_lib.video.depth import shrink_depth


@pytest.mark.parametrize("context", [0.0, 0.5, 2.0])
def test_signals_are_those_around_the_clip(make_trial, context):
    # A ramp says of each sample when it was.
    ramp = -4.0 + torch.arange(2000) / 200
    trial = make_trial(n_frames=31, ps=ramp.repeat(3, 1), ps_sfreq=200.0, ps_start=-4.0)
    cut = prepare(trial, PrepareConfig(ps_context_s=context, ps_sfreq=200.0))
    assert cut.ps_start == pytest.approx(-context)
    assert cut.ps[0, 0].item() == pytest.approx(-context, abs=1e-5)
    assert cut.ps[0, -1].item() == pytest.approx(1.0 + context, abs=1e-5)  # 30 frames at 30 Hz
    whole = prepare(trial, PrepareConfig(ps_sfreq=200.0))
    assert torch.equal(whole.ps, trial.ps) and whole.ps_start == -4.0


def test_a_window_that_is_not_there_is_refused(make_trial):
    with pytest.raises(MepsError, match="ps_context_s=5 asks for signals from -5 to"):
        prepare(make_trial(ps_start=-4.0), PrepareConfig(ps_context_s=5.0))
    with pytest.raises(MepsError, match="no frames around which"):
        prepare(
            make_trial(colour=None, depth=None, onset=None, apex=None, offset=None),
            PrepareConfig(ps_context_s=0.0),
        )
    for bad in (-1.0, float("nan"), "1"):
        with pytest.raises(MepsError, match="ps_context_s"):
            PrepareConfig(ps_context_s=bad)


def test_depth_is_denoised_at_its_own_size_and_rate(make_trial):
    trial = make_trial(n_frames=25, size=96, apex=12, offset=24)
    got = prepare(trial, PrepareConfig(depth_steps=("median",)))
    kept = [0, 3, 7, 12, 14, 17, 21, 24]
    want = shrink_depth(temporal_median(trial.depth)[kept], 48)
    torch.testing.assert_close(got.depth, want, equal_nan=True)
    assert torch.equal(got.colour, prepare(trial).colour)
    # Colour guides depth also where depth alone is kept.
    alone = prepare(trial, PrepareConfig(depth_steps=("bilateral",)), ("depth",))
    assert alone.colour is None and not torch.equal(alone.depth, prepare(trial).depth)
    with pytest.raises(MepsError, match="depth_steps"):
        PrepareConfig(depth_steps=("median", "magic"))


def test_marks_go_with_the_last_frames():
    habits = Scenario(size=16, n_frames=4, missing_colour=1.0)
    trial = simulate_cohort(2, 3, scenario=habits)[0]
    assert trial.colour is None and trial.apex is not None
    left = prepare(trial, PrepareConfig(ps_sfreq=25.0), ("colour", "ps"))
    assert left.n_frames == 0 and (left.onset, left.apex, left.offset) == (None,) * 3


def test_nobody_renders_what_nobody_sees(monkeypatch):
    habits = Scenario(size=16, n_frames=4, missing_colour=1.0, missing_depth=1.0)
    cohort = simulate_cohort(2, 3, scenario=habits)
    filmed = simulate_cohort(2, 3, scenario=Scenario(size=16, n_frames=4))
    assert torch.equal(cohort[1].ps, filmed[1].ps)
    monkeypatch.setattr("meps_lab.simulate.cohort.record_video", None)  # to call it would fail
    assert cohort[0].n_frames == 0 and "clean_depth" not in cohort[0].truth
