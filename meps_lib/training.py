"""Fit one fold, in the open: train, choose the epoch on validation, keep its weights."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import cos, isfinite, pi
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import clip_grad_norm_
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

from meps_lib.arguments import number, one_of, refuse_idle, whole
from meps_lib.batches import Batches
from meps_lib.errors import MepsError
from meps_lib.trial import Batch, Trial

Precision = Literal["fp32", "bf16", "fp16"]
_AT_ONCE = 64  # trials that are evaluated together
_OPTIMISERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
_HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class TrainConfig:
    """How one fold is trained; none of this is stated by the paper (ledger: optimiser)."""

    epochs: int = 15  # at most
    batch_size: int = 16
    learning_rate: float = 5e-3
    # adamw: the decay beside the gradient, not in it
    optimiser: Literal["adam", "adamw", "sgd"] = "adam"
    momentum: float = 0.0  # of sgd
    weight_decay: float = 1e-3
    # cosine: the rate falls to 0 at the end; step: after some epochs to a part of itself
    schedule: Literal["constant", "cosine", "step"] = "constant"
    step_epochs: int = 10
    step_factor: float = 0.5
    keep: Literal["best", "last"] = "best"  # which epoch's weights: of the best validation, or last
    clip_norm: float | None = None  # largest norm of a step's gradient
    patience: int | None = None  # epochs without a better validation loss after which it ends
    class_weights: bool = True  # rare classes count as much as common ones in the loss
    precision: Precision = "fp32"  # of most products; weights and sums stay single
    device: str = "cpu"  # "cuda" gives the same algorithm on a GPU

    def __post_init__(self) -> None:
        whole("epochs", self.epochs, 1)
        whole("batch_size", self.batch_size, 2)
        for name, right in (("learning_rate", "above 0"), ("weight_decay", "0 or more")):
            x = getattr(self, name)
            finite = isinstance(x, (int, float)) and isfinite(x)
            if not finite or x < 0 or (x == 0 and right == "above 0"):
                raise MepsError(f"{name}={x!r}; expected a finite number, {right}")
        one_of("optimiser", self.optimiser, tuple(_OPTIMISERS))
        one_of("schedule", self.schedule, ("constant", "cosine", "step"))
        one_of("keep", self.keep, ("best", "last"))
        number("momentum", self.momentum, 0, 1)
        whole("step_epochs", self.step_epochs, 1)
        number("step_factor", self.step_factor, 1e-6, 1)
        idle = {}
        if self.optimiser != "sgd":
            idle["momentum"] = f"the optimiser is {self.optimiser}"
        if self.schedule != "step":
            why = f"the schedule is {self.schedule}"
            idle |= {"step_epochs": why, "step_factor": why}
        if self.keep == "last":
            idle["patience"] = "the last epoch is kept"
        refuse_idle(self, idle)
        one_of("precision", self.precision, get_args(Precision))
        if self.clip_norm is not None:
            number("clip_norm", self.clip_norm, 1e-12)
        if self.patience is not None:
            whole("patience", self.patience, 1)
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
    """Train a model in place; it ends with the weights of its best validation epoch, or its last.

    Parameters
    ----------
    model : Module
        Maps a `Batch` to an `Output`; its `fit_scales` sees training trials only. If it has an
        ``extra_loss(output, labels)``, training adds that to the cross-entropy of each batch.
    train, validation : sequence of Trial
        Of different subjects. The test subject has no way into this function. Where the last epoch
        is kept, nobody needs to validate.
    classes : sequence of str
        Order of the logits.
    seed : int
        Decides the order of trials and dropout; the same seed gives the same weights.
    progress : bool
        Show a bar over epochs.

    Returns
    -------
    list of dict
        "epoch", "train_loss" and, where somebody validates, "validation_loss" of every epoch: the
        mean loss of all trials of that side, weighted by class: cross-entropy alone, since an extra
        loss may depend on which trials come together. In training the weights move and dropout is
        on meanwhile.

    Raises
    ------
    MepsError
        If a subject is on both sides, a side is empty, or a loss of an epoch is not finite.
    """
    check_sides(train, validation, config.keep)
    device = torch.device(config.device)
    with torch.random.fork_rng():
        torch.manual_seed(seed)  # dropout reads the global generator; fork_rng gives it back
        order = torch.Generator().manual_seed(seed)
        taught = Batches(train, classes, device)
        held_out = Batches(validation, classes, device) if validation else None
        load = partial(DataLoader, range(len(train)), config.batch_size, collate_fn=taught)
        batches = load(shuffle=True, generator=order)
        model.to(device).fit_scales(load())
        weight = class_weights(train, classes).to(device) if config.class_weights else None
        how = {"momentum": config.momentum} if config.optimiser == "sgd" else {}
        optimiser = _OPTIMISERS[config.optimiser](
            model.parameters(), config.learning_rate, weight_decay=config.weight_decay, **how
        )
        scaler = torch.amp.GradScaler(device.type, enabled=config.precision == "fp16")
        history, best, best_weights, waited = [], float("inf"), None, 0
        for epoch in tqdm(range(config.epochs), "epochs", disable=not progress, leave=False):
            model.train()
            summed = []  # read at the epoch's end: a GPU is not waited for
            for step, batch in enumerate(batches, epoch * len(batches)):
                for group in optimiser.param_groups:
                    group["lr"] = _rate(config, epoch, step / (config.epochs * len(batches)))
                with _autocast(device, config.precision):
                    output = model(batch)
                    loss = cross_entropy(output.logits.float(), batch.label, weight)
                goal = loss
                if hasattr(model, "extra_loss"):
                    goal = loss + model.extra_loss(output, batch.label)
                optimiser.zero_grad()
                scaler.scale(goal).backward()
                if config.clip_norm is not None:
                    scaler.unscale_(optimiser)
                    clip_grad_norm_(model.parameters(), config.clip_norm)
                scaler.step(optimiser)
                scaler.update()
                share = _share(batch, weight)
                summed.append(torch.stack([loss.detach().double() * share, share]))
            total, shares = torch.stack(summed).sum(dim=0).tolist()
            losses = {"train_loss": total / shares}
            if held_out is not None:
                loss = _loss(model.eval(), held_out, weight, config.precision)
                losses["validation_loss"] = loss
            if not all(map(isfinite, losses.values())):
                raise MepsError(f"epoch {epoch}: {losses}; lower learning_rate")
            history.append({"epoch": epoch, **losses})
            if config.keep == "last":
                continue
            waited += 1
            if loss < best:
                best, best_weights, waited = loss, copy.deepcopy(model.state_dict()), 0
            if waited == config.patience:
                break
    if best_weights is not None:
        model.load_state_dict(best_weights)
    model.train(False)
    return history


def check_sides(train: Sequence[Trial], validation: Sequence[Trial], keep: str = "best") -> None:
    """Refuse a side without trials, and a subject on both; the last epoch needs no validation."""
    both = {t.subject for t in train} & {t.subject for t in validation}
    if both or not train or not (validation or keep == "last"):
        raise MepsError(
            f"{len(train)} training, {len(validation)} validation trials; shared: {both}"
        )


@torch.no_grad()
def predict(
    model: nn.Module,
    trials: Sequence[Trial],
    classes: Sequence[str],
    precision: Precision = "fp32",
) -> Tensor:
    """Class probabilities (n, K) of trials, on the CPU; the model is put in evaluation mode.

    The model is given batches without label, subject and clip. How many trials come together, and
    in which order, could still tell something: `meps_lab.experiments.run` asks one at a time.
    """
    one_of("precision", precision, get_args(Precision))
    if not trials:
        raise MepsError("no trials to predict; give at least one")
    device = next(model.parameters()).device
    model.eval()
    asked, answers = Batches(trials, classes, device, keep=False), []
    for rows in asked.in_order(_AT_ONCE):
        with _autocast(device, precision):
            logits = model(asked(rows).unlabelled()).logits
        answers.append(logits.float().softmax(dim=-1).cpu())
    return torch.cat(answers)


@torch.no_grad()
def _loss(model: nn.Module, batches: Batches, weight: Tensor | None, precision: Precision) -> float:
    """The mean loss of all trials, weighted by class: the same however they lie in batches."""
    total = weights = 0.0
    for batch in map(batches, batches.in_order(_AT_ONCE)):
        with _autocast(batches.device, precision):
            logits = model(batch).logits
        total += cross_entropy(logits.float(), batch.label, weight, reduction="sum")
        weights += _share(batch, weight)
    return (total / weights).item()


def _share(batch: Batch, weight: Tensor | None) -> Tensor:
    """What the trials of a batch weigh in a mean over all."""
    ones = torch.ones_like(batch.label, dtype=torch.double)
    return (ones if weight is None else weight[batch.label].double()).sum()


def _autocast(device: torch.device, precision: Precision) -> torch.autocast:
    return torch.autocast(device.type, _HALF.get(precision), enabled=precision in _HALF)


def _rate(config: TrainConfig, epoch: int, done: float) -> float:
    """The learning rate in an epoch, after a share of all steps."""
    shares = {
        "constant": 1.0,
        "cosine": (1 + cos(pi * done)) / 2,
        "step": config.step_factor ** (epoch // config.step_epochs),
    }
    return config.learning_rate * shares[config.schedule]


def class_weights(trials: Sequence[Trial], classes: Sequence[str]) -> Tensor:
    """Inverse frequency of each class in the training trials, with mean 1 over trials."""
    counts = torch.tensor([sum(t.label == c for t in trials) for c in classes]).float()
    share = len(trials) / (counts.clamp(min=1) * (counts > 0).sum())
    # A class that nobody in training has still counts where it is met, in validation.
    return torch.where(counts > 0, share, torch.ones_like(share))
