"""The command `meps ablate`: when does a mechanism help, and when does it break?"""

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import tyro

from meps_lab.files import write_figure, write_file
from meps_lib.errors import MepsError

Positional = tyro.conf.Positional
_TABLE = "table.csv"


@dataclass
class Ablate:
    """Turn the dials of a question, on simulated cohorts and strangers.

    A question is a TOML file: a plan, and dials that lead from where a mechanism should help to
    where it fails. All variants learn from the same cohorts and answer for the same strangers.
    What is done is skipped, so that the same command goes on after any end. In --out lie the
    networks' answers, table.csv with intervals, and a picture of each dial.

    Example: meps ablate weights --fast

    Example: meps ablate plans/ablation_weights.toml --out results/weights --jobs 2
    """

    question: Positional[str]  # a file, or the name of one in the source's plans/
    out: Path | None = None  # a folder; None: results/NAME
    fast: bool = False  # the ends of the first dial, two cohorts, twenty strangers: a minute
    jobs: int = 1  # processes; the result does not depend on it
    dask: str | None = None
    """Address of a Dask scheduler, whose workers run the units; or local, with --jobs workers."""
    cache: Path | None = None  # a folder that keeps rendered clips, for dials that leave them alone
    accept_changed_code: bool = False  # go on although the source has changed
    retry: bool = False  # try units again that failed in an earlier run
    keep: bool = False  # also write the result where the book reads it: meps_lab/results

    def run(self) -> None:
        import matplotlib

        matplotlib.use("Agg")
        from meps_lab.ablations import find_ablation, read_ablation, run_ablation
        from meps_lab.ablations.scores import SPENT, settled, spend, tables_of
        from meps_lab.cli.plans import pool_of
        from meps_lab.results import keep

        if self.keep and self.fast:
            raise MepsError("--keep with --fast: two cohorts settle nothing; leave one of them out")
        path = find_ablation(self.question)
        whole_one = read_ablation(path)
        ablation = whole_one.fast() if self.fast else whole_one
        out = self.out or Path("results") / (ablation.name + "_fast" * self.fast)
        if os.path.lexists(out / _TABLE) and not (out / SPENT).is_file():
            raise MepsError(
                f"--out {out} holds a {_TABLE} that is of no ablation; nothing was overwritten: "
                "choose another folder"
            )
        print(ablation.question)
        print(f"{len(ablation.plans)} positions, {len(ablation.variants)} variants")
        began = _cpu_seconds()
        with closing(pool_of(self.jobs, self.dask)) as pool:
            how = {"cache": self.cache, "accept_changed_code": self.accept_changed_code}
            run_ablation(ablation, out, pool, retry=self.retry, **how)
        seconds = spend(out, _cpu_seconds() - began)
        scores, answers, made = tables_of(ablation, out, path, seconds)
        write_file(out / _TABLE, scores.to_csv(index=False, float_format="%.6g").encode())
        print(scores.round(3).to_string(index=False))
        print(f"\n{' minus '.join(ablation.main)}, and what that settles:")
        verdicts = settled(scores, ablation.main).round(3)
        if self.fast:
            print("two cohorts and twenty strangers settle nothing")
            verdicts = verdicts.drop(columns="verdict")
        print(verdicts.to_string(index=False))
        self._draw(ablation, scores, out)
        print(f"files: {out}")
        if self.keep:
            keep(ablation.name, scores, made, answers=answers)

    @staticmethod
    def _draw(ablation, scores, out: Path) -> None:
        import matplotlib.pyplot as plt

        from meps_lab.ablations import plot_dial
        from meps_lib.plots import use_style

        use_style()
        for dial in ablation.dials:
            figure = plot_dial(scores[scores["dial"] == dial.name], dial.label, dial.usual)
            write_figure(out / f"{dial.name}.png", figure, dpi=120)
            plt.close(figure)


def _cpu_seconds() -> float:
    """Of this process and of all that have ended for it."""
    return sum(os.times()[:4])
