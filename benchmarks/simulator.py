"""The simulator's speed and memory, in one run and one thread.

Signals are timed against NeuroKit2's simulators of the same four, the two by turns. No library
that we know of renders RGB-D micro-expressions with their true flow; the pictures are therefore
set against the barest thing that moves a face, warping the same seven maps at the same samples
with SciPy and with OpenCV, which shades nothing, parts no lips and adds no sensor noise.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from statistics import median
from time import perf_counter, process_time
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import neurokit2 as nk
import numpy as np
import torch
from scipy.ndimage import map_coordinates
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from meps_lab.simulate import Scenario, simulate_cohort
from meps_lab.simulate.body.physiology import Body, Event, record
from meps_lab.simulate.body.responses import respond
from meps_lab.simulate.face.clip import FaceClip
from meps_lab.simulate.face.identity import Identity
from meps_lab.simulate.face.sensor import sense_colour, sense_depth
from meps_lab.simulate.timing import time_course
from meps_lib.labels import EMOTION_AUS

SECONDS, SFREQ = 10, 200
DEMANDED = {"signals": 20.0, 64: 500.0, 128: 150.0, "memory": 1.05}


class Line(NamedTuple):
    what: str
    value: str
    demanded: str = ""
    passed: bool | None = None

    def __str__(self) -> str:
        verdict = {None: "", True: "pass", False: "FAIL"}[self.passed]
        return f"{self.what:<58} {self.value:>22}  {self.demanded:<14} {verdict}".rstrip()


def by_turns(
    repeats: int, clock: Callable[[], float] = process_time, **calls: Callable[[], object]
) -> dict[str, float]:
    """Median seconds of each call; one of each, then again, so that a slow spell hits all.

    Seconds of the processor, which on one thread are those of the clock on the wall less the
    time in which others had the core. What waits, for a disk or a GPU, is told `perf_counter`.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()  # caches and imports
    for _ in range(repeats):
        for name, call in calls.items():
            start = clock()
            call()
            times[name].append(clock() - start)
    return {name: median(values) for name, values in times.items()}


def signals(quick: bool) -> list[Line]:
    rng, body = np.random.default_rng(0), Body()
    event = (Event(3.0, respond("surprise")),)
    names = ("ECG", "PPG", "EDA", "RSP")

    def ours() -> None:
        record(body, rng, event, duration_s=SECONDS, sfreq=SFREQ, signals=names)

    def peer() -> None:
        nk.ecg_simulate(duration=SECONDS, sampling_rate=SFREQ)
        nk.ppg_simulate(duration=SECONDS, sampling_rate=SFREQ)
        nk.eda_simulate(duration=SECONDS, sampling_rate=SFREQ, scr_number=1)
        nk.rsp_simulate(duration=SECONDS, sampling_rate=SFREQ)

    times = by_turns(3 if quick else 31, ours=ours, peer=peer)
    ratio, least = times["peer"] / times["ours"], DEMANDED["signals"]
    what = "  times NeuroKit2's (its *_simulate, the same four)"
    return [
        Line("signals, 10 s of four at 200 Hz: trials a second", f"{1 / times['ours']:.0f}"),
        Line(what, f"{ratio:.1f}", f">= {least:g}", ratio >= least),
    ]


def smile(size: int, n_frames: int = 16, **kwargs: object) -> FaceClip:
    aus = EMOTION_AUS["happiness"]
    rows = time_course(n_frames, 0.4 * n_frames)[:, None] * np.full(len(aus), 0.45)
    pose = np.linspace(0, 1, n_frames)[:, None] * [1.0, 1.0, 0.004, 1.0]
    return FaceClip(Identity(), tuple(aus), rows, pose=pose, size=size, **kwargs)


def pictures(quick: bool) -> list[Line]:
    lines = []
    for size in (64, 128):
        clip, rng = smile(size), np.random.default_rng(0)
        n, side = len(clip.pose), 2 * size  # two samples a pixel, along each side
        maps = np.random.default_rng(1).random((7, 256, 256), dtype=np.float32)
        at = np.linspace(20, 235, side, dtype=np.float32)
        y, x = np.meshgrid(at + 0.3, at + 0.7, indexing="ij")

        def ours(clip=clip, rng=rng) -> None:
            colour, depth = clip.render()
            sense_colour(colour, rng, 0.01), sense_depth(depth, rng, 1.0, 0.5)

        def scipy(n=n, maps=maps, y=y, x=x) -> None:
            for _ in range(n):
                for m in maps:
                    map_coordinates(m, (y, x), order=1)

        def opencv(n=n, maps=maps, y=y, x=x) -> None:
            for _ in range(n):
                for m in maps:
                    cv2.remap(m, x, y, cv2.INTER_LINEAR)

        times = by_turns(1 if quick else 15, ours=ours, scipy=scipy, opencv=opencv)
        rate, least = n / times["ours"], DEMANDED[size]
        what = f"RGB-D with both sensors' noise, {size} px: frames a second"
        lines.append(Line(what, f"{rate:.0f}", f">= {least:g}", rate >= least))
        for peer, what in (("SciPy", "map_coordinates"), ("OpenCV", "cv2.remap")):
            what = f"  times {peer}'s bare warp ({what}, 7 maps)"
            lines.append(Line(what, f"{times[peer.lower()] / times['ours']:.2f}"))
    return lines


