"""The benchmark of the cache: its ratios are on the right side of one, and a FAIL is its status."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]


def benchmark(setting="pass"):
    """A run in a process of its own, in which a constant may be another."""
    code = f"import benchmarks.datasets as b; {setting}; raise SystemExit(b.main())"
    return subprocess.run(
        [sys.executable, "-c", code, "--quick"], cwd=ROOT, capture_output=True,
        text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


@pytest.mark.slow
def test_a_kept_clip_is_read_faster_than_it_is_made_and_than_its_frames():
    run = benchmark("b.MOST_MS = 1e9")  # how fast this computer is, is not for a test to say
    assert run.returncode == 0 and "FAIL" not in run.stdout, run.stderr
    ratios = [float(r.split()[-1]) for r in run.stdout.splitlines() if " over " in r]
    assert len(ratios) == 2 and min(ratios) > 1.5, run.stdout


@pytest.mark.slow
def test_a_limit_that_is_not_held_is_the_exit_status():
    run = benchmark("b.MOST_MS = 0")
    assert run.returncode == 1 and "FAIL" in run.stdout, run.stderr
