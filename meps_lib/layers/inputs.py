"""What enters the networks: frames as change, signals as course, both at unit scale."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from meps_lib.errors import MepsError
from meps_lib.trial import Batch


class Scale(nn.Module):
    """Divide by a root mean square that was fitted on training trials.

    Parameters
    ----------
    n : int
        Number of channels that get a scale of their own.

    Examples
    --------
    >>> scale = Scale(1)
    >>> scale.fit(torch.tensor([12.0]), torch.tensor([3.0]))
    >>> scale(torch.tensor([4.0])).item()
    2.0
    """

    def __init__(self, n: int = 1):
        super().__init__()
        self.register_buffer("rms", torch.ones(n))

    @torch.no_grad()
    def fit(self, square_sum: Tensor, count: Tensor) -> None:
        """Set the scale from sums of squares and counts over the training set."""
        # A channel that never moves keeps scale 1: 0 / 1 is 0, and 0 / 0 is nothing.
        rms = (square_sum / count.clamp(min=1)).sqrt()
        self.rms.copy_(torch.where(rms > 0, rms, torch.ones_like(rms)))

    def forward(self, x: Tensor) -> Tensor:
        return x / self.rms.view(-1, *[1] * (x.ndim - 2))


class FrameInput(nn.Module):
    """Frames of one modality as a backbone takes them.

    Parameters
    ----------
    name : {"colour", "depth"}
    mode : {"difference", "raw"}
        CHOICE: "difference" shows what moved since the clip's first frame, which removes
        most of who the person is; "raw" subtracts only the frame's own mean. The paper feeds
        frames to its backbones and says no more (ledger: frame-input).

    Shape
    -----
    `Batch` -> frames (B, T, C, H, W), holes at 0, and which are real (B, T).
    """

    def __init__(self, name: str, mode: Literal["difference", "raw"] = "difference"):
        super().__init__()
        if mode not in ("difference", "raw"):
            raise MepsError(f"frame_input={mode!r}; expected 'difference' or 'raw'")
        self.name, self.mode, self.scale = name, mode, Scale()

    def change(self, batch: Batch) -> tuple[Tensor, Tensor]:
        x = getattr(batch, self.name)
        real = batch.frame_mask & batch.present[self.name][:, None]
        mask = torch.ones_like(x, dtype=torch.bool) if self.name == "colour" else batch.depth_mask
        if self.mode == "difference":
            still = (real.sum(dim=1) == 1).nonzero()
            if len(still):
                raise MepsError(
                    f"trial {batch.clip[int(still[0])]!r} has one frame, which differs from itself "
                    "in nothing; give two frames or more, or use frame_input='raw'"
                )
            return (x - x[:, :1]) * (mask & mask[:, :1]), real
        n = mask.sum(dim=(-2, -1), keepdim=True).clamp(min=1)
        return (x - (x * mask).sum(dim=(-2, -1), keepdim=True) / n) * mask, real

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        x, real = self.change(batch)
        return self.scale(x), real

    def sums(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum of squares and count over real frames, for `Scale.fit`; each of shape (1,)."""
        x, real = self.change(batch)
        values = x[real]
        return values.double().square().sum()[None], torch.tensor(
            [float(values.numel())], device=values.device
        )


class SignalInput(nn.Module):
    """Signals centred on each trial's own mean, then scaled channel by channel.

    A trial's level tells who a person is (skin conductance spans a decade between
    people); its course tells what happened. The mean is the trial's own, so nothing of it
    is fitted; the scale is fitted on training subjects (ledger: ps-norm).

    Shape
    -----
    `Batch` -> signals (B, C, L), padding at 0, and the mask (B, L).
    """

    def __init__(self, n_signals: int):
        super().__init__()
        self.scale = Scale(n_signals)

    def course(self, batch: Batch) -> tuple[Tensor, Tensor]:
        mask = batch.ps_mask
        n = mask.sum(dim=-1).clamp(min=1)[:, None, None]
        mean = (batch.ps * mask[:, None]).sum(dim=-1, keepdim=True) / n
        return (batch.ps - mean) * mask[:, None], mask

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        x, mask = self.course(batch)
        return self.scale(x), mask

    def sums(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sums of squares and counts a channel over real samples, for `Scale.fit`."""
        x, mask = self.course(batch)
        squares = x.double().square().sum(dim=(0, 2))
        return squares, mask.sum().expand_as(squares).to(torch.float64)
