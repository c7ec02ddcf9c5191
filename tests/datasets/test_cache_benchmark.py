"""The benchmark of the cache runs, and its ratios are on the right side of one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_kept_clip_is_read_faster_than_it_is_made_and_than_its_frames():
    run = subprocess.run(
        [sys.executable, "benchmarks/datasets.py", "--quick"], cwd=ROOT, capture_output=True,
        text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    ratios = [float(r.split()[-1]) for r in run.stdout.splitlines() if " over " in r]
    assert len(ratios) == 2 and min(ratios) > 1.5, run.stdout
