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

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
from matplotlib.image import imread
from skimage.transform import resize

from meps_lab.datasets.cache import CacheWarning, LoadConfig, TrialCache
from meps_lab.datasets.dataset import IndexedDataset, open_dataset
from meps_lab.prepare import PrepareConfig, PreparedDataset
from meps_lab.simulate import FolderDataset, Scenario, save_dataset, simulate_cohort
from meps_lab.simulate.layouts import write_layout
from meps_lib.video import sample_frames

CONFIG = PrepareConfig()
MOST_MS = 1.0  # that a kept clip may take


def show(what: str, value: str, verdict: str = "") -> None:
    print(f"{what:<66} {value:>10}  {verdict}".rstrip(), flush=True)


def seconds(call) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def by_turns(repeats: int, *calls) -> list[float]:
    """Median milliseconds of each call; one of each, then again, so that a slow spell hits all."""
    times = [[1000 * seconds(call) for call in calls] for _ in range(repeats)]
    return [median(column) for column in zip(*times, strict=True)]


def whole_trials(data: FolderDataset, folder: Path, quick: bool) -> bool:
    """A kept clip with all that is in it; whether it is read fast enough."""
    modalities = ("colour", "depth", "ps", "flow")
    PreparedDataset(data, CONFIG, modalities, cache=folder)
    kept, turn = TrialCache(folder, data, (CONFIG, modalities)), cycle(range(len(data)))
    (ms,) = by_turns(20 if quick else 600, lambda: kept.read(next(turn)))
    verdict = f"<= {MOST_MS:g}   {'pass' if ms <= MOST_MS else 'FAIL'}"
    show("a kept clip, 8 frames of 48 px, depth, signals, flow: ms", f"{ms:.2f}", verdict)
    return ms <= MOST_MS


def epochs(data: IndexedDataset, folder: Path, quick: bool) -> None:
    """All clips with TV-L1 flow: made, read again, and made by two processes at once."""
    prepare = partial(PreparedDataset, data, CONFIG, ("colour", "flow"))
    first, second = (seconds(partial(prepare, cache=folder)) for _ in range(2))
    show(f"{len(data)} clips with flow, the first time: s", f"{first:.1f}")
    show("  first over second", f"{first / second:.0f}")
    if not quick:
        prepare(n_jobs=2)  # the processes start and import, once in a session
        one, two = seconds(prepare), seconds(partial(prepare, n_jobs=2))
        show(f"  one process over two, {os.cpu_count()} cores", f"{one / two:.2f}")


def frames(data: IndexedDataset, folder: Path, quick: bool) -> None:
    """The same frames of the same clips at the same size; the kept clip has its flow as well."""
    kept, size = TrialCache(folder, data, (CONFIG, ("colour", "flow"))), (CONFIG.size,) * 2

    def peer(k: int) -> np.ndarray:
        files = data.files(k)
        chosen = sample_frames(len(files), min(CONFIG.n_frames, len(files)))
        return np.stack([resize(imread(files[t]), size, anti_aliasing=True) for t in chosen])

    a, b = (cycle(range(len(data))) for _ in range(2))
    repeats = len(data) * (1 if quick else 10)
    ours, theirs = by_turns(repeats, lambda: kept.read(next(a)), lambda: peer(next(b)))
    show("a clip's 8 frames by Matplotlib and scikit-image: ms", f"{theirs:.1f}")
    show("  the kept clip, with its flow: ms", f"{ours:.2f}")
    show("  frames over kept", f"{theirs / ours:.1f}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few repeats, for the tests")
    quick = parser.parse_args().quick
    torch.set_num_threads(1)
    warnings.simplefilter("error", CacheWarning)  # what is not kept would be timed for nothing
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cohort = simulate_cohort(2, 3, scenario=Scenario(n_frames=12))
        trials = FolderDataset(save_dataset(cohort, folder / "trials", progress=False))
        subjects = 2 if quick else 5
        write_layout("casme2", folder / "casme2", n_subjects=subjects, trials=7, dirt=False)
        config = LoadConfig(modalities=("colour", "flow"))
        data = open_dataset("casme2", folder / "casme2", config=config)
        sleep(2.1)  # a file changed a moment ago is read in full each time
        fast_enough = whole_trials(trials, folder / "kept", quick)
        epochs(data, folder / "kept", quick)
        frames(data, folder / "kept", quick)
    return int(not fast_enough)


if __name__ == "__main__":
    raise SystemExit(main())
