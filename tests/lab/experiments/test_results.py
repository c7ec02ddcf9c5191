"""A folder of results: whose it is, what is believed of what lies in it."""

import math
import pickle
import threading
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config

from meps_lab.experiments import record as experiment_record
from meps_lab.experiments import results
from meps_lab.experiments.folds import ExperimentConfig, run
from meps_lab.experiments.record import CODE, about, differences, source_files
from meps_lab.experiments.results import ResultsWarning, results_in
from meps_lab.prepare import PreparedDataset
from meps_lib.errors import MepsError
from tests.handmade import Handmade, changed


@pytest.fixture
def kept(tmp_path):
    """A folder, the table of seed 0 and fold 4, and the file that holds it."""
    with results_in(tmp_path) as folder:
        folder.begin({"config": {"epochs": 1}}, {})
    table = pd.DataFrame({"subject": ["a", "b", "b"], "p_a": np.float32([0.25, 0.5, 1 / 3])})
    folder.keep(0, 4, table)
    (path,) = folder.folds.iterdir()
    return folder, table, path


def read(folder, seed=0, fold=4):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResultsWarning)
        return folder.read([(seed, fold)]).get((seed, fold))


def test_a_fold_is_read_back_to_the_bit(kept):
    folder, table, _ = kept
    pd.testing.assert_frame_equal(read(folder), table, check_exact=True)


def test_one_flipped_bit_is_noticed(kept):
    folder, _, path = kept
    content = path.read_bytes()
    for k in range(0, len(content), 5):
        path.write_bytes(content[:k] + bytes([content[k] ^ 4]) + content[k + 1 :])
        assert read(folder) is None, k
    for damaged in (b"", bytes(len(content)), content[:-1]):
        path.write_bytes(damaged)
        assert read(folder) is None
    path.unlink()
    path.mkdir()  # nothing that can be read
    assert read(folder) is None


@pytest.mark.parametrize("job", [(0, 5), (1, 4)])
def test_a_file_under_another_name_is_another_fold(kept, job):
    folder, _, path = kept
    path.rename(path.with_name(path.name.replace("seed0_fold4", "seed{}_fold{}".format(*job))))
    assert read(folder, *job) is None and read(folder) is None


def test_a_fold_of_another_experiment_is_not_taken(kept, tmp_path):
    """It is whole, it lies where the fold's own would, and its columns are the same."""
    folder, table, path = kept
    path.unlink()
    with results_in(tmp_path / "other") as other:
        other.begin({"config": {"epochs": 2}}, {})
    other.keep(0, 4, table)
    (strange,) = other.folds.iterdir()
    strange.rename(folder.folds / strange.name)
    assert read(folder) is None
    folder.keep(0, 4, table)
    assert read(folder) is not None


def test_a_folder_is_held_until_its_run_ends(tmp_path):
    with results_in(tmp_path):
        with pytest.raises(MepsError, match="another process is running an experiment in"):
            results_in(tmp_path).__enter__()
        (tmp_path / results.PREDICTIONS).touch()
    with pytest.raises(MepsError, match="holds results already"):
        results_in(tmp_path).__enter__()
    (tmp_path / results.PREDICTIONS).unlink()
    for _ in range(2):
        with results_in(tmp_path), pytest.raises(MepsError, match="another process"):
            results_in(tmp_path).__enter__()


class OutOfOrder(PreparedDataset):
    """Fold 0 is not over when folds 1 to 4 have ended and fold 5 ends in an error."""

    failed = threading.Event()

    def of(self, subjects):
        if threading.current_thread() is not threading.main_thread():
            if subjects == ("s0",):
                assert self.failed.wait(60)
                raise MepsError("stopped")
            if subjects == ("s5",):
                self.failed.set()
                raise MepsError("CUDA out of memory")
        return super().of(subjects)


def test_an_error_costs_no_fold_that_has_ended(make_trial, tmp_path):
    """Also not one that ended before its turn, where several run at once (here in threads)."""
    config = changed(n_jobs=2)
    data = OutOfOrder(Handmade(make_trial), config.prepare, config.modalities)
    with parallel_config("threading"), pytest.raises(MepsError, match="memory|stopped"):
        run(data, config, tmp_path, progress=False)
    names = sorted(p.name.partition("-")[0] for p in tmp_path.glob("folds/*.parquet"))
    assert names == ["seed0_fold1", "seed0_fold2", "seed0_fold3", "seed0_fold4"]


def test_the_code_is_what_was_imported(monkeypatch):
    """A file that is edited while a notebook is open is not what the notebook runs."""
    assert source_files() == CODE
    monkeypatch.setattr(experiment_record, "source_files", lambda: {"a.py": "edited"})
    assert about(ExperimentConfig(), {})["code"] == CODE


def test_a_worker_that_imports_edited_code_keeps_nothing(kept, monkeypatch):
    folder, table, path = kept
    path.unlink()
    sent = pickle.dumps(folder)
    monkeypatch.setattr(results, "CODE", {"a.py": "edited"})
    with pytest.raises(MepsError, match="source .* has changed since.*restart"):
        pickle.loads(sent).keep(0, 4, table)
    assert not path.exists()


def test_the_same_settings_are_the_same():
    def settings(**other):
        given = {"n": np.int64(8), "p": np.float32(0.5), "row": np.arange(2), "none": math.nan}
        return about(ExperimentConfig(n_jobs=2), {"args": given | other, "where": Path("a")})

    by_hand = {"n": 8, "p": 0.5, "row": [0, 1], "none": math.nan}
    hand = about(ExperimentConfig(), {"args": by_hand, "where": "a"})
    assert differences(settings(), settings()) == differences(settings(), hand) == {}
    assert differences(settings(), settings(n="8", none=0.0)) == {
        "origin.args.n": "origin.args.n was 8 and is '8'",
        "origin.args.none": "origin.args.none was nan and is 0.0",
    }
