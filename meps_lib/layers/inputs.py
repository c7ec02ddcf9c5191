"""What enters the networks: frames as change, signals as course, both at unit scale."""

from collections.abc import Iterable, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

from meps_lib.errors import MepsError
from meps_lib.trial import Batch

FrameMode = Literal["difference", "raw"]
_ROUNDING = 1e-6  # of a mean over some thousand numbers in single precision


class Scale(nn.Module):
    """Divide by a deviation that was fitted on training trials, one a channel.

    Parameters
    ----------
    n : int
        Number of channels that get a scale of their own.
    centred : bool
        Also subtract a mean that was fitted with it. Without, the deviation is from 0: the root
        mean square.

    Shape
    -----
    (B, C, ...) or (B, T, C, H, W) with C = n or n = 1 -> the same.

    Examples
    --------
    >>> scale = Scale(1)
    >>> scale.fit(squares=torch.tensor([12.0]), count=torch.tensor([3.0]))
    >>> scale(torch.tensor([4.0])).item()
    2.0
    """

    def __init__(self, n: int = 1, centred: bool = False):
        super().__init__()
        self.register_buffer("mean", torch.zeros(n) if centred else None)
        self.register_buffer("rms", torch.ones(n))

    @torch.no_grad()
    def fit(self, squares: Tensor, count: Tensor, total: Tensor | None = None) -> None:
        """Set the scale from sums over the training set: of squares, of ones, of values."""
        square = squares / count.clamp(min=1)
        if self.mean is not None:
            mean = total / count.clamp(min=1)
            self.mean.copy_(mean)
            least = 1e-12 * square  # below it stands rounding alone
            square = (square - mean.square()).clamp(min=0)
            square = torch.where(square > least, square, torch.zeros_like(square))
        rms = square.sqrt()
        # A channel that never moves keeps scale 1: 0 / 1 is 0, and 0 / 0 is nothing.
        self.rms.copy_(torch.where(rms > 0, rms, torch.ones_like(rms)))

    def forward(self, x: Tensor) -> Tensor:
        shape = (-1, *[1] * (x.ndim - 2))
        if self.mean is not None:
            x = x - self.mean.view(shape)
        return x / self.rms.view(shape)


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

    def __init__(self, name: str, mode: FrameMode = "difference"):
        super().__init__()
        if mode not in ("difference", "raw"):
            raise MepsError(f"frame_input={mode!r}; expected 'difference' or 'raw'")
        self.name, self.mode, self.scale = name, mode, Scale()

    def change(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """What is left of the frames, which frames are real, and which pixels were measured."""
        x = getattr(batch, self.name)
        real = batch.frame_mask & batch.present[self.name][:, None]
        mask = torch.ones_like(x, dtype=torch.bool) if self.name == "colour" else batch.depth_mask
        if self.mode == "difference":
            for clip, have, n in zip(batch.clip, batch.modalities, batch.n_frames, strict=True):
                if self.name in have and n == 1:
                    raise MepsError(
                        f"trial {clip!r} has one frame, which differs from itself in nothing; give "
                        "two frames or more, or use frame_input='raw'"
                    )
            mask = mask & mask[:, :1]
            return (x - x[:, :1]) * mask, real, mask
        n = mask.sum(dim=(-2, -1), keepdim=True).clamp(min=1)
        return (x - (x * mask).sum(dim=(-2, -1), keepdim=True) / n) * mask, real, mask

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        x, real, _ = self.change(batch)
        return self.scale(x), real

    def sums(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum of squares and count, each of shape (1,), for `Scale.fit`.

        Over the measured pixels of real frames: holes would make a scale smaller than the change.
        """
        x, real, mask = self.change(batch)
        return x[real].double().square().sum()[None], mask[real].sum()[None].double()


class SignalInput(nn.Module):
    """Signals centred on each trial's own mean, then scaled channel by channel.

    A trial's level tells who a person is (skin conductance spans a decade between
    people); its course tells what happened. The mean is the trial's own, so nothing of it
    is fitted; the scale is fitted on training subjects (ledger: ps-norm). A signal that does not
    move has a course of 0: what a subtraction rounds is not made larger by the scale.

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
        x = batch.ps.masked_fill(~mask[:, None], 0)  # a product would let a NaN through
        mean = x.sum(dim=-1, keepdim=True) / n
        change = (x - mean) * mask[:, None]
        still = change.abs().amax(dim=-1, keepdim=True) <= _ROUNDING * mean.abs()
        return change.masked_fill(still, 0), mask

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        x, mask = self.course(batch)
        return self.scale(x), mask

    def sums(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sums of squares and counts a channel over real samples, for `Scale.fit`."""
        x, mask = self.course(batch)
        squares = x.double().square().sum(dim=(0, 2))
        return squares, mask.sum().expand_as(squares).to(torch.float64)


def sums_of(x: Tensor) -> Tensor:
    """Sums (3, C) of squares, of ones and of values of x (C, n), for a centred `Scale.fit`."""
    x = x.double()
    return torch.stack([x.square().sum(dim=1), torch.full_like(x[:, 0], x.shape[1]), x.sum(dim=1)])


@torch.no_grad()
def fit_scales(inputs: Mapping[str, nn.Module], batches: Iterable[Batch]) -> None:
    """Fit the scale of every input, by modality, on training batches; call once before training.

    An input has a ``scale``, and ``sums(batch)`` gives what `Scale.fit` takes.
    """
    sums: dict[str, list] = {m: [] for m in inputs}
    for batch in batches:
        for m, layer in inputs.items():
            if batch.present[m].any():
                sums[m].append([x.cpu() for x in layer.sums(batch)])
    for m, pairs in sums.items():
        if pairs:
            inputs[m].scale.fit(*(torch.stack(x).sum(dim=0) for x in zip(*pairs, strict=True)))
