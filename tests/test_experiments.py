"""The protocol: nothing of the test subjects reaches training, bit for bit."""

import json

import pandas as pd
import pytest

from meps_lib.errors import MepsError
from meps_lib.experiments import ExperimentConfig, majority, run, tabulate
from meps_lib.prepare import PrepareConfig, PreparedDataset
from meps_lib.training import TrainConfig

QUICK = ExperimentConfig(
    train=TrainConfig(epochs=2, batch_size=8),
    prepare=PrepareConfig(n_frames=4, size=24),
    model_args={"grid": 3},
)


class Handmade:
    """Six subjects of three random trials; `spoilt` subjects get other data and labels."""

    classes = ("a", "b", "c")
    note = "made up"

    def __init__(self, make_trial, spoilt=()):
        self.trials = []
        for k in range(18):
            trial = make_trial(k)
            if trial.subject in spoilt:
                trial = make_trial(k + 900, subject=trial.subject, clip=trial.clip, label="a")
                trial.ps = trial.ps * 1e3
            self.trials.append(trial)
        rows = [(t.subject, t.clip, t.label, t.label) for t in self.trials]
        self.index = pd.DataFrame(rows, columns=["subject", "clip", "label", "emotion"])

    def __len__(self):
        return len(self.trials)

    def __getitem__(self, k):
        return self.trials[k]


def test_one_row_a_trial_and_seed(make_trial, tmp_path):
    data = Handmade(make_trial)
    config = ExperimentConfig(**vars(QUICK) | {"seeds": (0, 1)})
    table = run(data, config, tmp_path / "out", progress=False)
    for _, group in table.groupby("seed"):
        assert sorted(group["clip"]) == sorted(data.index["clip"])
    p = table[["p_a", "p_b", "p_c"]]
    assert p.sum(axis=1).to_numpy() == pytest.approx(1)
    assert (p.idxmax(axis=1).str[-1] == table.prediction).all()
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out/predictions.parquet"), table)
    record = json.loads((tmp_path / "out/config.json").read_text())
    assert record["config"]["train"]["epochs"] == 2
    assert record["data"] == {"note": "made up", "n_trials": 18, "classes": ["a", "b", "c"]}
    assert tabulate(table, data.classes).n.tolist() == [18, 18]


def test_the_result_depends_on_the_seed_and_not_on_the_processes(make_trial):
    data = Handmade(make_trial)
    one = run(data, QUICK, progress=False)
    two = run(data, ExperimentConfig(**vars(QUICK) | {"n_jobs": 2}), progress=False)
    other = run(data, ExperimentConfig(**vars(QUICK) | {"seeds": (1,)}), progress=False)
    pd.testing.assert_frame_equal(one, two)
    assert not one.p_a.equals(other.p_a)


def test_prepared_trials_can_be_shared_by_experiments(make_trial):
    data = Handmade(make_trial)
    shared = PreparedDataset(data, QUICK.prepare)
    config = ExperimentConfig(**vars(QUICK) | {"modalities": ("ps",)})
    pd.testing.assert_frame_equal(
        run(shared, config, progress=False), run(data, config, progress=False)
    )
    assert shared.trials[0].colour is not None  # and stay whole
    with pytest.raises(MepsError, match="n_frames=4.*the experiment wants .*n_frames=8"):
        run(shared, ExperimentConfig(), progress=False)


@pytest.mark.parametrize("role", ["test", "train"])
def test_test_subjects_cannot_reach_the_trained_weights(make_trial, role):
    """One trial of a test subject changes; what is said of its other trials may not.

    Those are predicted by the fold that the subject is left out of, so any way of its data
    into training, scales and choice of epoch included, would move them. Bit for bit. The
    control: the same change in a training subject does move them.
    """
    before = run(Handmade(make_trial), QUICK, progress=False)
    data = Handmade(make_trial)
    spoilt = 6 if role == "test" else 9  # the first trial of s2, or of s3
    assert data.trials[spoilt].subject == ("s2" if role == "test" else "s3")
    other = make_trial(900)
    for name in ("colour", "depth"):
        setattr(data.trials[spoilt], name, getattr(other, name))
    data.trials[spoilt].ps = 1e3 * other.ps
    after = run(data, QUICK, progress=False)
    rest = (before["subject"] == "s2") & (before["clip"] != data.trials[spoilt].clip)
    columns = ["p_a", "p_b", "p_c"]
    same = (before[rest][columns].to_numpy() == after[rest][columns].to_numpy()).all()
    assert same == (role == "test")


def test_labels_of_test_subjects_cannot_reach_their_predictions(make_trial):
    """The same through `run`, by the labels alone: the fold's probabilities stay bit for bit."""
    data, relabelled = Handmade(make_trial), Handmade(make_trial)
    for trial in relabelled.trials:
        if trial.subject == "s2":
            trial.label = "a"
    before, after = (run(d, QUICK, progress=False) for d in (data, relabelled))
    moved = before.p_a.to_numpy() != after.p_a.to_numpy()
    assert not moved[before.subject == "s2"].any()
    assert moved[before.subject != "s2"].any()  # where s2 is trained on, its labels count


def test_majority_floor_is_that_of_the_other_folds():
    table = pd.DataFrame(
        {"fold": [0] * 4 + [1] * 2 + [2], "seed": 0, "truth": list("aaaa") + list("bb") + ["b"]}
    )
    s = majority(table, ("a", "b"))
    # Fold 0 is tested with the class of the rest, "b", and is wrong four times; folds 1
    # and 2 are answered "a" and wrong three times.
    assert s.accuracy == 0


def test_bad_settings_are_refused(make_trial, tmp_path):
    data = Handmade(make_trial)
    with pytest.raises(MepsError, match="protocol='shuffled'"):
        run(data, ExperimentConfig(**vars(QUICK) | {"protocol": "shuffled"}), progress=False)
    with pytest.raises(MepsError, match="unknown model 'vgg'"):
        run(data, ExperimentConfig(**vars(QUICK) | {"model": "vgg"}), progress=False)
    for bad in ({"seeds": ()}, {"seeds": (1, 1)}, {"seeds": (-1,)}, {"n_jobs": 0}):
        with pytest.raises(MepsError, match=next(iter(bad))):
            ExperimentConfig(**vars(QUICK) | bad)
    with pytest.raises(MepsError, match="no trial has depth"):
        shared = PreparedDataset(data, QUICK.prepare, ("ps",))
        run(shared, ExperimentConfig(**vars(QUICK) | {"modalities": ("depth", "ps")}))
    (tmp_path / "file").write_text("")
    with pytest.raises(MepsError, match="cannot write"):
        run(data, QUICK, tmp_path / "file" / "out", progress=False)
