"""All folds of a study in one program: networks of one shape, stacked and trained side by side.

A small network leaves a GPU idle: its steps are too short to fill it, and there are thousands of
them one after the other. Here one step is a step of every fold. Measured on one thread of a CPU it
is some 1.4 to 1.7 times faster for signals (`benchmarks/loop.py`), and for maps, whose convolutions
come in groups, slower (103 s against 18 for 68 folds of STSTNet, two epochs, measured once); on a
GPU it has not been measured.
"""

import copy
from collections.abc import Sequence
from dataclasses import replace
from math import inf, isfinite

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap
from torch.utils.data import DataLoader

from meps_lab.experiments.steps import Steps, beside
from meps_lib.batches import take
from meps_lib.errors import MepsError
from meps_lib.layers.masked import MaskedBatchNorm1d
from meps_lib.models.output import Output
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
        F networks of one shape that read signals alone, or maps of flow alone, freshly made each by
        its own seed.
    sides : sequence of (train, validation)
        Of each fold. Trials that folds share are kept on the device once. Of maps the last epoch is
        kept, and nobody validates.
    classes : sequence of str
    config : TrainConfig
        In single precision.
    seeds : sequence of int
        F numbers; each decides the order of its fold's trials, as in `fit`. Dropout is drawn for
        all together.

    Returns
    -------
    list of list of dict
        The history of each fold, as `fit` gives it. The models end with the weights that it keeps.

    Raises
    ------
    MepsError
        As `fit` says; if trials have frames, or several modalities; if the precision is not single.

    Notes
    -----
    Folds of unequal length: a trial that is only there to fill a batch enters no statistic of a
    norm, and has weight 0 in the loss; a fold that has no batch left does not move.
    The ``extra_loss`` of a model is therefore told as a third argument which trials are real, (B,).
    """
    for train, validation in sides:
        check_sides(train, validation, config.keep)
    trials = list({id(t): t for side in sides for part in side for t in part}.values())
    seen = {m for t in trials for m in t.modalities}
    if seen not in ({"ps"}, {"flow"}):
        told = ", ".join(sorted(seen))
        raise MepsError(f"trials with {told}; stacked folds read ps alone, or flow alone")
    if config.precision != "fp32":
        raise MepsError(f"precision={config.precision!r}; stacked folds train with fp32")
    if any(validation for _, validation in sides) and (seen == {"flow"} or config.keep == "last"):
        raise MepsError(
            "stacked folds of maps, or of which the last epoch is kept, have no validation "
            "subjects: set keep='last' and n_validation=0"
        )
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
            losses = [folds.epoch(loads, whole, weight, steps, epoch)]
            if config.keep == "best":
                losses.append(folds.epoch(asked, whole, weight))
            if folds.note(epoch, *torch.stack(losses).tolist()):
                break
    folds.give_back(models)
    return folds.history


class _Folds:
    """F networks as one: stacked weights, statistics and moments, and what each came to."""

    def __init__(self, models: Sequence[nn.Module], config: TrainConfig, some: Batch):
        self.config, self.network = config, copy.deepcopy(models[0])
        output = self.network.eval()(some)
        (output.logits.sum() + self.extra(output, some.label)).backward()
        # Torch's Adam passes over what no loss depends on: not even decay moves it.
        moved = {name for name, w in self.network.named_parameters() if w.grad is not None}
        weights, self.buffers = stack_module_state(list(models))
        self.weights = {name: w.detach() for name, w in weights.items()}
        self.steps = Steps({k: w for k, w in self.weights.items() if k in moved}, config)
        self.norms = [m for m in self.network.modules() if type(m) is nn.BatchNorm2d]
        for norm in self.norms:
            norm.__class__ = _OfReal
        n = len(models)
        self.best, self.waited, self.kept = [inf] * n, [0] * n, self.state()
        self.history: list[list[dict[str, float]]] = [[] for _ in models]
        self.on = [True] * n  # those whose patience is not at its end

    def extra(self, output: Output, label: Tensor, *real: Tensor) -> Tensor | float:
        """What a model adds to the cross-entropy, of the real trials of a batch."""
        if not hasattr(self.network, "extra_loss"):
            return 0.0
        return self.network.extra_loss(output, label, *real)

    def state(self) -> Tensors:
        """A copy of all weights and statistics."""
        return {name: x.clone() for name, x in (self.weights | self.buffers).items()}

    def epoch(
        self, loads, whole: Batch, weight: Tensor, steps: Tensor | None = None, number: int = 0
    ) -> Tensor:
        """Mean loss (F,) over all batches of every fold; with `steps`, each batch is a step."""
        self.network.train(steps is not None)
        loads = list(map(iter, loads))
        zeros = torch.zeros_like(self.steps.taken, dtype=torch.double)
        total, shares = zeros, zeros
        while any(parts := [next(load, []) for load in loads]):
            tensors, real = _filled(whole, parts)
            rate = None if steps is None else self.steps.rate(number, steps)
            loss, share = self.step(whole, tensors, real, weight, rate)
            total, shares = total + loss.double() * share, shares + share
        return total / shares

    def step(self, whole: Batch, tensors: Tensors, real: Tensor, weight: Tensor, rate):
        """Loss and weight (F,) of a batch of each fold; with a rate the weights move."""
        (name,) = {"ps", "flow"} & tensors.keys()

        def loss_of(weights: Tensors, buffers: Tensors, tensors: Tensors, real, weight):
            buffers = {name: b.clone() for name, b in buffers.items()}  # a norm moves them
            there = {m: real if m == name else torch.zeros_like(real) for m in whole.present}
            for norm in self.norms:
                norm.real = real
            batch = replace(whole, **tensors, present=there)
            output = functional_call(self.network, (weights, buffers), (batch,))
            said = output.logits.log_softmax(dim=-1)
            chosen = said.gather(1, batch.label[:, None])[:, 0]
            shares = weight[batch.label] * real
            share = shares.sum()
            loss = -(chosen * shares).sum() / share.clamp(min=1e-12)
            return loss + self.extra(output, batch.label, real), (loss, buffers, share)

        given = (self.weights, self.buffers, tensors, real, weight)
        if rate is None:
            with torch.no_grad():
                _, (loss, _, share) = vmap(loss_of)(*given)
            return loss, share.double()
        slopes = grad_and_value(loss_of, has_aux=True)
        gradients, (_, (loss, buffers, share)) = vmap(slopes, randomness="different")(*given)
        moves = real.any(dim=1)
        with torch.no_grad():
            self.steps.take(gradients, rate, moves)
        self.buffers = {
            name: torch.where(beside(moves, b), buffers[name], b)
            for name, b in self.buffers.items()
        }
        return loss, share.double()

    def note(self, epoch: int, *of_sides: list[float]) -> bool:
        """Keep what is best in each fold, or last; whether the patience of all is at its end."""
        now = self.state()
        for k, losses in enumerate(zip(*of_sides, strict=True)):
            named = dict(zip(("train_loss", "validation_loss"), losses, strict=False))
            if not self.on[k]:
                continue
            if not all(map(isfinite, losses)):
                raise MepsError(f"fold {k}, epoch {epoch}: {named}; lower learning_rate")
            self.history[k].append({"epoch": epoch, **named})
            self.waited[k] += 1
            if self.config.keep == "last" or losses[1] < self.best[k]:
                self.best[k], self.waited[k] = losses[-1], 0
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
    if whole.flow is not None:
        return {"label": whole.label[rows], "flow": whole.flow[rows]}, real
    longest = max(whole.n_samples["ps"][k] for p in parts for k in p)
    mask = whole.ps_mask[rows, :longest]
    return {"label": whole.label[rows], "ps": whole.ps[rows][..., :longest], "ps_mask": mask}, real


class _OfReal(nn.BatchNorm2d):
    """Batch norm over the real trials of a batch; who uses it says which: ``real`` (B,)."""

    real: Tensor

    def forward(self, y: Tensor) -> Tensor:
        real = self.real.repeat_interleave(len(y) // len(self.real))  # several maps a trial
        mask = real[:, None, None].expand(-1, 1, y[0, 0].numel())
        return MaskedBatchNorm1d.forward(self, y.flatten(2), mask).unflatten(2, y.shape[2:])
