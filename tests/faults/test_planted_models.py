"""Planted models that would guess from how test trials are handed over, not from what they show.

SMIC's folders, and so its trials, stand in the order of the classes; some people show one emotion
often and others seldom. What a model could learn from that is no emotion.
"""

from dataclasses import dataclass
from types import SimpleNamespace

import pandas as pd
import pytest
import torch
from torch import nn

from meps_lab.experiments import ExperimentConfig, run
from meps_lib.errors import MepsError
from meps_lib.models import MODELS
from meps_lib.training import TrainConfig
from meps_lib.trial import Trial

CLASSES = ("negative", "positive", "surprise")


class Noise:
    """Maps of noise of eight people, their trials sorted by class."""

    classes = CLASSES

    def __init__(self, labels_of):
        maps = torch.Generator().manual_seed(0)
        self.trials = [
            Trial(
                label=label,
                subject=f"p{p}",
                clip=f"p{p}_{k}",
                flow=torch.randn(1, 3, 28, 28, generator=maps),
            )
            for p in range(8)
            for k, label in enumerate(labels_of(p))
        ]
        self.index = pd.DataFrame(
            {name: [getattr(t, name) for t in self.trials] for name in ("subject", "clip", "label")}
        )

    def __len__(self):
        return len(self.trials)

    def __getitem__(self, k):
        return self.trials[k]


@dataclass(frozen=True)
class Config:
    n_classes: int = 3


class Planted(nn.Module):
    """Learns by heart which class comes where among a person's trials, and among how many."""

    def __init__(self, config):
        super().__init__()
        self.gain, self.seen = nn.Parameter(torch.tensor(3.0)), {}

    def fit_scales(self, batches):
        people = {}
        for batch in batches:
            for subject, label in zip(batch.subject, batch.label.tolist(), strict=True):
                people.setdefault(subject, []).append(label)
        for labels in people.values():
            self.seen |= {(k, len(labels)): label for k, label in enumerate(labels)}

    def forward(self, batch):
        told = [self.seen.get((k, len(batch)), 0) for k in range(len(batch))]
        one_hot = nn.functional.one_hot(torch.tensor(told), 3)
        return SimpleNamespace(logits=self.gain * one_hot.float())


ORDERS = {
    "sorted": lambda p: [label for label in CLASSES for _ in range(3)],
    "counted": lambda p: [CLASSES[p % 3]] * (3 + 2 * (p % 3)),
}


@pytest.mark.parametrize("order", ORDERS)
def test_order_and_number_of_test_trials_tell_a_model_nothing(order, monkeypatch):
    monkeypatch.setitem(MODELS, "flowmap", (Planted, Config))
    config = ExperimentConfig("flowmap", modalities=("flow",), train=TrainConfig(epochs=2))
    table = run(Noise(ORDERS[order]), config, progress=False)
    assert table["prediction"].nunique() == 1  # no better than one answer for all


class Fussy(Planted):
    def forward(self, batch):
        if batch.clip[0] == "":
            raise MepsError(f"trial {batch.clip[0]!r} has one frame")
        return super().forward(batch)


def test_a_model_that_refuses_a_test_trial_does_not_hide_which(monkeypatch):
    monkeypatch.setitem(MODELS, "flowmap", (Fussy, Config))
    config = ExperimentConfig("flowmap", modalities=("flow",), train=TrainConfig(epochs=1))
    with pytest.raises(MepsError, match="clip 'p0_0' of 'p0': trial '' has one frame"):
        run(Noise(ORDERS["sorted"]), config, progress=False)
