"""A long run is never lost: whatever ends it, the same call goes on, and bit for bit."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pandas as pd
import pytest

from meps_lab.cli import main as cli
from meps_lab.experiments import folds as experiments
from meps_lab.experiments import record as experiment_record
from meps_lab.experiments import results
from meps_lab.experiments.folds import ExperimentConfig, run
from meps_lab.experiments.results import ResultsWarning, results_in
from meps_lab.prepare import PreparedDataset
from meps_lib import training
from meps_lib.errors import MepsError
from meps_lib.training import TrainConfig

CONFIG = ExperimentConfig(
    modalities=("ps",), train=TrainConfig(epochs=1, batch_size=4), seeds=(0, 7), n_validation=1
)
N_FOLDS = 8  # four subjects, two seeds


class Four:
    """Four subjects of three trials."""

    classes = ("a", "b", "c")
    note = "made up"

    def __init__(self, make_trial):
        self.trials = [make_trial(k, ("ps",)) for k in range(12)]
        self.origin = {"root": "nowhere", "load": {"crop": "auto"}}
        rows = [(t.subject, t.clip) for t in self.trials]
        self.index = pd.DataFrame(rows, columns=["subject", "clip"])

    def __len__(self):
        return len(self.trials)

    def __getitem__(self, k):
        return self.trials[k]


@pytest.fixture
def fits(monkeypatch):
    """The seeds that `fit` was given, one a fold; `fits.stop_at` ends the run before that many."""

    class Fits(list):
        stop_at = None
        why = MepsError("CUDA out of memory")

    seen = Fits()

    def fit(*args, seed):
        if len(seen) == seen.stop_at:
            raise seen.why
        seen.append(seed)
        return training.fit(*args, seed=seed)

    monkeypatch.setattr(experiments, "fit", fit)
    return seen


@pytest.fixture
def begun(make_trial, fits, tmp_path):
    """A folder with two finished folds, of a run that an error ended in the third."""
    fits.stop_at = 2
    with pytest.raises(MepsError, match="out of memory"):
        run(Four(make_trial), CONFIG, tmp_path / "out", progress=False)
    fits.stop_at = None
    fits.clear()
    return tmp_path / "out"


def resumed(*args):
    with pytest.warns(ResultsWarning, match=f"2 of {N_FOLDS} folds are there"):
        return run(*args, progress=False)


def test_what_is_begun_says_what_it_is_before_it_is_finished(begun):
    record = json.loads((begun / "config.json").read_text())
    assert record["data"]["n_trials"] == 12 and record["origin"]["load"] == {"crop": "auto"}
    names = [p.name.partition("-")[0] for p in sorted(begun.rglob("[!.]*")) if p.is_file()]
    splits = ["splits_seed0.json", "splits_seed7.json"]
    assert names == ["config.json", "seed0_fold0", "seed0_fold1", *splits]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_resumed_run_is_the_unbroken_one_to_the_bit(begun, fits, make_trial, tmp_path, n_jobs):
    table = resumed(Four(make_trial), replace(CONFIG, n_jobs=n_jobs), begun)
    if n_jobs == 1:
        assert fits == [2, 3, 7000, 7001, 7002, 7003]  # the first two were not run again
    whole = run(Four(make_trial), CONFIG, tmp_path / "whole", progress=False)
    pd.testing.assert_frame_equal(table, whole, check_exact=True)
    assert table.attrs == whole.attrs
    for name in ("predictions.parquet", "config.json", "splits_seed7.json"):
        assert (begun / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert not (begun / "folds").exists()
    with pytest.raises(MepsError, match="holds results already"):
        run(Four(make_trial), CONFIG, begun, progress=False)


def test_a_run_that_was_killed_before_its_first_fold_goes_on(begun, fits, make_trial, tmp_path):
    """Nothing but config.json is there, and a file that was being written."""
    shutil.rmtree(begun / "folds")
    for path in begun.glob("splits_seed*.json"):
        path.rename(begun / f".{path.stem}-0.part")
    table = run(Four(make_trial), CONFIG, begun, progress=False)
    assert len(fits) == N_FOLDS
    whole = run(Four(make_trial), CONFIG, tmp_path / "whole", progress=False)
    pd.testing.assert_frame_equal(table, whole, check_exact=True)


def test_only_what_is_there_is_taken(begun, fits, make_trial):
    """The control of the test above: a fold's file is read, and one cut short is not."""
    first, second = sorted((begun / "folds").iterdir())
    table = pd.read_parquet(first).assign(prediction="from the file")
    first.unlink()
    with results_in(begun) as folder:
        folder.begin(json.loads((begun / "config.json").read_text()), {})
        folder.keep(0, 0, table)
    second.write_bytes(second.read_bytes()[:-20])
    with pytest.warns(ResultsWarning, match="1 of 8 folds"):
        table = run(Four(make_trial), CONFIG, begun, progress=False)
    assert fits == [1, 2, 3, 7000, 7001, 7002, 7003]
    assert (table["prediction"] == "from the file").tolist() == [True] * 3 + [False] * 21


