"""The flow networks on simulated maps of the MEGC2019 composite's sizes: 68 people, 442 clips.

Two trees of maps, of other people each. On the first our own network is chosen, among those of
`CANDIDATES`, by people in eight groups. On the second every network is tested by people in the same
ten groups: STSTNet with 40 epochs, ours, and STSTNet and RCN-A by their published recipes (with
--slow FeatRef by its own, which takes a day); and STSTNet with 40 epochs with one person left out
at a time. Prints and, with --keep, writes

- ``composite``: scores over all and by set, with intervals over people, and the paired difference
  from STSTNet's two rows, beside floor, ceiling and minutes;
- ``composite_choice``: the candidates;
- ``composite_epoch``: STSTNet in a plain loop, whose epoch is the last one, or for each person the
  one that suits this person best, as published code has it;
- ``composite_speed``: seconds by the clock of that loop, and of the same folds and epochs by the
  library, in one process and in --jobs of them, where nothing else runs (to ask the tested person
  after each epoch takes the loop 2 % of its time); with --device cuda in one
  process and in one program (on a CPU that is slower: see `meps_lab.experiments.stacked`).

The trees and finished folds stay in --root, so that the same command goes on where it ended; with
--loop the times alone are made.
"""

import os
from dataclasses import replace
from pathlib import Path
from time import perf_counter

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import torch
from keep import main
from peers.streams import ThreeStreams
from torch.nn.functional import cross_entropy

from meps_lab.ablations.scores import spend
from meps_lab.datasets.cache.settings import LoadConfig
from meps_lab.datasets.dataset import open_dataset
from meps_lab.datasets.index.build import IndexOptions
from meps_lab.experiments import ExperimentConfig, run
from meps_lab.experiments.results import PREDICTIONS, read_predictions
from meps_lab.prepare import PreparedDataset
from meps_lab.simulate import ceiling_answers
from meps_lab.simulate.layouts import layout_cohort, write_layout
from meps_lib.protocol import bootstrap_interval, loso, majority_predictions, score
from meps_lib.training import TrainConfig

SEEDS = {"choice": 41, "test": 42}
PEOPLE, TRIALS = 68, 15
SIZES = {"casme2": (88, 32, 25), "samm": (92, 26, 15), "smic": (70, 51, 43)}  # of each class
MAPS = ExperimentConfig(model="flowmap", modalities=("flow",))
LAST = TrainConfig(epochs=20, batch_size=32, learning_rate=1e-3, keep="last")
SMALL = {"width": 8, "grid": 4}
WIDE = {"width": 16, "grid": 7}
CANDIDATES = {
    "small": (SMALL, LAST),
    "wide": (WIDE, LAST),
    "wide, 40 epochs": (WIDE, replace(LAST, epochs=40)),
    "wide, dropout .6": (WIDE | {"dropout": 0.6}, LAST),
    "mirrored": (WIDE | {"mirrored": True}, LAST),
    "mirrored, 40 epochs": (WIDE | {"mirrored": True}, replace(LAST, epochs=40)),
}
OURS = "wide, 40 epochs"
RECIPE, ALONE = "STSTNet, 500 epochs", "STSTNet, 68 folds"
# As in the measurement that the leaderboard page tells.
SHORT = TrainConfig(40, 64, 1e-3, weight_decay=0.0, class_weights=False, keep="last")


def composite(root: Path, part: str) -> tuple[PreparedDataset, pd.DataFrame]:
    """Maps of one tree, as many of each set and class as the composite has, and their rows."""
    tree = root / part
    how = {"n_subjects": PEOPLE, "trials": TRIALS, "seed": SEEDS[part]}
    if not tree.exists():
        write_layout("flowmaps", tree, **how)
    table = pd.read_csv(tree / "labels.csv", dtype={"sub": str})
    rng, people = np.random.default_rng(SEEDS[part]), table.groupby("dataset")["sub"].nunique()
    while True:  # until nobody has lost all clips
        mixed = table.iloc[rng.permutation(len(table))]
        cells = [
            mixed[mixed["dataset"].eq(name) & mixed["label"].eq(label)].head(n)
            for name, counts in SIZES.items()
            for label, n in enumerate(counts)
        ]
        rows = pd.concat(cells).sort_index()
        if rows.groupby("dataset")["sub"].nunique().equals(people):
            break
    rows.to_csv(labels := root / f"{part}.csv", index=False)
    config = LoadConfig(modalities=("flow",))
    data = open_dataset("flowmaps", tree, config=config, options=IndexOptions(labels=labels))
    return PreparedDataset(data, None, ("flow",)), rows


