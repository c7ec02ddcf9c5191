"""Finished experiments, read back from their folders to be reported and compared."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from meps_lab.experiments.results import PREDICTIONS, read_predictions
from meps_lab.experiments.runner import PLAN
from meps_lab.experiments.scorelines import several_answer
from meps_lab.experiments.status import plan_status
from meps_lib.errors import MepsError
from meps_lib.files import read_json, reading
from meps_lib.protocol import bootstrap_interval, majority_predictions
from meps_lib.protocol.metrics import check_columns


@dataclass(frozen=True)
class Run:
    """A finished experiment."""

    name: str
    table: pd.DataFrame  # one row a seed and trial, as `run` returns it; oracle where known
    classes: tuple[str, ...]
    record: Mapping[str, Any]  # its config.json
    notes: tuple[str, ...] = ()  # what a reader of its scores must know


def read_run(folder: str | os.PathLike) -> Run:
    """The predictions of one experiment, with what its ``config.json`` says.

    Raises
    ------
    MepsError
        If the folder is not what a finished ``meps loso --out`` leaves, or its predictions are
        damaged, of fewer than two subjects, or of other trials in one seed than in another.
    """
    folder = Path(folder)
    path = folder / PREDICTIONS
    if not path.is_file():
        what = "expected a folder that 'meps loso --out' has finished"
        if (folder.parent / PLAN).is_file():
            what = f"'meps run' has not finished it: see 'meps status {folder.parent}'"
        if (folder / PLAN).is_file():
            what = f"{folder} is of 'meps run': name one of its variants, {folder / 'NAME'}"
        raise MepsError(f"{path} is missing; {what}")
    about = folder / "config.json"
    with reading(about, "expected it as 'meps loso --out' leaves it"):
        record = read_json(about, "expected it as 'meps loso --out' leaves it")
        classes, notes = tuple(record["data"]["classes"]), tuple(_notes(record))
        for name in ("origin", "code", "digest"):
            if not isinstance(record.get(name, {}), dict):
                raise TypeError(f"{name} is {record[name]!r}")
    table = read_predictions(folder)
    if several_answer(table):
        raise MepsError(
            f"{path}: several trained models answered for each clip, as where every other data set "
            "teaches in turn; a report is of one answer a clip. Name who teaches (train_on), or "
            "ask it as a question of 'meps ablate', which draws the teaching people anew as well"
        )
    try:
        if "data_set" in table:
            check_columns(table, ["data_set"])
        bootstrap_interval(table.assign(model=table["seed"]), classes, n_resamples=100)
        floors = [majority_predictions(one, classes) for _, one in table.groupby("seed")]
    except MepsError as error:
        raise MepsError(f"{path}: {error}") from None
    table = table.assign(majority=pd.concat(floors))
    return Run(folder.resolve().name, table, classes, record, notes)


def read_runs(folder: str | os.PathLike) -> tuple[list[Run], list[str]]:
    """The run of a folder, or a plan's finished variants; and in words what is unfinished."""
    folder = Path(folder)
    if not (folder / PLAN).is_file():
        return [read_run(folder)], []
    states = plan_status(folder)
    runs = [read_run(folder / state.variant) for state in states if state.finished]
    if not runs:
        raise MepsError(f"{folder}: no variant has ended; 'meps status {folder}' tells how far")
    notes = _asked(folder)
    notes += [f"Not finished, and not in here: {s}" for s in states if not s.finished]
    return runs, [*notes, *(said for run in runs[1:] for said in unlike(runs[0], run))]


def _asked(folder: Path) -> list[str]:
    """What a plan's [study] says, in words."""
    study = read_json(folder / PLAN).get("study", {})
    said = [study["question"]] if "question" in study else []
    if "compare" in study:
        said.append(f"Main comparison: {' minus '.join(study['compare'])}.")
    words = {"metric": "Judged by", "smallest_difference": "Smallest difference that matters"}
    words["settled"] = "Settled if"
    names = {"uf1": "UF1", "uar": "UAR"}
    said += [f"{words[k]}: {names.get(study[k], study[k])}." for k in words if k in study]
    return [f"Asked beforehand: {' '.join(said)}"] if said else []


def unlike(a: Run, b: Run) -> list[str]:
    """In words, in what two runs differ beside their settings: source, torch, prepared trials."""
    one, other = ({"torch": r.record.get("torch")} | r.record.get("code", {}) for r in (a, b))
    # The file of a model of one's own, which lies in no folder, is a setting if one alone has it.
    files = {name for name in one | other if "/" in name or name in one.keys() & other.keys()}
    odd = {name for name in files if one.get(name) != other.get(name)}
    odd.update(*(some for run in (a, b) for some in run.record.get("changed_code", [])))
    told, names, pair = [], sorted(odd), f"{a.name} and {b.name}"
    if names:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        told.append(
            f"{pair} were made by other source, of {', '.join(names[:3])}{more}: what differs "
            "between their scores may come from there."
        )
    of_trials = ("prepare", "modalities", "normalise")
    how = [[run.record["config"].get(name) for name in of_trials] for run in (a, b)]
    trials = [r.record.get("digest", {}).get("trials") for r in (a, b)]
    if how[0] == how[1] and None not in trials and trials[0] != trials[1]:
        told.append(f"{pair} were prepared alike, and their trials are not the same to the bit.")
    return told


def with_ceiling(run: Run, said: pd.DataFrame) -> Run:
    """A run whose trials a classifier on their truth has answered as well, in a column oracle.

    `said` has the columns subject, clip, truth, prediction. Where it lacks a trial, or has another
    truth, its trials are not those that were tested: then a note says so, and there is no ceiling.
    """
    said = said.rename(columns={"truth": "label", "prediction": "oracle"})
    columns = ["subject", "clip", "label", "oracle"]
    table = run.table.merge(said[columns], "left", columns[:2], validate="many_to_one")
    if (table["label"] == table["truth"]).all():
        return replace(run, table=table.drop(columns="label"))
    note = "No ceiling: the trials that its settings make now are not those that were tested."
    return replace(run, notes=(*run.notes, note))


def _notes(record: Mapping[str, Any]) -> list[str]:
    """What ran on what, and what is unusual about it."""
    config, data = record["config"], record["data"]
    what = f"{config['model']}, modalities {', '.join(config['modalities'])}"
    notes = [f"{what}; protocol {config['protocol']}; data: {data['note'] or 'not described'}."]
    if config["normalise"] != "training":
        notes.append(f"Normalised {config['normalise']}: test subjects' signals were looked at.")
    if skipped := record.get("skipped"):
        notes.append(f"Skipped, since they could not be read: {len(skipped)} clips.")
    if record.get("changed_code"):
        notes.append("The source changed during the run: config.json says in which files.")
    return notes
