"""A plan on a real scheduler with two workers: the same bits, whoever is lost on the way."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace

import pytest

from meps_lab.experiments import scale
from meps_lab.experiments.pools import Here
from meps_lab.experiments.runner import run_plan
from meps_lab.experiments.scale import Dask
from meps_lab.experiments.status import plan_status
from meps_lab.experiments.units import Failure, Unit
from meps_lib.errors import MepsError
from meps_lib.training import TrainConfig
from tests.handmade import QUICK, Handmade

pytest.importorskip("distributed")
CONFIG = replace(
    QUICK,
    modalities=("ps",),
    model_args={},
    protocol="grouped-kfold",
    n_folds=2,
    n_validation=1,
    seeds=(0, 1, 2, 3),
    train=TrainConfig(epochs=1, batch_size=8),
)
N = 8
LONG_S = 300  # a busy machine is no fault; nothing waits for it where all goes well


class Cluster:
    """A scheduler and two workers, each a process of its own."""

    def __init__(self, folder):
        self.folder, self.file, self.processes = folder, folder / "scheduler.json", []
        self.scheduler = self.start("scheduler", "--port", "0")
        one = ["--no-nanny", "--nthreads", "1", "--death-timeout", str(LONG_S)]
        self.workers = [self.start("worker", *one) for _ in range(2)]

    def start(self, role, *options):
        both = ["--no-dashboard", "--host", "127.0.0.1", "--scheduler-file", str(self.file)]
        command = [sys.executable, "-m", f"distributed.cli.dask_{role}", *options, *both]
        quiet = dict.fromkeys(("stdout", "stderr"), subprocess.DEVNULL)
        # Copies of the data are taken back at once, if anybody lets the scheduler do so.
        often = {"DASK_DISTRIBUTED__SCHEDULER__ACTIVE_MEMORY_MANAGER__INTERVAL": "20ms"}
        process = subprocess.Popen(command, cwd=self.folder, env=os.environ | often, **quiet)
        self.processes.append(process)
        return process

    def end(self):
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    found = Cluster(tmp_path_factory.mktemp("dask"))
    yield found
    found.end()


@pytest.fixture(scope="module")
def pool(cluster):
    end = time.monotonic() + LONG_S
    while not cluster.file.is_file() and time.monotonic() < end:
        time.sleep(0.1)
    address = json.loads(cluster.file.read_text())["address"]
    with pytest.MonkeyPatch.context() as patient:
        patient.setattr(scale, "_PATIENCE_S", LONG_S)
        with closing(Dask(address)) as pool:
            pool.client.wait_for_workers(2, timeout=LONG_S)
            patient.undo()
            yield pool


def predictions(data, out, pool):
    run_plan(data, {"a": CONFIG}, out, pool, progress=False)
    return (out / "a" / "predictions.parquet").read_bytes()


@pytest.fixture
def kept(monkeypatch):
    """The units whose outcome was kept; `kept.then` is called after the first."""

    class Kept(list):
        then = staticmethod(lambda: None)

    seen = Kept()

    def keep(unit, outcome, write=Unit.keep):
        write(unit, outcome)
        seen.append(str(unit))
        if len(seen) == 1:
            seen.then()

    monkeypatch.setattr(Unit, "keep", keep)
    return seen


def test_two_workers_give_the_same_bits(make_trial, tmp_path, pool, monkeypatch):
    """And the data are sent once, whatever the number of units."""
    sent = []
    scatter = pool.client.scatter
    monkeypatch.setattr(pool.client, "scatter", lambda *a, **k: sent.append(a) or scatter(*a, **k))
    data = Handmade(make_trial)
    assert pool.width == 2
    assert predictions(data, tmp_path / "two", pool) == predictions(data, tmp_path / "one", Here())
    assert len(sent) == 1


def test_a_worker_that_is_killed_costs_nothing(make_trial, tmp_path, pool, cluster, kept):
    def kill():
        cluster.workers[0].send_signal(signal.SIGKILL)
        assert cluster.workers[0].wait() == -signal.SIGKILL

    data, kept.then = Handmade(make_trial), kill
    found = predictions(data, tmp_path / "two", pool)
    assert len(kept) == len(set(kept)) == N and pool.width == 1
    assert found == predictions(data, tmp_path / "one", Here())


def test_a_scheduler_that_is_killed_is_told_and_the_plan_goes_on(
    make_trial, tmp_path, pool, cluster, kept
):
    data, kept.then = Handmade(make_trial), cluster.scheduler.kill
    with pytest.raises(MepsError, match="is lost .*run the same again"):
        predictions(data, tmp_path / "two", pool)
    before, (state,) = list(kept), plan_status(tmp_path / "two")
    assert 1 <= len(before) == state.done < N and state.running == 0
    found = predictions(data, tmp_path / "two", Here())
    assert len(kept) == len(set(kept)) == N and kept[: len(before)] == before
    assert found == predictions(data, tmp_path / "one", Here())


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MepsError, match=r"pip install .meps-lib\[lab,scale\]"):
        Dask("local")


def test_nobody_at_the_address_is_told(monkeypatch):
    monkeypatch.setattr(scale, "_PATIENCE_S", 1)
    for address in ("tcp://127.0.0.1:9", "what://x"):
        with pytest.raises(MepsError, match=f"Dask at {address}: no scheduler with a worker"):
            Dask(address)


def test_a_unit_that_ends_its_workers_has_failed(monkeypatch):
    """As one that needs more memory than a worker has; the others are worked on."""
    import distributed

    class Gone:
        @staticmethod
        def exception():
            return distributed.KilledWorker("attempt", SimpleNamespace(address="tcp://x"), 3)

    bare = object.__new__(Dask)
    bare.address, bare.dask = "x", distributed
    monkeypatch.setattr(distributed, "wait", lambda *a, **k: SimpleNamespace(done=[Gone]))
    ((_, outcome),) = bare.ended([Gone])
    assert isinstance(outcome, Failure) and "ended its worker each time" in outcome.error


def test_the_library_does_not_import_dask():
    code = "import sys, meps_lab.experiments.scale; sys.exit('distributed' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=os.environ).returncode == 0