def choice(data: PreparedDataset, jobs: int) -> pd.DataFrame:
    """One row a candidate for our network: its scores on the people of the first tree."""
    rows = []
    for name, (sizes, train) in CANDIDATES.items():
        config = replace(MAPS, train=train, model_args=sizes, n_jobs=jobs)
        config = replace(config, protocol="grouped-kfold", n_folds=8, n_validation=0)
        said = run(data, config, progress=False)
        found = bootstrap_interval(said, data.classes).loc["uf1"]
        rows.append({"candidate": name, **found, "chosen": name == OURS})
        print(rows[-1], flush=True)
    return pd.DataFrame(rows)


def studies(jobs: int, slow: bool = False) -> dict[str, ExperimentConfig]:
    """Every network with its recipe and folds, by its name in the table."""
    sizes, train = CANDIDATES[OURS]
    how = {"modalities": ("flow",), "protocol": "grouped-kfold", "n_folds": 10, "n_validation": 0}
    studies = {
        "STSTNet": ExperimentConfig("ststnet", train=SHORT, **how),
        "ours": ExperimentConfig("flowmap", model_args=sizes, train=train, **how),
        RECIPE: ExperimentConfig("ststnet", **how),
        "RCN-A": ExperimentConfig("rcn", **how),
        ALONE: ExperimentConfig("ststnet", modalities=("flow",), train=SHORT),
    }
    if slow:
        studies["FR"] = ExperimentConfig("featref", **how)
    return {name: replace(config, n_jobs=jobs) for name, config in studies.items()}


def results(data: PreparedDataset, rows: pd.DataFrame, asked) -> pd.DataFrame:
    """One row a network and set: scores with intervals, and how far UF1 is from both STSTNets'."""
    said, minutes = {}, {}
    for name, config in studies(asked.jobs, asked.slow).items():
        start, out = perf_counter(), asked.root / name
        there = (out / PREDICTIONS).is_file()
        said[name] = read_predictions(out) if there else run(data, config, out, progress=False)
        (spent := asked.root / f"spent {name}").mkdir(exist_ok=True)
        minutes[name] = spend(spent, perf_counter() - start) / 60
        print(f"{name}: {minutes[name]:.1f} minutes", flush=True)
    cohort = layout_cohort("flowmaps", PEOPLE, TRIALS, SEEDS["test"])
    top = ceiling_answers(cohort).query("part == 'face' and model == 0").iloc[rows.index]
    top = top.assign(data_set=rows["dataset"].to_numpy())
    found = []
    for part in ("all", *SIZES):
        of = {name: _part(table, part) for name, table in said.items()}
        best = _part(top, part)
        for name, own in of.items():
            row = {
                "model": name,
                "set": part,
                "clips": len(own),
                "people": own["subject"].nunique(),
            }
            row |= _scores(own, data.classes)
            for other, key in (("STSTNet", "minus"), (RECIPE, "minus_recipe")):
                if name != other:
                    apart = bootstrap_interval(own, data.classes, minus=of[other]).loc["uf1"]
                    ends = {"": "score", "_low": "low", "_high": "high"}
                    row |= {key + end: apart[column] for end, column in ends.items()}
            guess = majority_predictions(own, data.classes)
            row["floor"] = score(own["truth"], guess, data.classes).uf1
            row["ceiling"] = score(best["truth"], best["prediction"], data.classes).uf1
            train = studies(1, True)[name].train
            row |= {
                "folds": own["fold"].nunique(),
                "epochs": train.epochs,
                "minutes": minutes[name],
            }
            found.append(row)
    return pd.DataFrame(found)


def _part(table: pd.DataFrame, part: str) -> pd.DataFrame:
    return table if part == "all" else table[table["data_set"] == part]


def _scores(table: pd.DataFrame, classes) -> dict[str, float]:
    """Each metric and the ends of its interval over people."""
    return {
        metric + end: found[key]
        for metric, found in bootstrap_interval(table, classes).iterrows()
        for end, key in (("", "score"), ("_low", "low"), ("_high", "high"))
    }


