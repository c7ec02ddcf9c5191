"""Six people of three random trials each, for tests of whole experiments."""

from dataclasses import replace

import pandas as pd

from meps_lab.experiments.folds import ExperimentConfig
from meps_lab.prepare import PrepareConfig
from meps_lib.training import TrainConfig

QUICK = ExperimentConfig(
    train=TrainConfig(epochs=2, batch_size=8),
    prepare=PrepareConfig(n_frames=4, size=24),
    model_args={"grid": 3},
)


class Handmade:
    """Six subjects of three random trials; `spoilt` subjects get other data and labels."""

    classes = ("a", "b", "c")
    note = "made up"

    def __init__(self, make_trial, spoilt=()):
        self.trials = []
        for k in range(18):
            trial = make_trial(k)
            if trial.subject in spoilt:
                trial = make_trial(k + 900, subject=trial.subject, clip=trial.clip, label="a")
                trial.ps = trial.ps * 1e3
            self.trials.append(trial)
        rows = [(t.subject, t.clip, t.label, t.label) for t in self.trials]
        self.index = pd.DataFrame(rows, columns=["subject", "clip", "label", "emotion"])

    def __len__(self):
        return len(self.trials)

    def __getitem__(self, k):
        return self.trials[k]


class TwoSets(Handmade):
    """The same six subjects, of whom two are said to belong to another data set."""

    def __init__(self, make_trial):
        super().__init__(make_trial)
        second = self.index["subject"].isin(["s4", "s5"])
        self.index["data_set"] = second.map({True: "samm", False: "smic"})


def changed(**settings):
    """Signals alone, which are quickly learnt from, and other settings."""
    return replace(QUICK, **{"modalities": ("ps",), "model_args": {}} | settings)