_CHILD = """
import resource, sys, torch
from meps_lab.simulate import Scenario, simulate_cohort
torch.set_num_threads(1)
for seed, n in enumerate(map(int, sys.argv[1:])):
    cohort = simulate_cohort(n, 2, ("happiness", "surprise"), seed, Scenario(size=16))
    for k in range(0, 2 * n, 2):
        cohort[k]
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def memory(quick: bool) -> list[Line]:
    """Peak memory of a process that goes through a small cohort, and then through a large one.

    A trial of every person. The small one fills the caches of faces and muscles, which hold
    about a hundred people's and no more. A quick run stays below that, and judges nothing.
    Large blocks are mapped one by one, so that the peak tells what is in use, not how the C
    library's heap happens to be cut up.
    """
    few, many = (4, 8) if quick else (100, 500)
    command = [sys.executable, "-c", _CHILD, str(few), str(many)]
    env = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"}
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=env)
    first, then = map(float, out.stdout.split())
    ratio, most = then / first, DEMANDED["memory"]
    verdict = () if quick else (f"<= {most:g}", ratio <= most)
    return [
        Line(f"memory, {few} trials of {few} people: peak MiB", f"{first:.0f}"),
        Line(f"  and then {many} trials of {many} others: peak MiB", f"{then:.0f}"),
        Line("  the second over the first", f"{ratio:.3f}", *verdict),
    ]


def cache(quick: bool) -> list[Line]:
    dials = Scenario(size=64)
    with tempfile.TemporaryDirectory() as folder:
        rendered = simulate_cohort(2, 3, scenario=dials)
        kept = simulate_cohort(2, 3, scenario=dials, cache=folder)
        times = by_turns(
            1 if quick else 15,
            perf_counter,
            rendered=lambda: [rendered[k] for k in range(6)],
            kept=lambda: [kept[k] for k in range(6)],
        )
    ms = {name: 1000 * t / 6 for name, t in times.items()}
    return [
        Line("a trial of 16 frames at 64 px, rendered: ms", f"{ms['rendered']:.1f}"),
        Line("  from the cache: ms", f"{ms['kept']:.1f}"),
        Line("  rendered over cached", f"{ms['rendered'] / ms['kept']:.1f}"),
    ]


class Traffic(TorchDispatchMode):
    """Counts the bytes that each operation reads and writes, as if nothing were cached."""

    bytes = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if not func.is_view:
            tensors = [t for t in tree_leaves((args, kwargs, out)) if torch.is_tensor(t)]
            # A tensor that was expanded is read from the few bytes that it has.
            self.bytes += sum(
                min(t.numel() * t.element_size(), t.untyped_storage().nbytes()) for t in tensors
            )
        return out


def bandwidth(device: str, n_frames: int, size: int = 128, repeats: int = 15) -> list[Line]:
    """Frames a second on a device, and the share of its memory's bandwidth that they use."""
    clip = smile(size, n_frames)
    wait = torch.cuda.synchronize if device == "cuda" else (lambda: None)
    with Traffic() as traffic:
        clip.render(device=device)
    block = torch.empty(2**28 if device == "cuda" else 2**24, device=device)  # of 4 bytes each
    other = torch.empty_like(block)
    times = by_turns(
        repeats,
        perf_counter,
        render=lambda: (clip.render(device=device), wait()),
        copy=lambda: (other.copy_(block), wait()),
    )
    rate = traffic.bytes / times["render"]
    most = 2 * block.numel() * block.element_size() / times["copy"]
    what = f"on {device}, RGB-D, {size} px, {n_frames} at once: frames a second"
    return [
        Line(what, f"{n_frames / times['render']:.0f}"),
        Line("  bytes touched a frame: MB", f"{traffic.bytes / n_frames / 1e6:.1f}"),
        Line("  share of the bandwidth of a copy on the device", f"{rate / most:.2f}"),
    ]


def gpu(quick: bool) -> list[Line]:
    if not torch.cuda.is_available():
        return [Line("with a GPU: frames a second, share of bandwidth", "no GPU here")]
    return bandwidth("cuda", 64 if quick else 1024)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few repeats, for the tests")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    for part in (signals, pictures, memory, cache, gpu):
        for line in part(quick):
            print(line, flush=True)


if __name__ == "__main__":
    main()