def plain_loop(data: PreparedDataset, device: str = "cpu") -> pd.DataFrame:
    """What STSTNet in three streams says of each person's clips after each epoch, as usual."""
    x = torch.stack([t.flow[0] for t in data.trials]).to(device)
    y = torch.tensor([data.classes.index(t.label) for t in data.trials], device=device)
    who, tables = data.index["subject"].to_numpy(), []
    for fold, split in enumerate(loso(data.index["subject"], n_validation=0)):
        torch.manual_seed(fold)
        taught = torch.from_numpy(np.flatnonzero(np.isin(who, split.train)))
        asked = np.flatnonzero(np.isin(who, split.test))
        model = ThreeStreams(len(data.classes)).to(device)
        optimiser = torch.optim.Adam(model.parameters(), SHORT.learning_rate)
        for epoch in range(SHORT.epochs):
            model.train()
            for rows in taught[torch.randperm(len(taught))].split(SHORT.batch_size):
                optimiser.zero_grad()
                cross_entropy(model(x[rows]), y[rows]).backward()
                optimiser.step()
            model.eval()
            with torch.no_grad():
                answers = model(x[asked]).argmax(dim=1)
            about = data.index.iloc[asked][["subject", "clip"]].assign(fold=fold, epoch=epoch)
            about["truth"] = [data.classes[k] for k in y[asked]]
            tables.append(about.assign(prediction=[data.classes[k] for k in answers]))
    return pd.concat(tables, ignore_index=True)


def epochs(said: pd.DataFrame, classes) -> pd.DataFrame:
    """The last epoch, and for each person the first one of those that suit this person best."""
    right = said["truth"].eq(said["prediction"]).groupby([said["subject"], said["epoch"]]).mean()
    best = right.unstack().idxmax(axis=1)
    last = said[said["epoch"] == said["epoch"].max()]
    suits = said[said["epoch"] == said["subject"].map(best)]
    apart = bootstrap_interval(suits, classes, minus=last).loc["uf1"]
    rows = [{"epoch": "last", **_scores(last, classes)}]
    rows += [{"epoch": "best on the tested person", **_scores(suits, classes)}]
    rows[1] |= {"minus": apart["score"], "minus_low": apart["low"], "minus_high": apart["high"]}
    return pd.DataFrame(rows)


def speed(data: PreparedDataset, device: str, jobs: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Seconds by the clock of the plain loop and of the library's folds; what the loop says."""
    config = ExperimentConfig("ststnet", modalities=("flow",), train=replace(SHORT, device=device))
    ways = {"meps loso": config}
    if device == "cpu":
        ways[f"meps loso --jobs {jobs}"] = replace(config, n_jobs=jobs)
    else:
        ways["meps loso --stacked"] = replace(config, stacked=True)
    start = perf_counter()
    said = plain_loop(data, device)
    rows = [{"way": "plain loop, three streams", "seconds": perf_counter() - start}]
    for way, asked in ways.items():
        start = perf_counter()
        run(data, asked, progress=False)
        rows.append({"way": way, "seconds": perf_counter() - start})
    table = pd.DataFrame(rows)
    return table.assign(times_faster=table["seconds"][0] / table["seconds"]), said


def tables(asked) -> dict[str, pd.DataFrame]:
    """All four tables, or that of the times."""
    data, rows = composite(asked.root, "test")
    timed, said = speed(data, asked.device, asked.jobs)
    if asked.loop:
        return {"composite_speed": timed}
    chosen, _ = composite(asked.root, "choice")
    return {
        "composite_speed": timed,
        "composite_epoch": epochs(said, data.classes),
        "composite_choice": choice(chosen, asked.jobs),
        "composite": results(data, rows, asked),
    }


OPTIONS = {"root": {"type": Path, "required": True}, "jobs": {"type": int, "default": 2}}
OPTIONS["device"] = {"default": "cpu", "help": "on which the loop and the folds are timed"}
OPTIONS |= {flag: {"action": "store_true"} for flag in ("slow", "loop")}
if __name__ == "__main__":
    main(__doc__, tables, ["torch"], OPTIONS, seeds=SEEDS)
