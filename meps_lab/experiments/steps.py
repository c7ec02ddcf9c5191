"""A step of many networks at once, as torch's optimisers take it of one."""

from functools import partial
from math import pi

import torch
from torch import Tensor

from meps_lib.training import TrainConfig

Tensors = dict[str, Tensor]


class Steps:
    """Moments of F stacked networks, and how many steps each has taken.

    Parameters
    ----------
    weights : dict of Tensor, each of shape (F, ...)
        Those that learn; they are moved in place.
    config : TrainConfig
    """

    def __init__(self, weights: Tensors, config: TrainConfig):
        self.config, self.weights = config, weights
        self.first, self.second = (
            {name: torch.zeros_like(w) for name, w in weights.items()} for _ in range(2)
        )
        some = next(iter(weights.values()))
        self.taken = torch.zeros(len(some), device=some.device)

    def rate(self, epoch: int, steps: Tensor) -> Tensor:
        """The learning rate (F,) of the next step, of so many (F,) in all."""
        c = self.config
        rate = c.learning_rate * torch.ones_like(self.taken)
        if c.schedule == "cosine":
            return rate * (1 + torch.cos(pi * self.taken / steps)) / 2
        return rate * c.step_factor ** (epoch // c.step_epochs) if c.schedule == "step" else rate

    def take(self, gradients: Tensors, rate: Tensor, moves: Tensor) -> None:
        """A step of those folds (F,) that move, with a rate (F,) each."""
        c = self.config
        if c.clip_norm is not None:
            squares = sum(g.flatten(1).square().sum(dim=1) for g in gradients.values())
            cut = (c.clip_norm / (squares.sqrt() + 1e-6)).clamp(max=1)
            gradients = {name: g * beside(cut, g) for name, g in gradients.items()}
        self.taken += moves
        for name, w in self.weights.items():
            like, g = partial(beside, like=w), gradients[name]
            m, v = self.first[name], self.second[name]
            if c.optimiser == "adamw":  # the decay beside the gradient, not in it
                start = w * (1 - like(rate) * c.weight_decay)
            else:
                start, g = w, g + c.weight_decay * w
            if c.optimiser == "sgd":
                first, second = c.momentum * m + g, v
                moved = start - like(rate) * first
            else:
                first, second = m.lerp(g, 0.1), v.lerp(g.square(), 0.001)
                size = (second / like(1 - 0.999**self.taken)).sqrt() + 1e-8
                moved = start - like(rate / (1 - 0.9**self.taken)) * first / size
            for old, new in ((w, moved), (m, first), (v, second)):
                old.copy_(torch.where(like(moves), new, old))


def beside(x: Tensor, like: Tensor) -> Tensor:
    """(F,) so that it multiplies a tensor (F, ...)."""
    return x.reshape(-1, *[1] * (like.ndim - 1))
