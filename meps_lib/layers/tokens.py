"""From a modality of a batch to tokens, with a learnt vector where a trial lacks it."""

import torch
from einops import rearrange
from torch import Tensor, nn

from meps_lib.errors import MepsError
from meps_lib.layers.inputs import FrameInput, SignalInput
from meps_lib.trial import Batch


class OrAbsent(nn.Module):
    """Tokens of what is there, and one learnt vector for what is not.

    CHOICE: the paper does not say what becomes of a trial that lacks a modality (ledger:
    missing-modality).

    Shape
    -----
    tokens (N, ..., D) of the N true places of `there`, (B,) or (B, T) -> (B, ..., D) or
    (B, T, ..., D).

    Examples
    --------
    >>> layer = OrAbsent(2)
    >>> layer(torch.ones(1, 3, 2), torch.tensor([False, True])).sum(dim=(1, 2)).tolist()
    [0.0, 6.0]
    """

    def __init__(self, dim: int):
        super().__init__()
        self.absent = nn.Parameter(torch.zeros(dim))

    def forward(self, tokens: Tensor, there: Tensor) -> Tensor:
        out = self.absent.expand(*there.shape, *tokens.shape[1:]).clone()
        out[there] = tokens
        return out


class FrameTokens(nn.Module):
    """Frames of one modality: a token a position of each frame.

    Parameters
    ----------
    input : FrameInput
    backbone : Module
        (N, C, H, W) -> (N, dim, grid, grid).
    dim, grid : int

    Shape
    -----
    `Batch` -> tokens (B, T, P, D), P = grid^2.
    """

    def __init__(self, input: FrameInput, backbone: nn.Module, dim: int, grid: int):
        super().__init__()
        self.input, self.backbone, self.fill = input, backbone, OrAbsent(dim)
        self.shape = (dim, grid, grid)

    def forward(self, batch: Batch) -> Tensor:
        there = batch.present[self.input.name]
        if batch.frame_mask is None or not there.any():
            T = 1 if batch.frame_mask is None else batch.frame_mask.shape[1]
            frames, real = None, there.new_zeros(len(batch), T)
            maps = self.fill.absent.new_zeros(0, *self.shape)
        else:
            frames, real = self.input(batch)
            # Only real frames go through the backbone: padding would spoil its batch norms.
            maps = self.backbone(frames[real])
        if maps.shape[1:] != self.shape:
            raise MepsError(
                f"the {self.input.name} backbone gave {tuple(maps.shape)}; expected (N, "
                f"{', '.join(map(str, self.shape))}): attention needs a map, not a pooled vector"
            )
        return self.fill(rearrange(maps, "n d h w -> n (h w) d"), real)


class SignalTokens(nn.Module):
    """Signals: a token a time step.

    Parameters
    ----------
    input : SignalInput
    encoder : Module
        signals (B, C, L), mask (B, L) -> tokens (B, S, D), mask (B, S).
    dim : int

    Shape
    -----
    `Batch` -> tokens (B, S, D), which count in their mean (B, S), which may be keys (B, S). A
    trial without signals gets the learnt vector at every step: it is its mean, and it is no key.
    """

    def __init__(self, input: SignalInput, encoder: nn.Module, dim: int):
        super().__init__()
        self.input, self.encoder, self.fill = input, encoder, OrAbsent(dim)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        there = batch.present["ps"]
        if there.any():
            x, mask = self.input(batch)
            steps, real = self.encoder(x[there], mask[there])
        else:  # two steps, since attention over one would be none
            steps, real = self.fill.absent.new_zeros(0, 2, len(self.fill.absent)), None
        tokens = self.fill(steps, there)
        counts = torch.ones_like(tokens[..., 0], dtype=torch.bool)
        if real is not None:
            counts[there] = real
        return tokens, counts, counts & there[:, None]
