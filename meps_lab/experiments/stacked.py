"""All folds of a study in one program: networks of one shape, stacked and trained side by side.

A small network leaves a GPU idle: its steps are too short to fill it, and there are thousands of
them one after the other. Here one step is a step of every fold. Measured on one thread of a CPU it
is some 1.4 to 1.7 times faster (`benchmarks/loop.py`); on a GPU it has not been measured.
"""

import copy
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from math import inf, isfinite, pi

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap
from torch.utils.data import DataLoader

from meps_lib.batches import take
from meps_lib.errors import MepsError
from meps_lib.training import TrainConfig, check_sides, class_weights
from meps_lib.trial import Batch, Trial, collate

Tensors = dict[str, Tensor]
_AT_ONCE = 64  # validation trials of each fold


def fit_stacked(
    models: Sequence[nn.Module],
    sides: Sequence[tuple[Sequence[Trial], Sequence[Trial]]],
    classes: Sequence[str],
    config: TrainConfig,
    seeds: Sequence[int],
) -> list[list[dict[str, float]]]:
    """`meps_lib.training.fit` of several folds at once; without dropout, the same but for rounding.

    Parameters
    ----------
    models : sequence of Module
        F networks of one shape that read signals alone, freshly made each by its own seed.
    sides : sequence of (train, validation)
        Of each fold. Trials that folds share are kept on the device once.
    classes : sequence of str
    config : TrainConfig
        In single precision.
    seeds : sequence of int
        F numbers; each decides the order of its fold's trials, as in `fit`. Dropout is drawn for
        all together.

    Returns
    -------
    list of list of dict
        The history of each fold, as `fit` gives it. The models end with their best weights.

    Raises
    ------
    MepsError
        As `fit` says; if a trial has frames; if the precision is not single.

    Notes
    -----
    Folds of unequal length: a trial that is only there to fill a batch has no signals, so that it
    enters no statistic, and weight 0 in the loss; a fold that has no batch left does not move.
    """
    for train, validation in sides:
        check_sides(train, validation)
    trials = list({id(t): t for side in sides for part in side for t in part}.values())
    if seen := {m for t in trials for m in t.modalities} - {"ps"}:
        raise MepsError(f"trials with {', '.join(sorted(seen))}; stacked folds read ps alone")
    only = {"precision": ("fp32",), "optimiser": ("adam", "adamw"), "keep": ("best",)}
    for name, known in (only | {"schedule": ("constant", "cosine")}).items():
        if (value := getattr(config, name)) not in known:
            raise MepsError(f"{name}={value!r}; stacked folds train with {' or '.join(known)}")
    place = {id(t): k for k, t in enumerate(trials)}
    taught, held_out = ([[place[id(t)] for t in side[k]] for side in sides] for k in (0, 1))
    device = torch.device(config.device)
    whole = collate(trials, classes).to(device)
    for model, rows in zip(models, taught, strict=True):
        parts = (rows[i : i + config.batch_size] for i in range(0, len(rows), config.batch_size))
        model.to(device).fit_scales(take(whole, part) for part in parts)
    weight = torch.ones(len(models), len(classes), device=device)
    if config.class_weights:
        weight = torch.stack([class_weights(train, classes) for train, _ in sides]).to(device)
    folds = _Folds(models, config, take(whole, taught[0][:2]))
    orders = [torch.Generator().manual_seed(seed) for seed in seeds]
    loads = [
        DataLoader(rows, config.batch_size, shuffle=True, generator=order, collate_fn=list)
        for rows, order in zip(taught, orders, strict=True)
    ]
    asked = [[r[i : i + _AT_ONCE] for i in range(0, len(r), _AT_ONCE)] for r in held_out]
    steps = torch.tensor([config.epochs * len(load) for load in loads], device=device)
    with torch.random.fork_rng():
        torch.manual_seed(seeds[0])
        for epoch in range(config.epochs):
            losses = [
                folds.epoch(loads, whole, weight, steps),
                folds.epoch(asked, whole, weight, None),
            ]
            if folds.note(epoch, *torch.stack(losses).tolist()):
                break
    folds.give_back(models)
    return folds.history


