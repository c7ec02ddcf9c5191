"""Signals cut around a clip, depth denoised first, EEG as band powers, motion in steps."""

import mne
import numpy as np
import pandas as pd
import pytest
import torch

from meps_lab.prepare import PrepareConfig, PreparedDataset, prepare
from meps_lab.simulate import Scenario, simulate_cohort
from meps_lib.errors import MepsError
from meps_lib.trial import collate
from meps_lib.video import flow_map, grey_levels
from meps_lib.video.denoise import temporal_median
from meps_lib.video.depth_crops import shrink_depth


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


def of_eeg(make_trial, seconds, sfreq=250.0, start=-1.0, k=0):
    x = np.random.default_rng(k).normal(size=(3, round(seconds * sfreq))).astype(np.float32)
    return make_trial(
        k,
        ("eeg", "ps"),
        eeg=torch.from_numpy(x),
        eeg_names=("Fz", "Cz", "Oz"),
        eeg_units=("uV", "uV", "mV"),
        eeg_sfreq=sfreq,
        eeg_start=start,
    )


BANDS = PrepareConfig(eeg_bands=True, eeg_last_s=4)


def test_band_powers_are_those_of_another_library_second_by_second(make_trial):
    trial = of_eeg(make_trial, 6.5)
    got = prepare(trial, BANDS)
    assert got.eeg.shape == (15, 4) and got.eeg_sfreq == 1.0 and got.eeg_start == 1.5
    assert got.eeg_names[:6] == (*(f"Fz {b}" for b in LIMITS), "Cz delta")
    assert got.eeg_units[0] == "log10 (uV)^2" and got.eeg_units[14] == "log10 (mV)^2"
    for second in range(4):
        x = trial.eeg[:, (k := 625 + 250 * second) : k + 250].double().numpy()
        density, f = mne.time_frequency.psd_array_welch(
            x, 250.0, n_fft=250, n_per_seg=250, window="hann", verbose=False
        )
        for row, (low, high) in enumerate(LIMITS.values()):
            want = np.log10(density[:, (f >= low) & (f < high)].sum(axis=1))
            assert got.eeg[row::5, second].numpy() == pytest.approx(want, abs=1e-5)


class Listed(list):
    """Trials as a data set."""


@pytest.mark.parametrize("names", [("Cz", "Fz", "Oz"), ("Fz", "Cz", "Pz")])
def test_rows_of_eeg_that_differ_between_trials_are_refused(make_trial, names):
    trials = [of_eeg(make_trial, 3, k=k) for k in range(3)]
    assert trials[2].eeg_names == ("Fz", "Cz", "Oz")
    trials[2].eeg_names = names
    data = Listed(trials)
    data.classes, data.index = "abc", pd.DataFrame([vars(t) for t in trials])[["subject", "clip"]]
    said = "the order" if set(names) == {"Fz", "Cz", "Oz"} else "Oz alpha.*Pz alpha"
    with pytest.raises(MepsError, match=f"'clip0' and 'clip2' differ in the rows.*{said}"):
        PreparedDataset(data, BANDS, ("eeg",))


LIMITS = {"delta": (1, 4), "theta": (4, 8), "alpha": (8, 13), "beta": (13, 30), "gamma": (30, 47)}


def test_seconds_that_are_not_there_are_masked_and_never_filled(make_trial):
    long, short = (prepare(of_eeg(make_trial, s, k=k), BANDS) for k, s in enumerate((9, 2)))
    batch = collate([long, short], "abc")
    assert batch.eeg.shape == (2, 15, 4)
    assert batch.eeg_mask.tolist() == [[True] * 4, [True] * 2 + [False] * 2]
    assert prepare(of_eeg(make_trial, 2.0)).eeg_sfreq == 250.0  # by default nothing happens
    with pytest.raises(MepsError, match="trial 'clip0': 0.5 s of EEG; expected one whole second"):
        prepare(of_eeg(make_trial, 0.5), BANDS)
    dead = of_eeg(make_trial, 4.0)
    dead.eeg[1, 250:500] = 3.0
    with pytest.raises(MepsError, match="'clip0', second from 0.000 s: channel Cz is constant"):
        prepare(dead, BANDS)
    holes = of_eeg(make_trial, 4.0)
    holes.eeg[2, 7] = float("nan")
    with pytest.raises(MepsError, match="trial 'clip0': channel Oz: sample 7"):
        prepare(holes, BANDS)
    with pytest.raises(MepsError, match="band 30 to 47 Hz at a rate of 64 Hz"):
        prepare(of_eeg(make_trial, 4.0, sfreq=64.0), BANDS)
    for wrong in ({"eeg_bands": "yes"}, {"eeg_last_s": 0, "eeg_bands": True}, {"eeg_last_s": 3}):
        with pytest.raises(MepsError, match=next(iter(wrong))):
            PrepareConfig(**wrong)


def test_motion_in_steps_goes_from_onset_to_offset_frame_by_frame(make_trial):
    trial = make_trial(n_frames=9, size=40, onset=1, apex=2, offset=7)
    config = PrepareConfig(flow_size=20, flow_method="dis", flow_steps=3)
    got = prepare(trial, config, ("colour", "flow")).flow
    pairs = ((1, 3), (3, 5), (5, 7))
    want = [flow_map(trial.colour, a, b, None, 20, "dis") for a, b in pairs]
    assert torch.equal(got, torch.cat(want))
    one = prepare(trial, PrepareConfig(flow_size=20, flow_method="dis"), ("flow",)).flow
    assert torch.equal(one, flow_map(trial.colour, 1, 2, 7, 20, "dis"))


def test_levels_are_those_of_pictures_and_keep_how_strong_a_motion_is(make_trial):
    """Ready-made maps have them already; made ones by a fixed scale, so that twice is twice."""
    flow = torch.tensor([0.25, -0.5, 0.1]).view(1, 3, 1, 1).expand(1, 3, 28, 28)
    levels = grey_levels(flow)[0, :, 0, 0].tolist()
    assert levels == [153.0, 78.0, 50.0]
    assert grey_levels(2 * flow)[0, :, 0, 0].tolist() == [178.0, 28.0, 100.0]
    assert grey_levels(99 * flow)[0, :, 0, 0].tolist() == [255.0, 0.0, 255.0]
    trial = make_trial(0, ("colour",), n_frames=5, size=40)
    pixels, levels = (
        prepare(trial, PrepareConfig(flow_levels=on), ("flow",)).flow for on in (False, True)
    )
    assert torch.equal(levels, grey_levels(pixels)) and not torch.equal(levels, pixels)
    ready = make_trial(0, ("flow",))
    assert torch.equal(prepare(ready, PrepareConfig(flow_levels=True), ("flow",)).flow, ready.flow)
    with pytest.raises(MepsError, match="flow_levels=1; expected True or False"):
        PrepareConfig(flow_levels=1)


def test_too_many_steps_and_maps_of_another_number_are_refused(make_trial):
    config = PrepareConfig(flow_size=28, flow_steps=6)
    with pytest.raises(
        MepsError, match="'clip0': 6 frames from onset to offset; 6 steps .* need 7"
    ):
        prepare(make_trial(size=40), config, ("flow",))
    with pytest.raises(MepsError, match="has 1 maps, made elsewhere; flow_steps=6"):
        prepare(make_trial(modalities=("flow",)), config, ("flow",))
    with pytest.raises(MepsError, match="flow_steps=0"):
        PrepareConfig(flow_steps=0)
