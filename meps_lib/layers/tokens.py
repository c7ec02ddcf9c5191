"""From a modality of a batch to tokens, with a learnt vector where a trial lacks it."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn.functional import pad

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
        out = self.absent.to(tokens.dtype).expand(*there.shape, *tokens.shape[1:]).clone()
        out[there] = tokens  # under mixed precision, in the precision of the tokens
        return out


class ModalityDropout(nn.Module):
    """While training, hide one modality of a trial from the network, at random.

    What is hidden is told as missing, so that the network learns to do without; a trial's only
    modality is never hidden (ledger: modality-dropout).

    Parameters
    ----------
    modalities : sequence of str
        Those that the network reads.
    p : float
        Share of trials that lose one. Drawn from torch's generator, as dropout is.
    """

    def __init__(self, modalities: Sequence[str], p: float):
        super().__init__()
        self.modalities, self.p = tuple(modalities), p

    def forward(self, batch: Batch) -> Batch:
        if not self.training or self.p == 0:
            return batch
        there = torch.stack([batch.present[m] for m in self.modalities])  # (M, B)
        lots = torch.rand(there.shape, device=there.device).masked_fill(~there, -1)
        drawn = torch.rand(len(batch), device=there.device) < self.p
        hidden = (lots == lots.max(dim=0).values) & drawn & (there.sum(dim=0) > 1)
        left = dict(zip(self.modalities, there & ~hidden, strict=True))
        return replace(batch, present=batch.present | left)


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
        there, maps = batch.present[self.input.name], self.fill.absent.new_zeros(0, *self.shape)
        if getattr(batch, self.input.name) is None:
            T = 1 if batch.frame_mask is None else batch.frame_mask.shape[1]
            real = there.new_zeros(len(batch), T)
        else:
            frames, real = self.input(batch)
            frames = frames[real]  # padding would spoil the backbone's batch norms
            if len(frames):
                maps = self.backbone(frames)
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

    Notes
    -----
    S is at least 2, since attention refuses a single key. A signal so short that it gives one token
    has a second step that is masked, alone as among longer ones: it counts nowhere and is no key,
    and an attention over the one real key has the weight 1 whatever is asked.
    """

    def __init__(self, input: SignalInput, encoder: nn.Module, dim: int):
        super().__init__()
        self.input, self.encoder, self.fill = input, encoder, OrAbsent(dim)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        there = batch.present["ps"]
        if batch.ps is None:
            steps = self.fill.absent.new_zeros(len(batch), 0, len(self.fill.absent))
            real = there.new_zeros(len(batch), 0)
        else:  # a trial without signals is padding from end to end, and enters no statistic
            x, mask = self.input(batch)
            steps, real = self.encoder(x, mask & there[:, None])
        lacking = max(0, 2 - steps.shape[1])
        steps, real = pad(steps, (0, 0, 0, lacking)), pad(real, (0, lacking))
        absent = self.fill.absent.to(steps.dtype)
        tokens = torch.where(there[:, None, None], steps, absent)
        return tokens, real | ~there[:, None], real & there[:, None]
