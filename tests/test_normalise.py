"""Nothing of the test subjects' data reaches the trained weights, bit for bit, from disk on."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.preprocessing import StandardScaler

from meps_lib import experiments
from meps_lib.datasets import FolderDataset, save_dataset
from meps_lib.errors import MepsError
from meps_lib.experiments import ExperimentConfig, run, train_fold
from meps_lib.normalise import NORMALISERS, per_subject
from meps_lib.prepare import PrepareConfig
from meps_lib.splits import loso
from meps_lib.training import TrainConfig
from meps_lib.trial import MODALITIES

CONFIG = ExperimentConfig(
    train=TrainConfig(epochs=2, batch_size=8),
    prepare=PrepareConfig(n_frames=4, size=24),
    model_args={"grid": 3},
)


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


class Six:
    """Six subjects of three trials, for a folder."""

    classes = ("a", "b", "c")

    def __init__(self, trials):
        self.trials = trials
        rows = [(t.subject, t.clip, t.label, t.label) for t in trials]
        self.index = pd.DataFrame(rows, columns=["subject", "clip", "label", "emotion"])

    def __len__(self):
        return len(self.trials)

    def __getitem__(self, k):
        return self.trials[k]


def other_content(trial):
    """The same clip with every sample, pixel and label another; all of it valid."""
    fields = {name: getattr(trial, name) for name in MODALITIES}
    fields = {name: x for name, x in fields.items() if x is not None}
    another = {"colour": lambda x: 1 - 0.5 * x, "depth": lambda x: x + 9, "ps": lambda x: 9 - 7 * x}
    fields = {name: another[name](x) for name, x in fields.items()}
    return replace(trial, **fields)


@pytest.fixture
def folders(make_trial, tmp_path):
    """Two folders of the same trials; in the second, the files of subject s2 are overwritten."""
    trials = [make_trial(k) for k in range(18)]
    for k, trial in enumerate(trials):  # people differ in level and gain, as people do
        trial.ps = trial.ps * (1 + k // 3) + k // 3
    changed = [other_content(t) if t.subject == "s2" else t for t in trials]
    before, after = (
        save_dataset(Six(t), tmp_path / name, progress=False)
        for name, t in (("before", trials), ("after", changed))
    )
    for k, trial in enumerate(trials):
        name = f"trials/{trial.clip}.safetensors"
        same = (before / name).read_bytes() == (after / name).read_bytes()
        assert same == (trial.subject != "s2")
        for modality in trial.modalities:
            x, y = (getattr(FolderDataset(d)[k], modality) for d in (before, after))
            assert (x != y).all() if trial.subject == "s2" else x.nan_to_num().equal(y.nan_to_num())
    return before, after


def weights(folder, config, role="test"):
    """What the model of a fold in which s2 has this role has learnt: every tensor."""
    data = FolderDataset(folder)
    prepared = experiments._prepared(data, config, progress=False)
    split = next(s for s in loso(data.index["subject"]) if "s2" in getattr(s, role))
    return train_fold(prepared, config, split, seed=0).state_dict()


def identical(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


@pytest.mark.parametrize("normalise", NORMALISERS)
def test_other_data_of_the_test_subject_give_the_same_weights(folders, normalise):
    before, after = folders
    config = replace(CONFIG, normalise=normalise)
    assert identical(weights(before, config), weights(after, config))
    # The control: a model that is trained on s2 does notice.
    assert not identical(weights(before, config, "train"), weights(after, config, "train"))


def leaky(trials):
    """The mistake: one mean and deviation over everybody, the test subject included."""
    x = torch.cat([t.ps for t in trials], dim=1)
    mean, deviation = x.mean(dim=1, keepdim=True), x.std(dim=1, keepdim=True)
    return [replace(t, ps=(t.ps - mean) / deviation) for t in trials]


def test_the_test_above_would_notice_a_leak(folders, monkeypatch):
    before, after = folders
    monkeypatch.setitem(NORMALISERS, "training", leaky)
    assert not identical(weights(before, CONFIG), weights(after, CONFIG))


def test_per_subject_is_another_experiment_and_says_so(folders, tmp_path):
    data = FolderDataset(folders[0])
    strict = run(data, CONFIG, progress=False)
    named = run(data, replace(CONFIG, normalise="per-subject"), tmp_path / "out", progress=False)
    assert not strict["p_a"].equals(named["p_a"])
    assert '"normalise": "per-subject"' in (tmp_path / "out" / "config.json").read_text()
