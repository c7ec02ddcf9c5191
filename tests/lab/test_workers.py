"""Processes share work in order, end with the one that began them, and are missed when killed."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from joblib import delayed

import meps_lab
from meps_lab.workers import end_with, in_processes
from meps_lib.errors import MepsError

# A parent whose two workers write a file a moment, until somebody ends them.
PARENT = """
import os, sys, time
from pathlib import Path
from joblib import delayed
from meps_lab.workers import in_processes

def work(folder):
    for k in range(600):
        Path(folder, f"{os.getpid()}-{k}").touch()
        time.sleep(0.05)

if __name__ == "__main__":
    list(in_processes(2, (delayed(work)(sys.argv[1]) for _ in range(2))))
"""


def test_results_come_in_the_order_of_the_tasks():
    squares = [k * k for k in range(9)]
    for jobs in (1, 2):
        assert list(in_processes(jobs, (delayed(pow)(k, 2) for k in range(9)))) == squares


def test_a_process_that_is_killed_is_one_sentence():
    with pytest.raises(MepsError, match="ended from outside.*Terminated.*run the same again"):
        list(in_processes(2, (delayed(os._exit)(9) for _ in range(2))))


def test_what_works_here_is_not_watched():
    """With one job the work is done by this process, whose parent may well end before it."""
    end_with(os.getpid())
    assert list(in_processes(1, [delayed(os.getpid)()])) == [os.getpid()]


@pytest.mark.skipif(os.name == "nt", reason="kill -9 is of POSIX")
def test_workers_end_with_their_parent(tmp_path):
    (tmp_path / "parent.py").write_text(PARENT)
    (out := tmp_path / "out").mkdir()
    here = os.environ | {"PYTHONPATH": str(Path(meps_lab.__file__).parents[1])}  # these files
    command = [sys.executable, str(tmp_path / "parent.py"), str(out)]
    parent = subprocess.Popen(command, env=here)
    try:
        until = time.monotonic() + 60
        while len({path.name.split("-")[0] for path in out.iterdir()}) < 2:
            assert time.monotonic() < until and parent.poll() is None
            time.sleep(0.05)
    finally:
        parent.kill()
        parent.wait()
    time.sleep(1.5)
    before = len(list(out.iterdir()))
    time.sleep(1)
    assert len(list(out.iterdir())) == before < 2 * 600
