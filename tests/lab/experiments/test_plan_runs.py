"""A plan is run: every unit once, whatever ends a process, and bit for bit what `run` gives."""

import json
import shutil
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pandas as pd
import pytest
from filelock import FileLock

from meps_lab.experiments import folds, runner, units
from meps_lab.experiments.folds import run
from meps_lab.experiments.pools import Here, Processes
from meps_lab.experiments.record import CODE
from meps_lab.experiments.results import PREDICTIONS, Results
from meps_lab.experiments.runner import run_plan
from meps_lab.experiments.status import plan_status
from meps_lab.experiments.units import Failure, attempt, code_here
from meps_lib.errors import MepsError
from meps_lib.training import TrainConfig
from tests.handmade import QUICK, Handmade, TwoSets

BASE = replace(
    QUICK,
    modalities=("ps",),
    model_args={},
    protocol="grouped-kfold",
    n_folds=2,
    n_validation=1,
    train=TrainConfig(epochs=1, batch_size=8),
)
VARIANTS = {
    "late": replace(BASE, seeds=(0, 3)),
    "early": replace(BASE, model_args={"ps_blocks": (1, 2)}),
}
N = 6  # units: two folds of three seeds


@pytest.fixture
def tried(monkeypatch):
    """The units that were worked on, in words; a function in `tried.first` sees each before."""

    class Tried(list):
        first = staticmethod(lambda: None)

    seen = Tried()

    def run_fold(data, config, split, seed):
        seen.append((config.model_args.get("ps_blocks"), seed, split.fold))
        seen.first()
        return fold(data, config, split, seed)

    fold = units.run_fold
    monkeypatch.setattr(units, "run_fold", run_fold)
    return seen


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What `run` leaves of each variant, by the file's name; made at the first call."""
    kept = {}

    def of(data):
        for name, config in () if kept else VARIANTS.items():
            folder = tmp_path_factory.mktemp("alone") / name
            run(data, config, folder, progress=False)
            kept[name] = contents(folder)
        return kept

    return of


def contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def plan(data, out, pool=None, variants=VARIANTS, **how):
    run_plan(data, variants, out, pool, progress=False, **how)
    return {name: contents(out / name) for name in variants}


def test_a_variant_s_folder_is_that_of_the_experiment_alone(make_trial, tmp_path, alone, tried):
    data = Handmade(make_trial)
    assert plan(data, tmp_path) == alone(data)
    assert len(set(tried)) == len(tried) == N
    assert set(contents(tmp_path)) >= {"plan.json", f"late/{PREDICTIONS}"}
    assert plan(data, tmp_path) == alone(data) and len(tried) == N  # nothing is run again


def test_several_processes_give_the_same_bits(make_trial, tmp_path, alone):
    data = Handmade(make_trial)
    with closing(Processes(2)) as pool:
        assert plan(data, tmp_path, pool) == alone(data)


def test_what_is_alike_is_prepared_once(make_trial, tmp_path, monkeypatch):
    seen = []

    def prepared(data, config, *how, keep=runner.prepared):
        seen.append(config.modalities)
        return keep(data, config, *how)

    monkeypatch.setattr(runner, "prepared", prepared)
    both = replace(BASE, normalise="per-subject")
    plan(Handmade(make_trial), tmp_path, variants=VARIANTS | {"scaled": both})
    assert len(seen) == 2
    frames = [path.read_bytes() for path in tmp_path.glob(f"*/{PREDICTIONS}")]
    assert len(set(frames)) == 3


def test_the_data_set_of_a_subject_is_told(make_trial, tmp_path):
    plan(TwoSets(make_trial), tmp_path, variants={"a": BASE})
    table = pd.read_parquet(tmp_path / "a" / PREDICTIONS)
    assert (table["data_set"] == "samm").equals(table["subject"].isin(["s4", "s5"]))


def stop_before(n, tried, why):
    def first():
        if len(tried) == n:
            raise why

    tried.first = first


