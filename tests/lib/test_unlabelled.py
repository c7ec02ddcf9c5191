"""Planted cheats: models that read label, subject or clip of a batch learn nothing about a test."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from meps_lib.training import TrainConfig, fit, predict
from meps_lib.trial import collate

CLASSES = ("a", "b", "c")


class Cheat(nn.Module):
    """Answers with what a field of the batch says, sharper the longer it trains."""

    def __init__(self, read):
        super().__init__()
        self.read, self.gain = read, nn.Parameter(torch.tensor(1.0))

    def fit_scales(self, batches):
        list(batches)

    def forward(self, batch):
        told = torch.tensor([self.read(batch, k) for k in range(len(batch))])
        return SimpleNamespace(logits=self.gain * nn.functional.one_hot(told, 3).float())


def number(text):
    return int(text[-1]) % 3 if text else 0


CHEATS = {
    "label": lambda batch, k: int(batch.label[k]),
    "subject": lambda batch, k: number(batch.subject[k]),
    "clip": lambda batch, k: number(batch.clip[k]),
}


@pytest.fixture
def trials(make_trial):
    """Label, subject and clip all tell the class."""
    return [
        make_trial(k, ("ps",), label=CLASSES[k % 3], subject=f"p{k}", clip=f"clip{k}")
        for k in range(9)
    ]


@pytest.mark.parametrize("field", CHEATS)
def test_a_model_that_reads_the_answer_is_perfect_in_training_and_at_chance_in_the_test(
    trials, field
):
    model = Cheat(CHEATS[field])
    batch = collate(trials, CLASSES)
    assert (model(batch).logits.argmax(dim=1) == batch.label).all()
    fit(model, trials[:3], trials[3:6], CLASSES, TrainConfig(epochs=2), seed=0)
    p = predict(model, trials[6:], CLASSES)
    assert (p == p[0]).all()  # one answer for all: a third is right


def test_nothing_else_of_a_batch_is_taken_away(trials):
    batch = collate(trials, CLASSES)
    blank = batch.unlabelled()
    assert blank.label.tolist() == [0] * 9 and blank.label.dtype == batch.label.dtype
    assert blank.subject == blank.clip == ("",) * 9
    assert batch.label.tolist() == [0, 1, 2] * 3  # the batch itself is as it was
    for name, value in vars(batch).items():
        if name not in ("label", "subject", "clip"):
            assert getattr(blank, name) is value
