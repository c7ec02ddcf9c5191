"""From the answers of a question's networks to scores, differences and their intervals."""

import json
import os
import platform
import subprocess
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd

from meps_lab.ablations.question import Ablation, ablation_of
from meps_lab.ablations.run import CEILING
from meps_lab.experiments.results import PREDICTIONS, read_predictions
from meps_lab.results import kept, made_by
from meps_lib.errors import MepsError
from meps_lib.files import read_json, reading, write_whole
from meps_lib.protocol import bootstrap_interval, majority

COLUMNS = ("dial", "value", "variant", "minus", "score", "low", "high", "floor", "ceiling")
SPENT = "spent.json"
SETTLED = 0.06  # CHOICE: an interval of a difference that is longer settles nothing


def answers_of(ablation: Ablation, out: str | os.PathLike) -> pd.DataFrame:
    """What every network says of every stranger.

    Returns
    -------
    DataFrame
        Columns position, variant, model (a cohort and seed), subject, clip, truth, prediction,
        majority.

    Raises
    ------
    MepsError
        If a position has not been run to its end, or predictions are damaged.
    """
    tables = []
    for folder, plan in ablation.plans.items():
        for variant in plan.variants:
            path = Path(out) / folder / variant / PREDICTIONS
            if not path.is_file():
                raise MepsError(f"{path} is missing: run the question to its end first")
            table = read_predictions(path.parent)
            table["model"] = 1000 * table["seed"] + table["fold"]
            columns = ["model", "subject", "clip", "truth", "prediction", "majority"]
            if missing := [name for name in columns if name not in table]:
                raise MepsError(f"{path} lacks {', '.join(missing)}; delete it and run again")
            tables.append(table[columns].assign(position=folder, variant=variant))
    return pd.concat(tables, ignore_index=True)


def scores_of(
    ablation: Ablation, out: str | os.PathLike, answers: pd.DataFrame | None = None
) -> pd.DataFrame:
    """UF1 of every variant at every position, and its difference from the main comparison's second.

    Returns
    -------
    DataFrame
        Columns dial, value, variant, minus (empty, or the variant that is taken off), score, low,
        high (95 %, over strangers and cohorts together; differences are paired by both), floor
        (the commonest class), ceiling (what the truth is worth to whom `Ablation.ceiling` names).

    Raises
    ------
    MepsError
        If a position has not been run to its end.
    """
    answers = answers_of(ablation, out) if answers is None else answers
    against, rows = ablation.main[1], []
    of_position = {}
    for folder, table in answers.groupby("position", sort=False):
        classes = sorted(table["truth"].unique())  # a dial may be which classes there are
        top = _number(Path(out) / folder / CEILING, ablation.ceiling)
        said = dict(list(table.groupby("variant", sort=False)))
        floors = [majority(t, classes).uf1 for _, t in said[against].groupby("model")]
        more = {"floor": float(np.mean(floors)), "ceiling": top}
        found = []
        for variant, one in said.items():
            for minus in (None, against) if variant != against else (None,):
                how = {"minus": said[minus]} if minus else {}
                uf1 = bootstrap_interval(one, classes, **how).loc["uf1"].to_dict()
                found.append({"variant": variant, "minus": minus or "", **uf1, **more})
        of_position[folder] = found
    for dial in ablation.dials:
        for value, folder in dial.points.items():
            rows += [{"dial": dial.name, "value": value, **row} for row in of_position[folder]]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def tables_of(
    ablation: Ablation, out: str | os.PathLike, path: Path, seconds: float
) -> tuple[pd.DataFrame, pd.DataFrame, dict]:
    """Scores, answers, and the provenance that is kept with them: the file, seeds, commit, cost."""
    answers = answers_of(ablation, out)
    plan = next(iter(ablation.plans.values()))
    made = made_by(
        f"meps ablate {ablation.name.removeprefix('ablation_')} --keep",
        ["torch"],
        question=ablation.question,
        configuration=path.read_text(encoding="utf-8"),
        seeds={"data": plan.data["simulate"].get("seed", 0), "training": [0]},
        commit=_commit(path.parent),
        hardware=f"{os.cpu_count()} cores, {platform.machine()}",
        minutes=round(seconds / 60, 1),
    )
    return scores_of(ablation, out, answers), answers, made


def spend(out: str | os.PathLike, seconds: float) -> float:
    """Add seconds of CPU to what a question has cost so far; and the sum."""
    path = Path(out) / SPENT
    total = seconds + (_number(path, "cpu_seconds") if path.exists() else 0)
    write_whole(path, (json.dumps({"cpu_seconds": round(total, 1)}) + "\n").encode())
    return total


def _number(path: Path, name: str) -> float:
    """A number of a small file of ours, or a clear word that the file is damaged."""
    hint = "delete this file and give the same command again"
    with reading(path, hint):
        value = float(read_json(path, hint)[name])
        if not np.isfinite(value):
            raise ValueError(f"{name} is {value}, which is not finite")
    return value


def kept_ablation(name: str) -> tuple[Ablation, pd.DataFrame]:
    """A question that is kept with the book, as it was asked, and its scores.

    Examples
    --------
    >>> ablation, scores = kept_ablation("mixing")
    >>> ablation.main, list(scores) == list(COLUMNS)
    (('mixed late', 'mixed from the start'), True)
    """
    table = kept(f"ablation_{name}")
    text = table.attrs["provenance"]["configuration"]
    scores = table.astype({"value": str}).fillna({"minus": ""})
    path = Path(f"ablation_{name}.toml")
    return ablation_of(tomllib.loads(text), path, to_run=False), scores


def kept_row(
    name: str, dial: str, value: str, variant: str | None = None, minus: bool = True
) -> pd.Series:
    """A kept question at one position: a variant's difference from the second of the main pair.

    Parameters
    ----------
    name, dial, value : str
    variant : str, optional
        The first of the main pair if None.
    minus : bool
        Its own score, and not the difference, if false.

    Examples
    --------
    >>> row = kept_row("mixing", "electrode", "1", minus=False)
    >>> bool(row["floor"] < row["score"] < row["ceiling"])
    True
    """
    ablation, scores = kept_ablation(name)
    variant, other = variant or ablation.main[0], ablation.main[1] if minus else ""
    rows = scores.query("dial == @dial and value == @value and variant == @variant")
    return rows[rows["minus"] == other].iloc[0]


def _commit(folder: Path) -> str:
    """The commit of the source, "-dirty" if changed since; or unknown outside a repository."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip() or "unknown"


def settled(scores: pd.DataFrame, main: tuple[str, str]) -> pd.DataFrame:
    """The main difference at every position: which way it goes, and whether that is settled.

    Returns
    -------
    DataFrame
        Columns dial, value, score, low, high, verdict: "first", "second" (the interval leaves out
        0), "alike" (it does not, and is shorter than .06) or "open". Two variants of which neither
        is above the floor have learnt nothing, and are not alike but open.
    """
    rows = scores[(scores["variant"] == main[0]) & (scores["minus"] == main[1])]
    low, high = rows["low"], rows["high"]
    apart = scores[scores["variant"].isin(main) & (scores["minus"] == "")]
    above = apart.assign(above=apart["low"] > apart["floor"]).groupby(["dial", "value"])["above"]
    learnt = pd.MultiIndex.from_frame(rows[["dial", "value"]]).map(above.any()).to_numpy(bool)
    verdict = np.select(
        [low > 0, high < 0, (high - low < SETTLED) & learnt], ["first", "second", "alike"], "open"
    )
    return rows[["dial", "value", "score", "low", "high"]].assign(verdict=verdict)