def other_sample(data):
    data.trials[11].ps[0, 0] += 1e-3


def other_crop(data):
    data.origin = {"root": "nowhere", "load": {"crop": "face"}}


def other_label(data):
    data.trials[5].label = "a" if data.trials[5].label == "b" else "b"


@pytest.mark.parametrize(
    ("change", "settings", "message"),
    [
        (
            None,
            {"train": TrainConfig(epochs=2, batch_size=4)},
            "config.train.epochs was 1 and",
        ),
        (None, {"seeds": (0, 7, 8)}, r"config.seeds was \[0, 7\] and is \[0, 7, 8\]"),
        (None, {"model_args": {"dropout": 0.1}}, "config.model_args.dropout was None and is 0.1"),
        (other_crop, {}, "origin.load.crop was 'auto' and is 'face'"),
        (other_sample, {}, "digest.trials was"),
        (other_label, {}, "digest.trials was"),
    ],
)
def test_another_experiment_is_refused_and_named(
    begun, fits, make_trial, change, settings, message
):
    before = {p: p.read_bytes() for p in begun.rglob("*") if p.is_file()}
    data = Four(make_trial)
    if change is not None:
        change(data)
    with pytest.raises(MepsError, match=f"beginning of another experiment: {message}"):
        run(data, replace(CONFIG, **settings), begun, progress=False)
    assert fits == [] and before == {p: p.read_bytes() for p in begun.rglob("*") if p.is_file()}


def test_other_settings_are_refused_before_the_data_are_read(begun, make_trial, monkeypatch):
    monkeypatch.setattr(PreparedDataset, "__init__", None)
    with pytest.raises(MepsError, match="beginning of another experiment: config.seeds was"):
        run(Four(make_trial), replace(CONFIG, seeds=(1,)), begun, progress=False)


def test_an_edited_split_file_is_another_experiment(begun, make_trial, tmp_path, fits):
    file = tmp_path / "mine.json"
    text = (begun / "splits_seed0.json").read_text()
    other = (begun / "splits_seed7.json").read_text()
    config = replace(CONFIG, protocol="file", split_file=file, seeds=(0,))
    file.write_text(text)
    fits.stop_at = 2
    with pytest.raises(MepsError, match="out of memory"):
        run(Four(make_trial), config, tmp_path / "mine", progress=False)
    file.write_text(other)
    with pytest.raises(MepsError, match="another experiment: digest.splits was"):
        run(Four(make_trial), config, tmp_path / "mine", progress=False)


def test_folds_of_nobody_knows_what_are_refused(begun, make_trial):
    for name in ("config.json", "splits_seed0.json", "splits_seed7.json"):
        (begun / name).unlink()
    with pytest.raises(MepsError, match="holds folds/seed0_fold.*and no config.json"):
        run(Four(make_trial), CONFIG, begun, progress=False)


