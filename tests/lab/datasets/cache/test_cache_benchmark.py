"""The benchmark of the cache: its ratios are on the right side of one, and a FAIL is its status."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
# How fast this computer is, is not for a test to say: no clip is too slow, then every one is.
CODE = """
import benchmarks.datasets as b
for b.MOST_MS in (1e9, 0):
    print("status", b.main())
"""


@pytest.mark.slow
def test_a_kept_clip_is_read_faster_than_it_is_made_and_than_its_frames():
    command, env = [sys.executable, "-c", CODE, "--quick"], {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=env, check=True)
    passed, _, failed = run.stdout.partition("status 0\n")
    ratios = [float(line.split()[-1]) for line in passed.splitlines() if " over " in line]
    assert len(ratios) == 2 and min(ratios) > 1.5 and "FAIL" not in passed, run.stdout
    assert "FAIL" in failed and failed.endswith("status 1\n"), run.stdout
