"""The command `meps simulate`: trials for this library, or the files of a real data set."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from meps_lib.errors import MepsError


@dataclass
class Simulate:
    """Write simulated people to a folder: trials with their truth, or a data set's own files.

    With --layout, what is written stands on disk as the real data set does: its folders, frame
    names, spreadsheets and signal files, with the errors its annotation tables are known for.

    Example: meps simulate --out cohort --subjects 12 --trials 8 --scenario early_apex

    Example: meps simulate --layout casme2 --out pretend_casme2
    """

    out: Path  # a new folder
    subjects: int | None = None  # how many people; None: 12, or what the layout takes
    trials: int | None = None  # trials a person; None: 8, or what the layout takes
    seed: int = 0  # the same seed gives the same cohort
    classes: str | None = None
    """three (the default), four, seven, seven-mmme, or emotions joined by commas."""
    scenario: str | None = None  # a preset of the simulator; a wrong name lists those known
    layout: str | None = None
    """casme3-a, casme3-c, mmme, casme2, samm, smic, case, wesad or flowmaps."""
    clean: bool = False  # with --layout: without errors in the annotation tables

    def run(self) -> None:
        with _ending_on_sigterm():
            if self.layout is None:
                self._trials()
            else:
                self._layout()

    def _trials(self) -> None:
        from meps_lab.simulate import save_dataset
        from meps_lab.simulate.layouts.folder import new_folder

        if self.clean:
            raise MepsError("--clean leaves out annotation errors: it goes with --layout")
        subjects = 12 if self.subjects is None else self.subjects
        trials = 8 if self.trials is None else self.trials
        scenario = self.scenario or "default"
        data = cohort_of(subjects, trials, self.classes or "three", self.seed, scenario)
        with new_folder(self.out) as folder:
            save_dataset(data, folder, note=f"simulated, scenario {scenario}, seed {self.seed}")
        counts = data.index["label"].value_counts()
        print(f"{len(data)} simulated trials of {subjects} subjects in {self.out}")
        print("  ".join(f"{c} {counts.get(c, 0)}" for c in data.classes))
        print(f"next: meps loso --root {self.out}")

    def _layout(self) -> None:
        from meps_lab.simulate.layouts import LAYOUTS, write_layout

        if self.classes is not None or self.scenario is not None:
            name = "--classes" if self.classes is not None else "--scenario"
            raise MepsError(f"{name} does not go with --layout: a data set has its own")
        truth = write_layout(
            self.layout, self.out,
            n_subjects=self.subjects, trials=self.trials, seed=self.seed, dirt=not self.clean,
        )  # fmt: skip
        files = [p for p in self.out.rglob("*") if p.is_file()]
        size = sum(p.stat().st_size for p in files) / 1e6
        title, n = LAYOUTS[self.layout].title, truth["subject"].nunique()
        print(f"{len(truth)} simulated clips of {n} subjects in the layout of {title}: {self.out}")
        print("  ".join(f"{c} {k}" for c, k in truth["class"].value_counts().sort_index().items()))
        print(f"{len(files):,} files, {size:.1f} MB; rows with an annotation error: ", end="")
        print((truth["dirt"] != "").sum())
        print("simulated, not recordings of anyone: SIMULATED.txt; what is true: truth.parquet")


@contextmanager
def _ending_on_sigterm() -> Iterator[None]:
    """SIGTERM as an exception, so that what is half written goes away as with Ctrl-C."""

    def stop(number: int, frame: object) -> None:
        print("meps: stopped", file=sys.stderr)
        raise SystemExit(128 + number)

    if threading.current_thread() is not threading.main_thread():  # only it may set handlers
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def cohort_of(subjects: int, trials: int, classes: str, seed: int, scenario: str):
    """A simulated cohort from what a command line gives."""
    from meps_lab.simulate import Scenario, simulate_cohort

    dials = Scenario() if scenario == "default" else Scenario.preset(scenario)
    chosen = tuple(classes.split(",")) if "," in classes else classes
    return simulate_cohort(subjects, trials, chosen, seed, dials)