class _Folds:
    """F networks as one: stacked weights, statistics and moments, and what each came to."""

    def __init__(self, models: Sequence[nn.Module], config: TrainConfig, some: Batch):
        self.config, self.network = config, copy.deepcopy(models[0])
        self.network.eval()(some).logits.sum().backward()
        # Torch's Adam passes over what no answer depends on: not even decay moves it.
        moved = {name for name, w in self.network.named_parameters() if w.grad is not None}
        weights, self.buffers = stack_module_state(list(models))
        self.weights = {name: w.detach() for name, w in weights.items()}
        self.first, self.second = (
            {name: torch.zeros_like(w) for name, w in self.weights.items() if name in moved}
            for _ in range(2)
        )
        n, device = len(models), next(iter(self.weights.values())).device
        self.taken = torch.zeros(n, device=device)  # steps
        self.best, self.waited, self.kept = [inf] * n, [0] * n, self.state()
        self.history: list[list[dict[str, float]]] = [[] for _ in models]
        self.on = [True] * n  # those whose patience is not at its end

    def state(self) -> Tensors:
        """A copy of all weights and statistics."""
        return {name: x.clone() for name, x in (self.weights | self.buffers).items()}

    def epoch(self, loads, whole: Batch, weight: Tensor, steps: Tensor | None) -> Tensor:
        """Mean loss (F,) over all batches of every fold; with `steps`, each batch is a step."""
        self.network.train(steps is not None)
        loads = list(map(iter, loads))
        total, shares = (torch.zeros_like(self.taken, dtype=torch.double) for _ in range(2))
        while any(parts := [next(load, []) for load in loads]):
            tensors, real = _filled(whole, parts)
            loss, share = self.step(whole, tensors, real, weight, steps)
            total, shares = total + loss.double() * share, shares + share
        return total / shares

    def step(self, whole: Batch, tensors: Tensors, real: Tensor, weight: Tensor, steps):
        """Loss and weight (F,) of a batch of each fold; with `steps` the weights move."""

        def loss_of(weights: Tensors, buffers: Tensors, tensors: Tensors, real, weight):
            buffers = {name: b.clone() for name, b in buffers.items()}  # a norm moves them
            there = {m: real if m == "ps" else torch.zeros_like(real) for m in whole.present}
            batch = replace(whole, **tensors, present=there)
            said = functional_call(self.network, (weights, buffers), (batch,)).logits
            chosen = said.log_softmax(dim=-1).gather(1, batch.label[:, None])[:, 0]
            shares = weight[batch.label] * real
            share = shares.sum()
            loss = -(chosen * shares).sum() / share.clamp(min=1e-12)
            return loss, (buffers, share)

        given = (self.weights, self.buffers, tensors, real, weight)
        if steps is None:
            with torch.no_grad():
                loss, (_, share) = vmap(loss_of)(*given)
            return loss, share.double()
        slopes = grad_and_value(loss_of, has_aux=True)
        gradients, (loss, (buffers, share)) = vmap(slopes, randomness="different")(*given)
        moves = real.any(dim=1)
        rate = self.config.learning_rate * torch.ones_like(self.taken)
        if self.config.schedule == "cosine":
            rate = rate * (1 + torch.cos(pi * self.taken / steps)) / 2
        with torch.no_grad():
            self._adam(gradients, rate, moves)
        self.buffers = {
            name: torch.where(_beside(moves, b), buffers[name], b)
            for name, b in self.buffers.items()
        }
        return loss, share.double()

    def _adam(self, gradients: Tensors, rate: Tensor, moves: Tensor) -> None:
        """A step of those folds that move, as `torch.optim.Adam` or AdamW does it."""
        c = self.config
        if c.clip_norm is not None:
            squares = sum(g.flatten(1).square().sum(dim=1) for g in gradients.values())
            cut = (c.clip_norm / (squares.sqrt() + 1e-6)).clamp(max=1)
            gradients = {name: g * _beside(cut, g) for name, g in gradients.items()}
        self.taken += moves
        for name, m in self.first.items():
            w, g, v = self.weights[name], gradients[name], self.second[name]
            beside = partial(_beside, like=w)
            if c.optimiser == "adam":
                g, shrunk = g + c.weight_decay * w, w
            else:
                shrunk = w * (1 - beside(rate) * c.weight_decay)
            first, second = m.lerp(g, 0.1), v.lerp(g.square(), 0.001)
            size = (second / beside(1 - 0.999**self.taken)).sqrt() + 1e-8
            moved = shrunk - beside(rate / (1 - 0.9**self.taken)) * first / size
            for kept, new in ((w, moved), (m, first), (v, second)):
                kept.copy_(torch.where(beside(moves), new, kept))

    def note(self, epoch: int, taught: list[float], held_out: list[float]) -> bool:
        """Keep what is best in each fold; whether the patience of all is at its end."""
        now = self.state()
        for k, losses in enumerate(zip(taught, held_out, strict=True)):
            named = dict(zip(("train_loss", "validation_loss"), losses, strict=True))
            if not self.on[k]:
                continue
            if not all(map(isfinite, losses)):
                raise MepsError(f"fold {k}, epoch {epoch}: {named}; lower learning_rate")
            self.history[k].append({"epoch": epoch, **named})
            self.waited[k] += 1
            if losses[1] < self.best[k]:
                self.best[k], self.waited[k] = losses[1], 0
                for name, x in now.items():
                    self.kept[name][k] = x[k]
            self.on[k] = self.waited[k] != self.config.patience
        return not any(self.on)

    def give_back(self, models: Sequence[nn.Module]) -> None:
        """Each network its best weights."""
        for k, model in enumerate(models):
            model.load_state_dict({name: x[k] for name, x in self.kept.items()})


def _filled(whole: Batch, parts: Sequence[Sequence[int]]) -> tuple[Tensors, Tensor]:
    """Rows of each fold as one tensor (F, B, ...), and which of them are real (F, B)."""
    most, device = max(map(len, parts)), whole.label.device
    rows = torch.tensor([[*p, *[0] * (most - len(p))] for p in parts], device=device)
    counts = torch.tensor(list(map(len, parts)), device=device)
    real = torch.arange(most, device=device) < counts[:, None]
    longest = max(whole.n_samples["ps"][k] for p in parts for k in p)
    mask = whole.ps_mask[rows, :longest]
    return {"label": whole.label[rows], "ps": whole.ps[rows][..., :longest], "ps_mask": mask}, real


def _beside(x: Tensor, like: Tensor) -> Tensor:
    """(F,) so that it multiplies a tensor (F, ...)."""
    return x.reshape(-1, *[1] * (like.ndim - 1))
