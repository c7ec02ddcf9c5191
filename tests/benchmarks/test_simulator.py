"""The benchmark of the simulator prints every line, and counts the bytes that are touched."""

import os
import re
import subprocess
import sys
from pathlib import Path

import torch

from benchmarks.simulator import Traffic, bandwidth

ROOT = Path(__file__).parents[2]


def test_the_benchmark_prints_every_line():
    command = [sys.executable, "benchmarks/simulator.py", "--quick"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=env)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    for wanted in (
        r"times NeuroKit2's .*\d+\.\d +>= 20 +(pass|FAIL)",
        r"64 px: frames a second +\d+ +>= 500 +(pass|FAIL)",
        r"128 px: frames a second +\d+ +>= 150 +(pass|FAIL)",
        r"times SciPy's bare warp",
        r"times OpenCV's bare warp",
        r"the second over the first +[\d.]+$",
        r"rendered over cached +[\d.]+",
        r"GPU|on cuda",
    ):
        assert any(re.search(wanted, line) for line in lines), (wanted, run.stdout)


def test_traffic_counts_what_is_read_and_written():
    a = torch.ones(1000)
    with Traffic() as traffic:
        a + a[:, None].expand(1000, 1000).movedim(0, 1)[0]  # views touch nothing
    assert traffic.bytes == 3 * 4000
    lines = bandwidth("cpu", n_frames=4, size=16, repeats=1)
    assert len(lines) == 3 and all(float(line.value) > 0 for line in lines)
