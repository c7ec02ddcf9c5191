"""Signals scaled by subject: what scikit-learn would give, and what cannot be scaled."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.preprocessing import StandardScaler

from meps_lab.experiments.folds import run
from meps_lib.errors import MepsError
from meps_lib.protocol.normalise import per_subject
from tests.handmade import Handmade, changed


def test_each_subject_is_scaled_as_scikit_learn_scales(make_trial):
    """Trials of different lengths, levels and gains; whoever else is there does not matter."""
    trials = [make_trial(k, n_samples=100 + 10 * k) for k in range(9)]
    for k, trial in enumerate(trials):
        trial.ps = trial.ps * (1 + k) + torch.tensor([[5.0], [-300.0], [1e-3]])
    after = per_subject(trials)
    for subject in ("s0", "s1", "s2"):
        own = [t for t in trials if t.subject == subject]
        scaler = StandardScaler().fit(np.concatenate([t.ps.double().numpy().T for t in own]))
        for old, new in zip(own, (t for t in after if t.subject == subject), strict=True):
            wanted = scaler.transform(old.ps.double().numpy().T).T
            assert new.ps.numpy() == pytest.approx(wanted, abs=1e-5)
            assert new.ps.dtype == torch.float32 and new.ps_units == ("z",) * 3
            assert new.colour is old.colour
        alone = per_subject(own)
        assert all(
            torch.equal(a.ps, t.ps)
            for a, t in zip(alone, [t for t in after if t.subject == subject], strict=True)
        )
    assert [t.clip for t in after] == [t.clip for t in trials]
    assert trials[0].ps_units != ("z",) * 3  # what was given stays as it was


def test_eeg_is_scaled_as_signals_are(make_trial):
    trials = [make_trial(k, ("ps", "eeg")) for k in range(6)]
    for k, trial in enumerate(trials):
        trial.eeg = trial.eeg * (1 + k) + torch.tensor([[5.0], [-30.0], [1e-3], [0.0]])
    for subject in ("s0", "s1"):
        own = [t for t in per_subject(trials) if t.subject == subject]
        x = torch.cat([t.eeg for t in own], dim=1)
        assert x.mean(dim=1).abs().max() < 1e-5
        torch.testing.assert_close(x.std(dim=1, correction=0), torch.ones(4))
        assert own[0].eeg_units == ("z",) * 4 and own[0].eeg_names == trials[0].eeg_names
    bare = make_trial(9, ("colour",))
    assert per_subject([bare, *trials])[0] is bare


def test_a_signal_that_never_changes_is_zero_and_not_noise(make_trial):
    trials = [make_trial(k, n_samples=999) for k in range(3)]
    for trial in trials:
        trial.ps[1] = 0.1
        trial.ps[2] = 0
    for trial in per_subject(trials):
        assert trial.ps[0].std() > 0.5
        assert (trial.ps[1:] == 0).all()


def test_trials_without_signals_pass_and_unlike_ones_are_refused(make_trial):
    bare, other = make_trial(0, ("colour",)), make_trial(1)
    assert per_subject([bare, other])[0] is bare
    unlike = replace(make_trial(2), ps_names=("ECG", "EDA", "PPG"))
    with pytest.raises(MepsError, match=r"'clip1' and 'clip2' of 's0'.*prepare them alike"):
        per_subject([other, unlike])


def test_per_subject_is_another_experiment_and_says_so(make_trial, tmp_path):
    data = Handmade(make_trial)
    for k, trial in enumerate(data.trials):  # people differ in level and gain, as people do
        trial.ps = trial.ps * (1 + k // 3) + k // 3
    strict = run(data, changed(), progress=False)
    named = run(data, changed(normalise="per-subject"), tmp_path / "out", progress=False)
    assert not strict["p_a"].equals(named["p_a"])
    assert '"normalise": "per-subject"' in (tmp_path / "out" / "config.json").read_text()
