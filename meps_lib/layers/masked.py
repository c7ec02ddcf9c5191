"""Statistics over real samples alone: what stands in padding enters no mean and no norm.

No step asks the device for a number, so that a GPU is never waited for.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool1d

from meps_lib.arguments import number
from meps_lib.errors import MepsError


def check_mask(name: str, mask: Tensor, shape: Sequence[int]) -> None:
    """Refuse what is no mask of this shape.

    Examples
    --------
    >>> check_mask("mask", torch.ones(2, 3), (2, 4))
    Traceback (most recent call last):
    meps_lib.errors.MepsError: mask is torch.float32 (2, 3); expected torch.bool (2, 4)
    """
    if mask.dtype != torch.bool or mask.shape != torch.Size(shape):
        raise MepsError(
            f"{name} is {mask.dtype} {tuple(mask.shape)}; expected torch.bool {tuple(shape)}"
        )


def masked_pool(y: Tensor, mask: Tensor | None, stride: int) -> tuple[Tensor, Tensor | None]:
    """Mean of the real samples under each stride, and where there is at least one.

    Parameters
    ----------
    y : Tensor, shape (B, C, L)
    mask : Tensor, shape (B, L), optional
        True where real; everywhere if None.
    stride : int
        Samples; the last window may be shorter.

    Returns
    -------
    Tensor, shape (B, C, ceil(L / stride)), and its mask or None.

    Examples
    --------
    >>> y, mask = torch.tensor([[[1.0, 3.0, 9.0]]]), torch.tensor([[True, False, True]])
    >>> masked_pool(y, mask, 2)[0].tolist()
    [[[1.0, 9.0]]]
    """
    if mask is None:
        return (avg_pool1d(y, stride, ceil_mode=True) if stride > 1 else y), None
    share = mask[:, None].to(y.dtype)
    if stride > 1:
        # Both averages divide by the same window, so their ratio is the masked mean.
        y, share = (avg_pool1d(v, stride, ceil_mode=True) for v in (y * share, share))
        y = y / share.clamp(min=1 / (2 * stride))
    return y, share[:, 0] > 0


def token_mean(tokens: Tensor, mask: Tensor | None = None) -> Tensor:
    """Mean of the real tokens: (B, N, D) and a mask (B, N) or None -> (B, 1, D); 0 where none is.

    Examples
    --------
    >>> token_mean(torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([[True, True, False]]))
    tensor([[[2.]]])
    """
    if mask is None:
        return tokens.mean(dim=1, keepdim=True)
    real = mask[..., None].to(tokens.dtype)
    return (tokens * real).sum(dim=1, keepdim=True) / real.sum(dim=1, keepdim=True).clamp(min=1)


class MaskedBatchNorm1d(nn.BatchNorm1d):
    """Batch norm whose statistics are those of real samples; padding comes out 0.

    Parameters
    ----------
    channels : int
    eps : float
        Added to the variance.
    momentum : float
        Share of a batch in what is kept, 0 to 1. Torch's None, a mean over all batches, is refused:
        a batch of fewer than two real samples tells nothing and would count in it.

    Shape
    -----
    (B, C, L), mask (B, L), (B, C, 1) or None -> (B, C, L). Without a mask it is
    `torch.nn.BatchNorm1d`; with one of three axes each channel counts samples of its own.

    Raises
    ------
    MepsError
        If the momentum is no number from 0 to 1.
    """

    def __init__(self, channels: int, eps: float = 1e-5, momentum: float = 0.1):
        number("momentum", momentum, 0, 1)
        super().__init__(channels, eps, momentum)

    def forward(self, y: Tensor, mask: Tensor | None = None) -> Tensor:
        if mask is None:
            return super().forward(y)
        real = mask if mask.ndim == y.ndim else mask[:, None]
        real = real.to(torch.promote_types(y.dtype, torch.float32))
        mean, var = self.running_mean, self.running_var
        if self.training:
            n = real.expand_as(y).sum(dim=(0, 2)).clamp(min=1)
            mean = (y * real).sum(dim=(0, 2)) / n
            var = ((y - mean[:, None]).square() * real).sum(dim=(0, 2)) / n
            with torch.no_grad():  # as torch does: the kept variance is the unbiased one
                # One sample tells no variance, and none no mean: then what is kept stays.
                step = self.momentum * (n > 1).to(self.running_mean.dtype)
                unbiased = var * n / (n - 1).clamp(min=1)
                # Not `lerp_`, of which `torch.func.vmap` knows no batched form.
                for kept, now in ((self.running_mean, mean), (self.running_var, unbiased)):
                    kept.copy_(kept.lerp(now.to(kept.dtype), step))
                self.num_batches_tracked += 1
        gain = self.weight * torch.rsqrt(var + self.eps)
        return (((y - mean[:, None]) * gain[:, None] + self.bias[:, None]) * real).to(y.dtype)


class SqueezeExcite1d(nn.Module):
    """Each channel is scaled by a gate that sees the mean of every channel of its group.

    Parameters
    ----------
    channels : int
    reduction : int
        Channels to hidden units of the gate, within a group.
    groups : int
        Gates of one group see that group alone, so that signals stay apart.

    Shape
    -----
    (B, channels, L), mask (B, L) or None -> (B, channels, L).

    References
    ----------
    Hu et al. 2018, squeeze-and-excitation; ledger: ps-squeeze.
    """

    def __init__(self, channels: int, reduction: int, groups: int = 1):
        super().__init__()
        hidden = max(1, channels // groups // reduction) * groups
        self.gate = nn.Sequential(
            nn.Conv1d(channels, hidden, 1, groups=groups),
            nn.GELU(),
            nn.Conv1d(hidden, channels, 1, groups=groups),
            nn.Sigmoid(),
        )

    def forward(self, y: Tensor, mask: Tensor | None = None) -> Tensor:
        mean, _ = masked_pool(y, mask, y.shape[-1])
        return y * self.gate(mean)
