"""A run whose folds train in one program is the run that trains them one after the other."""

import pandas as pd
import pytest

from meps_lab.cli import main as cli
from meps_lab.experiments import ExperimentConfig, folds, run
from meps_lab.experiments.results import read_predictions
from meps_lab.simulate.layouts import write_layout
from meps_lib.errors import MepsError
from meps_lib.training import TrainConfig
from tests.handmade import Handmade, changed

SMALL = {"dim": 8, "ps_width": 2}
ASKED = {"train": TrainConfig(epochs=2, batch_size=4), "seeds": (0, 1)}


@pytest.fixture
def data(make_trial):
    return Handmade(make_trial)


def test_without_dropout_the_answers_are_the_same_but_for_rounding(data):
    plain, stacked = (
        run(
            data, changed(model_args=SMALL | {"dropout": 0.0}, stacked=stacked, **ASKED), progress=0
        )
        for stacked in (False, True)
    )
    shares = [c for c in plain if c.startswith("p_")]
    assert stacked.drop(columns=shares).equals(plain.drop(columns=shares))
    pd.testing.assert_frame_equal(stacked[shares], plain[shares], atol=1e-4, rtol=0)
    assert not stacked[shares].equals(plain[shares])  # they did go another way


def test_a_run_that_was_cut_goes_on_to_the_same_answers(data, tmp_path, monkeypatch):
    """With dropout, which is drawn for all folds together."""
    config, asked = changed(model_args=SMALL, stacked=True, **ASKED), []
    whole = run(data, config, progress=False)
    predict = folds.predict

    def until_the_third(*args):
        asked.append(1)
        if len(asked) == 3 * 3:
            raise MepsError("the power went")
        return predict(*args)

    monkeypatch.setattr(folds, "predict", until_the_third)
    with pytest.raises(MepsError, match="the power went"):
        run(data, config, tmp_path / "cut", progress=False)
    kept = len(list((tmp_path / "cut" / "folds").glob("seed*")))
    assert 0 < kept < whole.groupby(["seed", "fold"]).ngroups
    pd.testing.assert_frame_equal(run(data, config, tmp_path / "cut", progress=False), whole)


def test_it_is_another_experiment_than_one_fold_after_the_other(data, tmp_path, monkeypatch):
    monkeypatch.setattr(folds, "predict", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(data, changed(model_args=SMALL, **ASKED), tmp_path, progress=False)
    with pytest.raises(MepsError, match="config.stacked was False and is True"):
        run(data, changed(model_args=SMALL, stacked=True, **ASKED), tmp_path, progress=False)


@pytest.mark.parametrize(
    "settings", [{"modalities": ("colour", "ps")}, {"modalities": ("flow",), "model": "mmme"}]
)
def test_what_cannot_be_stacked_is_refused_before_the_work(settings):
    with pytest.raises(MepsError, match="stacked with the model .*; folds are stacked for|alone"):
        ExperimentConfig(stacked=True, **settings)


def test_maps_of_a_published_network_are_stacked_by_the_same_command(tmp_path, capsys):
    write_layout("flowmaps", tmp_path / "maps", n_subjects=6, trials=6)
    line = ["loso", "--data", "flowmaps", "--root", str(tmp_path / "maps"), "--any-counts"]
    line += ["--model", "ststnet", "--model-args", "dropout=0.0", "--epochs", "3"]
    line += ["--batch-size", "8", "--device", "cpu"]
    for name, more in (("plain", []), ("stacked", ["--stacked"])):
        assert cli.main([*line, *more, "--out", str(tmp_path / name)]) == 0, capsys.readouterr()
    plain, stacked = (read_predictions(tmp_path / name) for name in ("plain", "stacked"))
    shares = [c for c in plain if c.startswith("p_")]
    pd.testing.assert_frame_equal(stacked[shares], plain[shares], atol=1e-3, rtol=0)
    assert not stacked[shares].equals(plain[shares]) and plain[shares].std().min() > 0.01
