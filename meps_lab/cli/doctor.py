"""The command `meps doctor`: what may be wrong with a finished run of S1 or S2."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import tyro

from meps_lib.errors import MepsError

Positional = tyro.conf.Positional


@dataclass
class Doctor:
    """Examine a finished run of S1 or S2, and name its most probable fault.

    The data are opened again as the run opened them, and one fold is trained again. Each
    measurement is printed with its value, the range of a healthy study and what it speaks for;
    then the most probable fault, what else is possible, and what to try. Ranges were set on small
    simulated studies with S1: with S2, and on recordings, a finding is a place to look first.

    Example: meps doctor results/both

    Example: meps doctor results/mine --root /data/clips.csv
    """

    folder: Positional[Path]  # the --out of "meps loso", or a variant in that of "meps run"
    root: Path | None = None  # where the data lie now, if not where the run found them

    def run(self) -> None:
        from meps_lab.experiments.doctor import config_of, diagnose, report
        from meps_lab.experiments.finished import read_run

        run = read_run(self.folder)
        config_of(run, self.folder)  # what cannot be examined is told before the data are read
        data = open_again(run.record.get("origin", {}), self.root)
        people = run.table["subject"].nunique()
        print(f"data: {getattr(data, 'note', '')}; {len(data)} trials, {people} people tested")
        print(report(diagnose(self.folder, data)))


def open_again(origin: dict, root: Path | None = None):
    """The data set that a record's ``origin`` says, from where it lay, or from `root`.

    Raises
    ------
    MepsError
        If the record does not say how it was opened, or it cannot be opened any more.
    """
    try:
        if "scenario" in origin:
            return _simulated(origin, root)
        if set(origin) == {"root"}:
            from meps_lab.simulate import FolderDataset

            return FolderDataset(root or origin["root"])
        if "kind" in origin:
            return _indexed(origin, root)
    except MepsError as error:
        hint = "" if "scenario" in origin or root else "; where it lies now is said with --root"
        raise MepsError(f"the run's data cannot be opened again: {error}{hint}") from None
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise MepsError(
            f"config.json, origin: {error!r}; expected it as 'meps loso --out' writes it"
        ) from None
    raise MepsError(
        "config.json does not say how the data were opened (origin "
        f"{', '.join(origin) or 'empty'}): the run was made in Python, where "
        "meps_lab.experiments.doctor.diagnose takes the data set itself"
    )


def _simulated(origin: dict, root: Path | None):
    from meps_lab.cli.simulate import cohort_of

    if root is not None:
        raise MepsError("--root goes with data that lie somewhere; this run simulated its own")
    return cohort_of(SimpleNamespace(**origin), origin["seed"])


def _indexed(origin: dict, root: Path | None):
    from meps_lab.datasets.cache.settings import LoadConfig
    from meps_lab.datasets.dataset import IndexedDataset
    from meps_lab.datasets.index.build import IndexOptions, build_index

    kind, told = origin["kind"], dict(origin["index"])
    if kind == "table" and root is None:
        raise MepsError(f"a record does not say where one's own clips lie ({origin['root']})")
    told["labels"] = Path(told["labels"]) if told["labels"] else None
    told["exceptions"] = tuple(map(Path, told["exceptions"]))
    found = build_index(kind, root or Path(origin["root"]), IndexOptions(**told))
    return IndexedDataset(found, origin["class_set"], LoadConfig(**origin["load"]))
