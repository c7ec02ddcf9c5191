"""What mistakes found in published code of S2's kind add to S2, on simulated people.

S2 reads EEG and peripheral signals of four studies of twelve simulated people with habits of their
own; three trials in ten lack the signals. Each study is tested honestly, a subject left out, and
with one mistake at a time:

- "random numbers": what is missing is replaced by noise, as if it had been measured;
- "scaled on everybody": the network's scales are fitted on all trials, tested ones too;
- "trials shuffled": folds cut through people;
- "epoch of the test": the epoch is the one that is best on the tested subject;
- "labels seen": the network reads the label of its batch, and the batch keeps it at the test;
- "labels blanked": the same trained networks, asked by `predict`.

Prints UF1 with an interval over people, and the paired difference from the honest way; with --keep
writes them where `meps_lab.results.kept` reads them.
"""

import os
from collections.abc import Sequence
from dataclasses import replace

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd
import torch
from keep import main
from torch.nn.functional import one_hot

from meps_lab.prepare import PrepareConfig, PreparedDataset
from meps_lab.simulate import Scenario, simulate_cohort
from meps_lib.models.mmme import MMME, MMMEConfig
from meps_lib.protocol import bootstrap_interval, grouped_kfold, loso, majority_predictions
from meps_lib.training import TrainConfig, fit, predict
from meps_lib.trial import Trial, collate

STUDIES, PEOPLE, TRIALS = 4, 12, 6
MODALITIES = ("ps", "eeg")
HABITS = {"class_balance": (), "signals": ("EDA", "ECG", "PPG"), "size": 16}
HABITS |= {"eeg": "10-20", "eeg_sfreq": 250.0, "missing_ps": 0.3}
TRAIN = TrainConfig(epochs=12, batch_size=16, learning_rate=3e-3)


def fitted_on(trials: Sequence[Trial], classes: Sequence[str]) -> type[MMME]:
    """S2 whose scales are fitted on these trials, whoever is trained on."""

    class Leaky(MMME):
        def fit_scales(self, batches):
            super().fit_scales([collate(trials, classes)])

    return Leaky


class Told(MMME):
    """S2 whose forward pass looks at the label."""

    def __init__(self, config: MMMEConfig):
        super().__init__(config)
        self.gain = torch.nn.Parameter(torch.tensor(5.0))

    def forward(self, batch):
        output = super().forward(batch)
        told = one_hot(batch.label, self.config.n_classes)
        return replace(output, logits=output.logits + self.gain * told)


def with_noise(trials: Sequence[Trial], seed: int) -> list[Trial]:
    """Signals that are missing become random numbers that vary as much as those that are there.

    As much as they vary within a trial: the network takes each trial's own mean off.
    """
    measured = next(t for t in trials if t.ps is not None)
    every = torch.stack([t.ps for t in trials if t.ps is not None])
    mean = every.mean(dim=(0, 2))[:, None]
    deviation = every.var(dim=2).mean(dim=0).sqrt()[:, None]
    draw, out = torch.Generator().manual_seed(seed), []
    for trial in trials:
        if trial.ps is None:
            noise = mean + deviation * torch.randn(measured.ps.shape, generator=draw)
            about = {name: getattr(measured, name) for name in ("ps_names", "ps_units")}
            about |= {"ps_sfreq": measured.ps_sfreq, "ps_start": measured.ps_start}
            trial = replace(trial, ps=noise, **about)
        out.append(trial)
    return out


@torch.no_grad()
def seeing(model, trials, classes) -> torch.Tensor:
    """As `predict`, but the batch keeps its labels."""
    return model.eval()(collate(trials, classes)).logits


def tested(trials, classes, splits, seed, kind=MMME, answers=(predict,), epoch="validation"):
    """Train and test every fold; of each way to ask a table of answers."""
    tables = [[] for _ in answers]
    for split in splits:
        train, validation, test = (
            [t for t in trials if t.subject in getattr(split, role)]
            for role in ("train", "validation", "test")
        )
        torch.manual_seed(seed)
        config = MMMEConfig(len(classes), MODALITIES, n_eeg=95, ps_sfreq=32.0)
        model = kind(config)
        fit(model, train, test if epoch == "test" else validation, classes, TRAIN, seed)
        for table, answer in zip(tables, answers, strict=True):
            said = answer(model, test, classes).argmax(dim=1).tolist()
            table += [
                (t.subject, t.clip, t.label, split.fold, classes[k])
                for t, k in zip(test, said, strict=True)
            ]
    columns = ["subject", "clip", "truth", "fold", "prediction"]
    return [pd.DataFrame(table, columns=columns) for table in tables]


def of_study(trials: list[Trial], classes: Sequence[str], seed: int) -> dict[str, pd.DataFrame]:
    """The answers of one study under each rule."""
    person = {t.clip: t.subject for t in trials}
    splits = list(loso([t.subject for t in trials], 2, seed))
    mixed = [replace(t, subject=t.clip) for t in trials]
    # As many trials to train on, to choose the epoch and to test as when a subject is left out.
    cut = list(grouped_kfold([t.subject for t in mixed], PEOPLE, 2 * TRIALS, seed))
    told = {"kind": Told, "answers": (seeing, predict)}
    ways = {
        ("honest",): (trials, splits, {}),
        ("random numbers",): (with_noise(trials, seed), splits, {}),
        ("scaled on everybody",): (trials, splits, {"kind": fitted_on(trials, classes)}),
        ("trials shuffled",): (mixed, cut, {}),
        ("epoch of the test",): (trials, splits, {"epoch": "test"}),
        ("labels seen", "labels blanked"): (trials, splits, told),
    }
    found = {}
    for names, (given, folds, how) in ways.items():
        found |= zip(names, tested(given, classes, folds, seed, **how), strict=True)
    return {name: t.assign(subject=t["clip"].map(person)) for name, t in found.items()}


def leaks(asked) -> dict[str, pd.DataFrame]:
    """Each rule's score over all studies, beside the honest one."""
    habits = Scenario.preset("casme3_c", **HABITS)
    cohort = simulate_cohort(STUDIES * PEOPLE, TRIALS, seed=asked.seed, scenario=habits)
    prepare = PrepareConfig(ps_sfreq=32.0, eeg_bands=True)
    trials = PreparedDataset(cohort, prepare, MODALITIES, progress=False).trials
    classes, n, tables = cohort.classes, PEOPLE * TRIALS, {}  # rule -> a table a study
    for k in range(STUDIES):
        study = of_study(trials[k * n : (k + 1) * n], classes, asked.seed + k)
        honest = study["honest"]
        study["floor"] = honest.assign(prediction=majority_predictions(honest, classes))
        for rule, table in study.items():
            tables.setdefault(rule, []).append(table)
    tables = {rule: pd.concat(some, ignore_index=True) for rule, some in tables.items()}
    lazy, honest, rows = tables.pop("floor"), tables["honest"], []
    for rule, table in tables.items():
        own = bootstrap_interval(table, classes).loc["uf1"]
        row = {"rule": rule, "uf1": own["score"], "low": own["low"], "high": own["high"]}
        if rule != "honest":
            apart = bootstrap_interval(table, classes, minus=honest).loc["uf1"]
            row |= {"change": apart["score"], "change_low": apart["low"]}
            row |= {"change_high": apart["high"]}
        rows.append(row)
    found = pd.DataFrame(rows)
    found["floor"] = bootstrap_interval(lazy, classes).loc["uf1", "score"]
    return {"s2_leaks": found}


if __name__ == "__main__":
    main(__doc__, leaks, ["torch"], {"seed": {"type": int, "default": 0}})
