"""The commands `meps report` and `meps compare`: what finished runs are worth."""

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import tyro

from meps_lab.files import may_write, write_file
from meps_lib.errors import MepsError

Positional = tyro.conf.Positional


@dataclass
class Report:
    """Scores with intervals, floor and ceiling, classes and pictures, in DIR/report.

    Each seed has its row, and so has each data set of a composite. Tables come as Markdown, which
    is printed, LaTeX and CSV. Of a plan's folder every finished variant is reported, and all of
    them in one table.

    Example: meps report results/both
    """

    folder: Positional[Path]  # the --out of "meps loso" or of "meps run"

    def run(self) -> None:
        import matplotlib

        matplotlib.use("Agg")
        from meps_lab.experiments.finished import read_runs
        from meps_lab.experiments.report import write_report

        runs, notes = read_runs(self.folder)
        print(write_report(self.folder, [_with_ceiling(run) for run in runs], notes), end="")
        print(f"\nfiles: {self.folder / 'report'}")


@dataclass
class Compare:
    """Does B read more than A? A paired test over subjects, and B minus A with its interval.

    Whole subjects exchange their answers, since clips of one person resemble each other. Both must
    have been tested on the same clips, with as many seeds.

    Example: meps compare results/fixed results/learnt
    """

    a: Positional[Path]  # the --out of "meps loso", or a variant in that of "meps run"
    b: Positional[Path]  # another
    metric: Literal["uf1", "uar", "accuracy"] = "uf1"  # the one to judge by, chosen beforehand
    picture: Path | None = None  # a .png or .svg of the differences
    force: bool = False  # replace the file that --picture names

    def run(self) -> None:
        import matplotlib

        matplotlib.use("Agg")
        from meps_lab.experiments.compare import compare_runs, plot_comparison, sentence
        from meps_lab.experiments.finished import read_run, unlike
        from meps_lab.experiments.report import LABELS, drawn

        path = self.picture
        if path:
            may_write("--picture", path, (".png", ".svg"), self.force)
        if self.a.resolve() == self.b.resolve():
            raise MepsError(f"{self.a} and {self.b} are the same run; name another beside it")
        a, b = read_run(self.a), read_run(self.b)
        if a.name == b.name:
            a, b = replace(a, name=str(self.a)), replace(b, name=str(self.b))
        found = compare_runs(a, b)
        columns = {"first": b.name, "second": a.name}
        print(found.scores.rename(columns=columns, index=LABELS).round(4).to_string())
        print(sentence(a.name, b.name, found, self.metric), *unlike(a, b), sep="\n")
        if path:
            write_file(path, drawn(plot_comparison(found), path.suffix[1:]))
            print(f"picture: {path}")


def _with_ceiling(run):
    """A run beside what a classifier on the truth answers, if its trials were simulated."""
    from meps_lab.experiments.finished import with_ceiling

    origin, names = run.record.get("origin") or {}, run.record["config"]["modalities"]
    face, body = bool({"colour", "depth", "flow"} & set(names)), "ps" in names
    try:
        said = _oracle(json.dumps(origin))
    except MepsError as error:
        return replace(run, notes=(*run.notes, f"No ceiling: {error}."))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        text = f"No ceiling: config.json says no cohort that can be made again ({error!r})."
        return replace(run, notes=(*run.notes, text))
    if said is None:
        return run
    side = "both" if face and body else "face" if face else "body"
    return with_ceiling(run, said[said["part"] == side])


@lru_cache
def _oracle(origin: str):
    """What the truth's features say of each trial, or None of trials that were not simulated."""
    from meps_lab.cli.simulate import cohort_of
    from meps_lab.simulate import FolderDataset
    from meps_lab.simulate.ceiling import ceiling_answers
    from meps_lib.files import from_json

    opened = from_json(origin)
    if "scenario" in opened:
        return ceiling_answers(cohort_of(SimpleNamespace(**opened), opened["seed"]))
    if set(opened) != {"root"}:
        return None
    data = FolderDataset(opened["root"])
    return None if data.scenario is None else ceiling_answers(data)
