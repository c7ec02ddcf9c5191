"""The commands `meps run` and `meps status`: many experiments, from one small file."""

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import get_type_hints

import tyro

from meps_lib.errors import MepsError

Positional = tyro.conf.Positional


@dataclass
class Run:
    """Run a plan: variants x seeds x folds; what is done is skipped.

    A plan is a small TOML file: [data] as "meps simulate" or "meps loso" take it, [experiment] that
    all share, [variants.NAME] with what each changes, a [grid] if wanted, and [study] with what is
    asked, kept beside the results. Every fold is kept as it ends: whatever stops the command, the
    same goes on, and two of them on one folder share the work. The folder has one of
    "meps loso --out" for each variant.

    Example: meps run plans/body_mixing.toml --out results/body_mixing --jobs 2

    Example: meps run plan.toml --out results/plan --dask tcp://10.0.0.1:8786
    """

    plan: Positional[Path]  # a TOML file, such as plans/body_mixing.toml
    out: Path  # the plan's folder
    root: Path | None = None  # where the data set lies, instead of the plan's root
    jobs: int = 1  # processes; the result does not depend on it
    dask: str | None = None
    """Address of a Dask scheduler, whose workers run the units; or local, with --jobs workers."""
    retry: bool = False  # try units again that failed in an earlier run
    cache: Path | None = None  # a folder in which prepared clips are kept for the next run
    skip_unreadable: bool = False  # leave out trials that cannot be read, each with its reason
    accept_changed_code: bool = False
    """Go on although the source has changed; plan.json then says in which files."""

    def run(self) -> None:
        from meps_lab.experiments.plans import read_plan
        from meps_lab.experiments.runner import run_plan
        from meps_lib.arguments import whole

        whole("--jobs", self.jobs, 1)
        plan = read_plan(self.plan)
        variants = {k: replace(c, n_jobs=self.jobs) for k, c in plan.variants.items()}
        modalities = tuple(dict.fromkeys(m for c in variants.values() for m in c.modalities))
        try:
            data = open_plan_data(plan.data, modalities, self.root)
        except MepsError as error:
            raise MepsError(f"{self.plan}: data: {error}") from None
        print(f"data: {data.note}; {len(data)} trials; {len(variants)} variants")
        how = {"cache": self.cache, "accept_changed_code": self.accept_changed_code}
        how["study"] = plan.study
        how["on_error"] = "skip" if self.skip_unreadable else "raise"
        with closing(pool_of(self.jobs, self.dask)) as pool:
            run_plan(data, variants, self.out, pool, self.retry, **how)
        _tell(self.out, data.classes)


@dataclass
class Status:
    """How far a plan is: units done, running and failed, and why.

    Example: meps status results/body_mixing
    """

    folder: Positional[Path]  # the --out of "meps run"

    def run(self) -> None:
        from meps_lab.experiments.status import plan_status

        print(*plan_status(self.folder), sep="\n")


def pool_of(jobs: int, dask: str | None = None):
    """Who works: this process, several, or the workers of a Dask scheduler."""
    from meps_lab.experiments.pools import Here, Processes
    from meps_lab.experiments.scale import Dask
    from meps_lib.arguments import whole

    whole("--jobs", jobs, 1)
    if dask not in (None, "local") and jobs > 1:
        raise MepsError("--jobs: a Dask scheduler has workers of its own; leave it out")
    if dask is not None:
        return Dask(dask, jobs)
    return Processes(jobs) if jobs > 1 else Here()


def open_plan_data(table: dict, modalities: tuple[str, ...], root: Path | None = None):
    """The data set of a plan's table [data], with the modalities that any variant wants.

    So all variants learn from the same clips: those that have what each needs.

    Raises
    ------
    MepsError
        If a setting is unknown, of the wrong type or without effect, or the data cannot be opened.
    """
    from meps_lab.cli.data import open_data
    from meps_lab.cli.loso import Loso
    from meps_lab.cli.simulate import Simulate, cohort_of
    from meps_lab.experiments.tables import check_table

    hints, dials = get_type_hints(Loso), get_type_hints(Simulate)
    simulated = {
        name: dials[name] for name in ("subjects", "trials", "seed", "classes", "scenario")
    }
    on_disk = {name: hints[name] for name in _ON_DISK}
    check_table(table, {"simulate": simulated, "kind": hints["data"], **on_disk}, "")
    if "simulate" in table:
        if len(table) > 1 or root is not None:
            raise MepsError("simulate goes without kind, root and what they are told")
        options = dict(table["simulate"])
        return cohort_of(SimpleNamespace(**options), options.get("seed", 0))
    options = {name: getattr(Loso, name) for name in on_disk} | _as_options(table)
    options["data"] = options.pop("kind", None)
    if root is not None:
        options["root"] = root
    if options["root"] is None:
        raise MepsError("where does it lie? Give root, or --root to the command; or simulate")
    if options["data"] is None and set(table) - {"root"}:
        raise MepsError(f"{', '.join(set(table) - {'root'})}: goes with kind")
    return open_data(SimpleNamespace(**options), modalities)


def _as_options(table: dict) -> dict:
    """Values of TOML as the command's options have them: paths as paths, lists as tuples."""
    paths = {name: Path(table[name]) for name in ("root", "labels") if name in table}
    several = {name: tuple(value) for name, value in table.items() if isinstance(value, list)}
    if "exceptions" in several:
        several["exceptions"] = tuple(map(Path, several["exceptions"]))
    return table | paths | several


_ON_DISK = (
    *("root", "labels", "rules", "segment_s", "any_counts", "sheet", "exceptions"),
    *("allow_missing", "crop", "window_s", "classes"),
)


def _tell(out: Path, classes: tuple[str, ...]) -> None:
    """The scores of each variant, and what failed; with exit code 1 if anything did."""
    from meps_lab.experiments.folds import tabulate
    from meps_lab.experiments.results import read_predictions
    from meps_lab.experiments.status import plan_status

    states = plan_status(out)
    for state in states:
        print(state)
        if state.finished:
            table = read_predictions(out / state.variant)
            print(tabulate(table, classes).round(3).to_string())
    if any(state.failed for state in states):
        print("failed units are left as they are; --retry tries them again")
        raise SystemExit(1)
    if not all(state.finished for state in states):
        raise MepsError(f"{out}: predictions could not be written; make room and run it again")
    print(f"next: meps report {out}   (floors, and intervals over people)")