def test_other_code_is_refused(begun, make_trial, monkeypatch):
    """Folds of two versions of a model in one score would be nobody's result."""
    edited = experiment_record.CODE | {"meps_lib/layers/fusion.py": "edited"}
    monkeypatch.setattr(experiment_record, "CODE", edited)
    before = (begun / "config.json").read_bytes()
    with pytest.raises(MepsError, match="other source of meps_lib/layers/fusion.py; .*--accept-"):
        run(Four(make_trial), CONFIG, begun, progress=False)
    assert (begun / "config.json").read_bytes() == before


def test_other_code_is_accepted_on_demand_and_named(begun, fits, make_trial, monkeypatch):
    """Twice, and each time once: what was accepted needs no second word."""
    fits.stop_at = 1
    for k in (1, 2):
        edited = experiment_record.CODE | {f"meps_lib/{k}.py": "new"}
        for module in (experiment_record, results):
            monkeypatch.setattr(module, "CODE", edited)
        fits.clear()
        with pytest.raises(MepsError, match="out of memory"), pytest.warns(ResultsWarning):
            run(Four(make_trial), CONFIG, begun, progress=False, accept_changed_code=True)
    fits.stop_at = None
    with pytest.warns(ResultsWarning, match="folds are there"):
        run(Four(make_trial), CONFIG, begun, progress=False)
    record = json.loads((begun / "config.json").read_text())
    assert record["changed_code"] == [["meps_lib/1.py"], ["meps_lib/2.py"]]


def test_only_source_that_makes_predictions_counts():
    """A typo in a quiz, a picture or the command stops no resumption."""
    files = experiment_record.source_files()
    for counts in (
        "meps_lib/layers/fusion.py",
        "meps_lab/prepare/size.py",
        "meps_lib/video/flow.py",
    ):
        assert counts in files
    for room in ("meps_lab/chapters", "meps_lab/cli", "meps_lib/plots", "meps_lib/explain"):
        assert not [name for name in files if name.startswith(room)]


def test_a_full_disk_costs_no_fold(make_trial, fits, tmp_path, monkeypatch):
    """The run goes on without its files, says so once, and writes them when it can."""
    full = True

    def write_whole(path, content, write=results.write_whole):
        if full and path.suffix == ".parquet":
            raise OSError(28, "No space left on device")
        write(path, content)

    monkeypatch.setattr(results, "write_whole", write_whole)
    with pytest.warns(ResultsWarning, match="could not be written.*No space left") as told:
        table = run(Four(make_trial), CONFIG, tmp_path / "out", progress=False)
    assert len(fits) == N_FOLDS and len(told) == 1
    assert not (tmp_path / "out" / "predictions.parquet").exists()
    full = False
    again = run(Four(make_trial), CONFIG, tmp_path / "out", progress=False)
    pd.testing.assert_frame_equal(table, again, check_exact=True)
    assert (tmp_path / "out" / "predictions.parquet").exists()


SMALL = ["--subjects", "6", "--trials", "3", "--modalities", "ps", "--seeds", "0", "1", "2"]


def test_kill_9(tmp_path, capsys):
    """A process has the folder to itself until it is killed, where nothing can be tidied up."""
    command = ["loso", *SMALL, "--epochs", "1", "--device", "cpu", "--out"]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    quiet = dict.fromkeys(("stdout", "stderr"), subprocess.DEVNULL)
    started = [sys.executable, "-m", "meps_lab.cli.main", *command, str(killed)]
    process = subprocess.Popen(started, **quiet, env=os.environ)
    end = time.monotonic() + 120
    while len(list(killed.glob("folds/seed*.parquet"))) < 3 and time.monotonic() < end:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGSTOP)
    assert cli.main([*command, str(killed)]) == 2
    assert f"another process is running an experiment in {killed}" in capsys.readouterr().err
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    n = len(list(killed.glob("folds/seed*.parquet")))
    assert 3 <= n < 18 and not (killed / "predictions.parquet").exists()
    assert cli.main([*command, str(killed)]) == 0
    printed = capsys.readouterr()
    assert f"{n} of 18 folds are there" in printed.err and "majority" in printed.out
    assert cli.main([*command, str(whole)]) == 0
    assert (killed / "predictions.parquet").read_bytes() == (
        whole / "predictions.parquet"
    ).read_bytes()
