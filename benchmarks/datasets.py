"""Data sets on disk: kept clips against frames, in one run and one thread, as ratios.

A tree in the layout of CASME II is simulated in a temporary folder. Its clips are read as a
script would do it, Matplotlib for the pictures and scikit-image for their size, and from the
cache; and the whole set is prepared with flow and strain, for the first time and again, by one
process and by two. Where a line says FAIL, the exit status is 1.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import warnings
from functools import partial
from itertools import cycle
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from matplotlib.image import imread
from skimage.transform import resize

from meps_lab.datasets.cache.disk import CacheWarning
from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.cache.trials import TrialCache
from meps_lab.datasets.dataset import IndexedDataset, open_dataset
from meps_lab.prepare import PrepareConfig, PreparedDataset
from meps_lab.simulate import FolderDataset, Scenario, save_dataset, simulate_cohort
from meps_lab.simulate.layouts import write_layout
from meps_lib.video import sample_frames

CONFIG = PrepareConfig()
MOST_MS = 1.0  # that a kept clip may take


class Line(NamedTuple):
    what: str
    value: str
    demanded: str = ""
    passed: bool | None = None

    def __str__(self) -> str:
        verdict = {None: "", True: "pass", False: "FAIL"}[self.passed]
        return f"{self.what:<66} {self.value:>10}  {self.demanded:<10} {verdict}".rstrip()


def by_turns(repeats: int, **calls) -> dict[str, float]:
    """Median milliseconds of each call; one of each, then again, so that a slow spell hits all."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            start = perf_counter()
            call()
            times[name].append(1000 * (perf_counter() - start))
    return {name: median(values) for name, values in times.items()}


def seconds(call) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def whole_trials(folder: Path, quick: bool) -> list[Line]:
    """A kept clip with everything in it: 8 frames of 48 pixels, depth, three signals, flow."""
    cohort = simulate_cohort(2, 3, scenario=Scenario(n_frames=12))
    data = FolderDataset(save_dataset(cohort, folder / "trials", progress=False))
    settle()
    modalities = ("colour", "depth", "ps", "flow")
    PreparedDataset(data, CONFIG, modalities, cache=folder / "kept")
    kept = TrialCache(folder / "kept", data, (CONFIG, modalities))
    turn = cycle(range(len(data)))
    times = by_turns(20 if quick else 600, read=lambda: kept.read(next(turn)))
    return [
        Line("a kept clip, 8 frames of 48 px, depth, signals, flow: ms", f"{times['read']:.2f}",
             f"<= {MOST_MS:g}", times["read"] <= MOST_MS),
    ]  # fmt: skip


def frames(data: IndexedDataset, folder: Path, quick: bool) -> list[Line]:
    """The same frames of the same clips at the same size; the kept clip has its flow as well."""
    kept = TrialCache(folder, data, (CONFIG, ("colour", "flow")))
    size = (CONFIG.size, CONFIG.size)

    def peer(k: int) -> np.ndarray:
        files = data.files(k)
        chosen = sample_frames(len(files), min(CONFIG.n_frames, len(files)))
        return np.stack([resize(imread(files[t]), size, anti_aliasing=True) for t in chosen])

    a, b, c = (cycle(range(len(data))) for _ in range(3))
    times = by_turns(
        len(data) * (1 if quick else 10),
        kept=lambda: kept.read(next(a)), list=lambda: data.files(next(b)),
        peer=lambda: peer(next(c)),
    )  # fmt: skip
    return [
        Line("a clip's 8 frames by Matplotlib and scikit-image: ms", f"{times['peer']:.1f}"),
        Line("  the kept clip, with its flow: ms", f"{times['kept']:.2f}"),
        Line("  of which the data set lists the clip's files: ms", f"{times['list']:.2f}"),
        Line("  frames over kept", f"{times['peer'] / times['kept']:.1f}"),
    ]


def epochs(data: IndexedDataset, folder: Path, quick: bool) -> list[Line]:
    """All clips with TV-L1 flow: made, read again, and made by two processes at once."""
    prepare = partial(PreparedDataset, data, CONFIG, ("colour", "flow"))
    first, second = (seconds(partial(prepare, cache=folder)) for _ in range(2))
    lines = [
        Line(f"{len(data)} clips with flow, the first time: s", f"{first:.1f}"),
        Line("  first over second", f"{first / second:.0f}"),
    ]
    if not quick:
        prepare(n_jobs=2)  # the processes start and import, once in a session
        one, two = seconds(prepare), seconds(partial(prepare, n_jobs=2))
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        lines += [Line(f"  one process over two, {cores} cores", f"{one / two:.2f}")]
    return lines


def settle() -> None:
    """A file changed a moment ago is read in full each time: wait until none is that young."""
    sleep(2.1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few repeats, for the tests")
    quick = parser.parse_args().quick
    failed = False
    torch.set_num_threads(1)
    warnings.simplefilter("error", CacheWarning)  # what is not kept would be timed for nothing
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subjects = 2 if quick else 5
        write_layout("casme2", folder / "casme2", n_subjects=subjects, trials=7, dirt=False)
        settle()
        config = LoadConfig(modalities=("colour", "flow"))
        data = open_dataset("casme2", folder / "casme2", config=config)
        for part in (
            partial(whole_trials, folder, quick),
            partial(epochs, data, folder / "cache", quick),
            partial(frames, data, folder / "cache", quick),
        ):
            for line in part():
                print(line, flush=True)
                failed |= line.passed is False
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
