"""Freed memory stays with the process, where the C library can be told so."""

import os
import platform
import subprocess
import sys

import pytest

GLIBC = platform.libc_ver()[0] == "glibc"
# Pages that the system gives in 20 steps of a small network, whose tensors take 3.7 MB (900 pages).
FAULTS = """
import resource, torch
from meps_lab import memory
torch.set_num_threads(1)
told = memory.keep_freed()
filters = torch.nn.Conv2d(3, 16, 3, padding=2)
network = torch.nn.Sequential(filters, torch.nn.ReLU(), torch.nn.BatchNorm2d(16))
maps = torch.rand(64, 3, 28, 28)
for k in range(25):
    if k == 5:
        start = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    network(maps).sum().backward()
print(told, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - start)
"""


def faults(**env: str) -> tuple[str, int]:
    rest = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))}
    how = {"capture_output": True, "text": True, "check": True, "env": rest | env}
    told, n = subprocess.run([sys.executable, "-c", FAULTS], **how).stdout.split()
    return told, int(n)


@pytest.mark.skipif(not GLIBC, reason="another C library")
def test_what_is_freed_is_not_asked_of_the_system_again():
    told, kept = faults()
    assert told == "True" and kept < 3000


@pytest.mark.skipif(not GLIBC, reason="another C library")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MALLOC_MMAP_THRESHOLD_", "131072"),
        ("GLIBC_TUNABLES", "glibc.malloc.mmap_threshold=131072"),
    ],
)
def test_an_own_setting_stays(name, value):
    assert faults(**{name: value})[0] == "False"


def test_elsewhere_nothing_is_asked(monkeypatch):
    from meps_lab import memory

    monkeypatch.setattr(memory.platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(memory.ctypes, "CDLL", None)
    assert not memory.keep_freed.__wrapped__()
