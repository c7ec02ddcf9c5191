"""The encoder, three networks and handcrafted features on WESAD and CASE, by their paths.

    python benchmarks/ps_sets.py --wesad PATH --case PATH

reads the real sets, subjects left out one by one. Without a path the set's simulated tree is
written to a temporary folder and read by the same loader: then the scores say that the way from
file to score works, and nothing about WESAD or CASE. Prints UF1 with intervals over people. With
--keep writes what `meps_lab.results.kept("ps_sets")` reads.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ["OMP_NUM_THREADS"] = "1"

import pandas as pd
import torch
from keep import main
from peers import LSTM, RATES, TCN, InceptionTime, OursAlone, PeerModel, answers_of_forests

from meps_lab.datasets import IndexOptions, LoadConfig, open_dataset
from meps_lab.prepare import PrepareConfig, PreparedDataset
from meps_lab.simulate.layouts import write_layout
from meps_lib.protocol import bootstrap_interval, grouped_kfold, loso, majority
from meps_lib.training import TrainConfig, fit, predict

# Some fifty trials train: fifteen epochs would be sixty steps, too few for ours. Forty were set on
# trees of seed 7; those that are reported are others.
SFREQ, SEED, EPOCHS = 32.0, 8, 40
# In each fold the validation subjects choose between a network's rate of the first task, where
# ten times as many trials train, and this one.
DEFAULT = TrainConfig().learning_rate
# Of the simulated trees: people, seconds of a condition; clips of these seconds.
SIMULATED = {"wesad": (15, 40.0, 20.0), "case": (12, 20.0, 20.0)}


def networks(n: int) -> dict:
    """Networks for n classes, by name."""
    return {
        "separable and mixable": lambda: PeerModel(OursAlone(3, n, SFREQ)),
        "InceptionTime": lambda: PeerModel(InceptionTime(3, n)),
        "LSTM 2 x 64": lambda: PeerModel(LSTM(3, n)),
        "TCN 4 x 64": lambda: PeerModel(TCN(3, n)),
    }


def prepared(kind: str, root: Path | None) -> PreparedDataset:
    """The set's signals at one rate; from a simulated tree where no path is given."""
    load, prepare = LoadConfig(modalities=("ps",)), PrepareConfig(ps_sfreq=SFREQ)
    if root is not None:
        return PreparedDataset(open_dataset(kind, root, config=load), prepare, ("ps",))
    people, seconds, clip_s = SIMULATED[kind]
    with TemporaryDirectory() as folder:
        out = Path(folder) / kind
        write_layout(kind, out, n_subjects=people, ps_duration_s=seconds, seed=SEED)
        data = open_dataset(kind, out, config=load, options=IndexOptions(segment_s=clip_s))
        return PreparedDataset(data, prepare, ("ps",), progress=False)


def taught(make, train, validation, classes, rate: float) -> tuple[float, torch.nn.Module]:
    """A network that learnt at a rate, after its best loss on the validation subjects."""
    torch.manual_seed(SEED)
    model = make()
    how = TrainConfig(epochs=EPOCHS, learning_rate=rate)
    history = fit(model, train, validation, classes, how, SEED)
    return min(epoch["validation_loss"] for epoch in history), model


def scores(kind: str, root: Path | None) -> pd.DataFrame:
    """One row a network, forest and discriminant."""
    data = prepared(kind, root)
    subjects, classes, said = list(data.index["subject"]), data.classes, {}
    # Fewer folds where all is simulated: nobody waits an afternoon for a check of the way.
    splits = grouped_kfold(subjects, 3) if root is None else loso(subjects)
    for split in splits:
        train, validation, test = (data.of(p) for p in (split.train, split.validation, split.test))
        about = pd.DataFrame(
            [(t.subject, t.clip, t.label) for t in test], columns=["subject", "clip", "truth"]
        )
        commonest = pd.Series([t.label for t in (*train, *validation)]).mode()[0]
        about["majority"] = commonest
        answers = answers_of_forests(train, test, SEED)
        for name, make in networks(len(classes)).items():
            tried = [taught(make, train, validation, classes, r) for r in (RATES[name], DEFAULT)]
            best = min(tried, key=lambda pair: pair[0])[1]
            answers[name] = [classes[k] for k in predict(best, test, classes).argmax(dim=1)]
        for name, answered in answers.items():
            said.setdefault(name, []).append(about.assign(prediction=answered))
        print(kind, "fold", split.fold, flush=True)
    rows = []
    for name, tables in said.items():
        table = pd.concat(tables, ignore_index=True)
        found = {"set": kind, "simulated": root is None, "name": name}
        found |= bootstrap_interval(table, classes).loc["uf1"]
        rows.append(found | {"floor": majority(table, classes).uf1, "trials": len(table)})
    return pd.DataFrame(rows)


def both(asked) -> dict[str, pd.DataFrame]:
    """WESAD and CASE."""
    torch.set_num_threads(1)
    return {"ps_sets": pd.concat([scores(kind, getattr(asked, kind)) for kind in SIMULATED])}


if __name__ == "__main__":
    paths = {kind: {"type": Path, "help": "folder of the real set"} for kind in SIMULATED}
    main(__doc__, both, ["torch", "scikit-learn", "neurokit2"], paths, seed=SEED)
