"""The command `meps simulate`: trials for this library, or the files of a real data set."""

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
        write = self._trials if self.layout is None else self._layout
        with _ending_on_sigterm():
            write()

    def _trials(self) -> None:
        from meps_lab.simulate import save_dataset
        from meps_lab.simulate.layouts.folder import new_folder

        if self.clean:
            raise MepsError("--clean leaves out annotation errors: it goes with --layout")
        data = cohort_of(self, self.seed)
        with new_folder(self.out) as folder:
            save_dataset(data, folder, note=data.note)
        counts = data.index["label"].value_counts()
        print(f"{len(data)} simulated trials of {data.origin['subjects']} subjects in {self.out}")
        print("  ".join(f"{c} {counts.get(c, 0)}" for c in data.classes))
        print(f"next: meps loso --root {self.out}")

    def _layout(self) -> None:
        from meps_lab.simulate.layouts import LAYOUTS, write_layout

        if self.classes is not None or self.scenario is not None:
            name = "--classes" if self.classes is not None else "--scenario"
            raise MepsError(f"{name} does not go with --layout: a data set has its own")
        how = {"n_subjects": self.subjects, "trials": self.trials, "seed": self.seed}
        truth = write_layout(self.layout, self.out, **how, dirt=not self.clean)
        files = [p for p in self.out.rglob("*") if p.is_file()]
        size = sum(p.stat().st_size for p in files) / 1e6
        title, n = LAYOUTS[self.layout].title, truth["subject"].nunique()
        print(f"{len(truth)} simulated clips of {n} subjects in the layout of {title}: {self.out}")
        print("  ".join(f"{c} {k}" for c, k in truth["class"].value_counts().sort_index().items()))
        dirty = (truth["dirt"] != "").sum()
        print(f"{len(files):,} files, {size:.1f} MB; rows with an annotation error: {dirty}")
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


_DEFAULTS = {"subjects": 12, "trials": 8, "classes": "three", "scenario": "default"}


def cohort_of(options, seed: int = 0):
    """The simulated cohort of a command's options; it says in its note and origin what it is."""
    from meps_lab.simulate import Scenario, simulate_cohort

    given = {k: v for k, v in vars(options).items() if k in _DEFAULTS and v is not None}
    dials = _DEFAULTS | given
    subjects, trials, classes, scenario = dials.values()
    chosen = tuple(classes.split(",")) if "," in classes else classes
    data = simulate_cohort(subjects, trials, chosen, seed, Scenario.preset(scenario))
    data.note, data.origin = f"simulated, scenario {scenario}, seed {seed}", dials | {"seed": seed}
    return data