@pytest.mark.parametrize("n", [1, 3, N])
def test_a_plan_that_was_stopped_goes_on(make_trial, tmp_path, alone, tried, n):
    data = Handmade(make_trial)
    stop_before(n, tried, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        plan(data, tmp_path)
    done = sum(state.done for state in plan_status(tmp_path))
    assert done == n - 1 and not any(state.running for state in plan_status(tmp_path))
    stop_before(-1, tried, None)
    assert plan(data, tmp_path) == alone(data)
    assert len(tried) == N + 1 and len(set(tried)) == N  # the one that was stopped, twice


def test_a_damaged_unit_is_run_again(make_trial, tmp_path, alone, tried):
    data = Handmade(make_trial)
    stop_before(3, tried, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        plan(data, tmp_path)
    first = min((tmp_path / "late" / "folds").glob("*.parquet"))
    first.write_bytes(first.read_bytes()[:-1] + b"?")
    stop_before(-1, tried, None)
    assert plan(data, tmp_path) == alone(data) and len(tried) == N + 2


@pytest.mark.parametrize("why", [MepsError("not finite"), RuntimeError("out of memory")])
def test_what_fails_is_told_and_left_until_it_is_tried_again(
    make_trial, tmp_path, alone, tried, why
):
    data = Handmade(make_trial)
    stop_before(2, tried, why)
    left = plan(data, tmp_path)
    assert left["early"] == alone(data)["early"] and PREDICTIONS not in left["late"]
    late, early = plan_status(tmp_path)
    assert (late.done, late.units, late.finished, early.done) == (3, 4, False, 2)
    ((unit, error),) = late.failed.items()
    assert unit == "seed0_fold1" and str(why) in error and "1 failed" in str(late)
    kept = json.loads((tmp_path / "late" / "folds" / "seed0_fold1.failed.json").read_text())
    assert "Traceback" in kept["traceback"] and kept["time"].startswith("20")
    stop_before(-1, tried, None)
    plan(data, tmp_path)
    assert len(tried) == N
    assert plan(data, tmp_path, retry=True) == alone(data)
    assert len(tried) == N + 1 and tried[-1] == (None, 0, 1)


def test_a_unit_of_another_process_is_left_to_it(make_trial, tmp_path, alone, tried, monkeypatch):
    """While another holds a unit it is not touched; when the other is gone, it is taken."""
    data = Handmade(make_trial)
    stop_before(1, tried, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        plan(data, tmp_path)
    tried.clear()
    stop_before(-1, tried, None)
    lock = FileLock(tmp_path / "late" / "folds" / "seed0_fold0.lock")
    lock.acquire()

    def sleep(seconds):
        assert len(tried) == N - 1 and (None, 0, 0) not in tried
        assert [state.running for state in plan_status(tmp_path)][0] == 1
        lock.release()

    monkeypatch.setattr(runner.time, "sleep", sleep)
    assert plan(data, tmp_path) == alone(data)
    assert tried[-1] == (None, 0, 0) and len(tried) == N


def test_two_runs_share_the_work(make_trial, tmp_path, alone, tried):
    """Another run does all else of the plan while this one works on its first unit."""
    data, names = Handmade(make_trial), []

    class Other(Here):
        def submit(self, unit):
            names.append(f"other: {unit}")
            return super().submit(unit)

        def ended(self, futures):
            yield from super().ended(futures)
            if len(names) == N:
                raise KeyboardInterrupt  # it would wait for the unit that is worked on here

    class First(Here):
        def submit(self, unit):
            names.append(f"first: {unit}")
            if len(names) == 1:
                with pytest.raises(KeyboardInterrupt):
                    plan(data, tmp_path, Other())
            return super().submit(unit)

    assert plan(data, tmp_path, First()) == alone(data)
    assert len(tried) == len(set(tried)) == N
    assert [name.partition(":")[0] for name in names] == ["first"] + ["other"] * (N - 1)


def test_another_plan_is_refused_and_named(make_trial, tmp_path, tried):
    data = Handmade(make_trial)
    plan(data, tmp_path)
    other = VARIANTS | {"early": replace(VARIANTS["early"], train=TrainConfig(epochs=2))}
    with pytest.raises(MepsError, match="variants.early.train.epochs was 1 and is 2"):
        plan(data, tmp_path, variants=other)
    with pytest.raises(MepsError, match="variants.more was None and is {'model': .* [.][.][.]"):
        plan(data, tmp_path, variants=VARIANTS | {"more": VARIANTS["late"]})


def test_other_data_are_refused(make_trial, tmp_path, tried):
    data = Handmade(make_trial)
    stop_before(2, tried, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        plan(data, tmp_path)
    data.trials[0].ps[0, 0] += 1
    with pytest.raises(MepsError, match="digest.trials was"):
        plan(data, tmp_path)


def test_other_code_is_refused(make_trial, tmp_path, monkeypatch):
    with pytest.raises(MepsError, match="other source of meps_lib"):
        attempt(None, BASE, None, 0, (CODE | {"meps_lib/x.py": "new"}, code_here()[1]))
    with pytest.raises(MepsError, match="another torch"):
        attempt(None, BASE, None, 0, (CODE, "0.1"))


def test_a_wrong_variant_is_told_before_the_work(make_trial, tmp_path, tried):
    wrong = replace(BASE, model_args={"ps_blocks": (0, 0)})
    with pytest.raises(MepsError, match="variant wrong: 0 separable, 0 mixable"):
        plan(Handmade(make_trial), tmp_path / "out", variants=VARIANTS | {"wrong": wrong})
    assert not tried and not (tmp_path / "out").exists()


def test_a_full_disk_ends_the_plan_and_loses_nothing(
    make_trial, tmp_path, alone, tried, monkeypatch
):
    data = Handmade(make_trial)

    def full(self, path, content, write=Results._write):
        self.told = True
        return False if len(tried) == 3 else write(self, path, content)

    monkeypatch.setattr(Results, "_write", full)
    with pytest.raises(MepsError, match="late, seed 3, fold 0: .*make room"):
        plan(data, tmp_path)
    tried.append("room is made")
    assert plan(data, tmp_path) == alone(data)


def test_a_process_that_was_ended_is_told(make_trial):
    pool = Processes(1)
    with ThreadPoolExecutor(1) as executor:
        broken = executor.submit(lambda: (_ for _ in ()).throw(BrokenExecutor("gone")))
        with pytest.raises(MepsError, match="ended from outside"):
            list(pool.ended([broken]))


def test_threads_take_turns(make_trial, tmp_path, tried):
    """A Dask worker may have several, and torch has one generator for all."""
    data = runner.prepared(Handmade(make_trial), BASE)
    (first, second), code = BASE.splits(data.index, 0), code_here()
    now = []

    def first_of_two():
        now.append(len(now))
        assert units._TURN.locked()

    tried.first = first_of_two
    with ThreadPoolExecutor(2) as executor:
        both = [executor.submit(attempt, data, BASE, s, 0, code) for s in (first, second)]
    for future, split in zip(both, (first, second), strict=True):
        assert not isinstance(future.result(), Failure)
        pd.testing.assert_frame_equal(future.result(), attempt(data, BASE, split, 0, code))


def test_status_of_no_plan(tmp_path):
    with pytest.raises(MepsError, match="plan.json cannot be read .*--out of 'meps run'"):
        plan_status(tmp_path)


def test_status_while_units_are_missing(make_trial, tmp_path, tried):
    stop_before(1, tried, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        plan(Handmade(make_trial), tmp_path)
    shutil.rmtree(tmp_path / "early")
    assert [str(s) for s in plan_status(tmp_path)] == [
        "late: 0 of 4 units done",
        "early: 0 of 2 units done",
    ]


def test_a_finished_variant_of_other_data_stops_the_plan(make_trial, tmp_path, tried):
    """The same clips by name, with other signals, after one of two variants has ended."""
    plan(Handmade(make_trial), tmp_path)
    (tmp_path / "late" / PREDICTIONS).unlink()
    shutil.rmtree(tmp_path / "late")
    n = len(tried)
    with pytest.raises(MepsError, match="early holds .*digest.trials was .* and is"):
        plan(Handmade(make_trial, spoilt=("s5",)), tmp_path)
    assert len(tried) == n
    plan(Handmade(make_trial), tmp_path)


def test_a_model_that_ends_its_process_is_a_unit_that_failed(make_trial, tmp_path, tried):
    def leave():
        raise SystemExit(0)

    tried.first = leave
    plan(Handmade(make_trial), tmp_path)
    assert len(tried) == N
    assert len(list(tmp_path.glob("*/folds/*.failed.json"))) == N


@pytest.mark.parametrize("bad", ["nan", "two rows", "a class more"])
def test_an_answer_that_is_none_is_refused_with_its_clip(make_trial, monkeypatch, bad):
    """NaN would be read as the first class."""
    answer = folds.predict

    def predict(model, trials, classes):
        p = answer(model, trials, classes)
        spoilt = {
            "nan": p * float("nan"),
            "two rows": p.repeat(2, 1),
            "a class more": p.repeat(1, 2),
        }
        return spoilt[bad] if trials[0].clip == "clip7" else p

    monkeypatch.setattr(folds, "predict", predict)
    with pytest.raises(
        MepsError, match="clip 'clip7' of 's2': the model answers .*expected finite"
    ):
        run(Handmade(make_trial), BASE, progress=False)
