"""Two processes prepare one data set into one folder, and one of them is killed while it writes."""

# ruff: noqa: F811

import os
import shutil
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from tests.lab.datasets.cache.test_cache import Pictures, digest, prepared, root, written  # noqa: F401

CLIPS = 10
CHILD = """
import sys, time
from pathlib import Path
from tests.lab.datasets.cache.test_cache import Pictures, digest, prepared

_, root, kept, n, backwards, dies_at = sys.argv
plain, write, written = Pictures.__getitem__, Path.write_bytes, []

def slow(self, k):
    time.sleep(0.05)
    return plain(self, k)

def half(path, content):
    written.extend([path] * (len(content) > 5000))  # the records are smaller
    if len(written) != int(dies_at):
        return write(path, content)
    write(path, content[: len(content) // 2])
    print("half", flush=True)
    time.sleep(60)

Pictures.__getitem__, Path.write_bytes = slow, half
print("ready", flush=True)
input()
data = prepared(Pictures(root, int(n), backwards == "1"), kept)
print(digest(list(data)[::-1] if backwards == "1" else data), flush=True)
"""


def start(root, kept, backwards, dies_at):
    here = Path(__file__).parents[4]
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, root, kept, str(CLIPS), str(backwards), str(dies_at)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=here,
        env={**os.environ, "PYTHONPATH": str(here), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.mark.slow
def test_one_of_two_is_killed_and_the_bits_are_right(root, tmp_path):
    for k in range(3, CLIPS):
        shutil.copytree(root / f"c{k % 3}", root / f"c{k}")
    kept = tmp_path / "kept"
    both = start(root, kept, 0, 4), start(root, kept, 1, CLIPS + 1)  # from either end
    try:
        for child in both:
            assert child.stdout.readline() == "ready\n"
        for child in both:
            child.stdin.write("go\n")
            child.stdin.flush()
        victim, survivor = both
        assert victim.stdout.readline() == "half\n"
        os.kill(victim.pid, signal.SIGKILL)
        assert victim.wait(30) == -signal.SIGKILL
        got, _ = survivor.communicate(timeout=60)
        assert survivor.returncode == 0
    finally:
        for child in both:
            child.kill()
            child.communicate()
    wanted = digest(prepared(Pictures(root, CLIPS), None))
    assert got.strip() == wanted
    assert len(list(kept.rglob("*.part"))) == 1  # what the killed one was writing
    data = Pictures(root, CLIPS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert digest(prepared(data, kept)) == wanted and data.loaded == 0
