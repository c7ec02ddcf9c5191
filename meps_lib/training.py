"""Fit one fold, in the open: train, choose the epoch on validation, keep its weights."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import isfinite

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

from meps_lib.arguments import whole
from meps_lib.errors import MepsError
from meps_lib.trial import Batch, Trial, collate

_AT_ONCE = 64  # trials that are evaluated together


@dataclass(frozen=True)
class TrainConfig:
    """How one fold is trained; none of this is stated by the paper (ledger: optimiser)."""

    epochs: int = 15
    batch_size: int = 16
    learning_rate: float = 5e-3  # Adam
    weight_decay: float = 1e-3
    class_weights: bool = True  # rare classes count as much as common ones in the loss
    device: str = "cpu"  # "cuda" gives the same algorithm on a GPU

    def __post_init__(self) -> None:
        whole("epochs", self.epochs, 1)
        whole("batch_size", self.batch_size, 2)
        for name, right in (("learning_rate", "above 0"), ("weight_decay", "0 or more")):
            x = getattr(self, name)
            number = isinstance(x, (int, float)) and isfinite(x)
            if not number or x < 0 or (x == 0 and right == "above 0"):
                raise MepsError(f"{name}={x!r}; expected a finite number, {right}")
        try:  # told before trials are prepared, not when the first fold starts
            torch.zeros(1, device=torch.device(self.device)).item()
        except (RuntimeError, AssertionError, TypeError):
            raise MepsError(
                f"device={self.device!r}: torch cannot use it here; expected cpu, or cuda where "
                "there is a GPU"
            ) from None


def fit(
    model: nn.Module,
    train: Sequence[Trial],
    validation: Sequence[Trial],
    classes: Sequence[str],
    config: TrainConfig,
    seed: int,
    progress: bool = False,
) -> list[dict[str, float]]:
    """Train a model in place; it ends with the weights of its best validation epoch.

    Parameters
    ----------
    model : Module
        Maps a `Batch` to an `Output`; its `fit_scales` sees training trials only.
    train, validation : sequence of Trial
        Of different subjects. The test subject has no way into this function.
    classes : sequence of str
        Order of the logits.
    seed : int
        Decides the order of trials and dropout; the same seed gives the same weights.
    progress : bool
        Show a bar over epochs.

    Returns
    -------
    list of dict
        "epoch", "train_loss", "validation_loss" of every epoch.

    Raises
    ------
    MepsError
        If a subject is on both sides, a side is empty, or a loss of an epoch is not finite.
    """
    both = {t.subject for t in train} & {t.subject for t in validation}
    if both or not train or not validation:
        raise MepsError(
            f"{len(train)} training, {len(validation)} validation trials; shared: {both}"
        )
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # dropout reads the global generator; fork_rng gives it back
        order = torch.Generator().manual_seed(seed)
        load = partial(DataLoader, collate_fn=partial(collate, classes=classes))
        batches = load(train, config.batch_size, shuffle=True, generator=order)
        device = torch.device(config.device)
        model.to(device).fit_scales(b.to(device) for b in load(train, config.batch_size))
        weight = _class_weights(train, classes).to(device) if config.class_weights else None
        adam = torch.optim.Adam(
            model.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )
        held_out = _batches(validation, classes)
        history, best, best_weights = [], float("inf"), None
        for epoch in tqdm(range(config.epochs), "epochs", disable=not progress, leave=False):
            model.train()
            summed = []  # read at the epoch's end: a GPU is not waited for
            for batch in batches:
                batch = batch.to(device)
                loss = cross_entropy(model(batch).logits, batch.label, weight)
                adam.zero_grad()
                loss.backward()
                adam.step()
                summed.append(loss.detach().double() * len(batch))
            loss = _loss(model.eval(), held_out, weight, device)
            total = torch.stack(summed).sum().item()
            losses = {"train_loss": total / len(train), "validation_loss": loss}
            if not all(map(isfinite, losses.values())):
                raise MepsError(f"epoch {epoch}: {losses}; lower learning_rate")
            history.append({"epoch": epoch, **losses})
            if loss < best:
                best, best_weights = loss, copy.deepcopy(model.state_dict())
    model.load_state_dict(best_weights)
    return history


@torch.no_grad()
def predict(model: nn.Module, trials: Sequence[Trial], classes: Sequence[str]) -> Tensor:
    """Class probabilities (n, K) of trials, on the CPU; the model is put in evaluation mode.

    The model is given batches without label, subject and clip. How many trials come together, and
    in which order, could still tell something: `meps_lab.experiments.run` asks one at a time.
    """
    if not trials:
        raise MepsError("no trials to predict; give at least one")
    device = next(model.parameters()).device
    model.eval()
    batches = (b.unlabelled().to(device) for b in _batches(trials, classes))
    return torch.cat([model(b).logits.softmax(dim=-1).cpu() for b in batches])


@torch.no_grad()
def _loss(
    model: nn.Module, batches: Sequence[Batch], weight: Tensor | None, device: torch.device
) -> float:
    """The mean loss of all trials, weighted by class: the same however they lie in batches."""
    total = weights = 0.0
    for batch in batches:
        batch = batch.to(device)
        total += cross_entropy(model(batch).logits, batch.label, weight, reduction="sum")
        weights += len(batch) if weight is None else weight[batch.label].sum()
    return (total / weights).item()


def _batches(trials: Sequence[Trial], classes: Sequence[str]) -> list[Batch]:
    """Batches to evaluate, in order; on the CPU, so that a device holds one at a time.

    Not a `DataLoader`: each pass of one draws from the generator that dropout reads.
    """
    return [collate(trials[i : i + _AT_ONCE], classes) for i in range(0, len(trials), _AT_ONCE)]


def _class_weights(trials: Sequence[Trial], classes: Sequence[str]) -> Tensor:
    """Inverse frequency of each class in the training trials, with mean 1 over trials."""
    counts = torch.tensor([sum(t.label == c for t in trials) for c in classes]).float()
    share = len(trials) / (counts.clamp(min=1) * (counts > 0).sum())
    # A class that nobody in training has still counts where it is met, in validation.
    return torch.where(counts > 0, share, torch.ones_like(share))
